"""Every exercise of the course: derived from its solution, solvable, without its answers in it, and fair."""

import ast
import base64
import json
import re
from decimal import Decimal
from functools import cache

import matplotlib
import nbformat
import numpy as np
import pandas as pd
import pytest
from classroom import ROOT, answered, errors, executed, variant

from opscourse.company import store
from opscourse.exercise import Choice, Frame, Function, Integer, Names, Number, Text, answers, keys
from opscourse.exercise.derive import derived_text
from opscourse.exercise.question import called

EXERCISES = ROOT / "exercises"
DATA = ROOT / "datasets"
SOLUTIONS = sorted((EXERCISES / "solutions").rglob("[0-9]*.ipynb"))
MODULES = answers.modules(EXERCISES / "answers")
SEEDS = (11, 12, 13)
QUESTIONS = [(number, name) for number, path in MODULES.items() for name in answers.questions(path)]

of_solution = pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda path: path.stem)
of_exercise = pytest.mark.parametrize("number", MODULES)
of_question = pytest.mark.parametrize(("number", "name"), QUESTIONS, ids=lambda part: str(part))


@pytest.fixture(autouse=True)
def _shipped_data(monkeypatch):
    monkeypatch.delenv("OPSCOURSE_DATA", raising=False)
    matplotlib.use("agg")


@pytest.fixture(scope="session")
def companies(tmp_path_factory):
    """Three companies that no author has seen, by seed."""
    folder = tmp_path_factory.mktemp("companies")
    return {seed: variant(seed, folder) for seed in SEEDS}


@cache
def solved(number, folder):
    """All questions of an exercise on one company: name -> Solved."""
    with answers.company(folder) as (load, truth):
        return {name: answers.solved(question, load, truth) for name, question in answers.questions(MODULES[number]).items()}


@cache
def right(number, name):
    """What the answers module holds to be right on the course's data, as the lesson would have it: not yet read."""
    question = answers.questions(MODULES[number])[name]
    if isinstance(question, Function):
        return question.right
    with answers.company(DATA) as (load, truth):
        return called(question.right, load, truth)


def student(solution):
    return EXERCISES / solution.relative_to(EXERCISES / "solutions")


def number_of(path):
    return int(path.name.split("_")[0])


