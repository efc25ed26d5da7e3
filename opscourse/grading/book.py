"""The grader's memory: a SQLite file with every file handed in, every run, and the solution of every question.

Runs are kept under the hash of all that they depend on, one transaction a submission. So a grader that was killed goes on
where it was, and a second grading runs only what has changed. Marks are not kept: they follow from the rest.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from opscourse.errors import DataFileError, DataUnavailable
from opscourse.grading.records import Attempt, Ran, Stop

__all__ = ["Book", "digest"]

TABLES = """
create table if not exists attempts (
    student text, exercise integer, number integer, origin text, digest text, content blob, problem text,
    primary key (student, exercise, origin, digest)
);
create table if not exists runs (key text primary key, student text, exercise integer, company text, ran text);
create table if not exists solutions (key text primary key, solution text);
create table if not exists facts (name text primary key, value text);
"""
FORMAT = "1"


def digest(*parts: bytes | str) -> str:
    """One hash of several parts, of which none can pass for another."""
    whole = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(len(content).to_bytes(8, "big") + content)
    return whole.hexdigest()


class Book:
    """An open book; `with Book(path) as book`. One process at a time. Raises DataUnavailable, DataFileError."""

    def __init__(self, path: Path) -> None:
        """Open, or begin, the book."""
        self.path = path
        try:
            self.file = sqlite3.connect(path, timeout=0)
            self.file.execute("pragma locking_mode = exclusive")
            self.file.execute("pragma journal_mode = wal")
            with self.file:
                self.file.execute("begin exclusive")
                for statement in TABLES.split(";"):
                    self.file.execute(statement)
                self.file.execute("insert or ignore into facts values ('format', ?)", (FORMAT,))
            (found,) = self.file.execute("select value from facts where name = 'format'").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise DataUnavailable(f"Another grader is at work on {path}; wait for it, or stop it.") from None
            raise DataUnavailable(f"{path} cannot be opened: {error}.") from None
        except sqlite3.DatabaseError as error:
            raise DataFileError(f"{path} is damaged ({error}). Move it away, and everything is graded again.") from None
        if found != FORMAT:
            raise DataFileError(f"{path} was written by another version of the course. Move it away, and grade again.")

    def __enter__(self) -> Book:
        """Itself."""
        return self

    def __exit__(self, *_: Any) -> None:
        """Close the file."""
        self.file.close()

    def keep(self, attempts: Iterable[Attempt]) -> None:
        """Take in what was handed in; what is there already stays."""
        rows = [
            (
                one.student,
                one.exercise or 0,
                one.number,
                _clean(one.origin),
                digest(one.content),
                one.content,
                _clean(one.problem),
            )
            for one in attempts
        ]
        with self.file:
            self.file.executemany("insert or ignore into attempts values (?, ?, ?, ?, ?, ?, ?)", rows)

    def ran(self, key: str) -> Ran | None:
        """The run of this key, if there was one."""
        row = self.file.execute("select ran from runs where key = ?", (key,)).fetchone()
        return row and unpacked(row[0])

    def store(self, student: str, exercise: int, runs: dict[str, tuple[str, Ran]]) -> None:
        """Store the runs of one submission, all or none: company -> key and run."""
        with self.file:
            self.file.executemany(
                "insert or replace into runs values (?, ?, ?, ?, ?)",
                [(key, student, exercise, company, packed(ran)) for company, (key, ran) in runs.items()],
            )

    def solution(self, key: str) -> dict[str, Any] | None:
        """The solution stored under a key, as JSON."""
        row = self.file.execute("select solution from solutions where key = ?", (key,)).fetchone()
        return row and json.loads(row[0])

    def solve(self, solutions: dict[str, dict[str, Any]]) -> None:
        """Store solutions, all or none: key -> JSON."""
        with self.file:
            self.file.executemany(
                "insert or replace into solutions values (?, ?)", [(key, json.dumps(one)) for key, one in solutions.items()]
            )

    def solved(self) -> frozenset[str]:
        """The keys of all solutions."""
        return frozenset(key for (key,) in self.file.execute("select key from solutions"))

    def sound(self) -> bool:
        """Whether SQLite finds nothing wrong with the file."""
        with closing(self.file.execute("pragma integrity_check")) as found:
            return found.fetchone()[0] == "ok"


def _clean(text: str) -> str:
    """Text that SQLite takes: names of files may hold half a character."""
    return text.encode("utf-8", "replace").decode()


def packed(ran: Ran) -> str:
    """A run as JSON."""
    return json.dumps(asdict(ran), sort_keys=True)


def unpacked(text: str) -> Ran:
    """A run from JSON."""
    told = json.loads(text)
    stops = {question: (Stop(stop), sentence) for question, (stop, sentence) in told["stops"].items()}
    return Ran(**{**told, "stops": stops, "unenforced": tuple(told["unenforced"])})
