"""What was handed in: a folder or a zip as an LMS exports it, with whatever students put into it.

Nothing is written to disk, no link is followed, and what a student's archive may take of memory is limited. Whose a file
is, is said by names alone, and the outermost name that fits decides: inner names are the student's own choice.

| made by | names |
|---|---|
| a teacher | `ada/04.ipynb`, `ada.ipynb`, `04_ada.ipynb`, `ada.zip`, `Ada Mulberry.ipynb` |
| Canvas | `mulberryada_LATE_12345_678901_04_read_a_retention_curve-1.ipynb`: user, file, and how often it was handed in again |
| Moodle | `Ada Mulberry_123456_assignsubmission_file/04.ipynb`, or one name with `_` instead of the folder |
| nbgrader | `submitted/ada/retention/04.ipynb` |
"""

from __future__ import annotations

import io
import os
import re
import stat
import time
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from opscourse.errors import DataFileError, DataUnavailable
from opscourse.grading.records import Attempt, Student
from opscourse.grading.transplant import LARGEST, text

__all__ = ["found"]

ARCHIVE = 100_000_000  # bytes of an archive inside an archive
STUDENT_BYTES, STUDENT_FILES = 200_000_000, 1_000  # read of what one student handed in
RATIO, RATIO_FROM = 250, 1_000_000  # a notebook shrinks to a tenth; a bomb to a thousandth
DIRECTORY = {0: 100_000_000, 1: 1_000_000}  # bytes of an archive's list of files: of the export, of a student's
ARCHIVES_DEEP, FOLDERS_DEEP = 3, 20
LONGEST = 300  # letters of a name that are looked at

CANVAS = re.compile(r"_(?P<id>[0-9]+)(?=_([0-9]+_|text\.html$|link\.html$))")
MOODLE = re.compile(r"(?P<name>[^_]*)_(?P<id>[0-9]+)_assignsubmission_[a-z]+_?|Participant[ _](?P<blind>[0-9]+)(?![0-9])")
ATTEMPT = re.compile(r"(?<![a-z])(?:attempt|submission|versuch|try)[ _-]?([0-9][0-9-]{0,30})", re.IGNORECASE)
COPY = re.compile(r"(copy|version|v)[ _-]?[0-9]+|\([0-9]+\)", re.IGNORECASE)
ENDING = re.compile(r"\.(ipynb|zip|py|pdf|html?|txt|docx?)$", re.IGNORECASE)
CELL, CHECK = re.compile(r'"id"\s*:\s*"ex(\d\d)-(\d\d)"'), re.compile(r"check\(\s*\\?[\"']?(\d{1,2})\.(\d{1,2})")
LESSON = re.compile(r'"id"\s*:\s*"l\d\d-\d\d"')
IGNORED_FOLDERS = {"__macosx", "__pycache__", "company"}
IGNORED_FILES = re.compile(r"[.~].*|(readme|license)(\..*)?|thumbs\.db|desktop\.ini|timestamp\.txt", re.IGNORECASE)
INSTEAD = {".7z", ".doc", ".docx", ".gz", ".htm", ".html", ".pdf", ".py", ".rar", ".rtf", ".tar", ".tgz"}

Moment = tuple[int, ...]


@dataclass(frozen=True)
class _File:
    """One file of a student, or why it cannot be read. `when` is local time, as archives have it."""

    parts: tuple[str, ...]
    when: Moment = ()
    content: bytes | None = None  # None: no notebook, not read
    problem: str = ""


class _Unreadable(Exception):
    """Why a file cannot be read, as the rest of a sentence that starts with its name."""


def found(source: Path, students: Sequence[Student], exercises: Sequence[int]) -> list[Attempt]:
    """Find the attempts at some exercises in a folder or a zip.

    Returns, by student, exercise and attempt, every notebook of a student and every file that cannot be given to a
    student or an exercise, or not be read; these come before the attempts that can be read, and last those of nobody.
    Raises DataUnavailable or DataFileError if the source itself is not there or cannot be opened.
    """
    roster = _Roster(students)
    attempts, others, having = [], [], set()
    for file in _Source(source, roster).files():
        origin = _shown("/".join(file.parts))
        student, whose = roster.who(file.parts)
        exercise = _exercise(file, student, exercises)
        problem = file.problem and f"{origin} {file.problem}"
        if not student:
            problem = problem or f"{origin} {whose}"
        elif file.content is None:
            problem = problem or f"{origin} is no notebook: hand in the notebook file, which ends in .ipynb."
        elif not problem and exercise not in exercises:
            graded = ", ".join(map(str, exercises))
            told = f"is exercise {exercise}" if exercise else "is no exercise by its cells or its name"
            problem, exercise = f"{origin} {told}, and graded now are {graded}.", None
        attempt = Attempt(student, origin, b"" if problem else file.content or b"", exercise, problem=problem)
        instead = file.content is None and not file.problem
        if instead and not student and os.path.splitext(file.parts[-1])[1].lower() not in INSTEAD:
            continue
        (others if instead else attempts).append((_order(file), attempt))
        if not problem:
            having.add(student)
    return _numbered(attempts + [(order, other) for order, other in others if not other.student or other.student not in having])


