"""A check answers every answer in one sentence: right in any honest form, or what is wrong with it."""

import datetime
import json
import math
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import nbformat
import numpy as np
import pandas as pd
import polars as pl
import pytest
from classroom import ANSWERS, SOLUTION, checked_company, errors, executed

from opscourse import check, cli, report
from opscourse.errors import CheckFailed, DataUnavailable, NotAnswered, UnknownName
from opscourse.exercise import answers, keys, session
from opscourse.exercise.derive import derive
from opscourse.exercise.session import ANSWER

CITIES = pd.DataFrame(answers.questions(ANSWERS)["90.2"].right(None))
ROUNDED = CITIES.round({"paid_share": 2, "amount_cny": 1})
RIGHT = {
    "90.1": [
        *(0.6, np.float64(0.6), np.float32(0.6), np.float16(0.6), Decimal("0.6"), Fraction(3, 5), 0.6049, 0.595),
        *(np.array(0.6), np.array([0.6]), np.array([[0.6]]), pd.Series([0.6]), pd.Index([0.6]), [0.6], (0.6,)),
        pl.Series([0.6]),
        *(pd.Series([0.6], index=["share"]), pd.DataFrame({"share": [0.6]}), pd.array([0.6], dtype="Float64")),
    ],
    "90.2": [
        CITIES,
        ROUNDED,
        CITIES[::-1],
        CITIES[CITIES.columns[::-1]],
        CITIES.set_index("city"),
        CITIES.drop(columns="city").set_axis(CITIES["city"].tolist()),
        CITIES.rename_axis("number"),
        CITIES.assign(city=CITIES["city"].astype("category")),
        CITIES.set_index(CITIES["city"].astype("category")),
        CITIES.astype(object),
        CITIES.astype({"orders": "float64", "paid_share": "float32", "amount_cny": "Float64", "last_day": "string"}),
        CITIES.assign(orders=CITIES["orders"].astype("Int64"), amount_cny=[Decimal("36.67"), Decimal(35), Decimal("16.67")]),
        CITIES.assign(last_day=CITIES["last_day"].dt.date),
        CITIES.assign(last_day=CITIES["last_day"].dt.strftime("%Y-%m-%d")),
        CITIES.assign(city=" " + CITIES["city"].str.upper()),
        pl.from_pandas(CITIES),
    ],
    "90.3": [3, 3.0, np.int8(3), np.float32(3), Decimal(3), np.array([3]), pd.Series([3], dtype="Int64"), 2.9999999999],
    "90.4": ["b", "B", " b) ", "(b)", np.str_("b"), np.array("b"), pd.Series(["b"]), ["b"]],
    "90.5": [
        lambda orders: (orders["amount_cny"] * orders["paid"]).sum() / orders["amount_cny"].sum(),
        lambda orders: pd.Series(orders["amount_cny"] * orders["paid"]).sum() / np.array([orders["amount_cny"].sum()]),
        lambda orders: orders.drop(orders.index[orders.pop("paid") == 0])["amount_cny"].sum() / [40, 300][len(orders) > 2],
    ],
    "90.6": [
        *(["Wuhan", "Xi'an"], ("xi'an", "WUHAN"), {"Wuhan", "Xi'an"}, np.array(["Xi'an", "Wuhan", "Wuhan"])),
        pl.Series(["Wuhan", "Xi'an"]),
        *(pd.Series(["Wuhan", "Xi'an"]), pd.Index(["Wuhan", "Xi'an"]), pd.Categorical(["Wuhan", "Xi'an"])),
    ],
    "90.7": [
        *("2025-03-02 00:00:00", "2025-03-02T00:00", "２０２５-03-02\n"),
        *("2025-03-02", datetime.date(2025, 3, 2), datetime.datetime(2025, 3, 2), pd.Timestamp("2025-03-02")),
        *(np.datetime64("2025-03-02"), np.array("2025-03-02", dtype="datetime64[ns]"), pd.Series([pd.Timestamp("2025-03-02")])),
    ],
}


class Odd:
    """An object that answers nothing sensibly."""

    ndim = 1

    def __getattr__(self, name):
        raise RuntimeError("odd")

    def __repr__(self):
        raise RuntimeError("odd")

    def __eq__(self, other):
        raise RuntimeError("odd")

    __hash__ = None


class OddNumber(float):
    def __float__(self):
        raise RuntimeError("odd")


