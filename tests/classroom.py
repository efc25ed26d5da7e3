"""What several tests of exercises need: the fixture exercise, a company to check it on, a kernel to run it in."""

import json
import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import opscourse
from opscourse.company.generate import generate
from opscourse.exercise import answers, keys

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = Path(__file__).resolve().parent / "fixtures" / "exercises"
SOLUTION = FIXTURES / "solutions" / "data" / "90_read_ten_orders.ipynb"
ANSWERS = FIXTURES / "answers" / "data" / "90_read_ten_orders.py"


def checked_company(folder: Path, seed: int = 1) -> Path:
    """A company without tables, with the sealed key of the fixture exercise."""
    (folder / "keys").mkdir(parents=True)
    manifest = {"seed": seed, "users": 10, "variant": False, "tables": {}, "truth": {}, "parameters": {}}
    (folder / "company.json").write_text(json.dumps(manifest))
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


def variant(seed: int, folder: Path) -> Path:
    """Another company of the course's size: other people, other parameters within their stated ranges."""
    return generate(folder / f"company_{seed}", seed=seed, variant=True, progress=False)


def answered(solution: Path, monkeypatch) -> dict[str, object]:
    """Run the code of a solution here, on the company in use; return what it hands to each check."""
    given: dict[str, object] = {}
    monkeypatch.setattr(opscourse, "check", given.__setitem__)
    monkeypatch.setattr(opscourse, "report", lambda exercise: None)
    scope: dict[str, object] = {"__name__": "__main__"}
    for cell in nbformat.read(solution, as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, f"{solution.name}, cell {cell.id}", "exec"), scope)
    return given


def errors(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """All errors that an executed notebook shows."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output for output in outputs if output.output_type == "error"]


__all__ = ["ANSWERS", "FIXTURES", "ROOT", "SOLUTION", "answered", "checked_company", "errors", "executed", "variant"]
