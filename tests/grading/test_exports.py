"""The tables a teacher takes into a spreadsheet, Canvas or Moodle."""

import csv
import html
import random
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invented_class import NAMES, invented

from opscourse.errors import DataUnavailable
from opscourse.grading import exports
from opscourse.grading.records import Mark, Result, Status, Student


def rows(path, encoding="utf-8"):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    exports.write(invented(40) + invented(40, exercise=9), folder)
    return folder


def one(name="Ada Mulberry", canvas="71", moodle="41", marks=None, **more):
    marks = marks or (Mark("4.1", Status.RIGHT, 1.0, 1.0), Mark("4.2", Status.PARTLY, 0.1 + 0.2, 2.0, "Nearly."))
    student = Student("s1", name, "ada@school.invalid", canvas, moodle, "A")
    return Result(student, 4, "Read a retention curve", marks, 2, 3, "all.zip/04.ipynb", **more)


def test_the_gradebook_has_a_row_a_student_and_exercise(out):
    book = pd.read_csv(out / "gradebook.csv", dtype=str, keep_default_na=False)
    assert len(book) == 80
    assert not book.duplicated(["student", "exercise"]).any()
    assert list(book["student"]) == sorted(book["student"])
    for result in invented(40):
        row = book[(book["student"] == result.student.id) & (book["exercise"] == "4")].squeeze()
        assert float(row["points"]) == pytest.approx(result.points)
        assert row["4.2 status"] == next(mark.status for mark in result.marks if mark.question == "4.2")
        assert row["9.2 status"] == ""


def test_a_row_of_the_gradebook_in_full(tmp_path):
    path, *_ = exports.write([one(unenforced=("no network filter", "no Landlock"))], tmp_path)
    head, row = rows(path, "utf-8-sig")
    assert dict(zip(head, row, strict=True)) == {
        "student": "s1",
        "name": "Ada Mulberry",
        "section": "A",
        "exercise": "4",
        "title": "Read a retention curve",
        "points": "1.3",
        "possible": "3",
        "percent": "43.3",
        "attempt that counted": "2",
        "attempts": "3",
        "file": "all.zip/04.ipynb",
        "protections not enforced": "no network filter; no Landlock",
        "4.1 status": "right",
        "4.1 points": "1",
        "4.2 status": "partly right",
        "4.2 points": "0.3",
    }


def test_questions_stand_in_the_order_of_their_numbers(tmp_path):
    marks = tuple(Mark(question, Status.RIGHT, 1.0, 1.0) for question in ("4.10", "4.2", "10.1"))
    head, _ = rows(exports.write([one(marks=marks)], tmp_path)[0], "utf-8-sig")
    assert head[-6::2] == ["4.2 status", "4.10 status", "10.1 status"]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_results_changes_no_byte(tmp_path, out, seed):
    results = invented(40) + invented(40, exercise=9)
    random.Random(seed).shuffle(results)
    paths = exports.write(results, tmp_path)
    assert [path.name for path in paths] == [
        "gradebook.csv",
        "canvas_04.csv",
        "moodle_04.csv",
        "canvas_09.csv",
        "moodle_09.csv",
    ]
    for path in paths:
        assert path.read_bytes() == (out / path.name).read_bytes()


# Spreadsheets


def cells(text, separator):
    """What a spreadsheet sees that splits at this separator, and knows quotes only around a whole cell."""
    return next(csv.reader([text], delimiter=separator), [""])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_begins_like_a_formula_wherever_the_spreadsheet_comes_from(tmp_path, name, separator):
    for path in exports.write([one(name, unenforced=(name,))], tmp_path):
        text = path.read_text(encoding="utf-8-sig")
        for line in text.splitlines():
            for cell in cells(line, separator):
                assert not cell.strip(' "').startswith(("=", "+", "-", "@", "\t")), cell


@pytest.mark.parametrize("name", [name for name in NAMES if "\ud800" not in name])
def test_a_name_comes_back_as_it_was(tmp_path, name):
    _, row = rows(exports.write([one(name)], tmp_path)[0], "utf-8-sig")
    assert exports.plain(row[1]) == name


