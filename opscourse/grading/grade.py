"""Grading a class: run what was handed in, judge it, and write gradebook and reports."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import shutil
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property, partial
from importlib import metadata
from itertools import groupby
from pathlib import Path
from typing import Any

import nbformat
from tqdm import tqdm

from opscourse.company.generate import attach
from opscourse.errors import DataFileError, DataUnavailable
from opscourse.grading import judge, pool, roster, solutions, submissions, transplant, variants
from opscourse.grading.book import Book, digest
from opscourse.grading.records import Attempt, Limits, Mark, Ran, Ready, Result, Status, Student

__all__ = ["Grading", "HandedOut", "grade", "handed_out"]

FORM = ("kind", "keys", "cases", "options", "ordered")  # what reading an answer depends on; a tolerance is for judging


@dataclass(frozen=True)
class HandedOut:
    """What `opscourse release` gave a class."""

    secret: bytes
    exercises: tuple[variants.Exercise, ...]
    students: tuple[Student, ...]
    course: Path | None


def handed_out(
    folder: Path, roster_file: Path | None = None, course: Path | None = None, secret_file: Path | None = None
) -> HandedOut:
    """Read what a release left for the teacher. Raises DataUnavailable if there is nothing, DataFileError if it is damaged."""
    private = folder / "private"
    try:
        numbers = json.loads((private / "release.json").read_text(encoding="utf-8"))["exercises"]
    except FileNotFoundError:
        raise DataUnavailable(
            f"{str(folder)!r} holds no release: name the folder of `opscourse release` with --release."
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise DataFileError(f"{private / 'release.json'} is damaged: run `opscourse release` once more.") from None
    students = roster.read(roster_file or private / "roster.csv")
    exercises = tuple(variants.exercise(number, course) for number in numbers)
    return HandedOut(variants.secret(secret_file or private / "secret"), exercises, tuple(students), course)


@dataclass(frozen=True)
class Grading:
    """One class: what was released, and how it is to be graded."""

    handed_out: HandedOut
    folder: Path  # of the release
    out: Path
    workers: int = 1
    strict: bool = True
    limits: Limits = field(default_factory=Limits)
    scheduler: str = ""

    @cached_property
    def students(self) -> dict[str, Student]:
        """The roster, by id."""
        return {one.id: one for one in self.handed_out.students}

    @cached_property
    def exercises(self) -> dict[int, variants.Exercise]:
        """The exercises, by number."""
        return {one.number: one for one in self.handed_out.exercises}

    @cached_property
    def engine(self) -> str:
        """What a run depends on beside the notebook and the company."""
        packages = ("opscourse", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "seaborn", "statsmodels")
        versions = [f"{name} {metadata.version(name)}" for name in packages]
        return json.dumps([sys.version, versions, asdict(self.limits)])

    @cached_property
    def released(self) -> solutions.Released:
        """What the release left."""
        return solutions.Released(self.folder)

    def kernel_company(self, student: str | None) -> str:
        """The folder of one student's company as a kernel may see it (None: the hidden one)."""
        exercises = list(self.exercises.values())
        bundle = student and self.released.company(student)
        folder = (self.out if student else self.folder) / "private" / "companies"
        return str(variants.company(self.handed_out.secret, student, exercises, folder, "kernel", bundle))

    def run_key(self, student: str | None, exercise: variants.Exercise, notebook: str) -> str:
        """The hash of all that a run follows from."""
        forms = [[number, _reading(question.bare().public())] for number, question in exercise.questions.items()]
        whose = "hidden" if student is None else f"student {student}"
        parts = (whose, variants.simulator(), *exercise.tables, json.dumps(forms, sort_keys=True), self.engine)
        return digest(self.handed_out.secret, notebook, *parts)


def _reading(form: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: form[name] for name in FORM if name in form}
    if "columns" in form:
        told["columns"] = {name: kind if isinstance(kind, str) else "number" for name, kind in form["columns"].items()}
    if "result" in form:
        told["result"] = _reading(form["result"])
    return told


