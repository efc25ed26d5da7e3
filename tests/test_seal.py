"""A key says whether an answer is right and names a mistake, and can be read without learning either."""

import base64
import json
import math
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from classroom import ANSWERS, checked_company
from hypothesis import given
from hypothesis import strategies as st

from opscourse.company import store
from opscourse.errors import ArgumentError, DataFileError, DataUnavailable, UnknownName
from opscourse.exercise import Choice, Frame, Function, Integer, Number, answers, keys, seal

QUESTIONS = answers.questions(ANSWERS)
values = st.floats(-1e6, 1e6)
tolerances = st.sampled_from([0.0005, 0.001, 0.005, 0.02, 0.5, 1, 100])


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    return checked_company(tmp_path_factory.mktemp("jiadong") / "small")


@pytest.fixture(autouse=True)
def _in_use(company, monkeypatch):
    monkeypatch.setenv("OPSCOURSE_DATA", str(company))


def solve(question):
    return answers.solved(question, None, None)


def verdict(solved, value):
    """Judge without the slow hash: by what a key of this question would be made from."""
    return solved.form.judge(value, lambda part, token: solved.entries.get((part, token)))


@given(values, tolerances)
def test_a_number_is_right_within_its_tolerance_and_wrong_from_twice_that_on(right, tolerance):
    solved = solve(Number(right=right, tolerance=tolerance))
    for share in (0, 0.3, -0.7, 0.99, -0.99, 1, -1):
        assert verdict(solved, right + share * tolerance).right
    for share in (2.01, -2.01, 3, -5):
        assert not verdict(solved, right + share * tolerance).right


@given(st.lists(st.tuples(values, st.floats(-0.99, 0.99)), min_size=1, max_size=8), tolerances, st.data())
def test_a_column_is_right_within_its_tolerance_and_wrong_from_twice_that_on(cells, tolerance, data):
    right = pd.DataFrame({"k": [f"{i}" for i in range(len(cells))], "x": [value for value, _ in cells]})
    solved = solve(Frame(right=right, keys=["k"], columns={"x": tolerance}))
    near = right.assign(x=[value + share * tolerance for value, share in cells])
    assert verdict(solved, solved.form.read(near)).right
    row, share = data.draw(st.integers(0, len(cells) - 1)), data.draw(st.sampled_from([2.01, -2.01, 2.5]))
    far = near.assign(x=near["x"].where(near.index != row, right["x"][row] + share * tolerance))
    assert not verdict(solved, solved.form.read(far)).right


@given(values, values, tolerances)
def test_the_clear_part_of_a_number_does_not_depend_on_the_answer(one, other, tolerance):
    assert (
        solve(Number(right=one, tolerance=tolerance)).form.public()
        == solve(Number(right=other, tolerance=tolerance)).form.public()
    )


@given(st.lists(st.integers(0, 10**5), min_size=2, max_size=6), st.data())
def test_the_hints_of_a_column_repeat_with_every_three_tolerances(cells, data):
    """So what they tell about a value is less than its tolerance."""
    moves = data.draw(st.lists(st.integers(-1000, 1000), min_size=len(cells), max_size=len(cells)))
    right = pd.DataFrame({"k": [f"{i}" for i in range(len(cells))], "x": [cell / 8 for cell in cells]})
    other = right.assign(x=right["x"] + 3 * 0.25 * np.array(moves))
    forms = [solve(Frame(right=table, keys=["k"], columns={"x": 0.25})).form.public() for table in (right, other)]
    assert forms[0] == forms[1]


@given(st.floats(-1e4, 1e4), st.integers(0, 4))
def test_a_mistake_is_recognised_exact_and_rounded_as_a_right_answer_would_be(wrong, decimals):
    tolerance = 0.5 * 10.0**-decimals
    solved = solve(Number(right=5e4, tolerance=tolerance, mistakes={"a mistake": wrong}))
    for said in (wrong, round(wrong, decimals), round(wrong, decimals + 1), wrong + 0.5 * tolerance):
        assert verdict(solved, said).sentence == "a mistake" or abs(said - wrong) > 0.5 * tolerance