def two_columns(name):
    return pd.concat([CITIES, CITIES[[name]]], axis=1)


def failing(orders):
    return orders["amount"]


WRONG = {
    "90.1": [
        (60, "60 is a hundred times too large: a percentage? (asked: a proportion between 0 and 1"),
        (0.006, "a hundred times too small"),
        (-0.6, "wrong sign"),
        (1, "rounded too far"),
        (0.6333333, "this is the share of the amount"),
        (0.63, "this is the share of the amount"),
        (7.25, "7.25 is not right, and none of the usual mistakes (asked: a proportion between 0 and 1, within ±0.005)"),
        (None, "None"),
        (math.nan, "NaN"),
        (pd.NA, "NaN"),
        (pd.NaT, "NaN"),
        (np.float64("nan"), "NaN"),
        (math.inf, "divided by 0"),
        (-np.inf, "divided by 0"),
        (10**400, "divided by 0"),
        (10**5000, "divided by 0"),
        (1e300, "far too large"),
        (0.6 + 0j, "complex"),
        (True, "True is a truth value"),
        (np.True_, "True is a truth value"),
        ("0.6", "'0.6' is a text; give the number itself, without quotes"),
        ("60%", "(as 0.6)"),
        ("x" * 1000, "a text of 1000 letters"),
        (b"0.6", "a bytes"),
        ([0.6, 0.4], "a list of 2 values was given; one value is asked"),
        ([], "a list of 0 values"),
        ({0.6}, "a set of 1 value"),
        ({"share": 0.6}, "a dict of 1 value"),
        (pd.Series([0.6, 0.4]), "a Series of 2 values"),
        (CITIES, "a table of 3 x 5 (rows x columns) was given; one value is asked"),
        (np.zeros((2, 2)), "an array of shape (2, 2)"),
        (pd.Timedelta("1D"), "a Timedelta is not a number"),
        (np.timedelta64(1, "D"), "is not a number"),
        ([[0.6, 0.4], [1]], "a list of 2 values was given"),
        ([[[[[0.6]]]]], "not a number"),
        (np.mean, "did the parentheses get lost"),
        (Odd(), "cannot be read (RuntimeError in an answer of type Odd)"),
        (OddNumber(0.6), "cannot be read (RuntimeError in an answer of type OddNumber)"),
        ((x for x in [0.6]), "a generator"),
    ],
    "90.2": [
        (CITIES.assign(paid_share=CITIES["paid_share"] * 100), "paid_share: a hundred times too large: a percentage?"),
        (CITIES.assign(paid_share=0.5), "orders, amount_cny and last_day are right; paid_share: not right"),
        (CITIES.assign(orders=[1, 3, 2]), "paid_share, amount_cny and last_day are right; orders: only paid orders were"),
        (CITIES.round({"amount_cny": 0}), "amount_cny: right, but rounded too far (asked: within ±0.05)"),
        (
            CITIES.rename(columns={"paid_share": "Paid share"}),
            "this column is missing (is it your 'Paid share'? Then rename it)",
        ),
        (CITIES.rename(columns={"city": "cities"}), "'city', which tells the rows apart, is missing (is it your 'cities'?"),
        (CITIES.drop(columns="city"), "'city', which tells the rows apart, is missing"),
        (CITIES.drop(columns=["orders", "last_day"]), "orders and last_day: this column is missing"),
        (CITIES.head(2), "one row is one city"),
        (CITIES.head(1), "your table has 1 row, asked are 3: missing from your rows: wuhan, xi'an"),
        (CITIES.assign(city=["Hefei", "Wuhan", "Beijing"]), "missing from your rows: xi'an; not among the rows asked: beijing"),
        (pd.concat([CITIES, CITIES]), "the row hefei appears 2 times"),
        (pd.concat([CITIES] * 5000), "your table has 15,000 rows; 3 are asked"),
        (CITIES.head(0), "no rows"),
        (pd.DataFrame(), "is missing"),
        (CITIES.assign(paid_share=[math.nan, 0.75, 0.667]), "paid_share: not right (asked: within ±0.005), 1 cell empty"),
        (CITIES.assign(city=[None, "Wuhan", "Xi'an"]), "missing from your rows: hefei"),
        (
            CITIES.assign(paid_share="60%"),
            "column paid_share: '60%' is a text; give the number itself, without",
        ),
        (CITIES.assign(paid_share=math.inf), "column paid_share: the answer is infinite"),
        (CITIES.assign(orders=1.5), "column orders: 1.5 is not a whole number"),
        (CITIES.assign(orders=True), "column orders: True is a truth value"),
        (CITIES.assign(paid_share=[[1], {}, Odd()]), "column paid_share"),
        (two_columns("orders"), "there are two columns 'orders'"),
        (two_columns("city"), "there are two columns 'city'"),
        (pd.concat({"a": CITIES}, axis=1), "names in two levels"),
        (CITIES["orders"], "a Series of 3 values was given; a DataFrame with the columns city, orders, paid_share"),
        (CITIES.set_index("city")["orders"], ".reset_index() makes one of it"),
        (CITIES.to_dict(), "a dict of 5 values was given; a DataFrame"),
        (CITIES.to_numpy(), "an array of shape (3, 5) was given; a DataFrame"),
        (CITIES.to_dict("records"), "a list of 3 values was given; a DataFrame"),
        (CITIES.groupby("city"), "a DataFrameGroupBy was given; a DataFrame"),
        (None, "None"),
        (0.6, "0.6 was given; a DataFrame"),
        (Odd(), "cannot be read"),
    ],
    "90.3": [
        (4, "this counts the unpaid orders"),
        (4.0, "this counts the unpaid orders"),
        (-3, "-3 is of the wrong sign"),
        (7, "7 is not right, and none of the usual mistakes (asked: a number of cities)"),
        (3.5, "3.5 is not a whole number"),
        (10**30, "far too large"),
        (True, "truth value"),
        ("3", "is a text"),
    ],
    "90.4": [
        ("a", "count the money"),
        ("C", "a million orders"),
        ("d", "'d' is none of the options a, b, c"),
        (True, "none of the options"),
        (None, "empty (None or NaN)"),
        (2, "2 is none of the options"),
        (["a", "b"], "a list of 2 values was given; one value is asked"),
        (Odd(), "cannot be read"),
    ],
    "90.5": [
        (lambda orders: orders["paid"].mean(), "it returns 0.5: this is the share of orders, not of money"),
        (lambda orders: 0.25, "right on a paid order of 10 and an unpaid one of 30; on the ten orders: 0.25 is not right"),
        (lambda orders: 25.0, "on a paid order of 10 and an unpaid one of 30: 25 is a hundred times too large"),
        (lambda orders: orders["paid"], "on a paid order of 10 and an unpaid one of 30: a Series of 2 values was given"),
        (lambda orders: [].append(orders["paid"].mean()), "returns nothing (None): end it with `return`"),
        (lambda orders: None if len(orders) == 2 else 1, "on a paid order of 10 and an unpaid one of 30: None"),
        (failing, "fails on a paid order of 10 and an unpaid one of 30: KeyError: 'amount', in line "),
        (lambda: 1, "TypeError"),
        (lambda orders: sys.exit(), "SystemExit"),
        (0.25, "0.25 was given; the function itself is asked, its name without parentheses"),
        (None, "None"),
        (Odd, "TypeError"),
    ],
    "90.6": [
        (["Wuhan", "Hefei", "Xi'an"], "Hefei paid one of three"),
        (["Wuhan"], "this list of 1 name is not right"),
        ("Wuhan", "this list of 1 name is not right"),
        ([], "the list is empty"),
        ([None], "empty (None or NaN)"),
        ([["Wuhan", "Xi'an"]], "a list of 2 values was given"),
        (3, "3 was given; a list of names is asked"),
        (None, "None"),
        (CITIES, "a table of 3 x 5 (rows x columns) was given; a list of names is asked"),
        (np.zeros((2, 2)), "an array of shape (2, 2)"),
        (Odd(), "cannot be read"),
    ],
    "90.7": [
        ("2025-03-06", "this is the day of the largest single order"),
        (pd.Timestamp("2025-03-06"), "this is the day of the largest single order"),
        (pd.Timestamp("2025-03-02 12:00"), "not right"),
        ("2 March", "not right"),
        ("é" * 10_000, "a text of 10,000 letters was given"),
        (pd.NaT, "empty"),
        (3.5, "'3.5' is not right"),
        (b"2025-03-02", "a bytes"),
        (pd.Timedelta("1D"), "a Timedelta is neither a name nor a date"),
        (np.mean, "did the parentheses get lost"),
    ],
}
PENDING = [(number, ...) for number in RIGHT] + [
    ("90.1", [...]),
    ("90.2", CITIES.assign(paid_share=...)),
    ("90.5", lambda orders: ...),
    ("90.5", lambda orders: None),
    ("90.6", [..., ...]),
]


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    return checked_company(tmp_path_factory.mktemp("jiadong") / "small")


