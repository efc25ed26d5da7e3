"""What the parts of the grader hand to each other. All of it is plain data, so that it can be stored and sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Attempt", "Limits", "Mark", "Ran", "Ready", "Result", "Status", "Stop", "Student"]


@dataclass(frozen=True)
class Student:
    """One row of the roster. `id` names the student's files and is safe as a file name; the others may be empty."""

    id: str
    name: str = ""
    email: str = ""
    canvas_id: str = ""  # "ID" of a Canvas gradebook
    moodle_id: str = ""  # the number in Moodle's "Participant 123456"
    section: str = ""


@dataclass(frozen=True)
class Attempt:
    """One file that was handed in. `problem` says in one sentence why it cannot be read or belongs to nobody."""

    student: str  # id; "" if the file belongs to nobody on the roster
    origin: str  # where it was found, relative to what was handed in, archives included: "all.zip/mulberry_ada/04.ipynb"
    content: bytes = b""
    exercise: int | None = None
    number: int = 1  # of this student's attempts at this exercise, the last one counts
    problem: str = ""


@dataclass(frozen=True)
class Ready:
    """A student's answers in the pristine exercise, ready to run, and their code a question, as they wrote it."""

    notebook: str  # JSON, nbformat 4.5; each code cell has metadata {"opscourse": {"question": "4.1", "role": "answer"}}
    code: dict[str, str] = field(default_factory=dict)  # question -> the student's own cells, "" if untouched
    missing: tuple[str, ...] = ()  # questions none of whose cells were found in what was handed in


@dataclass(frozen=True)
class Limits:
    """What one run of a notebook may take."""

    cell_seconds: float = 60.0
    notebook_seconds: float = 300.0
    memory_mb: int = 2048
    disk_mb: int = 100
    output_mb: int = 10
    processes: int = 64  # threads included


class Stop(StrEnum):
    """Why a question came to no answer."""

    ERROR = "error"
    OPEN = "not answered"
    TIMEOUT = "timed out"
    MEMORY = "out of memory"
    ENDED = "ended"  # the kernel died, exited, or had to be killed because it flooded disk, output or processes


@dataclass(frozen=True)
class Ran:
    """What one run of a notebook on one company gave. `answers` are as the kernel sent them: not to be trusted in any way."""

    answers: dict[str, Any] = field(default_factory=dict)  # question -> "answer" of application/vnd.opscourse.answer+json
    stops: dict[str, tuple[Stop, str]] = field(default_factory=dict)  # question -> why, in one sentence
    seconds: dict[str, float] = field(default_factory=dict)  # question -> time its cells took
    peak_mb: float = 0.0
    unenforced: tuple[str, ...] = ()  # what this machine could not enforce, in words


class Status(StrEnum):
    """What a teacher reads beside a question."""

    RIGHT = "right"
    PARTLY = "partly right"
    OWN_ONLY = "right on own data only"
    MISTAKE = "known mistake"
    WRONG = "wrong"
    ERROR = "error"
    OPEN = "not answered"
    TIMEOUT = "timed out"
    MEMORY = "out of memory"
    UNREADABLE = "unreadable file"
    ABSENT = "not handed in"


@dataclass(frozen=True)
class Mark:
    """One student's mark for one question. `sentence` is for the student, `note` for the teacher only (it may name others)."""

    question: str
    status: Status
    points: float
    possible: float
    sentence: str = ""
    note: str = ""
    seconds: float = 0.0
    code: str = ""


@dataclass(frozen=True)
class Result:
    """All marks of one student in one exercise."""

    student: Student
    exercise: int
    title: str
    marks: tuple[Mark, ...]
    attempt: int = 0  # which one counted; 0: none was handed in
    attempts: int = 0
    origin: str = ""
    peak_mb: float = 0.0
    unenforced: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """Points earned."""
        return sum(mark.points for mark in self.marks)

    @property
    def possible(self) -> float:
        """Points possible."""
        return sum(mark.possible for mark in self.marks)