def checks(path):
    """The numbers of the questions that a notebook checks, in order."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    calls = [node for source in cells for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call.args[0].value for call in calls if getattr(call.func, "id", "") == "check"]


def test_every_solution_has_its_answers_module_and_its_student_notebook():
    """Number 0 is the question of the first page, which is no exercise."""
    assert SOLUTIONS
    assert [path.relative_to(EXERCISES / "solutions").with_suffix("") for path in SOLUTIONS] == sorted(
        path.relative_to(EXERCISES / "answers").with_suffix("") for number, path in MODULES.items() if number > 0
    )
    students = [path for path in EXERCISES.rglob("[0-9]*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    assert sorted(set(students) - set(SOLUTIONS)) == sorted(map(student, SOLUTIONS))
    assert sorted(path.stem for path in (DATA / "keys").iterdir()) == [f"{number:02}" for number in sorted(MODULES)]


@of_solution
def test_the_exercise_is_what_its_solution_gives(solution):
    assert student(solution).read_bytes().decode() == derived_text(solution), "run: opscourse build exercises"


@of_exercise
def test_the_key_is_what_the_answers_and_the_data_give(number):
    text = keys.built(number, answers.questions(MODULES[number]), DATA)
    assert (DATA / "keys" / f"{number:02}.json").read_bytes().decode() == text, "run: opscourse build keys"


@of_solution
def test_an_untouched_exercise_fails_only_with_not_answered_once_a_check(solution):
    path = student(solution)
    found = errors(executed(nbformat.read(path, as_version=4), DATA))
    assert [(error.ename, error.evalue.split()[1]) for error in found] == [("NotAnswered", name) for name in checks(path)]


@of_solution
def test_an_exercise_checks_each_question_once_and_reports_at_the_end(solution):
    assert sorted(checks(solution)) == sorted(answers.questions(MODULES[number_of(solution)]))
    cells = [cell.source for cell in nbformat.read(solution, as_version=4).cells if cell.cell_type == "code"]
    assert cells[-1].strip() == f"report({number_of(solution)})"


@of_solution
def test_a_question_states_its_tolerance_and_names_its_columns(solution):
    text = "".join(cell.source for cell in nbformat.read(student(solution), as_version=4).cells if cell.cell_type == "markdown")
    for name, question in answers.questions(MODULES[number_of(solution)]).items():
        asked = question.result if isinstance(question, Function) else question
        assert name in text
        stated = [f"±{asked.tolerance:g}"] if isinstance(asked, Number) else []
        if isinstance(asked, Frame):
            stated = [*(f"`{column}`" for column in [*asked.keys, *asked.columns])]
            stated += [f"±{kind:g}" for kind in asked.columns.values() if not isinstance(kind, str)]
        for words in stated:
            assert words in text, f"{name} does not say {words}"


@of_question
def test_every_likely_mistake_gets_its_own_sentence_from_the_sealed_key(number, name):
    asked, find = keys.key(name)
    question = answers.questions(MODULES[number])[name]
    answer = solved(number, DATA)[name].right
    assert asked.judge(answer, find).right
    with answers.company(DATA) as (load, truth):
        likely = [(sentence, question.answer(mistake, load, truth)) for sentence, mistake in question.likely(answer)]
    assert likely, "every question lists its likely mistakes"
    for sentence, wrong in likely:
        verdict = asked.judge(wrong, find)
        assert not verdict.right
        assert sentence in verdict.sentence


@of_exercise
def test_hardly_a_mistake_is_ever_lost_in_the_data(number, companies):
    assert [one.lost for one in solved(number, DATA).values() if one.lost] == []
    found = {seed: solved(number, folder) for seed, folder in companies.items()}
    lost = {seed: {(name, slip) for name, one in of.items() for slip in one.lost} for seed, of in found.items()}
    assert not set.intersection(*lost.values()), "a mistake that can hardly be told from the right answer"
    assert sum(map(len, lost.values())) <= len(companies), lost


def honest(question, value):
    """Forms in which a careful student may hand in a right value."""
    kinds = {Number: numbers, Integer: integers, Names: names, Text: texts, Choice: texts, Frame: tables}
    return kinds[type(question)](question, value) if type(question) in kinds else [value]


def numbers(question, value):
    value = float(value)
    step = 10.0 ** np.floor(np.log10(2 * question.tolerance))
    yield from (value, np.float64(value), Decimal(repr(value)), np.array(value), pd.Series([value]), round(value / step) * step)
    yield from (value + 0.99 * question.tolerance, value - 0.99 * question.tolerance)
    if abs(np.float32(value) - value) < question.tolerance:
        yield np.float32(value)


def integers(question, value):
    yield from (int(value), float(value), np.int64(value), np.array([value]), pd.Series([value], dtype="Int64"))


def names(question, value):
    value = list(value)
    yield from (value, tuple(value), np.array(value, dtype=object), pd.Series(value), [f" {name}".upper() for name in value])
    if not question.ordered:
        yield from (value[::-1], set(value), value + value[:1])


def texts(question, value):
    yield from (value, f" {value} ".upper(), np.array([value]), pd.Series([value]))


def tables(question, value):
    key = list(question.keys)
    value = value.reset_index() if set(key) & set(value.index.names) else value
    value = value[[*key, *question.columns]]
    steps = {name: 10.0 ** np.floor(np.log10(2 * kind)) for name, kind in question.columns.items() if not isinstance(kind, str)}
    yield from (value, value[value.columns[::-1]], value.set_index(key), value.astype(object), value.assign(extra=1))
    yield value.astype(dict.fromkeys(key, "category"))
    yield value.assign(**{name: (value[name].astype(float) / step).round() * step for name, step in steps.items()})
    if not question.ordered:
        yield value.sample(frac=1, random_state=1)


@of_question
def test_every_honest_form_of_the_right_answer_passes(number, name):
    asked, find = keys.key(name)
    question = answers.questions(MODULES[number])[name]
    for answer in honest(question, right(number, name)):
        verdict = asked.judge(asked.read(answer), find)
        assert verdict.right, f"{answer!r}: {verdict.sentence}"


@of_question
def test_a_number_beyond_twice_its_tolerance_is_wrong(number, name):
    asked, find = keys.key(name)
    value = solved(number, DATA)[name].right
    far = []
    if isinstance(asked, Number):
        far = [value + side * 2.01 * asked.tolerance for side in (-1, 1)]
    elif isinstance(asked, Integer):
        far = [value - 1, value + 1]
    elif isinstance(asked, Frame):
        for column, kind in asked.columns.items():
            if kind != "str":
                cells = list(value["columns"][column])
                at = next(i for i, cell in enumerate(cells) if cell is not None)
                cells[at] += 1 if kind == "int" else 2.01 * kind
                far.append({**value, "columns": {**value["columns"], column: cells}})
    assert not any(asked.judge(one, find).right for one in far)


def spelled(value):
    """How a number may be written where it should not be: with three decimals or more, or as a percentage."""
    forms = {f"{value:.{n}f}" for n in (3, 4, 6)} | {f"{100 * value:.{n}f}" for n in (1, 2)} | {repr(value)}
    return {form for form in forms if len(form.strip("-0.").replace(".", "")) >= 3}


@of_solution
def test_no_answer_can_be_read_in_what_a_student_gets(solution):
    number = number_of(solution)
    clear = student(solution).read_text(encoding="utf-8")
    key = (DATA / "keys" / f"{number:02}.json").read_text(encoding="utf-8")
    forms = {name: json.dumps(question["form"]) for name, question in json.loads(key)["questions"].items()}
    hidden = b"".join(base64.b64decode(run + "==") for run in re.findall(r"[A-Za-z0-9+/]{24,}", clear + key))
    for name, one in solved(number, DATA).items():
        question = answers.questions(MODULES[number])[name]
        sentences = [sentence for sentence, _ in question.likely(one.right)] + [question.praised(one.right)]
        for sentence in filter(None, sentences):
            assert sentence not in clear + key
            assert sentence.encode() not in hidden
        values = [one.right] if isinstance(one.form, Number) else one.right if isinstance(one.form, Function) else []
        if isinstance(one.form, Frame):
            values = [cell for cells in one.right["columns"].values() for cell in cells if isinstance(cell, float)]
        for text in {text for value in values if isinstance(value, float) for text in spelled(value)}:
            assert not re.search(rf"(?<![\w.]){re.escape(text)}(?!\d)", clear + forms[name]), f"{name}: {text} can be read"


@of_solution
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_a_solution_holds_on_a_company_its_author_has_never_seen(solution, seed, companies, monkeypatch):
    number = number_of(solution)
    store.use(companies[seed])
    try:
        given = answered(solution, monkeypatch)
    finally:
        store.use(None)
    for name, one in solved(number, companies[seed]).items():
        verdict = one.form.judge(one.form.read(given[name]), lambda part, token, one=one: one.entries.get((part, token)))
        assert verdict.right, f"company {seed}, question {name}: {verdict.sentence}"