def test_a_wrong_value_near_the_right_one_rounded_is_not_called_right_but_rounded():
    alone = solve(Number(right=0.0863, tolerance=0.001))
    for rounded in (0.09, 0.1):
        assert "rounded too far" in verdict(alone, rounded).sentence
    assert "is not right" in verdict(alone, 0.0907).sentence
    known = solve(Number(right=0.0863, tolerance=0.001, mistakes={"other users": 0.0903}))
    assert verdict(known, 0.0903).sentence == "other users"


@given(st.floats(-1e4, 1e4), st.floats(-3, 3))
def test_the_right_answer_wins_where_a_mistake_gives_the_same(right, distance):
    wrong = right + distance * 0.01
    solved = solve(Number(right=right, tolerance=0.01, mistakes={"a mistake": wrong}))
    assert verdict(solved, right).right
    if "a mistake" in solved.lost:
        assert abs(distance) <= 2.01
    else:
        assert abs(distance) > 0.99
        assert verdict(solved, wrong).sentence == "a mistake"


def test_rows_and_their_order_can_be_part_of_the_answer():
    right = pd.DataFrame({"k": ["a", "b", "c"], "rows": [1, 2, 3], "order": [0.1, 0.2, 0.3]})
    question = Frame(
        right=right,
        keys=["k"],
        columns={"rows": int, "order": 0.01},
        ordered=True,
        secret_rows=True,
        mistakes={"d is none of them": right.replace("c", "d"), "one is missing": right.head(2)},
    )
    solved = solve(question)
    assert solved.lost == {}
    assert "a" not in json.dumps(solved.form.public()["rows"])
    told = {
        "": right,
        "every row is right, but they are not in the order asked": right[::-1],
        "d is none of them": right.replace("c", "d"),
        "these are not the rows asked for": right.replace("c", "f"),
        "your table has 1 row, asked are 3: these are not the rows asked for": right.head(1),
        "rows is right; order: not right (asked: within ±0.01)": right.assign(order=0.7),
    }
    for sentence, answer in told.items():
        assert verdict(solved, solved.form.read(answer))[:2] == (not sentence, sentence)


def test_a_factor_of_a_hundred_is_not_claimed_where_it_cannot_be_told():
    near_zero = solve(Number(right=0.001, tolerance=0.005))
    assert "none of the usual mistakes" in verdict(near_zero, 0.3).sentence
    assert "a hundred times too large" in verdict(solve(Number(right=0.1, tolerance=0.005)), 10).sentence


def test_the_mistake_listed_first_wins_and_the_other_is_reported_as_lost():
    solved = solve(Integer(right=1, mistakes={"first": 2, "second": 2, "third": math.nan}))
    assert verdict(solved, 2).sentence == "first"
    assert set(solved.lost) == {"second", "third"}


@pytest.mark.parametrize("number", QUESTIONS)
def test_every_likely_mistake_gets_its_own_sentence_from_the_sealed_key(number):
    question = QUESTIONS[number]
    sealed = keys.key(number)
    right = question.answer(question.right, None, None)
    assert sealed.question.judge(right, sealed.find).right
    likely = list(question.likely(right))
    assert likely
    for sentence, mistake in likely:
        wrong = question.answer(mistake, None, None)
        told = sealed.question.judge(wrong, sealed.find)
        assert not told.right
        assert sentence in told.sentence


