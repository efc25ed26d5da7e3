"""A student's answers in the pristine exercise, by question number.

Of what was handed in, only the source of code cells is used. Pristine set-up, given and check cells are never taken from
the student. An answer's cell is known by its id or by the name that its question checks; a cell that the student added
belongs to the question of the next cell that is known. Nothing here runs the student's code.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import nbformat

from opscourse.errors import ArgumentError, DataFileError
from opscourse.grading.records import Ready

__all__ = ["LARGEST", "ready", "text"]

LARGEST = 20_000_000  # bytes of a notebook file
PARTS = 1_000_000  # lists and objects in its JSON, so that it takes some 200 MB at most
CELLS = 1_000
CODE = 500_000  # letters in all code cells together
SAVE_AGAIN = "open it in JupyterLab, save it and hand it in again"
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


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
    for question in own:
        own[question] += _from_check(question, cells, plan)
    return Ready(
        notebook=_notebook(plan, own),
        code={question: _code(question, own[question], cells) for question in own},
        missing=tuple(question for question in own if not _is_found(question, own[question], cells)),
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
    statements: list[ast.stmt] | None = None  # None: not to be parsed
    kept: str = ""  # what runs of it
    place: _Place | None = None  # the pristine cell that it is, perhaps edited
    binds: set[str] = field(default_factory=set)  # questions whose answers it assigns
    checks: dict[str, ast.Expr] = field(default_factory=dict)  # question -> the last call of check for it
    question: str = ""
    stub: bool = False  # an answer cell as it was released
    first: bool = False  # what a student added to a set-up cell


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
    statements: list[ast.stmt]
    role: str = "setup"
    question: str = ""


class _Plan:
    """The pristine exercise: its code cells up to the last check, and what each question checks."""

    def __init__(self, pristine: nbformat.NotebookNode, questions: Sequence[str]) -> None:
        self.keys: dict[str, str] = {}  # question -> the name that its check is given
        self.places: list[_Place] = []
        for cell in pristine.cells:
            if cell.cell_type != "code":
                continue
            place = _Place(cell.id, cell.source, _parsed(cell.source) or [])
            asked = {question: call for question, call in _checks(place.statements) if question in questions}
            if "answer" in cell.metadata.get("tags", []):
                place.role = "answer"
            elif asked:
                place.role = "check"
                place.question, call = asked.popitem()
                self.keys[place.question] = ast.unparse(_answer(call))
            self.places.append(place)
        lacking = [question for question in questions if question not in self.keys]
        if lacking or not questions:
            raise ArgumentError(f"The exercise has no cell that checks {', '.join(lacking) or 'anything'}.")
        question = ""
        for place in reversed(self.places):
            question = place.question = place.question or question
        self.last = max(number for number, place in enumerate(self.places) if place.role == "check")
        for place in self.places[self.last :]:
            place.question = self.places[self.last].question
        self.order = {question: number for number, question in enumerate(self.keys)}
        self.by_id = {place.id: place for place in self.places}
        self.answers = {place.source.strip(): place for place in self.places if place.role == "answer"}
        self.given = [place for place in self.places if place.role == "setup"]
        self.statements = {ast.dump(node) for place in self.places if place.role != "answer" for node in place.statements}
        self.targets = {target for place in self.given for node in place.statements for target in _targets(node)}


# Whose cell it is


def _known(cell: _Cell, plan: _Plan) -> _Cell:
    """Say what can be said of a cell by itself."""
    cell.statements = _parsed(cell.source)
    cell.place = plan.by_id.get(cell.id)
    same = plan.answers.get(cell.source.strip())
    if same and (cell.place is None or cell.place is same):
        cell.place, cell.stub = same, True
    cell.binds = _binds(cell, plan)
    cell.checks = {question: call for question, call in _checks(cell.statements or []) if question in plan.keys}
    return cell


def _binds(cell: _Cell, plan: _Plan) -> set[str]:
    names = _names(cell.kept) if cell.statements is None else {_base(t) for node in cell.statements for t in _targets(node)}
    return {question for question, key in plan.keys.items() if key in names}


def _drop_forms(cells: list[_Cell], plan: _Plan) -> None:
    """Leave of set-up and check cells, equal or edited, only what the student added."""
    there = {cell.place.id for cell in cells if cell.place}
    for cell in cells:
        if cell.place is None or cell.place.role == "setup":
            cell.place = cell.place or _form(cell, plan, there)
            if cell.place:
                cell.kept = _added(cell, plan)
                cell.first = True
                cell.statements = _parsed(cell.kept)
                cell.binds = _binds(cell, plan) if cell.kept else set()
                continue
        if cell.statements and not cell.binds and all(_is_call(node) or _is_pristine(node, plan) for node in cell.statements):
            cell.kept = ""


def _form(cell: _Cell, plan: _Plan, there: set[str]) -> _Place | None:
    """The given cell that this one, without an id that is known, is a copy or an edited form of."""
    if not cell.statements:
        return None
    dumps = {ast.dump(node) for node in cell.statements}
    targets = {target for node in cell.statements for target in _targets(node)}
    for place in plan.given:
        equal = sum(ast.dump(node) in dumps for node in place.statements)
        alike = sum(ast.dump(node) in dumps or bool(targets & _targets(node)) for node in place.statements)
        if equal == len(place.statements) or (place.id not in there and 2 * alike >= len(place.statements)):
            return place
    return None


def _added(cell: _Cell, plan: _Plan) -> str:
    """The lines of a student's set-up cell that are neither pristine nor another value for a pristine name."""
    kept: set[int] = set()
    removed: set[int] = set()
    for node in cell.statements or []:
        targets = _targets(node)
        changed = targets <= plan.targets if isinstance(node, (ast.Import, ast.ImportFrom)) else targets & plan.targets
        start = min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", []))])
        lines = range(start, (node.end_lineno or start) + 1)
        (removed if _is_pristine(node, plan) or _is_call(node) or (targets and changed) else kept).update(lines)
    if cell.statements is None or not kept:
        return ""
    lines = cell.source.split("\n")
    return "\n".join("" if number in removed - kept else line for number, line in enumerate(lines, start=1)).rstrip()