def grade(source: Path, grading: Grading) -> list[Result]:
    """Grade what was handed in and return all results; runs that the book knows are not run again.

    Raises DataUnavailable if this machine cannot confine a kernel and the grading is strict.
    """
    with Book(grading.out / "grades.sqlite") as book, _work(grading.out) as work:
        attempts = submissions.found(source, grading.handed_out.students, list(grading.exercises))
        book.keep(attempts)
        counted = _counted(attempts, list(grading.exercises))
        readies = {at: _ready(one, grading.exercises[at[1]]) for at, one in counted.items()}
        _run(grading, book, work, readies)
        _solve(grading, book, [student for (student, _), ready in readies.items() if isinstance(ready, Ready)])
        results = _results(grading, book, attempts, counted, readies)
    _report(grading.out, results, [one for one in attempts if not one.student or one.exercise is None])
    return results


@contextlib.contextmanager
def _work(out: Path) -> Iterator[Path]:
    """A private folder for runs, on the disk of the results: a /tmp in memory would be a way to fill it. Gone afterwards.

    One that a killed grader left is removed first.
    """
    folder = out / "private" / "work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _counted(attempts: Sequence[Attempt], exercises: Sequence[int]) -> dict[tuple[str, int], Attempt]:
    """The attempt that counts, by student and exercise: the last one.

    A file that cannot be opened far enough to see its exercise counts where the student handed in nothing else.
    """
    known = sorted((one for one in attempts if one.student), key=lambda one: one.number)
    last = {(one.student, one.exercise): one for one in known if one.exercise is not None}
    for one in reversed(known):
        if one.exercise is None:
            last = {(one.student, number): one for number in exercises} | last
    return dict(sorted(last.items()))


def _ready(attempt: Attempt, exercise: variants.Exercise) -> Ready | str:
    """The notebook to run, or why there is none."""
    if attempt.problem:
        return attempt.problem
    try:
        return transplant.ready(attempt.content, _pristine(exercise.notebook), list(exercise.questions))
    except DataFileError as error:
        return str(error)


@cache
def _pristine(notebook: str) -> nbformat.NotebookNode:
    return nbformat.reads(notebook, as_version=4)


def _run(grading: Grading, book: Book, work: Path, readies: Mapping) -> None:
    """Run every notebook as far as the book does not have its runs, and store them as they come.

    The run on the hidden company belongs to all who handed in the same notebook: it is stored only if it was made.
    """
    jobs, keys_of = [], {}
    for (student, number), ready in readies.items():
        if not isinstance(ready, Ready):
            continue
        exercise = grading.exercises[number]
        keys = {
            "own": grading.run_key(student, exercise, ready.notebook),
            "hidden": grading.run_key(None, exercise, ready.notebook),
        }
        own, hidden = (_usable(book.ran(key), grading.strict) for key in keys.values())
        missing = [which for which, ran in (("own", own), ("hidden", hidden)) if ran is None]
        if missing and (own is None or own.answers):
            keys_of[student, number] = keys
            jobs.append((student, number, ready.notebook, missing))
    if not jobs:
        return
    ready_jobs = (
        pool.Job(
            student,
            number,
            notebook,
            {which: grading.kernel_company(student if which == "own" else None) for which in missing},
            grading.limits,
            grading.strict,
        )
        for student, number, notebook, missing in jobs
    )
    if grading.scheduler:
        from opscourse.grading import cluster

        done = cluster.runs(ready_jobs, grading.scheduler)
    else:
        from opscourse.grading import runner

        done = pool.local(ready_jobs, partial(run_job, work), grading.workers, runner.stop)
    for job, runs in _progress(done, "notebooks", len(jobs)):
        keys = keys_of[job.student, job.exercise]
        book.store(job.student, job.exercise, {which: (keys[which], ran) for which, ran in runs.items()})


def _solve(grading: Grading, book: Book, students: Sequence[str]) -> None:
    """See that the book has the solutions on every company that is judged: the release's, or worked out now."""
    known, secret = book.solved(), grading.handed_out.secret
    todo = []
    for student in [None, *sorted(set(students))]:
        keys = {
            solutions.solution_key(secret, student, exercise, name)
            for exercise in grading.exercises.values()
            for name in exercise.questions
        }
        if keys - known:
            noted = {key: one for key, one in grading.released.solutions(student).items() if key in keys}
            book.solve(noted)
            if keys - known - set(noted):
                todo.append(student)
    if not todo:
        return
    made = grading.handed_out
    solve = partial(
        solutions.solved,
        secret,
        numbers=list(grading.exercises),
        course=made.course,
        folder=grading.out / "private" / "companies",
    )
    with ProcessPoolExecutor(min(grading.workers, len(todo)), multiprocessing.get_context("spawn"), attach) as processes:
        futures = [processes.submit(solve, student) for student in todo]
        try:
            for future in _progress(as_completed(futures), "solutions", len(todo)):
                book.solve(future.result())
        except BaseException:
            processes.shutdown(wait=False, cancel_futures=True)
            raise


