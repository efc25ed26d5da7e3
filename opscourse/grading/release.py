"""`opscourse release`: a bundle for each student, a folder and the same as a zip.

    DIR/bundles/<id>/, DIR/bundles/<id>.zip   for the student: notebooks, company/ (see variants), README.txt
    DIR/private/                              for the teacher only: secret, roster.csv, release.json, solutions/, companies/

A bundle is finished when its zip is there, with a comment that says what it was made from. So a release that was stopped
can be run again and makes what is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import opscourse
from opscourse.company.generate import attach, scratch
from opscourse.errors import ArgumentError, DataFileError, DataUnavailable, OpsCourseError
from opscourse.exercise.question import plural
from opscourse.grading import roster, solutions, variants
from opscourse.grading.variants import Exercise, company, exercise, secret

__all__ = ["Exercise", "company", "exercise", "main", "release", "secret"]

README = """\
Your exercises: {notebooks}
The data in company/ are yours alone (student {id}): numbers of other students do not fit them. Keep them beside the notebook.
Start: install opscourse as the course's first page says, then type in this folder: jupyter lab
Check: each answer in the notebook, or all of them by typing: opscourse check {first}
Hand in the notebook only, under its name. Compute your answers, do not type them in: they are run on other data too.
"""


@dataclass(frozen=True)
class Class:
    """What a worker needs to know to make anybody's bundle."""

    secret: bytes
    numbers: tuple[int, ...]
    course: Path | None
    bundles: Path

    @property
    def exercises(self) -> list[Exercise]:
        """The exercises, read once a process."""
        return [_exercise(number, self.course) for number in self.numbers]

    def stamp(self, student: str) -> str:
        """What a student's bundle is made from, unreadable."""
        sources = [variants.simulator(), README, *(one.digest for one in self.exercises)]
        return variants.tag(self.secret, "\0".join(["bundle", *sources]), student)

    def finished(self, student: str) -> bool:
        """Whether a student's bundle is there, made from the same."""
        try:
            with zipfile.ZipFile(self.bundles / f"{student}.zip") as archive:
                return archive.comment.decode("ascii") == self.stamp(student) and (self.bundles / student).is_dir()
        except (OSError, ValueError, zipfile.BadZipFile):
            return False


_exercise = cache(exercise)


