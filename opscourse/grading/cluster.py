"""Runs of notebooks on a Dask cluster: what `pool.local` does in threads, on other machines.

A worker gets the notebook, the companies as the kernel may see them, and the limits: no truth, no secret, no roster, not even
whose notebook it is. It needs the same packages as the grader, and confines each run itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import platform
import shutil
import socket
import tempfile
import time
import uuid
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

from opscourse.company.store import PACKAGE
from opscourse.errors import ArgumentError, DataUnavailable, OpsCourseError
from opscourse.grading.book import digest
from opscourse.grading.pool import Job
from opscourse.grading.records import Limits, Ran, Stop

__all__ = ["runs"]

CONNECT = 10.0  # seconds until a scheduler has to answer
PATIENCE = 60.0  # seconds that a grading waits for a first, or another, worker
RETRIES = 2  # of a run that failed for no fault of the notebook
# what a run depends on
PACKAGES = ("duckdb", "narwhals", "nbval", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "seaborn", "statsmodels")
INSTALL = "install the same clone of the course and the versions of its requirements.lock there"


def runs(jobs: Iterable[Job], scheduler: str) -> Iterator[tuple[Job, dict[str, Ran]]]:
    """Run jobs on the cluster of this scheduler and yield each with its runs, as they come.

    Jobs of a worker that is lost are run by others. A job with which workers were lost again and again is run once more
    when all others are done, alone, so that the loss is its own fault; then its questions count as ended.

    Raises:
        ArgumentError: the address is none.
        DataUnavailable: distributed is not installed; no scheduler or no worker answers, or all have gone; or a machine of
            the cluster is unfit: another version of something, or, if the job is strict, a protection it cannot enforce.
    """
    with _Cluster(scheduler) as cluster:
        suspects = []
        for job, result in cluster.run(jobs):
            if result is None:
                suspects.append(job)
            else:
                yield job, result
        for job, result in cluster.run(suspects, at_once=1):
            yield job, result or _ended(job)


class _Cluster:
    """A connection to the scheduler. If it is left with an exception, it ends what still runs."""

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise DataUnavailable("A Dask cluster needs the package distributed: pip install 'opscourse[cluster]'") from None
        self.dask, self.address = distributed, address
        self.grading = uuid.uuid4().hex
        self.running: dict[Any, Job] = {}

    def __enter__(self) -> _Cluster:
        no_scheduler = f"No Dask scheduler answers at {self.address!r}. Start one (dask scheduler), or correct --scheduler."
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", self.dask.versions.VersionMismatchWarning)  # we look more closely
                self.client = self.dask.Client(self.address, timeout=CONNECT, set_as_default=False)
        except (ValueError, TypeError):
            raise ArgumentError(f"--scheduler takes an address such as tcp://host:8786, not {self.address!r}.") from None
        except OSError:
            raise DataUnavailable(no_scheduler) from None
        try:
            self._wait_for_workers()
            self._compare()
        except BaseException:
            self.client.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        with contextlib.suppress(Exception):  # the scheduler may be what has gone
            if kind is not None:
                self.client.cancel(list(self.running))
                self.client.run(_stop, self.grading)
        self.running.clear()
        with contextlib.suppress(Exception):
            self.client.close()

    def run(self, jobs: Iterable[Job], at_once: int | None = None) -> Iterator[tuple[Job, dict[str, Ran] | None]]:
        """Yield each job with its runs, or with None if workers were lost with it.

        Few are sent ahead, so that memory stays flat here and on the scheduler. The hidden company, which all jobs share,
        goes to each worker once, as Dask's own data; so it is made again if the worker that has it is lost.
        """
        waiting, shared = iter(jobs), {}
        while True:
            room = (at_once or self._room()) - len(self.running)
            for job in islice(waiting, max(room, 0)):
                self.running[self._sent(job, shared)] = job
            if not self.running:
                return
            for future in self._done():
                job = self.running.pop(future)
                yield job, self._result(future)

    def _sent(self, job: Job, shared: dict[str, Any]) -> Any:
        companies = {}
        for which, folder in job.companies.items():
            if which != "hidden":
                companies[which] = _packed(folder)
                continue
            if folder not in shared or shared[folder].status == "error":
                name = f"opscourse-company-{uuid.uuid4().hex}"
                shared[folder] = self.client.submit(bytes, _packed(folder), key=name, priority=1)
            companies[which] = shared[folder]
        arguments = (self.grading, _about(), job.notebook, companies, job.limits, job.strict)
        return self.client.submit(_run, *arguments, key=f"opscourse-notebook-{uuid.uuid4().hex}", retries=RETRIES)

    def _room(self) -> int:
        """As many jobs as the cluster has threads, and one waiting at each worker; one if there is none just now."""
        threads = self.client.nthreads()
        return sum(threads.values()) + len(threads) or 1

    def _done(self) -> Iterable[Any]:
        """The jobs that are done, once there is one."""
        seen = time.monotonic()
        while True:
            try:
                with self.client.as_current():
                    return self.dask.wait(list(self.running), timeout=5, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                now = time.monotonic()
                if self.client.nthreads():
                    seen = now
                elif now - seen > PATIENCE:
                    raise DataUnavailable(f"The cluster at {self.address} has lost its last worker. {GO_ON}") from None
            except self.dask.CancelledError:
                raise DataUnavailable(f"The cluster at {self.address} has dropped what it had to do. {GO_ON}") from None

    def _result(self, future: Any) -> dict[str, Ran] | None:
        if future.status == "finished":
            result = future.result()
            if isinstance(result, str):
                raise DataUnavailable(result)
            return result
        error = future.exception()
        if isinstance(error, self.dask.KilledWorker):
            return None
        if isinstance(error, OpsCourseError):
            raise error
        raise DataUnavailable(f"A worker of {self.address} failed: {type(error).__name__}: {error}")

    def _wait_for_workers(self) -> None:
        try:
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise DataUnavailable(
                f"The cluster at {self.address} has no worker. Start some: dask worker {self.address}"
            ) from None

    def _compare(self) -> None:
        """Refuse a cluster whose machines have other versions; those that come later compare themselves."""
        try:
            told = {"The scheduler": self.client.run_on_scheduler(_about)}
        except Exception as error:
            told = {"The scheduler": error}
        names = {address: worker["name"] for address, worker in self.client.scheduler_info(n_workers=-1)["workers"].items()}
        for address, about in self.client.run(_about, on_error="return").items():
            told[f"Worker {names.get(address, address)!s}"] = about
        for who, about in told.items():
            if isinstance(about, Exception):
                raise DataUnavailable(f"{who} of {self.address} has no opscourse like ours ({about}): {INSTALL}.")
            if other := _difference(about, _about()):
                raise DataUnavailable(f"{who} of {self.address} has {other}: {INSTALL}.")


GO_ON = "What was graded is kept: repair the cluster, and run the same command again."


def _ended(job: Job) -> dict[str, Ran]:
    """What a job comes to that ends each machine it is run on."""
    cells = json.loads(job.notebook)["cells"]
    questions = {cell.get("metadata", {}).get("opscourse", {}).get("question") for cell in cells} - {None}
    sentence = "Each worker of the cluster that ran this notebook was lost."
    first = next(iter(job.companies))  # as where the own run has no answer: there is no other
    return {first: Ran(stops=dict.fromkeys(sorted(questions), (Stop.ENDED, sentence)))}


def _packed(folder: str) -> bytes:
    """A company's folder as a zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(Path(folder).rglob("*")):
            archive.write(path, path.relative_to(folder))
    return content.getvalue()


