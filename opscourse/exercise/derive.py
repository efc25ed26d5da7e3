"""The student's notebook, made from the solution by its syntax tree; there are no markers in the code.

In a code cell tagged `answer`, `x = anything` becomes `x = ...`; a function keeps decorators, signature and docstring
and gets `...`; imports and the comments before the first statement stay; everything else goes. Cells tagged `solution`
or `instructor` go. Other cells stay as they are, without outputs.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nbformat

from opscourse.errors import ArgumentError
from opscourse.exercise import derived

__all__ = ["derive", "derived_text", "main", "stub"]

TAGS = {"answer", "solution", "instructor"}
SOURCE, TARGET = Path("exercises") / "solutions", Path("exercises")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def derive(solution: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Make the student's notebook from a solution notebook. Raises ArgumentError naming the cell that cannot be derived."""
    cells = []
    for cell in _checked(solution.cells):
        tags = set(cell.metadata.get("tags", []))
        if tags & {"solution", "instructor"}:
            continue
        new = nbformat.from_dict({"id": cell.id, "cell_type": cell.cell_type, "source": cell.source, "metadata": {}})
        if cell.get("attachments"):
            new.attachments = cell.attachments
        if cell.cell_type == "code":
            new.update(outputs=[], execution_count=None)
        if "answer" in tags:
            new.metadata.tags = ["answer"]
            try:
                new.source = stub(cell.source)
            except ArgumentError as error:
                raise ArgumentError(f"Cell {cell.id}: {error}") from None
        cells.append(new)
    kernel = solution.metadata.get("kernelspec", {"display_name": "Python 3", "language": "python", "name": "python3"})
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def derived_text(solution: Path) -> str:
    """The student's notebook as the text of its file. Raises ArgumentError naming file and cell."""
    try:
        notebook = derive(nbformat.read(solution, as_version=4))
        number = re.match(r"\d+", solution.name)
        if not number or not notebook.cells[0].id.startswith(f"ex{number[0]}-"):
            raise ArgumentError("the number in its cells' ids is not the number in its name.")
    except ArgumentError as error:
        raise ArgumentError(f"{solution}: {error}") from None
    except (ValueError, nbformat.ValidationError, AttributeError) as error:
        raise ArgumentError(f"{solution} is not a notebook: {error}") from None
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def stub(source: str) -> str:
    """What stays of an answer cell. Raises ArgumentError if it cannot be parsed or nothing is left to answer.

    >>> print(stub("# As a proportion.\\neligible = users.query('mature')\\nd1: float = eligible['back'].mean()"))
    # As a proportion.
    eligible = ...
    d1: float = ...
    """
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise ArgumentError(f"its Python cannot be parsed (line {error.lineno}: {error.msg}).") from None
    lines = source.splitlines()
    start = min((_first_line(node) for node in body), default=1)
    comments = [line for line in lines[: start - 1] if line.strip()]
    kept = list(_kept(source, body))
    if all(kind == "import" for kind, _ in kept):
        raise ArgumentError("an answer cell must assign a name or define a function.")
    text, before = "\n".join(comments), "comment" if comments else ""
    for kind, part in kept:
        lines_between = 3 if "function" in (kind, before) else 1 if kind == before else 2
        text += "\n" * (lines_between if before not in ("", "comment") else len(before) > 0) + part
        before = kind
    return text


def _kept(source: str, body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """The statements that stay: (kind, text). A name that is assigned several times stays once."""
    seen: set[str] = set()
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield "import", ast.get_source_segment(source, node)
        elif isinstance(node, FUNCTIONS):
            yield "function", _function(source, node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for name in _names(node):
                if name not in seen:
                    seen.add(name)
                    kind = f": {ast.unparse(node.annotation)}" if isinstance(node, ast.AnnAssign) else ""
                    yield "assignment", f"{name}{kind} = ..."


def _names(node: ast.Assign | ast.AnnAssign) -> list[str]:
    """The plain names a statement assigns; columns and attributes are part of how, not of what."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    inside = [part for target in targets for part in ast.walk(target)]
    return [part.id for part in inside if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]


def _function(source: str, node: Any) -> str:
    first = node.body[0]
    if ast.get_docstring(node) is None:
        raise ArgumentError(f"the function {node.name} needs a docstring that says what it should return.")
    last = first.end_lineno
    if _first_line(first) == node.lineno:
        raise ArgumentError(f"the docstring of the function {node.name} must start on a line of its own.")
    head = source.splitlines()[_first_line(node) - 1 : last]
    head[-1] = head[-1].encode()[: first.end_col_offset].decode()
    return "\n".join([*head, " " * first.col_offset + "..."])


def _first_line(node: Any) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])


def _checked(cells: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """The cells, if tags and ids are as they should be: exNN-MM, rising, one NN."""
    last = -1
    exercise = None
    for cell in cells:
        tags = set(cell.metadata.get("tags", []))
        if tags - TAGS or len(tags) > 1:
            raise ArgumentError(f"Cell {cell.get('id')}: its tags are {sorted(tags)}; one of {sorted(TAGS)} is allowed.")
        if "answer" in tags and cell.cell_type != "code":
            raise ArgumentError(f"Cell {cell.get('id')}: only a code cell can be tagged answer.")
        match = re.fullmatch(r"ex(\d\d)-(\d\d)", cell.get("id", ""))
        if not match or exercise not in (None, match[1]) or int(match[2]) <= last:
            raise ArgumentError(f"Cell {cell.get('id')}: ids must be exNN-MM, NN the exercise, MM rising from cell to cell.")
        exercise, last = match[1], int(match[2])
    if not any("answer" in cell.metadata.get("tags", []) for cell in cells):
        raise ArgumentError("There is no cell tagged answer.")
    return cells


def main(argv: list[str]) -> int:
    """`opscourse build exercises`: make every student's notebook. Returns 0; with --check, 1 if one is not as derived."""
    parser = argparse.ArgumentParser(
        prog="opscourse build exercises", description="Make the students' notebooks from the solutions, in the root of a clone."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; compare with what is there")
    options = parser.parse_args(argv)
    sources = _notebooks(SOURCE)
    if not sources:
        raise ArgumentError(f"There are no solutions in {str(SOURCE)!r}. Type this in the root of a clone.")
    files = {TARGET / path.relative_to(SOURCE): partial(derived_text, path) for path in sources}
    stale = {path for path in _notebooks(TARGET) if not path.is_relative_to(SOURCE)} - set(files)
    return derived.compare(files, stale, "opscourse build exercises") if options.check else derived.write(files, stale)


def _notebooks(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("[0-9]*.ipynb") if ".ipynb_checkpoints" not in path.parts)
