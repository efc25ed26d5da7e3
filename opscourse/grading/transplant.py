"""A student's answers in the pristine exercise, by question number.

Of what was handed in, only the source of code cells is used. Pristine set-up, given and check cells are never taken from
the student. An answer's cell is known by its id or by the name that its question checks; a cell that the student added
belongs to the question of the next cell that is known. Nothing here runs the student's code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import nbformat

from opscourse.errors import ArgumentError, DataFileError
from opscourse.grading.records import Ready
from opscourse.grading.statements import Statement, bound, parsed

__all__ = ["LARGEST", "ready", "text"]

LARGEST = 20_000_000  # bytes of a notebook file
PARTS = 1_000_000  # lists and objects in its JSON, so that it takes some 200 MB at most
CELLS = 1_000
CODE = 100_000  # letters in all code cells together
SAVE_AGAIN = "open it in JupyterLab, save it and hand it in again"


def ready(content: bytes, pristine: nbformat.NotebookNode, questions: Sequence[str]) -> Ready:
    """Put a student's answers into the exercise.

    Parameters: the file that was handed in, the exercise as it was released, and the numbers of the questions to grade.
    Raises DataFileError if the file is no notebook that can be read, ArgumentError if the exercise does not check a question.
    """
    plan = _Plan(pristine, questions)
    cells = [_known(cell, plan) for cell in _cells(content)]
    _drop_forms(cells, plan)
    _give_out(cells, plan)
    own = {question: _own(question, cells, plan) for question in plan.keys}
    found = {cell.question for cell in cells if cell.is_answer}.union(*(cell.answers for cell in cells))
    found |= {question for question, parts in own.items() if any(part.is_from_check for part in parts)}
    return Ready(
        notebook=_notebook(plan, own, found),
        code={question: _code(question, own[question], cells) for question in own},
        missing=tuple(question for question in own if question not in found),
    )


# The file


def text(content: bytes) -> str:
    """The text of a notebook file, whatever its encoding: UTF-8, -16 or -32 with or without a mark, else Latin-1."""
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        return content.decode("latin-1")


@dataclass
class _Cell:
    """A student's code cell, and whose it is."""

    id: str
    source: str
    statements: list[Statement] | None = None  # None: it is no Python
    kept: str = ""  # what runs of it
    place: _Place | None = None  # the pristine cell that it is, perhaps edited
    binds: set[str] = field(default_factory=set)  # questions whose names it assigns
    answers: set[str] = field(default_factory=set)  # of these, the ones that it is meant for
    checks: dict[str, Statement] = field(default_factory=dict)  # question -> the last call of check for it
    question: str = ""
    stub: bool = False  # an answer cell as it was released
    first: bool = False  # what a student added to a set-up cell

    @property
    def is_answer(self) -> bool:
        """Whether it is the cell of the exercise where an answer goes."""
        return self.place is not None and self.place.role == "answer"

    @property
    def is_check(self) -> bool:
        """Whether a question's answer is final after it."""
        return bool(self.checks) or (self.place is not None and (self.place.is_late or self.place.role == "check"))


class _Part(NamedTuple):
    """What runs for a question, and what the student wrote."""

    run: str
    written: str
    is_from_check: bool = False


def _cells(content: bytes) -> Iterator[_Cell]:
    """The code cells of a notebook file of any version. Raises DataFileError."""
    for source_id, source in _read(content):
        source = source.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
        if source.strip():
            yield _Cell(source_id, source, kept=source)


