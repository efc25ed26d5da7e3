"""How fast companies are made, and in how much memory: `python tests/benchmarks/generate.py [USERS ...]`.

Each size is made by a fresh process with its workers, everything written to disk. Memory is the largest resident size of any of
the processes, so it stays flat if blocks are really made one at a time. Compare CPU seconds where other programs run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (20_000, 200_000, 2_000_000)


def measured(users: int, folder: Path, only: tuple[str, ...] = ()) -> dict[str, float]:
    """Make one company in a process of its own: seconds, CPU seconds, MiB of the largest process, rows, MB on disk.

    only : the tables to make; all, if none are named.
    """
    out = folder / "-".join((str(users), *only))
    command = [sys.executable, "-m", "opscourse.cli", "generate", "--users", str(users), "--out", str(out)]
    command += ["--tables", *only] if only else []
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)"
    )
    start = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", code, *command], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    cpu, memory = map(float, run.stdout.split())
    tables = json.loads((out / "company.json").read_text())["tables"]
    size = sum(path.stat().st_size for path in out.rglob("*.parquet"))
    rows = {"events": tables["events"]["rows"], "all rows": sum(table["rows"] for table in tables.values())}
    return {"seconds": seconds, "CPU seconds": cpu, "MiB": memory, **rows, "MB": size / 1e6}


def main(sizes: tuple[int, ...]) -> None:
    """Print a line a size."""
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    head = ("users", "seconds", "CPU s", "largest MiB", "MB on disk", "events", "M events/s", "M events/CPU s", "M rows/s")
    print(" | ".join(head))
    with tempfile.TemporaryDirectory() as folder:
        for users in sizes:
            m = measured(users, Path(folder))
            events, rows = m["events"] / 1e6, m["all rows"] / 1e6
            speeds = (events / m["seconds"], events / m["CPU seconds"], rows / m["seconds"])
            costs = (f"{m['seconds']:.1f}", f"{m['CPU seconds']:.1f}", f"{m['MiB']:.0f}", f"{m['MB']:.0f}")
            line = (f"{users:,}", *costs, f"{events:.2f} M", *(f"{speed:.2f}" for speed in speeds))
            print(" | ".join(line), flush=True)


if __name__ == "__main__":
    main(tuple(map(int, sys.argv[1:])) or SIZES)