@given(st.one_of(st.text(), st.text(alphabet="'=+-@;,|\t\r\n\" a")))
def test_any_text_survives(text):
    cell = exports.harmless(text)
    assert exports.plain(cell) == text
    assert not re.match(r"[=+\-@\t\r\n]", cell)


def test_a_harmless_name_is_left_alone():
    assert [exports.harmless(name) for name in ("Ada Mulberry", "'t Hooft", "Anne-Marie O'Quince", "李 明")] == [
        "Ada Mulberry",
        "'t Hooft",
        "Anne-Marie O'Quince",
        "李 明",
    ]


def test_half_a_character_in_a_name_does_not_stop_the_gradebook(tmp_path):
    assert "\\ud800" in exports.write([one("\ud800")], tmp_path)[0].read_text(encoding="utf-8-sig")


# Canvas


def test_canvas_finds_students_by_id_and_the_points_possible_in_the_second_row(out):
    head, possible, *students = rows(out / "canvas_04.csv")
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Exercise 4: Read a retention curve"]
    assert possible == ["    Points Possible", "", "", "", "", "5"]
    expected = {result.student.canvas_id: result.points for result in invented(40) if result.student.canvas_id}
    del expected["7009"], expected["7029"]  # not handed in; two more have no id in Canvas either
    assert {row[1]: float(row[5]) for row in students} == expected


def test_no_student_can_change_what_all_can_earn(out):
    """Canvas takes every row whose first cell has these words for the points possible."""
    assert [row[0] for row in rows(out / "canvas_04.csv") if "points possible" in row[0].casefold()] == ["    Points Possible"]


@pytest.mark.parametrize("system", ["canvas", "moodle"])
def test_who_did_not_hand_in_is_not_imported_and_an_unreadable_file_is_a_zero(out, system):
    """In either system an empty cell would delete what is there."""
    absent, unreadable = (
        next(result.student for result in invented(40) if result.student.id == who) for who in ("s0029", "s0027")
    )
    column = {"canvas": 1, "moodle": 0}[system]
    ids = {row[column]: row for row in rows(out / f"{system}_04.csv")}
    assert {"canvas": absent.canvas_id, "moodle": f"Participant {absent.moodle_id}"}[system] not in ids
    assert (
        ids[{"canvas": unreadable.canvas_id, "moodle": f"Participant {unreadable.moodle_id}"}[system]][
            -1 if system == "canvas" else 3
        ]
        == "0"
    )


def test_a_file_is_written_only_for_a_system_that_is_used(tmp_path):
    assert [path.name for path in exports.write([one(canvas="", moodle="")], tmp_path)] == ["gradebook.csv"]
    absent = (Mark("4.1", Status.ABSENT, 0.0, 1.0),)
    assert [path.name for path in exports.write([one(marks=absent)], tmp_path)] == ["gradebook.csv"]


# Moodle


def test_moodle_gets_a_grading_worksheet(tmp_path):
    marks = (
        Mark("4.1", Status.RIGHT, 1.0, 1.0),
        Mark("4.2", Status.MISTAKE, 0.0, 2.0, "x <= 3 & y:\nuse <b>all</b>", note="from Bo"),
    )
    head, row = rows(exports.write([one(marks=marks)], tmp_path)[2])
    assert head == [
        "Identifier",
        "Full name",
        "Email address",
        "Grade",
        "Maximum Grade",
        "Last modified (grade)",
        "Feedback comments",
    ]
    assert row[:6] == ["Participant 41", "Ada Mulberry", "ada@school.invalid", "1", "3", ""]
    shown = [html.unescape(line) for line in row[6].split("<br>")]
    assert shown == ["4.1 right, 1 of 1", "4.2 known mistake, 0 of 2: x <= 3 & y: use <b>all</b>"]
    assert "<b>" not in row[6]


def test_what_cannot_be_written_is_said_in_one_sentence_and_leaves_nothing_behind(tmp_path):
    (tmp_path / "gradebook.csv").mkdir()
    with pytest.raises(DataUnavailable, match=r"gradebook\.csv cannot be written \(.+\)\. Close it"):
        exports.write([one()], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["gradebook.csv"]