@pytest.fixture(autouse=True)
def _in_use(company, monkeypatch):
    monkeypatch.setenv("OPSCOURSE_DATA", str(company))
    monkeypatch.setattr(session, "_session", {})


def named(cases):
    return [pytest.param(number, *rest, id=f"{number}-{i}") for number, some in cases.items() for i, rest in enumerate(some)]


@pytest.mark.parametrize(("number", "answer"), named({number: [(one,) for one in some] for number, some in RIGHT.items()}))
def test_every_honest_form_of_the_right_answer_passes(number, answer, capsys):
    check(number, answer)
    printed = capsys.readouterr().out
    assert printed.startswith(f"✓ {number} ")
    assert printed.count("\n") == 1


@pytest.mark.parametrize(("number", "answer", "said"), named(WRONG))
def test_every_wrong_answer_is_told_what_is_wrong_in_one_sentence(number, answer, said, capsys):
    with pytest.raises(CheckFailed) as failure:
        check(number, answer)
    sentence = str(failure.value)
    assert type(failure.value) is CheckFailed
    assert said in sentence
    assert sentence.startswith(f"✗ {number}: ")
    assert "\n" not in sentence
    assert len(sentence) < 350
    assert failure.value._render_traceback_() == [sentence]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("number", "answer"), PENDING)