def _numbered(attempts: list[tuple[tuple, Attempt]]) -> list[Attempt]:
    """In the order of the result, each student's attempts at each exercise numbered from 1."""
    attempts.sort(key=lambda pair: (not pair[1].student, pair[1].student, pair[1].exercise or 0, not pair[1].problem, pair[0]))
    count: Counter[tuple[str, int | None]] = Counter()
    result = []
    for _, attempt in attempts:
        whose = (attempt.student, attempt.exercise)
        count[whose] += 1
        result.append(replace(attempt, number=count[whose] if attempt.student else 1))
    return result


def _order(file: _File) -> tuple:
    """When a file was handed in: the LMS's counter, the number of the attempt, the time, the name."""
    counter, attempt = 0, ()
    for part in file.parts:
        again = CANVAS.search(part) and re.search(r"-([0-9]{1,4})$", _stem(part))
        counter = int(again[1]) if again else counter
        numbered = ATTEMPT.search(part)
        attempt = tuple(map(int, re.findall("[0-9]+", numbered[1]))) if numbered else attempt
    return counter, attempt, file.when, [_natural(part) for part in file.parts]


def _natural(name: str) -> list[tuple]:
    """A name as something to sort by, with numbers in it as numbers."""
    pieces = re.split("([0-9]+)", name[:LONGEST])
    return [(len(piece.lstrip("0")), piece.lstrip("0"), piece) if odd % 2 else (piece,) for odd, piece in enumerate(pieces)]


def _exercise(file: _File, student: str, exercises: Sequence[int]) -> int | None:
    """The exercise that a notebook's cells are of, else the number in its name or its folder's."""
    if file.content:
        written = text(file.content)
        seen = {(kind, *match.groups()) for kind, form in enumerate((CELL, CHECK)) for match in form.finditer(written)}
        most = Counter(int(number) for _, number, _ in seen).most_common(2)
        if most and (len(most) == 1 or most[0][1] > most[1][1]):
            return most[0][0]
        if not most and LESSON.search(written):  # its file has the same name as the exercise's
            return None
    for part in reversed(file.parts):
        name = MOODLE.sub("", _stem(part))
        canvas = re.search(r"_[0-9]+_[0-9]+_(.*)", name)
        name = re.sub(r"-[0-9]{1,4}$", "", canvas[1]) if canvas else name
        if student and not _is_small(student):
            name = _folded(name).replace(_folded(student), " ")
        name = COPY.sub("", ATTEMPT.sub("", name))
        numbers = [int(number) for number in re.findall(r"(?<![0-9])0*([0-9]{1,2})(?![0-9])", name)]
        graded = dict.fromkeys(number for number in numbers if number in exercises)
        if len(graded) == 1 or (graded and name[:1].isdigit()):
            return next(iter(graded))
    return None


# Whose


