"""`opscourse grade`: the fork server for kernels is started first, so that it imports while the grader itself does."""

from __future__ import annotations

import argparse
import atexit
import gc
import os
from pathlib import Path

from opscourse.errors import ArgumentError, DataUnavailable
from opscourse.grading.records import Limits

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """`opscourse grade`: grade a class. Returns 0."""
    parser = argparse.ArgumentParser(prog="opscourse grade", description="Grade what a class handed in.")
    parser.add_argument("submissions", type=Path, help="a folder or a zip file, as the learning platform exports it")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where gradebook and reports go")
    parser.add_argument("--release", type=Path, metavar="DIR", help="what `opscourse release` made (default: --out)")
    parser.add_argument("--roster", type=Path, metavar="CSV", help="a newer roster than the release had")
    parser.add_argument("--secret", type=Path, metavar="FILE", help="the course's secret, if the release was told a file")
    parser.add_argument("--course", type=Path, metavar="DIR", help="a clone of the course (default: this one)")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="notebooks at a time (default: processors)"
    )
    parser.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="a Dask cluster, tcp://host:8786, instead of this machine"
    )
    parser.add_argument(
        "--isolation", choices=("strict", "best"), default="strict", help="refuse, or only say, what cannot be enforced"
    )
    parser.add_argument("--cell-seconds", type=float, default=Limits.cell_seconds, metavar="S", help="time for one cell")
    parser.add_argument("--memory", type=int, default=Limits.memory_mb, metavar="MB", help="memory for one notebook")
    options = parser.parse_args(argv)
    if options.workers < 1:
        raise ArgumentError(f"--workers must be 1 or more, not {options.workers}.")
    if not options.submissions.exists():
        raise DataUnavailable(f"There is no {str(options.submissions)!r}.")
    if not (options.scheduler or (options.out / "grades.sqlite").exists()):  # there will be something to run
        from opscourse.grading import runner

        runner.start()
    atexit.register(gc.freeze)  # else the end looks through all that was imported for garbage, three times
    gc.disable()  # looking for garbage takes a sixth of the time of imports
    try:
        from opscourse.grading.grade import Grading, grade, handed_out

        released = handed_out(options.release or options.out, options.roster, options.course, options.secret)
    finally:
        gc.enable()
    limits = Limits(cell_seconds=options.cell_seconds, notebook_seconds=5 * options.cell_seconds, memory_mb=options.memory)
    options.out.mkdir(parents=True, exist_ok=True)
    strict = options.isolation == "strict"
    grading = Grading(released, options.release or options.out, options.out, options.workers, strict, limits, options.scheduler)
    results = grade(options.submissions, grading)
    graded = [one for one in results if one.attempt]
    print(f"{len(graded)} of {len(results)} graded; open {options.out / 'class.html'}")
    return 0
