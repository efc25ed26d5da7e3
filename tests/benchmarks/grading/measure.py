"""What a command costs, with all processes that come of it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import subprocess
import threading
import time
from pathlib import Path
from typing import NamedTuple

import psutil

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, <linux/prctl.h>: orphans become our children, so that their CPU time is counted


class Job(NamedTuple):
    """A command and where it is started."""

    command: list[str]
    folder: Path
    environment: dict[str, str]


class Cost(NamedTuple):
    """Seconds, CPU seconds of all processes, the highest sum of their memory, processes left running."""

    wall: float
    cpu: float
    peak_mb: float
    left: int


def measured(jobs: list[Job], log: Path, every: float = 2.0) -> Cost:
    """Run commands side by side to their ends. Raises RuntimeError with the log's end if one fails."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    ended, peak = threading.Event(), [0.0]

    def watch() -> None:
        while not ended.wait(every):
            peak[0] = max(peak[0], sum(memory_mb(process.pid) for process in psutil.Process().children(recursive=True)))

    watcher = threading.Thread(target=watch, daemon=True)
    with log.open("wb") as out:
        start = time.perf_counter()
        started = {
            process.pid: process
            for process in (
                subprocess.Popen(
                    job.command, cwd=job.folder, env=job.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out
                )
                for job in jobs
            )
        }
        watcher.start()
        cpu, running = 0.0, set(started)
        while running:
            pid, status, used = os.wait4(-1, 0)
            cpu += used.ru_utime + used.ru_stime
            if pid in running:
                running.remove(pid)
                started[pid].returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
    ended.set()
    watcher.join()
    left, more = cleared()
    if any(process.returncode for process in started.values()):
        raise RuntimeError(f"{jobs[0].command} failed:\n{log.read_text(errors='replace')[-3000:]}")
    return Cost(wall, cpu + more, peak[0], left)


def memory_mb(pid: int) -> float:
    """The proportional set size of a process (pages shared by n processes count 1/n); 0 if it has just ended."""
    try:
        return int(re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)[1]) / 1024
    except PermissionError:  # a process that confined itself may not be looked into: its resident size is more, never less
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, TypeError):
        return 0.0


def cleared(patience: float = 3.0) -> tuple[int, float]:
    """End what a command left running, having given it some time: how many processes, and the CPU seconds they took."""
    end = time.monotonic() + patience
    while (left := alive()) and time.monotonic() < end:
        time.sleep(0.05)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    cpu = 0.0
    while True:
        try:
            used = os.wait4(-1, 0)[2]
        except ChildProcessError:
            return len(left), cpu
        cpu += used.ru_utime + used.ru_stime


def alive() -> list[psutil.Process]:
    """All processes that come of this one and run."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