def _read(content: bytes) -> list[tuple[str, str]]:
    if len(content) > LARGEST:
        raise DataFileError(f"The notebook is larger than {LARGEST // 1_000_000} MB: clear its outputs and hand it in again.")
    if not content.strip():
        raise DataFileError("The file is empty: hand in the notebook again.")
    written = text(content)
    if written.count("[") + written.count("{") > PARTS:
        raise DataFileError("The notebook has too many parts to be read: clear its outputs and hand it in again.")
    try:
        notebook = json.loads(written)
    except RecursionError:
        raise DataFileError(f"The notebook is nested too deeply to be read: {SAVE_AGAIN}.") from None
    except json.JSONDecodeError as error:
        raise DataFileError(f"The notebook is damaged at line {error.lineno}, or it is no notebook: {SAVE_AGAIN}.") from None
    except ValueError:  # a number of thousands of digits
        raise DataFileError(f"The notebook has a number that cannot be read: {SAVE_AGAIN}.") from None
    cells = list(_listed(notebook))
    if len(cells) > CELLS:
        raise DataFileError(f"The notebook has {len(cells):,} cells, and at most {CELLS:,} are read: delete those not needed.")
    code = [cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    if cells and not any(isinstance(cell, dict) and isinstance(cell.get("cell_type"), str) for cell in cells):
        raise DataFileError(f"The notebook has no cells that can be read: {SAVE_AGAIN}.")
    sources = [(_string(cell.get("id")), _string(cell.get("source", cell.get("input", cell.get("code"))))) for cell in code]
    if sum(len(source) for _, source in sources) > CODE:
        raise DataFileError(f"The notebook has more than {CODE:,} letters of code: read data from files, do not paste them.")
    return sources


def _listed(notebook: Any) -> Iterator[Any]:
    """The cells of nbformat 4 and later (`cells`), or 2 and 3 (`worksheets`)."""
    if not isinstance(notebook, dict):
        raise DataFileError(f"The file is no notebook, its content is only {type(notebook).__name__}: hand in the notebook.")
    sheets = notebook["worksheets"] if isinstance(notebook.get("worksheets"), list) else [notebook]
    lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
    if not any(isinstance(cells, list) for cells in lists):
        version = notebook.get("nbformat")
        known = isinstance(version, int) and version <= 4
        raise DataFileError(f"The notebook has no cells{'' if known else ' in a form that is known'}: {SAVE_AGAIN}.")
    for cells in lists:
        yield from cells if isinstance(cells, list) else []


def _string(value: Any) -> str:
    """A source or an id: text, or a list of texts; anything else is none."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


# The exercise


@dataclass
class _Place:
    """A pristine code cell, the question it stands before, and its role."""

    id: str
    source: str
    statements: list[Statement]
    role: str = "setup"
    question: str = ""
    is_late: bool = False  # after the last check: of no use to any answer


class _Plan:
    """The pristine exercise: its code cells up to the last check, and what each question checks."""

    def __init__(self, pristine: nbformat.NotebookNode, questions: Sequence[str]) -> None:
        self.keys: dict[str, str] = {}  # question -> the name that its check is given
        self.places: list[_Place] = []
        for cell in pristine.cells:
            if cell.cell_type != "code":
                continue
            place = _Place(cell.id, cell.source, parsed(cell.source) or [])
            asked = [statement for statement in place.statements if statement.asks in questions]
            if "answer" in cell.metadata.get("tags", []):
                place.role = "answer"
            elif asked:
                place.role = "check"
                place.question = asked[-1].asks
                self.keys[place.question] = asked[-1].answer
            self.places.append(place)
        lacking = [question for question in questions if question not in self.keys]
        if lacking or not questions:
            raise ArgumentError(f"The exercise has no cell that checks {', '.join(lacking) or 'anything'}.")
        question = ""
        for place in reversed(self.places):
            question = place.question = place.question or question
        self.last = max(number for number, place in enumerate(self.places) if place.role == "check")
        for place in self.places[self.last + 1 :]:
            place.question, place.is_late = self.places[self.last].question, True
        lacking = [key for key in self.keys if key not in {place.question for place in self.places if place.role == "answer"}]
        if lacking:
            raise ArgumentError(f"The exercise has no cell tagged answer for {', '.join(lacking)}.")
        self.order = {question: number for number, question in enumerate(self.keys)}
        self.by_id = {place.id: place for place in self.places}
        self.answers = {place.source.strip(): place for place in self.places if place.role == "answer"}
        self.given = [place for place in self.places if place.role == "setup"]
        self.statements = {one.dump for place in self.places if place.role != "answer" for one in place.statements}
        self.targets = {target for place in self.given for one in place.statements for target in one.targets}


# Whose cell it is


def _known(cell: _Cell, plan: _Plan) -> _Cell:
    """Say what can be said of a cell by itself."""
    cell.statements = parsed(cell.source)
    cell.place = plan.by_id.get(cell.id)
    same = plan.answers.get(cell.source.strip())
    if same and (cell.place is None or cell.place is same):
        cell.place, cell.stub = same, True
    cell.binds = _binds(cell, plan)
    cell.checks = {one.asks: one for one in cell.statements or [] if one.asks in plan.keys}
    return cell


def _binds(cell: _Cell, plan: _Plan) -> set[str]:
    if cell.statements is None:
        names = bound(cell.kept)
    else:
        names = {re.match(r"\w*", target)[0] for one in cell.statements for target in one.targets}
    return {question for question, key in plan.keys.items() if key in names}


def _drop_forms(cells: list[_Cell], plan: _Plan) -> None:
    """Leave of set-up and check cells, equal or edited, only what the student added."""
    there = {cell.place.id for cell in cells if cell.place}
    for cell in cells:
        if cell.place is None or cell.place.role == "setup":
            cell.place = cell.place or _form(cell, plan, there)
            if cell.place:
                cell.kept = _added(cell, plan)
                cell.first = not cell.place.is_late
                cell.statements = parsed(cell.kept)
                cell.binds = _binds(cell, plan)
        of_no_use = cell.place is not None and cell.place.is_late and not cell.binds
        if of_no_use or (not cell.is_answer and _is_only_calls(cell, plan)):
            cell.kept = ""


def _form(cell: _Cell, plan: _Plan, there: set[str]) -> _Place | None:
    """The given cell that this one, without an id that is known, is a copy or an edited form of."""
    if not cell.statements:
        return None
    dumps = {one.dump for one in cell.statements}
    targets = {target for one in cell.statements for target in one.targets}
    for place in plan.given:
        equal = sum(one.dump in dumps for one in place.statements)
        alike = sum(one.dump in dumps or not targets.isdisjoint(one.targets) for one in place.statements)
        is_alike = place.id not in there and 2 * alike >= len(place.statements)
        if place.statements and (equal == len(place.statements) or is_alike):
            return place
    return None


def _added(cell: _Cell, plan: _Plan) -> str:
    """The lines of a student's set-up cell that are neither pristine nor only give other values to pristine names."""
    kept: set[int] = set()
    removed: set[int] = set()
    for one in cell.statements or []:
        drop = one.is_call or one.dump in plan.statements or (one.targets and one.targets <= plan.targets)
        (removed if drop else kept).update(one.lines)
    if not kept:
        return ""
    lines = cell.source.split("\n")
    left = "\n".join("" if number in removed - kept else line for number, line in enumerate(lines, start=1)).rstrip()
    return "" if re.fullmatch(r"%%.*", left) else left  # `%%time` over nothing


def _give_out(cells: list[_Cell], plan: _Plan) -> None:
    """Give every cell a question."""
    for cell in cells:
        if cell.place and (not cell.binds or (cell.is_answer and cell.place.question in cell.binds)):
            cell.question = cell.place.question
        elif cell.checks and not cell.binds:
            cell.question = max(cell.checks, key=plan.order.__getitem__)
    there = {cell.place.question for cell in cells if cell.is_answer}
    for cell in cells:
        cell.answers = {cell.question} & cell.binds if not cell.stub else set()
    done = set[str]().union(*(cell.answers for cell in cells))
    before = ""
    for cell in cells:
        if cell.binds and not cell.stub:
            _give_by_names(cell, before, there, done, plan)
            cell.answers |= {cell.question} & cell.binds
            done |= cell.answers
        before = "" if cell.is_check else cell.question or before
    last = next((number for number in reversed(range(len(cells))) if cells[number].question), -1)
    after = cells[last].question if last >= 0 else next(iter(plan.keys))
    for number, cell in reversed(list(enumerate(cells))):
        if number > last >= 0 and cells[last].is_check:
            cell.kept = ""  # after all checks: no answer depends on it
        after = cell.question = cell.question or after


def _give_by_names(cell: _Cell, before: str, there: set[str], done: set[str], plan: _Plan) -> None:
    """Give a cell to the first of the questions that it answers and that no cell of their own answers."""
    merged = cell.question != ""  # it has its own question: only those whose cells are gone can have been merged into it
    fresh = cell.binds - done - (there if merged else set())
    if fresh:
        cell.question = min(fresh | {cell.question} if merged else fresh, key=plan.order.__getitem__)
        cell.answers |= fresh
    elif not merged:
        near = [cell.place.question] if cell.place else [before]
        cell.question = next((question for question in near if question in cell.binds), "")


def _own(question: str, cells: Sequence[_Cell], plan: _Plan) -> list[_Part]:
    """A student's cells for a question, in their order, and what they added to set-up cells before them."""
    mine = [cell for cell in cells if cell.question == question and cell.kept.strip()]
    if _is_answered(question, cells):
        mine = [cell for cell in mine if not cell.stub]
    mine.sort(key=lambda cell: not cell.first)
    parts = [_Part(cell.kept, "" if cell.stub else cell.kept.strip("\n")) for cell in mine]
    return parts + _from_check(question, cells, plan)


def _is_answered(question: str, cells: Sequence[_Cell]) -> bool:
    return any(question in cell.answers and cell.kept for cell in cells)


def _from_check(question: str, cells: Sequence[_Cell], plan: _Plan) -> list[_Part]:
    """The answer of a student who put it into the check itself, `check("4.1", "b")`, and left no check as it was."""
    answered = _is_answered(question, cells)  # then a check elsewhere was a trial
    at_home = [cell for cell in cells if not answered or (cell.place and cell.place.role == "check")]
    calls = [cell.checks[question] for cell in at_home if question in cell.checks]
    written = [call.answer for call in calls]
    if not written or plan.keys[question] in written or written[-1] in ("", "...", "Ellipsis"):
        return []
    return [_Part(f"{plan.keys[question]} = {written[-1]}", calls[-1].written, is_from_check=True)]


def _code(question: str, own: Iterable[_Part], cells: Sequence[_Cell]) -> str:
    written = [part.written for part in own if part.written]
    if not written:  # answered in the cell of another question
        written = [cell.kept.strip("\n") for cell in cells if question in cell.answers and cell.kept]
    return "\n\n".join(written)


def _is_only_calls(cell: _Cell, plan: _Plan) -> bool:
    return bool(cell.statements) and all(one.is_call or one.dump in plan.statements for one in cell.statements)


# The notebook


def _notebook(plan: _Plan, own: dict[str, list[_Part]], found: set[str]) -> str:
    cells = []
    for place in plan.places[: plan.last + 1]:
        last = [other for other in plan.places if other.role == "answer" and other.question == place.question][-1:]
        if place.role == "setup":
            cells.append(_code_cell(place.id, place.source, place.question, "setup"))
        elif place in last:
            if place.question not in found:  # so that its check says that it is not answered
                cells.append(_code_cell(place.id, place.source, place.question, "setup"))
            for part in own[place.question]:
                cells.append(_code_cell(f"answer-{len(cells):04}", _unmarked(part.run), place.question, "answer"))
        elif place.role == "check":
            cells.append(_code_cell(place.id, f"from opscourse import check\n{place.source}", place.question, "check"))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
    return nbformat.writes(notebook, version=4)


def _code_cell(cell_id: str, source: str, question: str, role: str) -> dict[str, Any]:
    metadata = {"opscourse": {"question": question, "role": role}}
    cell = {"id": cell_id, "cell_type": "code", "source": source, "metadata": metadata}
    return {**cell, "outputs": [], "execution_count": None}


def _unmarked(source: str) -> str:
    """The same lines without comments that nbval would obey, such as `# NBVAL_SKIP`."""
    lines = source.splitlines(keepends=True)  # as nbval splits them
    return "".join(re.sub("(NBVAL|PYTEST)_", r"\1-", line) if line.lstrip().startswith("#") else line for line in lines)