def test_a_question_that_is_still_open_is_not_wrong(number, answer):
    with pytest.raises(NotAnswered, match=f"· {number} is not answered yet"):
        check(number, answer)


def test_what_was_not_asked_is_ignored_and_said(capsys):
    check("90.2", CITIES.assign(note="x", other=1))
    assert capsys.readouterr().out == "✓ 90.2 (not asked, so ignored: note, other)\n"


def test_the_sentence_for_a_right_answer_is_said(capsys):
    check("90.1", 0.6)
    check("90.4", "b")
    check("90.3", 3)
    assert capsys.readouterr().out == (
        "✓ 90.1 and 6 of 10 is small enough to count\n✓ 90.4 orders and money are two denominators\n✓ 90.3 right\n"
    )


def test_a_check_changes_nothing_in_the_answer():
    table = CITIES.set_index("city")
    before = table.copy(deep=True)
    check("90.2", table)
    pd.testing.assert_frame_equal(table, before)


NO_NUMBER = ["9.0.1", "ninety", "", None, 90, Odd(), CITIES, 0.6, ["90.1"], True, "90.1.2", "٩.١"]


@pytest.mark.parametrize("number", NO_NUMBER, ids=range(len(NO_NUMBER)))
def test_a_check_without_the_number_of_a_question_says_how_it_is_written(number):
    with pytest.raises(UnknownName, match=r'check\("4.1", your_answer\)|no exercise'):
        check(number, 0.6)


def test_a_question_that_does_not_exist_is_named_with_its_neighbour():
    with pytest.raises(UnknownName, match=r"no question '90\.12'.*did you mean 90\.[12]"):
        check("90.12", 0.6)
    with pytest.raises(UnknownName, match=r"no exercise 4; these data have keys for 90"):
        check("4.1", 0.6)


def test_a_number_without_quotes_and_a_check_without_an_answer_are_understood(capsys):
    check(90.1, 0.6)
    assert capsys.readouterr().out.startswith("✓ 90.1")
    with pytest.raises(NotAnswered):
        check("90.1")


def test_a_report_says_what_is_right_wrong_and_open(capsys):
    for number, answer in [("90.1", 0.7), ("90.1", 0.6), ("90.2", CITIES.head(1)), ("90.3", 4), ("90.3", 5), ("90.4", ...)]:
        try:
            check(number, answer)
        except CheckFailed:
            continue
    capsys.readouterr()
    report(90)
    assert capsys.readouterr().out.splitlines() == [
        *("90.1 ✓ right", "90.2 ✗ wrong (1 try)", "90.3 ✗ wrong (2 tries)", "90.4 · open", "90.5 · open", "90.6 · open"),
        *("90.7 · open", "1 of 7 right"),
    ]