def main(argv: list[str]) -> int:
    """`opscourse release`: make the bundles of a class. Returns 0."""
    parser = argparse.ArgumentParser(
        prog="opscourse release", description="Make a bundle for each student: notebooks, data of their own, sealed keys."
    )
    parser.add_argument("exercises", nargs="+", metavar="EXERCISE", help="its number, or its notebook in exercises/")
    parser.add_argument(
        "--roster", type=Path, required=True, metavar="CSV", help="columns id and name; email, section … if any"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets bundles/ and private/")
    parser.add_argument("--secret", type=Path, metavar="FILE", help="the course's secret (default: DIR/private/secret)")
    parser.add_argument("--course", type=Path, metavar="DIR", help="a clone of the course (default: the one of this package)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="default: processors")
    given = parser.parse_args(argv)
    release(given.exercises, given.roster, given.out, given.secret, given.course, given.workers)
    return 0


def release(
    exercises: Sequence[str | int],
    roster_file: Path,
    out: Path,
    secret_file: Path | None = None,
    course: Path | None = None,
    workers: int = 1,
    progress: bool = True,
) -> None:
    """Make the bundles that are not finished, and say what was done; see `main` for the parameters.

    Raises ArgumentError, DataUnavailable or DataFileError before anything is written, if what is given is wrong.
    """
    students = [student.id for student in roster.read(roster_file)]
    chosen = [exercise(number, course) for number in sorted({_number(one, course) for one in exercises})]
    if workers < 1:
        raise ArgumentError(f"--workers must be at least 1, not {workers}.")
    out = out.absolute()
    bundles, private = out / "bundles", out / "private"
    secret_file = (secret_file or private / "secret").absolute()
    if secret_file.resolve().is_relative_to(bundles.resolve()):
        raise ArgumentError(f"The secret must not lie among the bundles: {secret_file}. Keep it where students never see it.")
    there = _entries(bundles)
    _fitting(private, there, chosen, secret_file)
    new = not secret_file.exists()
    try:
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
        bundles.mkdir(exist_ok=True)
        (private / "solutions").mkdir(exist_ok=True)
    except OSError as error:
        raise DataUnavailable(f"{str(out)!r} cannot be used as a folder: {error.strerror}. Name another one.") from None
    known = secret(secret_file, create=True)
    _note(private, chosen, known, roster_file)
    if new:
        print(f"Keep {secret_file}: without it these bundles can neither be made again nor graded. Show it to no student.")
    class_ = Class(known, tuple(one.number for one in chosen), course, bundles)
    todo = [student for student in students if not class_.finished(student)]
    with scratch(private / "work") as work:
        made = _made(class_, todo, work, workers)
        if progress:
            from tqdm.auto import tqdm

            made = tqdm(made, total=len(todo), unit=" bundles", desc="release", disable=not todo)
        replaced = sum(made)
    _hidden(class_, private)
    again = f", {replaced} of them again" if replaced else ""
    earlier = f"; {len(students) - len(todo)} were there" if len(todo) < len(students) else ""
    print(f"Made {plural(len(todo), 'bundle')}{again}{earlier}: {bundles}")
    if strangers := sorted(there - set(students)):
        more = f" and {len(strangers) - 10:,} more" if len(strangers) > 10 else ""
        print(f"Not on the roster, left as they are: {', '.join(strangers[:10])}{more}")


def _hidden(class_: Class, private: Path) -> None:
    """Make the company that no student gets, as a kernel may see it, and note its solutions for the grader."""
    folder, file = private / "companies", solutions.notes(private, None)
    company(class_.secret, None, class_.exercises, folder, "kernel")
    wanted = {
        solutions.solution_key(class_.secret, None, one, question) for one in class_.exercises for question in one.questions
    }
    if wanted <= set(solutions.Released(private.parent).solutions(None)):
        return
    solved = solutions.solved(class_.secret, None, class_.numbers, class_.course, folder)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(json.dumps({"solutions": solved}), encoding="utf-8")
    beside.replace(file)


def _number(given: str | int, course: Path | None) -> int:
    """The number of an exercise that is given by it, or by the path of its notebook."""
    if re.fullmatch(r"\d{1,3}", str(given)):
        return int(given)
    number = re.match(r"\d{1,3}", Path(given).name)
    if not number or not Path(given).is_file():
        raise ArgumentError(f"{given!r} is neither the number of an exercise nor a notebook in exercises/.")
    own = exercise(int(number[0]), course).path
    if own != Path(given).resolve():
        raise ArgumentError(f"{given!r} is not what students get: exercise {int(number[0])} is {own}.")
    return int(number[0])


def _entries(bundles: Path) -> set[str]:
    """The students whose bundles are there."""
    try:
        return {path.stem if path.suffix == ".zip" else path.name for path in bundles.iterdir() if path.name[0] != "."}
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise DataUnavailable(f"{str(bundles)!r} cannot be used as a folder: {error.strerror}. Name another one.") from None


def _fitting(private: Path, there: set[str], chosen: Sequence[Exercise], secret_file: Path) -> None:
    """Refuse to mix bundles of another secret or of other exercises."""
    known = secret(secret_file) if secret_file.exists() else None
    try:
        before = json.loads((private / "release.json").read_text(encoding="utf-8"))
        numbers, whose = set(before["exercises"]), before["secret"]
    except FileNotFoundError:
        numbers, whose = set(), None
    except (OSError, ValueError, KeyError, TypeError):
        raise DataFileError(f"{private / 'release.json'} is damaged: put it back, or name a new folder.") from None
    if there and (known is None or whose != variants.tag(known, "release")):
        told = "is gone" if known is None else "is not the one that they were made with"
        raise ArgumentError(
            f"There are bundles in {private.parent}, but the secret {secret_file} {told}: put it back, or name a new folder."
        )
    if there and (lacking := numbers - {one.number for one in chosen}):
        raise ArgumentError(
            f"The bundles in {private.parent} hold exercise {', '.join(map(str, sorted(lacking)))} too: name it as well, "
            f"or another folder, with --secret {secret_file} (then each student keeps their company)."
        )


def _note(private: Path, chosen: Sequence[Exercise], known: bytes, roster_file: Path) -> None:
    """Say what was released, for the next run and for the grader."""
    told = {
        "exercises": [one.number for one in chosen],
        "secret": variants.tag(known, "release"),
        "simulator": variants.simulator(),
        "opscourse": opscourse.__version__,
    }
    for name, content in (("roster.csv", roster_file.read_bytes()), ("release.json", json.dumps(told, indent=1).encode())):
        beside = private / f".{name}.{os.getpid()}"
        beside.write_bytes(content)
        beside.replace(private / name)


def _made(class_: Class, students: Sequence[str], work: Path, workers: int) -> Iterator[bool]:
    """Make these students' bundles in any order; each one says whether it replaced another."""
    workers = min(workers, len(students))
    if workers <= 1:
        yield from (_bundle(class_, student, work) for student in students)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=attach) as pool:
        try:
            for done in as_completed([pool.submit(_bundle, class_, student, work) for student in students]):
                yield done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _bundle(class_: Class, student: str, work: Path) -> bool:
    """Make one bundle and put it in its place, the zip last."""
    made, archive = work / student, work / f"{student}.zip"
    folder, zipped = class_.bundles / student, class_.bundles / f"{student}.zip"
    try:
        solved: dict = {}
        data = company(class_.secret, student, class_.exercises, work / "companies" / student, "bundle", solved=solved)
    except OpsCourseError as error:
        raise type(error)(f"The bundle of {student!r} cannot be made: {error}") from None
    replaced = _unchanged(student, folder / "company" / "company.json", data / "company.json")
    notes = work / f"{student}.json"  # of the grader
    notes.write_text(solutions.noted(class_.secret, student, class_.exercises, solved, data), encoding="utf-8")
    made.mkdir()
    data.rename(made / "company")
    shutil.rmtree(work / "companies" / student)
    names = [one.path.name for one in class_.exercises]
    for one in class_.exercises:
        (made / one.path.name).write_text(one.notebook, encoding="utf-8", newline="\n")
    text = README.format(notebooks=", ".join(names), id=student, first=names[0])
    (made / "README.txt").write_text(text, encoding="utf-8", newline="\n")
    _zip(made, archive, class_.stamp(student))
    zipped.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        folder.rename(work / f"{student}.old")
    made.rename(folder)
    notes.rename(solutions.notes(class_.bundles.parent / "private", student))
    archive.rename(zipped)
    return replaced


def _unchanged(student: str, before: Path, now: Path) -> bool:
    """Whether there was a bundle. Raises DataUnavailable if its data were others: somebody may be working on them."""
    try:
        tables = [json.loads(path.read_text(encoding="utf-8"))["tables"] for path in (before, now)]
        same = all(one["values"] == tables[0][name]["values"] for name, one in tables[1].items() if name in tables[0])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if not same:
        raise DataUnavailable(
            f"The data of {student!r} would no longer be those in {before.parent}: opscourse, numpy or pyarrow has another "
            "version than when they were made. Install the earlier one, or name a new folder."
        )
    return True


def _zip(folder: Path, out: Path, comment: str) -> None:
    """The folder as a zip with the same bytes each time."""
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix())  # of 1 January 1980, as all of them
            entry.compress_type = zipfile.ZIP_STORED if path.suffix == ".parquet" else zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, path.read_bytes())
        archive.comment = comment.encode()