def test_the_key_can_be_searched_without_meeting_an_answer_or_a_sentence(company):
    text = (company / "keys" / "90.json").read_text(encoding="utf-8")
    sealed = json.loads(text)["questions"]
    boxes = b"".join(base64.b64decode(box) for question in sealed.values() for box in question["entries"].values())
    told = text + "".join(json.dumps(question["form"]) for question in sealed.values())
    secrets = ["0.6333", "0.6", "36.66", "2025-03", "6 of 10", "right"]
    secrets += [sentence for question in QUESTIONS.values() for sentence, _ in question.likely("b")]
    assert len(secrets) > 15
    for secret in secrets:
        encoded = base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]
        assert not re.search(rf"(?<![\d.]){re.escape(secret)}", told)
        assert secret.encode() not in boxes
        assert len(encoded) < 8 or encoded not in told
    assert "/" not in json.dumps([question["form"] for question in sealed.values()])


def test_right_and_wrong_look_alike_in_the_key(company):
    for question in json.loads((company / "keys" / "90.json").read_text(encoding="utf-8"))["questions"].values():
        assert len({len(box) for box in question["entries"].values()}) == 1
        assert list(question["entries"]) == sorted(question["entries"])
        assert question["cost"] >= 13


def test_the_same_answers_and_data_give_the_same_bytes_in_another_process(company):
    code = (
        "import pathlib, sys; from opscourse.exercise import answers, keys;"
        f"sys.stdout.buffer.write(keys.built(90, answers.questions(pathlib.Path({str(ANSWERS)!r}))).encode())"
    )
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert again.stdout == (company / "keys" / "90.json").read_bytes()


def test_another_company_has_another_key(company, tmp_path):
    other = checked_company(tmp_path / "other", seed=2)
    ours, theirs = (json.loads((folder / "keys" / "90.json").read_text())["questions"] for folder in (company, other))
    for number in ours:
        assert ours[number]["form"] == theirs[number]["form"]
        assert not set(ours[number]["entries"]) & set(theirs[number]["entries"])


def test_two_sentences_are_never_encrypted_alike():
    one, two = (seal.sealed("1.1", "", 4, {("", "7"): seal.Verdict(False, text)}) for text in ("one", "two"))
    name = next(iter(one["entries"]))
    nonces = [base64.b64decode(key["entries"][name])[: seal.NONCE_BYTES] for key in (one, two)]
    assert nonces[0] != nonces[1]


@pytest.mark.parametrize(
    "damage",
    ["", "{}", '{"format": 1, "questions": 3}', '{"format": 1, "questions": {"90.1": {}}}', '{"format": 99, "questions": {}}'],
)
def test_a_damaged_key_is_said_to_be_damaged(damage, tmp_path):
    folder = tmp_path / "jiadong"
    (folder / "keys").mkdir(parents=True)
    (folder / "company.json").write_text("{}")
    (folder / "keys" / "90.json").write_text(damage)
    store.use(folder)
    try:
        with pytest.raises(DataFileError, match="damaged"):
            keys.key("90.1")
    finally:
        store.use(None)


def test_a_tampered_entry_is_said_to_be_damaged():
    sealed = seal.sealed("1.1", "", 4, {("", "7"): seal.Verdict(True)})
    name, box = next(iter(sealed["entries"].items()))
    sealed["entries"][name] = box[:-8] + "AAAAAAA="
    with pytest.raises(DataFileError, match="damaged"):
        seal.finder(sealed)("", "7")


def test_an_unknown_question_or_exercise_is_named_with_its_neighbours(company, tmp_path):
    with pytest.raises(UnknownName, match=r"did you mean 90\.1"):
        keys.key("90.11")
    with pytest.raises(UnknownName, match="keys for 90"):
        keys.key("4.1")
    (tmp_path / "company.json").write_text("{}")
    store.use(tmp_path)
    try:
        with pytest.raises(DataUnavailable, match=r"without keys.*use\(None\)"):
            keys.key("90.1")
    finally:
        store.use(None)


