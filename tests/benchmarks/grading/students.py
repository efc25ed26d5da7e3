"""The students of the benchmark: what each handed in, and the points it deserves. Every tool gets the same answers."""

from __future__ import annotations

import ast
import random
from pathlib import Path
from typing import NamedTuple

import nbformat

from opscourse.exercise import answers
from opscourse.exercise.derive import derive

COURSE = Path(__file__).parent / "course"
SOLUTION = COURSE / "exercises" / "solutions" / "data" / "91_six_looks_at_orders.ipynb"
ANSWERS = COURSE / "exercises" / "answers" / "data" / "91_six_looks_at_orders.py"
SLIPS = {  # in the right code -> in a wrong one
    "91.1": ('["refunded"].mean()', '["refunded"].sum()'),
    "91.2": ('orders[orders["paid"]]', "orders"),
    "91.3": ('orders[orders["paid"]]', "orders"),
    "91.4": (" - min(heights)", ""),
    "91.5": ("roc_auc_score(bought", "100 * roc_auc_score(bought"),
    "91.6": ('"sum"', '"size"'),
}
KINDS = {"right": 70, "wrong": 15, "error": 8, "open": 7}  # answers in a hundred


class Part(NamedTuple):
    """One question in the exercise: its two cells, the name that is checked, the stub, the solution."""

    answer_cell: str
    check_cell: str
    name: str
    stub: str
    right: str


class Student(NamedTuple):
    """Who handed in what: code and points a question."""

    id: str
    code: dict[str, str]
    points: dict[str, int]


def exercise() -> tuple[nbformat.NotebookNode, dict[str, Part]]:
    """The notebook as students get it, and its questions."""
    solved = nbformat.read(SOLUTION, as_version=4)
    right = {cell.id: cell.source for cell in solved.cells}
    notebook, parts = derive(solved), {}
    for answer, check in zip(notebook.cells, notebook.cells[1:], strict=False):
        if "answer" in answer.metadata.get("tags", []):
            number, name = ast.parse(check.source).body[0].value.args
            parts[number.value] = Part(answer.id, check.id, name.id, answer.source, right[answer.id])
    return notebook, parts


def classroom(size: int) -> list[Student]:
    """The first students of a class that is the same every time."""
    parts = exercise()[1]
    found = []
    for index in range(1, size + 1):
        chance, code, points = random.Random(index), {}, {}
        for number, part in parts.items():
            kind = chance.choices(list(KINDS), KINDS.values())[0]
            code[number] = written(part, number, kind, f"_{index}")
            points[number] = int(kind == "right")
        found.append(Student(f"s{index:04}", code, points))
    return found


def written(part: Part, number: str, kind: str, suffix: str) -> str:
    """One student's code: all names but the asked one are their own, so that no tool gains by remembering another's."""
    if kind == "open":
        return part.stub
    old, new = {"right": ("", ""), "wrong": SLIPS[number], "error": ('"paid"', '"payed"')}[kind]
    tree = ast.parse(part.right.replace(old, new))
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)} - {part.name}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in own:
            node.id += suffix
    return ast.unparse(tree)


def filled(notebook: nbformat.NotebookNode, code: dict[str, str], parts: dict[str, Part]) -> str:
    """The text of a notebook with one student's code in it; cells are known by their ids."""
    cells = {part.answer_cell: code[number] for number, part in parts.items()}
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        cell.source = cells.get(cell.id, cell.source)
    return nbformat.writes(copy)


def solved(data: Path) -> dict[str, answers.Solved]:
    """All questions on one company's data."""
    with answers.company(data) as (load, truth):
        return {number: answers.solved(asked, load, truth) for number, asked in answers.questions(ANSWERS).items()}


def twin(data: Path) -> nbformat.NotebookNode:
    """The exercise without our package, for the other tools: tables from Parquet files."""
    notebook = exercise()[0]
    for cell in notebook.cells:
        if cell.source.startswith("from opscourse"):
            cell.source = f'def load(table):\n    return pd.read_parquet(f"{data}/{{table}}.parquet")'
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith("report(")]
    return notebook


def assertions(name: str, asked: answers.Solved) -> list[str]:
    """The test of one answer as an instructor writes it for the other tools: statements of one line."""
    form, right = asked.form, asked.right
    kind = type(form).__name__
    if kind == "Integer":
        return [f"assert int({name}) == {right}"]
    if kind == "Number":
        return [f"assert abs(float({name}) - {right!r}) <= {form.tolerance}"]
    if kind != "Frame" or len(form.keys) > 1:
        raise NotImplementedError(f"no test is known for {kind}")
    order = sorted(range(len(right["rows"])), key=right["rows"].__getitem__)
    lines = [f"rows = {name}.sort_values({form.keys[0]!r}, key=lambda keys: keys.str.casefold())"]
    lines += [f"assert list(rows[{form.keys[0]!r}].str.casefold()) == {[right['rows'][i][0] for i in order]}"]
    for column, tolerance in form.columns.items():
        values, reach = [right["columns"][column][i] for i in order], 0 if tolerance == "int" else tolerance
        lines += [f"assert all(abs(a - b) <= {reach} for a, b in zip(rows[{column!r}], {values}, strict=True))"]
    return lines
