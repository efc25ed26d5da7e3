"""The roster: who is in the class, from a CSV file as teachers have it."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from pathlib import Path

from opscourse.errors import ArgumentError, DataFileError, DataUnavailable
from opscourse.exercise.question import plural
from opscourse.grading.records import Student

__all__ = ["read"]

REQUIRED, OPTIONAL = ("id", "name"), ("email", "canvas_id", "moodle_id", "section")
SEPARATORS = ",;\t"
LONGEST = 64  # bytes of an id, so that every file system takes it with an ending
ID = re.compile(r"\w([\w.@+-]*\w)?")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*\.zip", re.IGNORECASE)  # by Windows; a bundle's zip is id.zip
REMEDY = "save it as 'CSV UTF-8'"


def read(path: Path) -> list[Student]:
    """Read a roster: a table with the columns id and name, and if you like email, canvas_id, moodle_id and section.

    Separated by comma, semicolon or tab; UTF-8, UTF-16 with its mark, or Windows-1252, as Excel saves it. Case and spaces
    in the header make no difference, other columns are ignored. Raises ArgumentError, DataFileError or DataUnavailable
    with the line and what to do.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataUnavailable(f"The roster {str(path)!r} cannot be read: {error.strerror}.") from None
    lines = _lines(path, _text(path, raw))
    if not lines:
        raise DataFileError(f"The roster {path} is empty; its first line names the columns: id,name")
    (_, header), *rows = lines
    places = _places(path, header)
    students: dict[str, tuple[int, Student]] = {}
    for line, row in rows:
        if len(row) != len(header):
            raise DataFileError(
                f"Line {line} of {path} has {plural(len(row), 'field')}, the header has {len(header)}: "
                "is a separator missing, or not inside quotes?"
            )
        student = Student(**{name: row[place].strip() for name, place in places.items()} | {"id": _id(path, line, row, places)})
        before = students.setdefault(unicodedata.normalize("NFKC", student.id).casefold(), (line, student))
        if before[0] != line:
            same = "" if before[1].id == student.id else " (equal but for case, so one file to many computers)"
            raise ArgumentError(
                f"Lines {before[0]} and {line} of {path} have the same id {student.id!r}{same}: give each student their own."
            )
    if not students:
        raise DataFileError(f"The roster {path} names no student below its header.")
    return [student for _, student in students.values()]


def _text(path: Path, raw: bytes) -> str:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in raw:
        raise DataFileError(f"The roster {path} is no text, it holds NUL bytes: {REMEDY} in your spreadsheet.")
    else:
        encoding = "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        unknown = f"Line {line} of {path} is in an encoding that cannot be told: {REMEDY}."
        if encoding == "utf-16" or re.search(rb"[\x80-\xff]{4}", raw):  # Chinese or Cyrillic, which would come out as ÄãºÃ
            raise DataFileError(unknown) from None
        try:
            return raw.decode("cp1252")
        except UnicodeDecodeError:
            raise DataFileError(unknown) from None
    if "\0" in text:
        raise DataFileError(f"Line {text[: text.index(chr(0))].count(chr(10)) + 1} of {path} holds a NUL: {REMEDY}.")
    return text


def _lines(path: Path, text: str) -> list[tuple[int, list[str]]]:
    """The rows that are not blank, with their line numbers, split at the separator that makes a header of the first one."""
    known = {_plain(name) for name in REQUIRED + OPTIONAL}
    first = text.lstrip().partition("\n")[0]
    separator = max(SEPARATORS, key=lambda one: len(known & set(map(_plain, first.split(one)))))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines, line = [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                lines.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataFileError(f"Line {line} of {path} cannot be read ({error}): is a quotation mark missing?") from None
    return lines


def _places(path: Path, header: list[str]) -> dict[str, int]:
    """Where each known column stands."""
    plain = [_plain(name) for name in header]
    for name in REQUIRED + OPTIONAL:
        if plain.count(_plain(name)) > 1:
            raise ArgumentError(f"The roster {path} has two columns {name!r}: remove one.")
    for name in REQUIRED:
        if name not in plain:
            there = ", ".join(repr(one.strip()) for one in header)
            raise ArgumentError(
                f"The roster {path} has no column {name!r}; its first line names {there}: rename one, or add it."
            )
    return {name: plain.index(_plain(name)) for name in REQUIRED + OPTIONAL if _plain(name) in plain}


def _plain(name: str) -> str:
    return re.sub(r"[\s_\"]", "", name).casefold()


def _id(path: Path, line: int, row: list[str], places: dict[str, int]) -> str:
    """The id, if it can name a file on every system."""
    given = unicodedata.normalize("NFC", row[places["id"]].strip(" \t"))
    if not given:
        raise ArgumentError(f"Line {line} of {path} has no id: fill it in, or remove the line.")
    if len(given.encode()) > LONGEST:
        raise ArgumentError(
            f"Line {line} of {path}: the id {given[:20]!r}… is longer than {LONGEST} bytes; give a shorter one."
        )
    if not ID.fullmatch(given) or RESERVED.fullmatch(given):
        raise ArgumentError(
            f"Line {line} of {path}: the id {given!r} cannot name a file on every computer; use letters, digits and . _ - @ + "
            "(letter or digit first and last, and no name like CON or a.zip)."
        )
    return given
