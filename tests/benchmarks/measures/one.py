"""One measurement in a process of its own: `python one.py '{"task": …, "engine": …, "by": …, "log": …}'` prints what it cost.

The frames are read before the clock starts, unless they are larger than memory; memory is the most resident from then on.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pandas as pd

COLUMNS = {  # of each table that a task reads
    "events": ["user_id", "ts", "name"],
    "users": ["user_id", "signup_ts"],
    "orders": ["user_id", "ts", "net_cny"],
    "touches": ["user_id", "ts", "channel_id"],
}
READS = {
    "cohorts": ("events", "users"),
    "funnel": ("events",),
    "rfm": ("orders",),
    "last_touch": ("touches", "orders"),
    "linear": ("touches", "orders"),
    "markov": ("touches", "orders"),
    "sessions": ("events",),
}
ANSWERS = {  # the columns in which all contestants must agree
    "cohorts": ["cohort", "period", "size", "active"],
    "funnel": ["event", "users"],
    "rfm": ["user_id", "recency_days", "frequency", "monetary", "r", "f", "m"],
    "last_touch": ["channel_id", "credit"],
    "linear": ["channel_id", "credit"],
    "markov": ["channel_id", "credit"],
    "sessions": ["user_id", "ts", "name", "session"],
}
LARGE = ("rfm", "sessions")  # answers of many rows, compared by the sum of their hashes


def frames(engine: str, folder: Path, tables: tuple[str, ...], large: bool, memory: str | None) -> SimpleNamespace:
    """The tables as frames of an engine; in memory unless they are large."""
    log = SimpleNamespace(connection=duckdb.connect(config={"memory_limit": memory} if memory else {}))
    if memory:
        log.connection.execute(f"set temp_directory = '{folder.parent / 'spilled'}'; set preserve_insertion_order = false")
    for table in tables:
        files = folder / (f"{table}.parquet" if table == "users" else f"{table}/*/*.parquet")
        columns = COLUMNS[table]
        if engine == "duckdb":
            kind = "view" if large else "table"
            log.connection.execute(f"create {kind} {table} as select {', '.join(columns)} from '{files}'")
            frame = log.connection.table(table)
        elif engine == "polars":
            import polars as pl

            frame = pl.scan_parquet(files, hive_partitioning=False).select(columns)
            frame = frame if large else frame.collect()
        else:
            frame = pd.read_parquet(files if table == "users" else folder / table, columns=columns)
        setattr(log, table, frame)
    return log


def executed(answer: Any, task: str, out: Path | None) -> Any:
    """The answer, if need be executed; large ones of lazy frames into a file."""
    lazy = isinstance(answer, duckdb.DuckDBPyRelation)
    if out and task in LARGE:
        answer.write_parquet(str(out)) if lazy else answer.sink_parquet(out)
        return duckdb.read_parquet(str(out))
    if lazy:
        return answer.to_arrow_table()
    return answer.collect() if hasattr(answer, "collect") else answer


def compared(answer: Any, task: str) -> list:
    """What to compare of an answer: its rows, or their number and the sum of their hashes."""
    found = answer if isinstance(answer, duckdb.DuckDBPyRelation) else duckdb.sql("from answer")
    if "in_progress" in found.columns:
        found = found.project("*, reached + in_progress as users")
    kinds = {"monetary": "double", "cohort": "date", "ts": "timestamp", "credit": "double"}
    text = ("event", "channel_id", "name")
    columns = [f"{name}::{kinds.get(name, 'varchar' if name in text else 'bigint')} as {name}" for name in ANSWERS[task]]
    found = found.project(", ".join(columns))
    if task in LARGE:
        return [list(map(str, found.aggregate(f"count(*), sum(hash({', '.join(ANSWERS[task])}))").fetchall()[0]))]
    if task == "cohorts":
        found = found.filter("active > 0")
    if "credit" in ANSWERS[task]:
        found = found.filter("credit > 0")
    return sorted([str(name), *map(float, numbers)] for name, *numbers in found.fetchall())


def peak(reset: bool = False) -> float:
    """MiB that were resident at most since the last reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def measured(task: str, engine: str, by: str, log: str, seconds: float = 2, small: str = "", memory: str | None = None) -> dict:
    """Costs and answer of one contestant; repeated for so many seconds, once at least, memory that of the first time.

    small : a log to warm up with, so that no import and no first connection counts; none for logs larger than memory.
    """
    contestant = importlib.import_module(by if by in ("ours", "tutorial") else f"with_{engine}")
    run, folder = getattr(contestant, task), Path(log)
    if small:
        executed(run(frames(engine, Path(small), READS[task], False, None)), task, None)
    tables = frames(engine, folder, READS[task], not small, memory)
    out = None if small else folder.parent / f"{task}-{engine}-{by}.parquet"
    peak(reset=True)
    walls, cpus, most, begin = [], [], None, time.perf_counter()
    while not walls or time.perf_counter() - begin < seconds:
        wall, cpu = time.perf_counter(), time.process_time()
        answer = executed(run(tables), task, out)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        most = most or peak()
    return {"wall": min(walls), "cpu": min(cpus), "MiB": most, "answer": compared(answer, task)}


if __name__ == "__main__":
    print(json.dumps(measured(**json.loads(sys.argv[1]))))
