"""The grader's memory: what it keeps, what it survives, and when something counts as changed."""

import signal
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscourse.errors import DataFileError, DataUnavailable
from opscourse.exercise import Number, answers
from opscourse.grading.book import Book, digest, packed, unpacked
from opscourse.grading.records import Attempt, Ran, Stop
from opscourse.grading.solutions import fingerprint

RAN = Ran({"4.1": [1, None, "é"]}, {"4.2": (Stop.TIMEOUT, "too long")}, {"4.1": 0.25}, 300.5, ("no network",))


def test_a_run_comes_back_as_it_was(tmp_path):
    with Book(tmp_path / "grades.sqlite") as book:
        book.store("ada", 4, {"own": ("k1", RAN), "hidden": ("k2", Ran())})
    with Book(tmp_path / "grades.sqlite") as book:
        assert book.ran("k1") == RAN
        assert book.ran("k2") == Ran()
        assert book.ran("k3") is None


@given(st.dictionaries(st.text(), st.floats(allow_nan=False) | st.text() | st.lists(st.integers()), max_size=3))
def test_any_answer_comes_back(given_answers):
    assert unpacked(packed(Ran(given_answers))).answers == given_answers


def test_every_attempt_is_kept_and_names_with_half_characters_are_taken(tmp_path):
    attempts = [
        Attempt("ada", "a/4.ipynb", b"1", 4),
        Attempt("ada", "a/4.ipynb", b"2", 4, 2),
        Attempt("", "\udcff", problem="?"),
    ]
    with Book(tmp_path / "grades.sqlite") as book:
        book.keep(attempts)
        book.keep(attempts)
        assert book.file.execute("select content from attempts order by student, number").fetchall() == [
            (b"",),
            (b"1",),
            (b"2",),
        ]


def test_two_graders_do_not_share_a_book(tmp_path):
    with Book(tmp_path / "grades.sqlite"), pytest.raises(DataUnavailable, match="Another grader is at work"):
        Book(tmp_path / "grades.sqlite")


def test_a_damaged_book_is_named(tmp_path):
    (tmp_path / "grades.sqlite").write_bytes(b"not a database, and long enough to be looked at" * 100)
    with pytest.raises(DataFileError, match=r"grades\.sqlite is damaged"):
        Book(tmp_path / "grades.sqlite")


def test_a_book_of_another_format_is_left_alone(tmp_path):
    with Book(tmp_path / "grades.sqlite") as book:
        book.file.execute("update facts set value = '0' where name = 'format'")
        book.file.commit()
    with pytest.raises(DataFileError, match="another version"):
        Book(tmp_path / "grades.sqlite")


def test_what_was_stored_before_a_kill_is_there_and_half_of_a_submission_is_not(tmp_path):
    lines = f"""
import os, signal
from pathlib import Path
from opscourse.grading.book import Book
from opscourse.grading.records import Ran
book = Book(Path({str(tmp_path / "grades.sqlite")!r}))
book.store("ada", 4, {{"own": ("k1", Ran()), "hidden": ("k2", Ran())}})
book.file.execute("begin")
book.file.execute("insert into runs values ('k3', 'bo', 4, 'own', '{{}}')")
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", lines]).returncode == -signal.SIGKILL
    with Book(tmp_path / "grades.sqlite") as book:
        assert [book.ran(key) is not None for key in ("k1", "k2", "k3")] == [True, True, False]
        assert book.sound()
    with sqlite3.connect(tmp_path / "grades.sqlite") as file:
        assert file.execute("select count(*) from runs").fetchone() == (2,)
    file.close()


def test_a_digest_knows_where_its_parts_end():
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")
    assert digest("a", b"b") == digest("a", "b")


MODULE = '''
from opscourse.exercise import Number
NEEDED = {needed}
def base(load):
    """{doc}"""
    return load("x") + NEEDED
def right(load):  # {comment}
    return base(load)
def other(load):
    return {other}
QUESTIONS = {{
    "5.1": Number(right=right, tolerance=0.1, mistakes={{"one off": lambda load: right(load) + 1}}),
    "5.2": Number(right=other, tolerance={tolerance}),
}}
'''
AS_IT_WAS = {"needed": {"a", "b"}, "doc": "d", "comment": "c", "other": 1, "tolerance": 0.1}


@pytest.mark.parametrize(
    ("change", "differ"),
    [
        ({}, []),
        ({"comment": "another\n    # one"}, []),
        ({"needed": {"b", "a"}}, []),
        ({"needed": 2}, ["5.1"]),  # seen through the function that uses it
        ({"other": 2}, ["5.2"]),
        ({"other": "load('y')"}, ["5.2"]),
        ({"tolerance": 0.2}, ["5.2"]),
    ],
)
def test_a_question_has_changed_if_what_it_computes_has(tmp_path, change, differ):
    found = []
    for name, values in (("before", AS_IT_WAS), ("after", AS_IT_WAS | change)):
        path = tmp_path / name / "05_x.py"
        path.parent.mkdir()
        path.write_text(MODULE.format(**values))
        found.append({number: fingerprint(one) for number, one in answers.questions(path).items()})
    assert [number for number in found[0] if found[0][number] != found[1][number]] == differ


def test_every_field_counts():
    assert fingerprint(Number(right=1, tolerance=1)) != fingerprint(Number(right=1, tolerance=1, points=2))


def test_a_change_inside_a_function_that_remembers_is_seen(tmp_path):
    """Answers modules work the table that most of their questions need out once a company."""
    text = "from functools import lru_cache\nfrom opscourse.exercise import Number\n\n@lru_cache(maxsize=1)\ndef log(load):\n"
    text += '    return {}\n\nQUESTIONS = {{"5.1": Number(right=lambda load: log(load), tolerance=1)}}\n'
    found = set()
    for value in (1, 2):
        path = tmp_path / f"{value}" / "05_x.py"
        path.parent.mkdir()
        path.write_text(text.format(value))
        found.add(fingerprint(answers.questions(path)["5.1"]))
    assert len(found) == 2
