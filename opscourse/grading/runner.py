"""Running one notebook on one company: nbval as it is, in a process of its own, on a confined kernel, watched from outside.

Three processes: the grader, which watches; the *runner*, forked for one run, in which pytest and nbval work (`reporter`); the
kernel, forked for one run, in which the student's code works (`kernel`). What the kernel sends reaches only the runner; what
the runner reports is plain, short JSON. Both die with the run.
"""

from __future__ import annotations

import json
import os
import select
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from opscourse.errors import DataUnavailable
from opscourse.grading import sandbox, warm
from opscourse.grading.records import Limits, Ran, Stop
from opscourse.grading.watch import TICK, Watch, empty

__all__ = ["run", "start", "stop"]

LONGEST = 1 << 21  # bytes of one report
DIED = (Stop.ENDED, "The kernel ended in this cell: its code made Python exit or crash.")
STARTS = 3  # tries to start a kernel before the class is given up
RUNNER = ["opscourse.grading.reporter"]
KERNEL = [
    *warm.LIBRARIES,
    *("opscourse.grading.sandbox", "opscourse.company.store", "opscourse.exercise.session"),
    *("tornado.platform.asyncio", "IPython.core.completerlib", "IPython.core.oinspect", "IPython.extensions.storemagic"),
]


def run(notebook: str, company: Path, work: Path, limits: Limits, strict: bool = True) -> Ran:
    """Run a notebook on a company, in the directory `work`, which is emptied before and after; return what its questions gave.

    A cell that ends or hangs its kernel is taken out and the notebook run again, so that the others earn what they can.
    After it no process of the run is left. Several may run at once, in threads or processes.

    Raises:
        DataUnavailable: the notebook cannot be read; or `strict` and this machine cannot enforce a protection.
    """
    try:
        content = json.loads(notebook)
        cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    except (ValueError, LookupError, TypeError) as error:
        raise DataUnavailable(f"The notebook cannot be read ({type(error).__name__}: {error}).") from None
    for cell in cells:
        cell.update(outputs=[], execution_count=None)  # nothing for nbval to compare with
    this = _Run(content, cells, company.resolve(), work.resolve(), limits, strict)
    this.core = _cores.pop() if _cores else None
    try:
        while this.again():
            pass
    finally:
        empty(work)
        if this.core is not None:
            _cores.append(this.core)
    return Ran(this.answers, {**this.stops, **this.killed}, this.seconds, this.peak_mb, tuple(this.unenforced))


def start() -> None:
    """Start the fork server for kernels already: it imports while the grader does, which takes as long as all else together.

    Raises DataUnavailable where there is no fork.
    """
    _server("kernel")


def stop() -> None:
    """End every run of this process, now; their callers get DataUnavailable."""
    with _lock:
        servers = list(_servers.values())
        _servers.clear()
    for server in servers:
        server.close()