class _Roster:
    """The students, to be found by the names of files and folders."""

    def __init__(self, students: Iterable[Student]) -> None:
        self.ids = {_folded(student.id): student.id for student in students}
        self.canvas = {student.canvas_id: student.id for student in students if student.canvas_id}
        self.moodle = {student.moodle_id: student.id for student in students if student.moodle_id}
        self.names: dict[str, set[str]] = defaultdict(set)
        for student in students:
            words = _words(student.name)
            for first in range(len(words)):  # "Ada Mulberry", "Mulberry, Ada"
                self.names["".join(words[first:] + words[:first])].add(student.id)

    def who(self, parts: Sequence[str]) -> tuple[str, str]:
        """The id of the student whose file it is and "", or "" and why it is nobody's."""
        ids: set[str] = set()
        for part in parts:
            fits, sure = self._fits(part)
            ids = (ids & fits or ids | fits) if fits or not sure else set()
            if sure:
                break
        if len(ids) == 1:
            return ids.pop(), ""
        if ids:
            return "", f"fits {' and '.join(sorted(ids)[:3])}: rename its file or folder to the id of one student."
        return "", "fits nobody on the roster: rename its file or folder to the student's id."

    def _fits(self, part: str) -> tuple[set[str], bool]:
        """Whom a name fits, and whether the names inside of it need not be looked at."""
        name = part[:LONGEST]
        moodle = MOODLE.match(name)
        if moodle:
            number = self.moodle.get(moodle["id"] or moodle["blind"])
            return {number} if number else self._by_name(moodle["name"] or "", self.moodle), True
        canvas = list(CANVAS.finditer(name))  # more than one if there are numbers in the file's name, which a student chooses
        fits = {self.canvas[number["id"]] for number in canvas if number["id"] in self.canvas}
        if fits and fits != {self.canvas.get(canvas[0]["id"])}:
            return set(), True
        if canvas and not fits:
            fits = self._by_name(re.sub("_LATE$", "", name[: canvas[0].start()]), self.canvas)
        if fits or (canvas and self.canvas):
            return fits, True
        folded = _folded(_stem(name))
        if folded in self.ids:
            return {self.ids[folded]}, not _is_small(folded)  # a folder "04" may be an exercise
        words = _words(folded)
        if "".join(words) in self.names:
            return self.names["".join(words)], True
        cuts = [match.start() for match in re.finditer(r"[\W_]", folded)]
        starts, ends = {folded[:cut] for cut in cuts}, {folded[cut + 1 :] for cut in cuts if not canvas}
        fits = {self.ids[piece] for piece in starts | ends if piece in self.ids and not _is_small(piece)}
        if not fits:
            runs = [words[:cut] for cut in range(1, len(words))] + [words[cut:] for cut in range(1, len(words))]
            joined = {"".join(run) for run in runs if len(run) > 1 or not run[0].isascii()}  # not only "Ada"
            fits = {one for run in joined for one in self.names.get(run, ())}
        return fits, False

    def _by_name(self, name: str, numbers: dict[str, str]) -> set[str]:
        """The students with this name, but for those whose number in the LMS is on the roster: it is another one."""
        return self.names.get("".join(_words(name)), set()) - set(numbers.values())


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", _folded(name))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _stem(name: str) -> str:
    return ENDING.sub("", name)


def _is_small(number: str) -> bool:
    return re.fullmatch("[0-9]{1,2}", number) is not None