def test_the_command_seals_every_exercise_and_compares(company, tmp_path, capsys):
    shutil.copytree(ANSWERS.parent, tmp_path / "answers" / "data", ignore=shutil.ignore_patterns("92*"))  # 92 needs a table
    arguments = ["--answers", str(tmp_path / "answers"), "--data", str(company), "--out", str(tmp_path / "keys")]
    assert keys.main([*arguments, "--check"]) == 1
    assert keys.main(arguments) == 0
    assert (tmp_path / "keys" / "90.json").read_bytes() == (company / "keys" / "90.json").read_bytes()
    assert keys.main([*arguments, "--check"]) == 0
    with pytest.raises(ArgumentError, match="no answers modules"):
        keys.main(["--answers", str(tmp_path / "nowhere")])


def test_a_function_that_changes_its_arguments_does_no_harm():
    def last(numbers):
        return numbers.pop()

    solved = solve(Function(right=lambda numbers: numbers[-1], cases={"two": ([1, 2],)}, result=Integer()))
    for _ in range(3):
        assert verdict(solved, solved.form.read(last)).right


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Function(cases={"one": (pd.Series([1]),)}, result=Integer()), "tables and plain values, not a Series"),
        (lambda: Number(right=1), "tolerance"),
        (lambda: Number(right=1, tolerance=-1), "tolerance"),
        *(
            (lambda kind=kind, points=points: kind(points=points), "points above 0")
            for kind in (Integer, Choice, lambda **how: Number(tolerance=1, **how))
            for points in (0, -1, math.inf, math.nan, True, "2", None)
        ),
        (lambda: Frame(keys=["k"], columns={"x": 1.0}, points=0), "points above 0"),
        (lambda: Function(cases={"one": (1,)}, result=Integer(), points=-2), "points above 0"),
        (lambda: Frame(keys=[], columns={"x": 1.0}), "keys"),
        (lambda: Frame(keys=["k"], columns={"x": 0}), "tolerance"),
        (lambda: Frame(keys=["k"], columns={"x": float}), "tolerance"),
        (lambda: Function(cases={}, result=Integer()), "cases"),
        (lambda: Function(cases={"one": (1,)}, result=Choice()), "cases"),
        (lambda: solve(Number(right=math.nan, tolerance=1)), "right value"),
        (lambda: solve(Choice(right="d", options={"a": "no"})), "options"),
        (lambda: solve(Frame(right=pd.DataFrame({"k": [1]}), keys=["k"], columns={"x": 1.0})), "lacks the columns x"),
    ],
)
def test_the_author_is_told_what_a_question_lacks(wrong, said):
    with pytest.raises(ArgumentError, match=said):
        wrong()


def test_points_and_how_they_are_given_are_not_in_the_key():
    plain, other = (
        [
            Choice(right="a", options={"a": "yes", "b": "no"}, **how),
            Frame(right=pd.DataFrame({"k": [1], "x": [1.0]}), keys=["k"], columns={"x": 1.0}, **how, **partly),
        ]
        for how, partly in (({}, {}), ({"points": 2.5, "typed": True}, {"partial": True}))
    )
    assert [question.typed for question in plain] == [True, False]
    assert [solve(question).form.public() for question in plain] == [solve(question).form.public() for question in other]


@pytest.mark.parametrize("content", ["", "QUESTIONS = {}", "QUESTIONS = {'90.1': 3}"])
def test_a_module_without_questions_is_refused(content, tmp_path):
    (tmp_path / "90_some.py").write_text(content)
    with pytest.raises(ArgumentError, match="QUESTIONS"):
        answers.questions(tmp_path / "90_some.py")


def test_questions_of_another_exercise_and_two_modules_of_one_number_are_refused(tmp_path):
    text = "from opscourse.exercise import Integer\nQUESTIONS = {'91.1': Integer(right=1)}"
    for name in ("90_one.py", "90_two.py"):
        (tmp_path / name).write_text(text)
    with pytest.raises(ArgumentError, match=r"91\.1"):
        answers.questions(tmp_path / "90_one.py")
    with pytest.raises(ArgumentError, match="number 90"):
        answers.modules(tmp_path)
