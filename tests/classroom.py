"""What several tests of exercises need: the fixture exercise, a company to check it on, a kernel to run it in."""

import json
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from opscourse.exercise import answers, keys

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = Path(__file__).resolve().parent / "fixtures" / "exercises"
SOLUTION = FIXTURES / "solutions" / "data" / "90_read_ten_orders.ipynb"
ANSWERS = FIXTURES / "answers" / "data" / "90_read_ten_orders.py"


def checked_company(folder: Path, seed: int = 1) -> Path:
    """A company without tables, with the sealed key of the fixture exercise."""
    (folder / "keys").mkdir(parents=True)
    (folder / "company.json").write_text(json.dumps({"seed": seed, "users": 10, "tables": {}}))
    text = keys.built(90, answers.questions(ANSWERS), folder)
    (folder / "keys" / "90.json").write_text(text, encoding="utf-8")
    return folder


def executed(notebook: nbformat.NotebookNode, company: Path) -> nbformat.NotebookNode:
    """Run every cell in a fresh kernel on a company, going on after errors."""
    before = os.environ.get("OPSCOURSE_DATA")
    os.environ["OPSCOURSE_DATA"] = str(company)
    try:
        return NotebookClient(notebook, allow_errors=True, timeout=120, kernel_name="python3").execute()
    finally:
        os.environ.pop("OPSCOURSE_DATA")
        if before is not None:
            os.environ["OPSCOURSE_DATA"] = before


def errors(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """All errors that an executed notebook shows."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output for output in outputs if output.output_type == "error"]


__all__ = ["ANSWERS", "FIXTURES", "ROOT", "SOLUTION", "checked_company", "errors", "executed"]