def _usable(ran: Ran | None, strict: bool) -> Ran | None:
    return None if ran and strict and ran.unenforced else ran


def run_job(work: Path, job: pool.Job) -> dict[str, Ran]:
    """Run one submission on its companies. Without any answer on the own one, the hidden one can add nothing."""
    from opscourse.grading import runner

    runs: dict[str, Ran] = {}
    for which, folder in job.companies.items():
        if which == "own" or "own" not in runs or runs["own"].answers:
            runs[which] = runner.run(job.notebook, Path(folder), work / uuid.uuid4().hex[:12], job.limits, job.strict)
    return runs


def _results(grading: Grading, book: Book, attempts: Sequence[Attempt], counted: Mapping, readies: Mapping) -> list[Result]:
    """Judge every run; a student on the roster who handed in nothing has a result too."""
    tries = Counter((one.student, one.exercise) for one in attempts)
    owners = judge.Owners()
    results = []
    for number, exercise in grading.exercises.items():
        hidden_solutions = _solutions(grading, book, None, exercise)
        for student in grading.students.values():
            at = (student.id, number)
            attempt, ready = counted.get(at), readies.get(at)
            made = tries[at] or tries[student.id, None]
            told = {"student": student, "exercise": number, "title": exercise.title, "attempts": made}
            if attempt:
                told |= {"attempt": attempt.number, "origin": attempt.origin}
            if not isinstance(ready, Ready):
                status, sentence = (Status.UNREADABLE, ready) if attempt else (Status.ABSENT, "nothing was handed in")
                marks = [Mark(name, status, 0.0, asked.points, sentence) for name, asked in exercise.questions.items()]
                results.append(Result(**told, marks=tuple(marks)))
                continue
            own = book.ran(grading.run_key(student.id, exercise, ready.notebook))
            hidden = (own.answers and book.ran(grading.run_key(None, exercise, ready.notebook))) or Ran()
            known = _solutions(grading, book, student.id, exercise)
            owners.add(student.id, known)
            marks = tuple(
                judge.mark(name, asked, ready, own, hidden, known[name], hidden_solutions[name])
                for name, asked in exercise.questions.items()
            )
            for mark in marks:
                if not exercise.questions[mark.question].typed and mark.status in (Status.WRONG, Status.MISTAKE):
                    owners.ask(student.id, mark.question, own.answers.get(mark.question))
            unenforced = tuple(dict.fromkeys(own.unenforced + hidden.unenforced))
            results.append(Result(**told, marks=marks, peak_mb=max(own.peak_mb, hidden.peak_mb), unenforced=unenforced))
    notes = {at: _named(whose, grading.students) for at, whose in owners.found().items()}
    for at, one in enumerate(results):
        marks = tuple(replace(mark, note=notes.get((one.student.id, mark.question), mark.note)) for mark in one.marks)
        results[at] = replace(one, marks=marks)
    return sorted(results, key=lambda one: (one.student.id, one.exercise))


def _solutions(grading: Grading, book: Book, student: str | None, exercise: variants.Exercise) -> dict[str, judge.Solution]:
    secret = grading.handed_out.secret
    return {
        name: judge.Solution.unpacked(book.solution(solutions.solution_key(secret, student, exercise, name)))
        for name in exercise.questions
    }


def _named(owners: Sequence[str], students: Mapping[str, Student]) -> str:
    named = ", ".join(f"{students[one].name} ({one})" for one in owners[:3])
    return f"right on the data of {named}" + (f" and {len(owners) - 3} more" if len(owners) > 3 else "")


def _report(out: Path, results: list[Result], strays: list[Attempt]) -> None:
    from opscourse.grading import classreport, exports, feedback

    exports.write(results, out)
    feedback.write(results, out)
    classreport.write(results, out)
    for place, group in groupby(strays, lambda one: one.origin.partition("/")[0]):
        first, *more = group
        print(f"✗ {first.origin}: {first.problem}" + (f" And {len(more)} more in {place}." if more else ""))


def _progress(items: Any, what: str, total: int | None = None) -> Iterator[Any]:
    return iter(tqdm(items, desc=what, total=total, unit="", file=sys.stderr, dynamic_ncols=True))
