"""The marks as tables: `gradebook.csv` for people and pandas, and what Canvas and Moodle import.

**Not handed in** is no mark: `gradebook.csv` says "not handed in" and 0 points, and the files for Canvas and Moodle leave the
student out, because in both an empty cell *does* something: Canvas deletes the grade, or the excuse, that is there
(lib/gradebook_importer.rb and process_gradebook_upload.js of canvas-lms), and Moodle overwrites the comment
(mod/assign/feedback/offline/locallib.php). A zero for who was absent is the teacher's decision, one command in either.
An unreadable file was handed in and counts 0. Hence one file an exercise: with several columns there would be empty cells.

**No cell becomes a formula.** Where a spreadsheet could read text as one (`=`, `+`, `-`, `@`, tab or a line break at its
beginning or after a separator, as OWASP's "CSV Injection" lists them), one `'` is put before it; `plain` takes it away again,
so nothing is lost.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from opscourse.grading.pages import by_number, handed_in, label, number, ordered, save
from opscourse.grading.records import Mark, Result, Student

__all__ = ["harmless", "plain", "table", "write"]

_BEGINNING = r"(?:\A|(?<=[;,|\t\r\n\"]))"  # of a cell; a spreadsheet in another country splits at another separator
_FORMULA = r"(?=[' ]*[=+\-@\t\r\n＝＋－＠])"


def write(results: Sequence[Result], out: Path) -> list[Path]:
    """Write `gradebook.csv`, and an exercise `canvas_04.csv` and `moodle_04.csv` if anybody has an id there."""
    results = ordered(results)
    paths = [save(out / "gradebook.csv", table(_gradebook(results)), "utf-8-sig")]  # Excel takes other files for Latin-1
    for exercise in sorted({result.exercise for result in results}):
        ours = [result for result in results if result.exercise == exercise and handed_in(result)]
        for system, rows in (("canvas", _canvas(ours)), ("moodle", _moodle(ours))):
            if rows:
                paths.append(save(out / f"{system}_{exercise:02d}.csv", table(rows)))
    return paths


def plain(cell: str) -> str:
    """The text that was written to a cell: without the `'` that keeps a spreadsheet from running it.

    >>> plain("'=1+1"), plain("'t Hooft")
    ('=1+1', "'t Hooft")
    """
    return re.sub(f"{_BEGINNING}'{_FORMULA}", "", cell)


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return re.sub(f"{_BEGINNING}{_FORMULA}", "'", text)


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _gradebook(results: list[Result]) -> list[list[str]]:
    questions = sorted({mark.question for result in results for mark in result.marks}, key=by_number)
    head = ["student", "name", "section", "exercise", "title", "points", "possible", "percent"]
    head += ["attempt that counted", "attempts", "file", "protections not enforced"]
    rows = [head + [f"{question} {what}" for question in questions for what in ("status", "points")]]
    for result in results:
        student, possible = result.student, result.possible
        marks = {mark.question: (mark.status.value, number(mark.points)) for mark in result.marks}
        row = [harmless(text) for text in (student.id, student.name, student.section)]
        row += [str(result.exercise), harmless(result.title), number(result.points), number(possible)]
        row += [f"{result.points / possible:.1%}".rstrip("%") if possible else "", str(result.attempt or "")]
        row += [str(result.attempts), harmless(result.origin), harmless("; ".join(result.unenforced))]
        rows.append(row + [cell for question in questions for cell in marks.get(question, ("", ""))])
    return rows


def _canvas(results: list[Result]) -> list[list[str]]:
    """What Canvas's gradebook exports and imports (gradebook_exporter.rb): it finds students by `ID`, columns by title."""
    known = [result for result in results if result.student.canvas_id]
    if not known:
        return []
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", harmless(label(known[0]))]]
    rows.append(["    Points Possible", "", "", "", "", number(max(result.possible for result in known))])
    for result in known:
        student = result.student
        name = _name(student) if "points possible" not in student.name.casefold() else student.id  # Canvas: what all can earn
        texts = (name, student.canvas_id, student.id, "", student.section)
        rows.append([*map(harmless, texts), number(result.points)])
    return rows


def _moodle(results: list[Result]) -> list[list[str]]:
    """An offline grading worksheet; importgradeslib.php insists on Identifier, Grade and Last modified.

    Moodle numbers the participants anew for each assignment: the roster's number is good for one exercise. The empty last
    modified date keeps grades that are in Moodle already, unless the teacher ticks that they may be replaced.
    """
    known = [result for result in results if result.student.moodle_id]
    if not known:
        return []
    head = ["Identifier", "Full name", "Email address", "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments"]
    rows = [head]
    for result in known:
        student = result.student
        texts = (f"Participant {student.moodle_id}", _name(student), student.email)
        comments = "<br>".join(map(_comment, result.marks))
        rows.append([*map(harmless, texts), number(result.points), number(result.possible), "", comments])
    return rows


def _comment(mark: Mark) -> str:
    """One question in Moodle's comments, which are HTML; there an entity keeps a sign from beginning a formula."""
    head = f"{mark.question} {mark.status}, {number(mark.points)} of {number(mark.possible)}"
    text = html.escape(" ".join(f"{head}: {mark.sentence}".split()) if mark.sentence else head)
    return re.sub(r"(?<!\w)[=+\-@＝＋－＠]", lambda sign: f"&#{ord(sign[0])};", text)


def _name(student: Student) -> str:
    return student.name or student.id
