"""The page that a student gets back: `feedback/<id>.html`, one file without scripts that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from opscourse.grading.pages import handed_in, label, ordered, render, save
from opscourse.grading.records import Result

__all__ = ["page", "write"]


def write(results: Sequence[Result], out: Path) -> list[Path]:
    """Write one page a student with all exercises; nothing in it is about anybody else."""
    of_students = groupby(ordered(results), key=lambda result: result.student.id)
    return [save(out / "feedback" / f"{student}.html", page(list(own))) for student, own in of_students]


def page(results: Sequence[Result]) -> str:
    """The page of one student as HTML. A mark's `note` is the teacher's and is not in it."""
    exercises = [
        {
            "label": label(result),
            "handed_in": handed_in(result),
            "points": result.points,
            "possible": result.possible,
            "attempt": result.attempt,
            "attempts": result.attempts,
            "origin": result.origin,
            "marks": result.marks,
        }
        for result in results
    ]
    return render("feedback.html", student=results[0].student, exercises=exercises)