class _Run:
    """One run, with its repetitions."""

    def __init__(
        self, content: Any, cells: list[dict[str, Any]], company: Path, work: Path, limits: Limits, strict: bool
    ) -> None:
        self.core: int | None = None  # the processor that a kernel with many threads has to itself
        self.answers: dict[str, Any] = {}
        self.stops: dict[str, tuple[Stop, str]] = {}
        self.killed: dict[str, tuple[Stop, str]] = {}
        self.seconds: dict[str, float] = {}
        self.peak_mb = 0.0
        self.unenforced: list[str] = []
        self._content, self._cells = content, cells
        self._marks = [cell.get("metadata", {}).get("opscourse", {}) for cell in cells]
        self._company, self._work, self._limits, self._strict = company, work, limits, strict
        self._taken: tuple[int, str, str] | None = None  # the cell taken out last, its source, its question
        self._last = time.monotonic() + 2 * limits.notebook_seconds
        self._starts = 1

    def again(self) -> bool:
        """Run the notebook once. Returns whether it must be run again, because a cell had to be taken out."""
        servers = [_server("runner"), _server("kernel")]
        try:
            watch = self._attempt(*servers)
        except DataUnavailable:
            if any(server.closed for server in servers):  # whatever it met then
                raise DataUnavailable("The run was stopped.") from None
            raise
        if watch.finished:
            return False
        if any(server.closed for server in servers):
            raise DataUnavailable("The run was stopped.")
        if all(server.alive() for server in servers):
            if watch.cell is None and self._starts < STARTS:
                self._starts += 1
                return True
            if watch.cell is None:
                raise DataUnavailable(f"The notebook could not be run: its kernel did not start. {(watch.stop or DIED)[1]}")
            if not self._take_out(watch.cell, watch.stop or DIED):
                return False
        return time.monotonic() < self._last

    def _take_out(self, ended: int, why: tuple[Stop, str]) -> bool:
        """Take out the student's last cell up to the one where the kernel ended: the course's own do no harm.

        If that is an earlier one than last time (a thread that goes on, say), the last one did no harm: it comes back.
        """
        left = range(ended, -1, -1)
        own = (cell for cell in left if self._marks[cell].get("role") == "answer" and self._cells[cell]["source"])
        blamed = next(own, None)
        if blamed is not None:
            if self._taken and blamed < self._taken[0]:
                back, source, question = self._taken
                self._cells[back]["source"] = source
                self.killed.pop(question, None)
            question = self._marks[blamed].get("question", "")
            self._taken = (blamed, self._cells[blamed]["source"], question)
            self._cells[blamed]["source"] = ""
            self.killed[question] = why
        elif question := self._marks[ended].get("question"):
            self.killed.setdefault(question, why)
        return blamed is not None

    def _attempt(self, runners: warm.Zygote, kernels: warm.Zygote) -> Watch:
        empty(self._work)
        (self._work / ".kernel").mkdir(parents=True, mode=0o700)
        (self._work / "notebook.ipynb").write_text(json.dumps(self._content), encoding="utf-8")
        task = {
            "company": str(self._company),
            "work": str(self._work),
            "limits": asdict(self._limits),
            "strict": self._strict,
            "kernels": kernels.path,
        }
        ours, theirs = os.pipe()
        try:
            streams = {"cwd": self._work, "stdout": warm.NOTHING, "stderr": warm.NOTHING}
            begin = "opscourse.grading.reporter:begin"
            runner = warm.fork_with_streams(runners.path, begin, [task], runners.env, streams, [theirs])
        except OSError as error:
            os.close(ours)
            raise DataUnavailable(f"No process could be started to run the notebook: {error}.") from None
        finally:
            os.close(theirs)
        watch = Watch(runner, self._work, self._limits, self._last, self.core)
        stops: dict[str, tuple[Stop, str]] = {}
        times: dict[str, float] = {}
        try:
            for report in _reports(ours, watch):
                if "ended" in report:
                    watch.cell_ended()
                    self._take_down(report, stops, times)
                elif "cell" in report:
                    watch.cell_started(report["cell"])
                elif "kernel" in report:
                    watch.kernel_started(report["kernel"])
                elif "unenforced" in report:
                    self.unenforced = report["unenforced"]
                    if self._strict and self.unenforced:
                        raise DataUnavailable(f"This machine cannot confine a notebook. {' '.join(self.unenforced)}")
                elif "problem" in report:
                    raise DataUnavailable(f"The notebook could not be run: {report['problem']}")
                elif "broken" in report:
                    watch.stop = (Stop(report["broken"][0]), report["broken"][1])
                    break
                elif "finished" in report:
                    watch.finished = True
                    break
        finally:
            os.close(ours)
            watch.end()
            self.peak_mb = max(self.peak_mb, watch.peak_mb)
            self.stops = {question: stop for question, stop in self.stops.items() if question not in times} | stops
            self.seconds |= times
        return watch

    def _take_down(self, report: Mapping[str, Any], stops: dict[str, tuple[Stop, str]], times: dict[str, float]) -> None:
        question = self._marks[report["ended"]].get("question")
        if not question:
            return
        times[question] = times.get(question, 0.0) + report["seconds"]
        if "answer" in report:
            self.answers[question] = report["answer"]
        if report["stop"]:
            stops.setdefault(question, (Stop(report["stop"][0]), report["stop"][1]))


def _reports(descriptor: int, watch: Watch) -> Iterator[dict[str, Any]]:
    """The runner's reports as they come; ends when it does, or when the watch says so."""
    text, over = b"", False
    while len(text) < LONGEST:
        if not select.select([descriptor], [], [], 0)[0]:  # all is read: the watch knows which cell runs, and so whom to blame
            if over:
                return
            over = watch.over()
            if not select.select([descriptor], [], [], 0 if over else TICK)[0]:
                continue
        part = os.read(descriptor, 1 << 16)
        if not part:
            return
        *lines, text = (text + part).split(b"\n")
        for line in lines:
            yield json.loads(line)


_servers: dict[str, warm.Zygote] = {}
_lock = threading.Lock()
_cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _server(name: str) -> warm.Zygote:
    """The fork server for runners, or for kernels: one of each in a process, from the first run to its end."""
    if not hasattr(os, "fork"):
        raise DataUnavailable("Notebooks are run in forked processes, which this system does not have; on Windows use WSL 2.")
    with _lock:
        server = _servers.get(name)
        if server is None or server.owner != os.getpid() or not server.alive():
            options = {
                "runner": {"preload": RUNNER, "around": "opscourse.grading.reporter:around"},
                "kernel": {"preload": KERNEL, "prepare": "opscourse.grading.kernel:prepare", "orphans_die": True},
            }
            _servers[name] = server = warm.Zygote(env=_environment(), **options[name])
        return server


def _environment() -> dict[str, str]:
    """The environment of both fork servers: nothing of the grader's own that a notebook need not know."""
    names = ("PATH", "HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    env = {name: os.environ[name] for name in names if name in os.environ}
    fixed = {"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return {**env, **sandbox.AT_START, **fixed, "JUPYTER_DEFAULT_PROVISIONER_NAME": "opscourse-grading"}
