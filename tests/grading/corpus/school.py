"""A class that hands in the corpus: beside each hostile student sits an honest one."""

from __future__ import annotations

import contextlib
import csv
import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import psutil

from opscourse.exercise.derive import derived_text
from opscourse.grading import grade
from opscourse.grading.records import Limits, Result
from opscourse.grading.release import release

from .cases import COURSE, POSSIBLE, SOLUTION, Case, notebook
from .files import FILES, NAME

__all__ = ["CANARY", "School", "descendants", "files_of", "full_marks", "outcome"]

CANARY = "canary-0123456789abcdef"  # in the grader's environment; no kernel may find it
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class School:
    """A class with some of the corpus, its release, and what it handed in, all in one empty folder."""

    folder: Path
    cases: list[Case]
    files: tuple[str, ...] = ()
    listener: int = 9

    def __post_init__(self) -> None:
        """Release the exercise, and let all hand in."""
        self.course, self.released, self.handed_in = (self.folder / name for name in ("course", "released", "handed in"))
        self.names = [*(case.name for case in self.cases), *self.files]
        for part in ("answers", "solutions"):
            shutil.copytree(COURSE / "exercises" / part, self.course / "exercises" / part)
        data = self.course / "exercises" / "data"
        data.mkdir()
        (data / NAME).write_text(derived_text(SOLUTION), encoding="utf-8")
        (self.released / "private").mkdir(parents=True)
        (self.released / "private" / "secret").write_text("5e" * 32)  # each class has the same data each time
        release([92], self._roster("early", self._early()), self.released, course=self.course, workers=2, progress=False)
        self.roster = self._roster("all", self.students)
        for number, student in enumerate(self.honest):
            self._hands_in(student, (("92.2", f'slide = "b"  # my answer, number {number}'),))
        for case in self.cases:
            self._hands_in(self.id(case.name), case.cells)
        for name in self.files:
            folder = self.handed_in / self.id(name)
            folder.mkdir()
            FILES[name][0](folder, nbformat.writes(notebook()))

    def _early(self) -> list[str]:
        """Whose numbers must be known. The others join the class later, which saves the time that sealing keys takes."""
        mine = {self.students.index(self.id(case.name)) for case in self.cases if "_SEATS" in str(case.cells)} | {1}
        return [self.students[at] for one in sorted(mine) for at in (one - 1, one)]

    def _roster(self, name: str, students: Iterable[str]) -> Path:
        names = {self.id(case.name): case.student for case in self.cases}
        rows = [[one, names.get(one) or f"Ada Mulberry {one[:3]}"] for one in dict.fromkeys(students)]
        path = self.folder / f"{name}.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["id", "name"], *rows])
        return path

    def id(self, name: str) -> str:
        """The student who hands in this case."""
        return f"{self.names.index(name):03}-b-{name}"

    @property
    def honest(self) -> list[str]:
        """The honest students: in the order of the alphabet two hostile ones sit between two of them."""
        return [f"{number:03}-a-honest" for number in range(0, len(self.names) + 2, 2)]

    @property
    def students(self) -> list[str]:
        """All of them."""
        return sorted([*self.honest, *map(self.id, self.names)])

    def _hands_in(self, student: str, cells: tuple[tuple[str, str], ...]) -> None:
        at = self.students.index(student)
        known = {
            "OWN_SEATS": self.seats(student),
            "NEIGHBOUR_SEATS": self.seats(self.students[at - 1]),
            "GRADES": str(self.folder / "graded" / "grades.sqlite"),
            "SECRET": str(self.released / "private" / "secret"),
            "HANDED_IN": str(self.handed_in / self.honest[0] / NAME),
            "ANSWERS": str(self.course / "exercises" / "answers"),
            "LISTENER": self.listener,
        }
        (self.handed_in / student).mkdir(parents=True)
        nbformat.write(notebook(cells, **known), self.handed_in / student / NAME)

    def seats(self, student: str) -> int:
        """The right answer to 92.5 for one student."""
        table = self.released / "bundles" / student / "company" / "live_classes.parquet"
        return int(pd.read_parquet(table, columns=["capacity"])["capacity"].sum()) if table.exists() else -1

    @cached_property
    def environment(self) -> dict[str, str]:
        """The grader's: folders of its own for whatever it leaves, and a canary."""
        places = {name: self.folder / name.lower() for name in ("HOME", "TMPDIR")}
        for place in places.values():
            place.mkdir(exist_ok=True)
        return {**os.environ, **{name: str(place) for name, place in places.items()}, "OPSCOURSE_SECRET": CANARY}

    def command(self, out: Path, *more: str) -> list[str]:
        """`opscourse grade` for this class."""
        command = [sys.executable, "-m", "opscourse.cli", "grade", str(self.handed_in), "--out", str(out)]
        return [*command, "--release", str(self.released), "--roster", str(self.roster), "--course", str(self.course), *more]

    def start(self, out: Path, *more: str, **environment: str) -> subprocess.Popen:
        """A grader at work, in an empty folder."""
        (self.folder / "nothing").mkdir(exist_ok=True)
        return subprocess.Popen(
            self.command(out, *more),
            cwd=self.folder / "nothing",
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def grading(self, out: Path, **limits: Any) -> grade.Grading:
        """The same class in this process."""
        handed_out = grade.handed_out(self.released, roster_file=self.roster, course=self.course)
        return grade.Grading(handed_out, self.released, out, 2, True, Limits(**limits))


def outcome(result: Result) -> dict[str, tuple[str, float]]:
    """Status and points by question."""
    return {mark.question: (mark.status.value, mark.points) for mark in result.marks}


def full_marks() -> dict[str, tuple[str, float]]:
    """What an honest student gets."""
    return {question: ("right", float(points)) for question, points in POSSIBLE.items()}


@contextlib.contextmanager
def descendants(seconds: float = 20) -> Iterator[set[int]]:
    """All processes that are started inside, however they try to get away, are handed to us; gives those that do not end."""
    libc = ctypes.CDLL(None)
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    left: set[int] = set()
    try:
        yield left
        end = time.monotonic() + seconds
        while True:
            left.clear()
            left.update(_alive() - before)
            if not left or time.monotonic() > end:
                break
            time.sleep(0.1)
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _alive() -> set[int]:
    found = set()
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.pid)
    return found


def files_of(*folders: Path) -> dict[str, int]:
    """Every file below some folders, with the time it was changed."""
    found: dict[str, int] = {}
    for folder in folders:
        for path in _below(folder):
            with contextlib.suppress(OSError):
                found[str(path)] = path.lstat().st_mtime_ns
    return found


def _below(folder: Path) -> Iterable[Path]:
    return folder.rglob("*") if folder.is_dir() else ()