def _shown(path: str) -> str:
    """A path that can be printed anywhere: nothing in it ends a line, turns it round or is no letter at all."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in path)
    return plain if len(plain) <= 300 else f"{plain[:200]}…{plain[-90:]}"


# The files


class _Source:
    """All files in what was handed in."""

    def __init__(self, source: Path, roster: _Roster) -> None:
        self.source = source
        self.roster = roster
        self.bytes: Counter[str] = Counter()  # read so far, by student
        self.count: Counter[str] = Counter()

    def files(self) -> Iterator[_File]:
        """Every file that may be an attempt. Raises DataUnavailable or DataFileError."""
        if self.source.is_dir():
            yield from self._folder(self.source, ())
        elif not self.source.exists():
            raise DataUnavailable(f"There is no folder or file {str(self.source)!r}: name what was handed in.")
        elif self.source.suffix.lower() == ".ipynb":
            yield self._file(self.source, (self.source.name,))
        else:
            try:
                with self.source.open("rb") as file:
                    yield from self._archive(file, (), 0)
            except OSError as error:
                raise DataUnavailable(f"{self.source} cannot be read: {error.strerror}.") from None
            except _Unreadable as error:
                raise DataFileError(f"{self.source} {error}") from None

    def _folder(self, folder: Path, parts: tuple[str, ...]) -> Iterator[_File]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            yield _File(parts, problem=f"cannot be opened: {error.strerror}.")
            return
        for entry in entries:
            inside = (*parts, entry.name)
            if _is_ignored(inside[-1:], entry.is_dir(follow_symlinks=False)):
                continue
            if entry.is_symlink():
                yield _File(inside, problem="is a link, and links are not followed: hand in the file itself.")
            elif entry.is_dir(follow_symlinks=False):
                if len(inside) > FOLDERS_DEEP:
                    yield _File(inside, problem="is too many folders deep: move it up.")
                else:
                    yield from self._folder(Path(entry.path), inside)
            elif not entry.is_file(follow_symlinks=False):
                yield _File(inside, problem="is no ordinary file: hand in the notebook.")
            elif entry.name.lower().endswith(".zip"):
                try:
                    with _opened(Path(entry.path)) as file:
                        yield from self._archive(file, inside, 1)
                except (OSError, _Unreadable) as error:
                    yield _File(inside, problem=_told(error))
            else:
                yield self._file(Path(entry.path), inside)

    def _file(self, path: Path, parts: tuple[str, ...]) -> _File:
        if not path.name.lower().endswith(".ipynb"):
            return _File(parts)
        try:
            with _opened(path) as file:
                when = _moment(os.fstat(file.fileno()).st_mtime)
                return _File(parts, when, self._read(file, parts, LARGEST))
        except (OSError, _Unreadable) as error:
            return _File(parts, problem=_told(error))

    def _archive(self, file: BinaryIO, parts: tuple[str, ...], level: int) -> Iterator[_File]:
        """The files in an archive. Raises _Unreadable if it cannot be opened."""
        try:
            archive = zipfile.ZipFile(_Directory(file, DIRECTORY.get(level, DIRECTORY[1])))
        except _Unreadable:
            raise
        except Exception:  # whatever the bytes of a stranger do to zipfile: BadZipFile, struct.error, UnicodeDecodeError …
            raise _Unreadable("is no zip archive that can be opened: make it again.") from None
        with archive:
            for entry in archive.infolist():
                name = entry.orig_filename.replace("\\", "/")
                own = tuple(part for part in name.split("/") if part not in ("", "."))
                if not own or name.endswith("/") or _is_ignored(own):
                    continue
                inside = (*parts, *own)
                if level and not self._count(inside):
                    yield _File(parts, problem=f"has more than {STUDENT_FILES:,} files: hand in only the notebook.")
                    return
                try:
                    yield from self._entry(archive, entry, name, inside, level)
                except _Unreadable as error:
                    yield _File(inside, problem=str(error))

    def _entry(
        self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, parts: tuple[str, ...], level: int
    ) -> Iterator[_File]:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if name.startswith("/") or re.match("[A-Za-z]:", name) or ".." in parts or "\0" in name:
            raise _Unreadable("has a name that leads out of its archive: hand in the notebook under its own name.")
        if kind not in (0, stat.S_IFREG):
            raise _Unreadable("is a link or no ordinary file, and is not followed: hand in the file itself.")
        if not name.lower().endswith((".ipynb", ".zip")):
            yield _File(parts)
            return
        if entry.flag_bits & 1:
            raise _Unreadable("is locked with a password: hand it in without one.")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others can ask for gigabytes of memory
            raise _Unreadable("is packed in an unusual way: make an ordinary zip.")
        nested = name.lower().endswith(".zip")
        if nested and level == ARCHIVES_DEEP:
            raise _Unreadable("is an archive too many archives deep: hand in the notebook.")
        try:
            with archive.open(entry) as file:
                content = self._read(file, parts, ARCHIVE if nested else LARGEST, entry.compress_size)
        except _Unreadable:
            raise
        except Exception:  # as above
            raise _Unreadable("is damaged in its archive: hand it in again.") from None
        if nested:
            yield from self._archive(io.BytesIO(content), parts, level + 1)
        else:
            yield _File(parts, entry.date_time, content)

    def _count(self, parts: tuple[str, ...]) -> bool:
        """Count a file of a student's; whether it is still one of those that are looked at."""
        whose = self.roster.who(parts)[0] or parts[0]
        self.count[whose] += 1
        return self.count[whose] <= STUDENT_FILES

    def _read(self, file: Any, parts: tuple[str, ...], most: int, packed: int = 0) -> bytes:
        """What is in a file, read piece by piece, whatever its header says. Raises _Unreadable."""
        whose = self.roster.who(parts)[0] or parts[0]
        content = bytearray()
        while piece := file.read(65536):
            content += piece
            self.bytes[whose] += len(piece)
            if len(content) > most:
                raise _Unreadable(f"is larger than {most // 1_000_000} MB: clear the notebook's outputs and hand it in again.")
            if packed and len(content) > max(RATIO_FROM, RATIO * packed):
                raise _Unreadable(f"unpacks to more than {RATIO} times its size: hand in the notebook itself.")
            if self.bytes[whose] > STUDENT_BYTES:
                raise _Unreadable(f"is not read: this student's files are more than {STUDENT_BYTES // 1_000_000} MB.")
        return bytes(content)


class _Directory:
    """An archive's file whose list of files is not read if it is too long: zipfile reads that in one go."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self.file = file
        self.most = most

    def read(self, size: int = -1) -> bytes:
        if size > self.most:
            raise _Unreadable("has too many files in it: hand in only the notebook.")
        return self.file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def _opened(path: Path) -> BinaryIO:
    """An ordinary file, opened; a link is not followed and a named pipe not waited for. Raises OSError, _Unreadable."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(path, flags), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise _Unreadable("is no ordinary file: hand in the notebook.")
    return file


def _told(error: OSError | _Unreadable) -> str:
    return str(error) if isinstance(error, _Unreadable) else f"cannot be read: {error.strerror}."


def _moment(seconds: float) -> Moment:
    try:
        return tuple(time.localtime(seconds)[:6])
    except (OverflowError, ValueError, OSError):  # a time beyond the calendar
        return ()


def _is_ignored(parts: Sequence[str], folder: bool = False) -> bool:
    """Whether it is of no interest: copies that programs make, the data and the text that came with the exercise."""
    names = [part.casefold() for part in parts if part != ".."]
    folders, files = (names, []) if folder else (names[:-1], names[-1:])
    hidden = any(name.startswith(".") or name in IGNORED_FOLDERS for name in folders)
    return hidden or any(IGNORED_FILES.fullmatch(name) for name in files)