def _give_out(cells: list[_Cell], plan: _Plan) -> None:
    """Give every cell a question."""
    done: set[str] = set()  # questions that have a cell of their own
    there: set[str] = set()  # questions whose answer cell is there, untouched or not
    for cell in cells:
        if cell.place and cell.place.role == "answer":
            own = cell.place.question
            there.add(own)
            if own in cell.binds or not cell.binds:
                cell.question = own
                done |= {own} if own in cell.binds and not cell.stub else set()
        elif cell.place and not cell.binds:
            cell.question = cell.place.question
        elif cell.checks and not cell.binds:
            cell.question = max(cell.checks, key=plan.order.__getitem__)
    before = ""
    for cell in cells:
        if cell.binds and not cell.stub:
            merged = cell.question != ""  # then only questions without a cell can have been merged into this one
            fresh = cell.binds - done - (there if merged else set())
            if fresh:
                cell.question = min([*fresh, *([cell.question] if merged else [])], key=plan.order.__getitem__)
                done |= cell.binds if not merged else fresh
            elif not merged and before in cell.binds:
                cell.question = before
        before = cell.question or before
    after = next((cell.question for cell in reversed(cells) if cell.question), next(iter(plan.keys)))
    for cell in reversed(cells):
        after = cell.question = cell.question or after


def _own(question: str, cells: Sequence[_Cell], plan: _Plan) -> list[tuple[str, str]]:
    """What runs of a student's cells for a question, in their order: (what runs, as it was written)."""
    mine = [cell for cell in cells if cell.question == question and cell.kept.strip()]
    answered = any(question in cell.binds and not cell.stub and cell.kept for cell in cells)
    mine = [cell for cell in mine if not (cell.stub and answered)]
    return [
        (cell.kept, "" if cell.stub else cell.kept.strip("\n"))
        for cell in sorted(mine, key=lambda cell: not (cell.first and cell.place in plan.given))
    ]


def _from_check(question: str, cells: Sequence[_Cell], plan: _Plan) -> list[tuple[str, str]]:
    """The answer of a student who put it into the check itself, `check("4.1", "b")`, and left no check as it was."""
    calls = [cell.checks[question] for cell in cells if question in cell.checks]
    written = [ast.unparse(answer) for answer in map(_answer, calls) if answer is not None]
    if not written or plan.keys[question] in written or written[-1] in ("...", "Ellipsis"):
        return []
    return [(f"{plan.keys[question]} = {written[-1]}", ast.unparse(calls[-1]))]