def test_a_right_answer_made_wrong_is_wrong_again(capsys):
    check("90.1", 0.6)
    with pytest.raises(CheckFailed):
        check("90.1", 0.7)
    capsys.readouterr()
    report("90")
    assert capsys.readouterr().out.startswith("90.1 ✗ wrong (1 try)\n")


@pytest.mark.parametrize("exercise", [4, "ninety", None, CITIES, 90.5])
def test_a_report_raises_nothing(exercise, capsys):
    report(exercise)
    assert capsys.readouterr().out.count("\n") == 1


@pytest.fixture(scope="module")
def collecting(tmp_path_factory):
    """A company whose key only collects, as a grader's kernel has it."""
    folder = tmp_path_factory.mktemp("kernel")
    manifest = {"seed": 1, "users": 10, "variant": True, "tables": {}, "truth": None, "parameters": {}}
    (folder / "company.json").write_text(json.dumps(manifest))
    (folder / "keys").mkdir()
    (folder / "keys" / "90.json").write_text(keys.collecting(90, answers.questions(ANSWERS)), encoding="utf-8")
    return folder


def read_by_the_key_in_use(number, answer):
    try:
        return json.loads(json.dumps(session._read(keys.key(number).question, answer)))
    except CheckFailed as error:
        return f"✗ {number}: {error}"


@pytest.mark.parametrize("number", RIGHT)
def test_a_key_that_collects_takes_right_and_wrong_answers_down_alike(number, collecting, monkeypatch, capsys):
    """Only that a table is far too long is not said: the key does not know how many rows are asked."""
    given = [*RIGHT[number], *(answer for answer, said in WRONG[number] if "15,000 rows" not in said)]
    by_a_sealed_key = [read_by_the_key_in_use(number, answer) for answer in given]
    monkeypatch.setenv("OPSCOURSE_DATA", str(collecting))
    assert [read_by_the_key_in_use(number, answer) for answer in given] == by_a_sealed_key
    for answer, read in zip(given, by_a_sealed_key, strict=True):
        if isinstance(read, str) and read.startswith("✗"):
            with pytest.raises(CheckFailed) as failure:
                check(number, answer)
            assert str(failure.value) == read
        else:
            check(number, answer)
            assert capsys.readouterr().out == f"{number} taken down\n"
    with pytest.raises(NotAnswered, match=f"· {number} is not answered yet"):
        check(number, ...)


def test_what_a_key_that_collects_took_down_is_in_the_report(collecting, monkeypatch, capsys):
    monkeypatch.setenv("OPSCOURSE_DATA", str(collecting))
    check("90.1", 0.1)
    check("90.4", "a")
    with pytest.raises(CheckFailed):
        check("90.3", "three")
    capsys.readouterr()
    report(90)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["90.1 taken down", "90.2 · open", "90.3 ✗ wrong (1 try)", "90.4 taken down"]
    assert lines[-1] == "2 of 7 taken down"


def test_a_key_that_collects_holds_no_entry_and_no_sentence(collecting):
    text = (collecting / "keys" / "90.json").read_text(encoding="utf-8")
    for question in json.loads(text)["questions"].values():
        assert set(question) == {"form", "collect"}
        assert not {"right", "mistakes", "praise", "points", "partial", "typed"} & set(question["form"])
    for number, question in answers.questions(ANSWERS).items():
        right = question.answer(question.right, None, None)
        for sentence, _ in question.likely(right):
            assert sentence not in text, number


def test_data_without_keys_say_so(tmp_path, monkeypatch):
    (tmp_path / "company.json").write_text("{}")
    monkeypatch.setenv("OPSCOURSE_DATA", str(tmp_path))
    with pytest.raises(DataUnavailable, match="without keys"):
        check("90.1", 0.6)


@pytest.fixture(scope="module")
def lesson(company):
    """The fixture exercise, run as a student leaves it: one right, one wrong, one failing, the others open."""
    student = derive(nbformat.read(SOLUTION, as_version=4))
    sources = {cell.id: cell for cell in student.cells}
    sources["ex90-05"].source = 'paid_share = orders["paid"].mean()'
    sources["ex90-10"].source = "cities = (\n    orders.groupby('town').mean()\n)"
    sources["ex90-13"].source = "unpaid_cities = 4"
    return student, executed(nbformat.from_dict(student), company)