def _difference(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """The first version that is another one, in words."""
    other = next((name for name in ours if theirs.get(name) != ours[name]), "")
    return other and f"{other} {theirs.get(other) or '(none)'}, not {ours[other]} as here"


@cache
def _about() -> dict[str, str]:
    """The versions of all that a run depends on, of this package by its sources."""
    sources = [(path.relative_to(PACKAGE).as_posix(), path.read_bytes()) for path in sorted(PACKAGE.rglob("*.py"))]
    ours = f"{metadata.version('opscourse')} (sources {digest(*(part for file in sources for part in file))[:8]})"
    versions = {name: metadata.version(name) for name in PACKAGES}
    return {"opscourse": ours, "Python": platform.python_version(), **versions}


# What follows runs on workers.

_stopped: set[str] = set()
_at_work: dict[str, str] = {}  # folder of a submission that is being run -> its grading


def _run(
    grading: str, expected: Mapping[str, str], notebook: str, companies: Mapping[str, bytes], limits: Limits, strict: bool
) -> dict[str, Ran] | str:
    """Run one submission here; a sentence if this machine is unfit for it."""
    import distributed

    from opscourse.grading.grade import run_job

    worker = distributed.get_worker()
    name = f"Worker {worker.name} on {socket.gethostname()}"
    if other := _difference(_about(), expected):
        return f"{name} has {other}: {INSTALL}."
    if strict and (wrong := _unfit()):
        return f"{name} cannot confine a notebook: {wrong}"
    if grading in _stopped:
        return "stopped"
    work = Path(tempfile.mkdtemp(prefix="run-", dir=worker.local_directory))
    _at_work[str(work)] = grading
    try:
        folders = {which: str(work / which) for which in companies}
        for which, content in companies.items():
            zipfile.ZipFile(io.BytesIO(content)).extractall(folders[which])
        return run_job(work, Job("", 0, notebook, folders, limits, strict))
    except OpsCourseError as error:
        raise DataUnavailable(f"{name}: {error}") from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
        del _at_work[str(work)]


@cache
def _unfit() -> str:
    """What this machine cannot enforce."""
    from opscourse.grading import sandbox

    return "; ".join(f"{one.what}: {one.wrong}" for one in sandbox.abilities() if one.wrong)


async def _stop(grading: str) -> None:
    """Begin no more runs of this grading, and end those that are on: their processes work in their folders."""
    import psutil

    _stopped.add(grading)
    while folders := tuple(f"{work}/" for work, whose in list(_at_work.items()) if whose == grading):
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if process.cwd().startswith(folders):
                    process.kill()
        await asyncio.sleep(0.1)