def _code(question: str, own: Iterable[tuple[str, str]], cells: Sequence[_Cell]) -> str:
    parts = [written for _, written in own if written]
    if not parts:  # answered in the cell of another question
        parts = [cell.kept.strip("\n") for cell in cells if question in cell.binds and not cell.stub and cell.kept]
    return "\n\n".join(parts)


def _is_found(question: str, own: Sequence[tuple[str, str]], cells: Sequence[_Cell]) -> bool:
    at_home = any(cell.place and cell.place.role == "answer" and cell.question == question for cell in cells)
    return at_home or any(question in cell.binds for cell in cells) or any(run != written for run, written in own if written)


# The notebook


def _notebook(plan: _Plan, own: dict[str, list[tuple[str, str]]]) -> str:
    cells = []
    for place in plan.places[: plan.last + 1]:
        last = [other for other in plan.places if other.role == "answer" and other.question == place.question][-1:]
        if place.role == "setup":
            cells.append(_code_cell(place.id, place.source, place.question, "setup"))
        elif place in last:
            for run, _ in own[place.question]:
                cells.append(_code_cell(f"answer-{len(cells):04}", _unmarked(run), place.question, "answer"))
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


# Python


def _parsed(source: str) -> list[ast.stmt] | None:
    """The statements of a cell, magics and shell lines as `pass`; None if it is no Python."""
    for candidate in (source, _plain(source)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a student's "\d"; it is shown where the cell runs
                body = ast.parse(candidate).body
            for node in body:
                ast.dump(node)  # raises here what it would raise later
                ast.unparse(node)
            return body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _plain(source: str) -> str:
    """The cell without IPython's syntax, line by line. IPython's own transformer tokenises the cell again for each magic."""
    lines = []
    for line in source.split("\n"):
        escaped = re.match(r"([ \t]*)(?:[%!?].*|.*\?[ \t]*)$", line)
        assigned = re.match(r"([ \t]*[^=!%#'\"]+=[ \t]*)[!%]", line)
        lines.append(f"{escaped[1]}pass" if escaped else f"{assigned[1]}None" if assigned else line)
    return "\n".join(lines)


def _targets(statement: ast.stmt) -> set[str]:
    """What a statement binds outside of functions: `users`, `users['age']`; names that are imported, functions, classes."""
    found: set[str] = set()
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(getattr(node, "ctx", None), ast.Store) and not isinstance(node, (ast.Tuple, ast.List, ast.Starred)):
            found.add(ast.unparse(node))
        if not isinstance(node, SCOPES + COMPREHENSIONS):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _base(target: str) -> str:
    return re.match(r"\w*", target)[0]


def _names(source: str) -> set[str]:
    """What a cell that is no Python seems to bind."""
    functions = re.findall(r"^(?:async[ \t]+)?def[ \t]+(\w+)", source, re.MULTILINE)
    lists = re.findall(r"^(\w+(?:[ \t]*,[ \t]*\w+)*)[ \t]*(?::[^=\n]+)?=(?!=)", source, re.MULTILINE)
    return {*functions, *(name.strip() for names in lists for name in names.split(","))}


def _checks(statements: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.Expr]]:
    """The calls check("4.1", …) that stand alone: (question, statement)."""
    for node in statements:
        if _is_call(node, ("check",)):
            first = node.value.args[0] if node.value.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, (str, float)):
                yield str(first.value).strip(), node


def _answer(statement: ast.Expr) -> ast.expr | None:
    """What a call of check is given to check."""
    by_name = [keyword.value for keyword in statement.value.keywords if keyword.arg == "answer"]
    return next(iter([*statement.value.args[1:2], *by_name]), None)


def _is_call(statement: ast.stmt, names: Sequence[str] = ("check", "report")) -> bool:
    function = getattr(getattr(statement, "value", None), "func", None)
    named = getattr(function, "id", getattr(function, "attr", None))
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and named in names


def _is_pristine(statement: ast.stmt, plan: _Plan) -> bool:
    return ast.dump(statement) in plan.statements
