"""The watch over a run: its clock, the memory and threads of its processes, its disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

import psutil

from opscourse.grading.records import Limits, Stop
from opscourse.grading.warm import Forked

__all__ = ["TICK", "Watch", "empty"]

WRITTEN = 10  # times the space that its files may take, a run may write in all
CROWD = 16  # threads; a kernel with more keeps to one processor, so that it does not slow down its neighbours
TICK = 0.05  # seconds between two looks
START = 120.0  # seconds that a kernel may take to start
GRACE = 3.0  # seconds that a cell has to end after nbval interrupted it


class Watch:
    """Watches a runner and its kernel, and ends them."""

    def __init__(self, runner: Forked, work: Path, limits: Limits, last: float, core: int | None = None) -> None:
        now = time.monotonic()
        self.cell: int | None = None  # the one that runs, or ran last
        self.stop: tuple[Stop, str] | None = None  # why the run had to be ended
        self.finished = False  # all cells have run
        self.peak_mb = 0.0  # of the kernel
        self._runner, self._work, self._limits, self._core = runner, work, limits, core
        self._processes = [psutil.Process(runner.pid)]  # the kernel comes second
        self._first_mb: dict[int, float] = {}
        self._until = min(last, now + START + limits.notebook_seconds)
        self._cell_until = now + START
        self._next = self._next_disk = now

    def kernel_started(self, pid: int) -> None:
        """Watch this process too."""
        self._until = min(self._until, time.monotonic() + self._limits.notebook_seconds)
        with contextlib.suppress(psutil.NoSuchProcess):
            self._processes.append(psutil.Process(pid))

    def cell_started(self, cell: int) -> None:
        """Its clock runs."""
        if self.stop is None:
            self.cell = cell
        self._cell_until = time.monotonic() + self._limits.cell_seconds + GRACE

    def cell_ended(self) -> None:
        """Its clock stands. What it wrote is not the next one's."""
        self._cell_until = self._until
        self._look_at_disk()

    def over(self) -> bool:
        """Whether the run must be ended: `stop` says why, unless a process ended by itself."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + TICK
        limits = self._limits
        if now > self._until:
            self.stop = (
                Stop.TIMEOUT,
                f"The notebook ran longer than {limits.notebook_seconds:g} seconds, and was in this cell.",
            )
        elif now > self._cell_until:
            self.stop = (
                Stop.TIMEOUT,
                f"The cell ran longer than {limits.cell_seconds:g} seconds and could not be interrupted.",
            )
        elif now > self._next_disk:
            self._look_at_disk()
        try:
            for process in self._processes:
                if process.status() == psutil.STATUS_ZOMBIE:
                    return True
                self._look_at(process)
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:  # between its last breath and its end
            pass
        return self.stop is not None

    def _look_at_disk(self) -> None:
        begun, most = time.monotonic(), self._limits.disk_mb
        if self.stop is None and _size(self._work, most << 20) > most << 20:
            self.stop = (Stop.ENDED, f"The cell wrote more than {most} MB of files.")
        looked = time.monotonic()
        self._next_disk = looked + max(5 * TICK, 10 * (looked - begun))  # many files take long to count

    def _look_at(self, process: psutil.Process) -> None:
        mb = process.memory_info().rss / 2**20
        first = self._first_mb.setdefault(process.pid, mb)
        if mb - first > self._limits.memory_mb:
            self.stop = (Stop.MEMORY, f"The cell needed more than {self._limits.memory_mb} MB of memory.")
        if process is not self._processes[0]:
            self.peak_mb = max(self.peak_mb, mb)
            told = process.io_counters()
            if max(told.write_bytes, told.write_chars) > WRITTEN * self._limits.disk_mb << 20:  # to files that nobody finds too
                self.stop = (Stop.ENDED, f"The cell wrote more than {WRITTEN * self._limits.disk_mb} MB of files.")
            threads = process.num_threads()
            if threads > CROWD and self._core is not None:
                for thread in process.threads():
                    with contextlib.suppress(OSError):  # it has ended
                        os.sched_setaffinity(thread.id, {self._core})
            if threads > self._limits.processes:
                self.stop = (Stop.ENDED, f"The cell started more than {self._limits.processes} threads or processes.")

    def end(self) -> None:
        """End both processes, and wait until they have gone."""
        for process in self._processes[1:]:
            self.peak_mb = max(self.peak_mb, _peak_mb(process.pid))
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._runner.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._runner.wait(10)
        psutil.wait_procs(self._processes, timeout=10)
        self._runner.close()


def _peak_mb(pid: int) -> float:
    """The most memory that a process ever used, where Linux tells."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as status:
        return next((int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")), 0.0)
    return 0.0


def _size(folder: Path, enough: int) -> int:
    """Bytes that a folder takes on disk; counting ends when it is enough."""
    total = 0
    folders = [str(folder)]
    while folders and total <= enough:
        # What lies too deep for this is still counted as written.
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                total += 512  # its name
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    total += getattr(status, "st_blocks", status.st_size >> 9) * 512
                    if stat.S_ISDIR(status.st_mode):
                        folders.append(entry.path)
    return total


def empty(folder: Path) -> None:
    """Remove all that is in a folder, whatever somebody made there."""
    for entry in list(os.scandir(folder)) if folder.is_dir() else []:
        with contextlib.suppress(OSError, RecursionError):
            shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
        if os.path.lexists(entry.path):  # folders in folders too deep for Python, or closed to us
            for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
                subprocess.run([*command, "--", entry.path], stderr=subprocess.DEVNULL)
