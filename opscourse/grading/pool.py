"""Runs of notebooks, several at a time: here in threads, each of which waits for processes, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, NamedTuple

from opscourse.grading.records import Limits, Ran

__all__ = ["Job", "local"]


class Job(NamedTuple):
    """One submission to be run: on each company that is still missing the same notebook, the own one first."""

    student: str
    exercise: int
    notebook: str
    companies: dict[str, str]  # "own", "hidden" -> the folder of the company, as the kernel may see it
    limits: Limits
    strict: bool


def local(jobs: Iterable[Job], run: Callable[[Job], dict[str, Ran]], workers: int, stop: Callable[[], Any]) -> Iterator[Any]:
    """Yield (job, its runs) as they come. On Ctrl-C, and if the caller loses interest, `stop` ends what is running."""
    waiting = iter(jobs)
    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(run, job): job for job in islice(waiting, workers)}
        try:
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    job = running.pop(future)
                    result = future.result()
                    running |= {pool.submit(run, other): other for other in islice(waiting, 1)}
                    yield job, result
        except BaseException:
            for future in running:
                future.cancel()
            stop()
            raise
