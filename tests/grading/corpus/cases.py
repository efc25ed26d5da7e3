"""The corpus: what hostile and unlucky students hand in, and what each question of it must come to.

A file of this folder is one submission in percent format, read but never imported. What it does not mention is as in the
solution of exercise 92, so right. `EXPECTED` says what each other question comes to: a status, and if it matters the points
and words of the sentence; `or` joins two statuses where time decides. A cell's heading says where it goes:

    # %% 92.3            instead of the solution in the answer cell of 92.3
    # %% before 92.3     a new cell before it; `after 92.3` stands after its check
    # %% check 92.3      instead of its check
    # %% first, last     a new cell before and after all others

An attack gives the right answer *if it works*, and fails otherwise. So it earns its question where the grader does not hold:
what `STOPPED_BY` names is switched off in a test that proves it. `HANGS` marks what takes all the time that a cell has.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

__all__ = ["COURSE", "POSSIBLE", "SOLUTION", "Case", "notebook", "submissions"]

HERE = Path(__file__).parent
COURSE = HERE.parents[1] / "fixtures"
SOLUTION = COURSE / "exercises" / "solutions" / "data" / "92_count_the_classes.ipynb"
POSSIBLE = {"92.1": 1, "92.2": 1, "92.3": 3, "92.4": 1, "92.5": 1}
HEADING = re.compile(r"^# %% (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One submission. `expected` has only the questions that are not simply right."""

    name: str
    told: str
    expected: dict[str, Any] = field(default_factory=dict)
    cells: tuple[tuple[str, str], ...] = ()
    hangs: bool = False
    stopped_by: str = ""
    student: str = ""  # a hostile name for the roster

    def outcome(self, question: str) -> tuple[str, float, str]:
        """The status, the points and the words that a question comes to."""
        status, *more = one if isinstance(one := self.expected.get(question, "right"), tuple) else (one,)
        points = next((part for part in more if isinstance(part, (int, float))), POSSIBLE[question] * (status == "right"))
        return status, points, next((part for part in more if isinstance(part, str)), "")


def submissions() -> list[Case]:
    """All submissions in percent format, by name."""
    return [_read(path) for path in sorted(HERE.glob("[a-z]*_*.py"))]


def _read(path: Path) -> Case:
    head, *parts = HEADING.split(path.read_text(encoding="utf-8"))
    tree = ast.parse(head)
    named = {node.targets[0].id: ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign)}
    return Case(
        path.stem,
        ast.get_docstring(tree),
        named.pop("EXPECTED"),
        tuple((heading, source.strip("\n")) for heading, source in zip(parts[::2], parts[1::2], strict=True)),
        **{name.lower(): value for name, value in named.items()},
    )


def notebook(cells: tuple[tuple[str, str], ...] = (), **known: object) -> nbformat.NotebookNode:
    """The solved exercise with these cells put in; `OWN_SEATS` in them becomes what `known` says."""
    solved = nbformat.reads(_solution(), as_version=4)
    for at, (heading, source) in enumerate(cells):
        for name, value in known.items():
            source = re.sub(rf"\b{name}\b", repr(value), source)
        _put(solved.cells, heading, nbformat.v4.new_code_cell(source, id=f"mine-{at}"))
    return solved


@cache
def _solution() -> str:
    return SOLUTION.read_text(encoding="utf-8")


def _put(cells: list[Any], heading: str, cell: Any) -> None:
    if heading in ("first", "last"):
        cells.insert(0 if heading == "first" else len(cells), cell)
        return
    *where, question = heading.split()
    check = next(at for at, one in enumerate(cells) if one.source.startswith(f'check("{question}"'))
    if where in ([], ["check"]):
        cells[check - (not where)].source = cell.source
    else:
        cells.insert({"before": check - 1, "after": check + 1}[where[0]], cell)