def test_an_untouched_exercise_fails_only_with_not_answered_once_a_check(company):
    student = derive(nbformat.read(SOLUTION, as_version=4))
    checks = sum(cell.source.count("check(") for cell in student.cells if cell.cell_type == "code")
    found = errors(executed(student, company))
    assert [error.ename for error in found] == ["NotAnswered"] * checks
    assert all(len(error.traceback) == 1 and "\n" not in error.traceback[0] for error in found)


def test_in_a_kernel_a_wrong_answer_shows_its_sentence_and_no_traceback(lesson):
    shown = {error.evalue[2:6]: error for error in errors(lesson[1])}
    assert shown["90.3"].ename == "CheckFailed"
    assert shown["90.3"].traceback == ["✗ 90.3: this counts the unpaid orders"]


def test_in_a_kernel_the_answer_is_emitted_for_whoever_judges_outside(lesson):
    outputs = [output for cell in lesson[1].cells if cell.cell_type == "code" for output in cell.outputs]
    emitted = [output.data for output in outputs if output.output_type == "display_data"]
    assert emitted == [
        {ANSWER: {"question": "90.1", "answer": 0.6}, "text/plain": ""},
        {ANSWER: {"question": "90.3", "answer": 4}, "text/plain": ""},
    ]
    nbformat.validate(lesson[1])


def run_check(path, company, monkeypatch, *options):
    monkeypatch.setenv("OPSCOURSE_DATA", str(company))
    command = [sys.executable, "-m", "opscourse.cli", "check", str(path), *options]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=path.parent, check=False)


def test_opscourse_check_shows_a_table_of_questions(lesson, company, tmp_path, monkeypatch):
    path = tmp_path / "90_read_ten_orders.ipynb"
    nbformat.write(lesson[0], path)
    done = run_check(path, company, monkeypatch)
    still = "is not answered yet: put your answer in place of the ... above, run that cell, then this one."
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "✓ 90.1  and 6 of 10 is small enough to count",
        "✗ 90.2  NameError: name 'cities' is not defined (line 1: check(\"90.2\", cities))",
        "✗ 90.3  this counts the unpaid orders",
        *(f"· 90.{n}  {still}" for n in (4, 5, 6, 7)),
        "✗ code cell 5 stops: KeyError: 'town' (line 2: orders.groupby('town').mean())",
        "1 of 7 right",
    ]
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_opscourse_check_is_content_with_the_solution(company, tmp_path, monkeypatch):
    path = tmp_path / SOLUTION.name
    path.write_bytes(SOLUTION.read_bytes())
    done = run_check(path, company, monkeypatch)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "7 of 7 right")


def test_opscourse_check_stops_a_cell_that_does_not_end(company, tmp_path, monkeypatch):
    path = tmp_path / "90_endless.ipynb"
    cells = [
        nbformat.v4.new_code_cell(source) for source in ("while True: pass", "from opscourse import check; check('90.4', 'b')")
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    done = run_check(path, company, monkeypatch, "--timeout=1")
    assert done.returncode == 1
    assert "✗ code cell 1 stops: Timeout of 1 seconds exceeded" in done.stdout


def test_nbval_reports_the_sentence(lesson, company, tmp_path, monkeypatch):
    path = tmp_path / "90_read_ten_orders.ipynb"
    nbformat.write(lesson[0], path)
    monkeypatch.setenv("OPSCOURSE_DATA", str(company))
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", str(path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=tmp_path, check=False)
    assert "\n✗ 90.3: this counts the unpaid orders\n" in done.stdout
    assert "exercise/session.py" not in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("90_gone.ipynb", None, "There is no file"),
        ("90_read.py", "x = 1", "does not end in .ipynb"),
        ("90_broken.ipynb", "<<<<<<< HEAD", "is not a notebook that can be read"),
        ("90_list.ipynb", "[]", "is not a notebook that can be read"),
        ("90_other.ipynb", '{"a": 1}', "is not a notebook that can be read"),
        ("90_empty.ipynb", '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "is no exercise"),
    ],
)
def test_opscourse_check_says_what_is_wrong_with_a_file(name, content, said, tmp_path, capsys):
    if content is not None:
        (tmp_path / name).write_text(content)
    assert cli.main(["check", str(tmp_path / name)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
