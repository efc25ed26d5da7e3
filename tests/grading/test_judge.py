"""What answers earn: each status, forged values, and whose company a wrong answer fits."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscourse.exercise import Choice, Frame, Function, Integer, Names, Number, Text, keys
from opscourse.grading import judge
from opscourse.grading.records import Ran, Ready, Status, Stop

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
TABLE = Frame(
    right=lambda load: load("shares"),
    keys=["channel"],
    columns={"users": int, "share": 0.001},
    partial=True,
    points=2,
    mistakes={"these are shares of all channels": lambda load: load("shares").assign(share=lambda t: t["share"] / 2)},
)
QUESTIONS = {
    "7.1": Choice(right="b", options={"a": "no: it counts days", "b": "yes"}),
    "7.2": Number(
        right=lambda load: load("rate"),
        tolerance=0.005,
        mistakes={"this is rolling retention": lambda load: load("rate") + 0.1},
    ),
    "7.3": TABLE,
    "7.4": Function(right=lambda x: x * 2, cases={"two": [2], "three": [3]}, result=Integer()),
    "7.5": Text(right=lambda load: load("best")),
    "7.6": Names(right=lambda load: load("names")),
}
OWN = {
    "rate": 0.31,
    "best": "douyin",
    "names": ["a", "b"],
    "shares": pd.DataFrame({"channel": ["a", "b"], "users": [10, 20], "share": [0.4, 0.6]}),
}
HIDDEN = {
    "rate": 0.42,
    "best": "wechat",
    "names": ["a", "c"],
    "shares": pd.DataFrame({"channel": ["a", "b"], "users": [30, 20], "share": [0.7, 0.3]}),
}


def solutions(company):
    solved = keys.solved(QUESTIONS, company.__getitem__, None)
    found = {name: judge.Solution(one.form, one.entries) for name, one in solved.items()}
    return {name: judge.Solution.unpacked(json.loads(json.dumps(one.packed()))) for name, one in found.items()}


MINE, OTHER = solutions(OWN), solutions(HIDDEN)


def table(company, **columns):
    return TABLE.read(company["shares"].assign(**columns))


def marked(question, own, hidden=None, stop=None, hidden_stop=None):
    """The mark for what was sent from the two companies; None: nothing was."""
    runs = [
        Ran(answers={} if value is None else {question: value}, stops={} if why is None else {question: why})
        for value, why in ((own, stop), (hidden, hidden_stop))
    ]
    ready = Ready("", code={question: "x = 1"})
    return judge.mark(question, QUESTIONS[question], ready, *runs, MINE[question], OTHER[question])


@pytest.mark.parametrize(
    ("question", "own", "hidden", "status", "points", "said"),
    [
        ("7.1", "b", None, Status.RIGHT, 1, "yes"),  # a choice may be typed in
        ("7.1", "a", None, Status.MISTAKE, 0, "it counts days"),
        ("7.2", 0.31, 0.42, Status.RIGHT, 1, ""),
        ("7.2", 0.31, 0.31, Status.OWN_ONLY, 0, "not computed from them"),
        ("7.2", 0.31, 0.39, Status.OWN_ONLY, 0, "true of your data only"),
        ("7.2", 0.31, None, Status.OWN_ONLY, 0, "gives no answer"),
        ("7.2", 0.41, 0.52, Status.MISTAKE, 0, "rolling retention"),
        ("7.2", 31, 42, Status.MISTAKE, 0, "a percentage?"),
        ("7.2", 0.9, 0.42, Status.WRONG, 0, "is not right"),  # right on the hidden company alone earns nothing
        ("7.4", [4, 6], [4, 6], Status.RIGHT, 1, ""),
        ("7.4", [4, 9], [4, 9], Status.WRONG, 0, "right on two"),
        ("7.5", "douyin", "wechat", Status.RIGHT, 1, ""),
        ("7.5", "douyin", "douyin", Status.OWN_ONLY, 0, "stays the same"),
        ("7.6", ["a", "b"], ["a", "c"], Status.RIGHT, 1, ""),
    ],
)
def test_each_status(question, own, hidden, status, points, said):
    mark = marked(question, own, hidden)
    assert (mark.status, mark.points, mark.possible) == (status, points, 1)
    assert said in mark.sentence


def test_a_table_earns_its_columns_that_are_right_on_both_companies():
    whole = marked("7.3", table(OWN), table(HIDDEN))
    assert (whole.status, whole.points, whole.possible) == (Status.RIGHT, 2, 2)
    one = marked("7.3", table(OWN, users=[1, 1]), table(HIDDEN, users=[1, 1]))
    assert (one.status, one.points) == (Status.PARTLY, 1)
    assert "share is right" in one.sentence
    typed = marked("7.3", table(OWN), table(HIDDEN, users=OWN["shares"]["users"]))
    assert (typed.status, typed.points) == (Status.PARTLY, 1)
    assert marked("7.3", table(OWN), table(OWN)).points == 0
    halved = marked("7.3", table(OWN, share=[0.2, 0.3], users=[0, 0]), table(HIDDEN, share=[0.35, 0.15], users=[0, 0]))
    assert (halved.status, halved.points) == (Status.MISTAKE, 0)
    assert "shares of all channels" in halved.sentence


@pytest.mark.parametrize(
    ("stop", "status"),
    [
        (Stop.ERROR, Status.ERROR),
        (Stop.TIMEOUT, Status.TIMEOUT),
        (Stop.MEMORY, Status.MEMORY),
        (Stop.ENDED, Status.ERROR),
    ],
)
def test_what_stopped_is_told(stop, status):
    mark = marked("7.2", None, None, stop=(stop, "because\nof this"))
    assert (mark.status, mark.points, mark.sentence) == (status, 0, "because of this")


def test_an_open_question_is_told_in_the_graders_words():
    mark = marked("7.2", None, None, stop=(Stop.OPEN, "put your answer in place of the ..."))
    assert (mark.status, mark.sentence) == (Status.OPEN, "there is no answer to this question")


def test_slow_code_on_the_hidden_company_is_not_called_typed_in():
    mark = marked("7.2", 0.31, None, hidden_stop=(Stop.TIMEOUT, "it ran longer than 60 seconds"))
    assert (mark.status, mark.points) == (Status.TIMEOUT, 0)


@pytest.mark.parametrize("stop", list(Stop))
def test_a_student_learns_nothing_from_what_their_code_said_on_the_hidden_company(stop):
    mark = marked("7.2", 0.31, None, hidden_stop=(stop, "MemoryError: the hidden rate is 0.42"))
    assert mark.points == 0
    assert "0.42" not in mark.sentence
    told = table(HIDDEN, users=[1, 1]) | {"extra": ["the hidden share is 0.7"]}
    assert "0.7" not in marked("7.3", table(OWN), told).sentence


@given(value=JSON)
def test_no_forged_value_breaks_the_judge_and_none_earns_by_accident(value):
    for name, known in MINE.items():
        found = judge.judged(known, value)
        assert not found.right or name == "7.1"
        assert isinstance(found.sentence, str)
        mark = marked(name, value, value)
        assert mark.points == (1 if found.right else 0)
        assert "\n" not in mark.sentence


@given(rows=JSON, users=JSON, share=JSON, extra=JSON)
def test_no_forged_table_breaks_the_judge(rows, users, share, extra):
    assert not judge.judged(MINE["7.3"], {"rows": rows, "columns": {"users": users, "share": share}, "extra": extra}).right


@pytest.mark.parametrize(
    "value", [10**400, float("nan"), float("inf"), "0.31", [0.31, 0.31], True, {"answer": 0.31}, "x" * 10**6]
)
def test_what_is_no_number_is_wrong(value):
    assert marked("7.2", value, value).points == 0


def test_whose_company_a_wrong_answer_fits():
    owners = judge.Owners()
    owners.add("ada", MINE)
    owners.add("bo", OTHER)
    asked = {"7.2": 0.42, "7.3": table(HIDDEN), "7.4": [4, 9], "7.5": "nobody", "7.6": ["c", "a"]}
    for question, answer in asked.items():
        owners.ask("ada", question, answer)
    owners.ask("bo", "7.2", 0.42)
    assert owners.found() == {("ada", "7.2"): ["bo"], ("ada", "7.3"): ["bo"], ("ada", "7.6"): ["bo"]}


def test_a_long_name_is_refused_before_it_costs_anything():
    found = judge.judged(MINE["7.5"], "a" + "\u0301" * 400_000 + "\u0327" * 400_000)  # to normalize it takes a minute
    assert (found.right, found.sentence) == (False, "a text of 800,001 letters was given; a name or a date is asked")


def test_tolerance_is_accepted_and_twice_it_is_not():
    assert judge.judged(MINE["7.2"], 0.3149).right
    assert not judge.judged(MINE["7.2"], 0.3201).right
