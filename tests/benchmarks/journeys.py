"""How fast funnels and sessions are beside queries written by hand: `python tests/benchmarks/journeys.py [EVENTS]`.

Both must find the same. Each pair takes turns; the table has the least seconds, wall and CPU, and their ratios.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl

from opscourse.data import funnel, sessions

STEPS = ["view", "detail", "cart", "pay"]
WINDOW, GAP = dt.timedelta(days=7), dt.timedelta(hours=12)
NEXT = """
s{step} as (
  select b.user_id, b.t, start from log as b asof join s{before} as a on b.user_id = a.user_id and b.t > a.t
  where name = '{name}'
)"""
LAG = """
with log as (
  select *, coalesce(ts - lag(ts) over (partition by user_id order by ts) > interval 12 hours, true)::int as new from log
)
select * exclude new, sum(new) over (partition by user_id order by ts) as session from log"""


def clicks(events: int) -> pd.DataFrame:
    """A log without ties in time, 20 events a user in 60 days."""
    random = np.random.default_rng(0)
    seconds = random.integers(0, 60 * 86_400, events).astype("timedelta64[s]")
    names = random.choice([*STEPS, "search"], events, p=[0.4, 0.2, 0.1, 0.05, 0.25])
    log = {
        "user_id": random.integers(0, events // 20, events),
        "ts": np.datetime64("2025-03-01", "us") + seconds,
        "name": names,
    }
    return pd.DataFrame(log).drop_duplicates(["user_id", "ts"], ignore_index=True)


def duckdb_funnel(log: duckdb.DuckDBPyRelation) -> list[int]:
    query = "with log as (select user_id, epoch_us(ts) as t, name from log), "
    query += "s1 as (select user_id, t, t as start from log where name = 'view'), "
    query += ", ".join(NEXT.format(step=step, before=step - 1, name=name) for step, name in enumerate(STEPS[1:], 2))
    counts = (f"(select count(distinct user_id) from s{step} where t - start <= 604_800_000_000)" for step in range(1, 5))
    return list(log.query("log", f"{query} select {', '.join(counts)}").fetchall()[0])


def duckdb_sessions(log: duckdb.DuckDBPyRelation) -> int:
    table = log.query("log", LAG).to_arrow_table()
    return int((table["session"].to_numpy() == 1).sum())


def polars_funnel(log: pl.DataFrame) -> list[int]:
    at = log.lazy().filter(pl.col("name").is_in(STEPS)).sort("user_id", "ts").with_row_index("row")
    new = pl.col("user_id") != pl.col("user_id").shift()
    at = at.with_columns(first=pl.when(new.fill_null(True)).then("row").forward_fill())
    at = at.with_columns(start=pl.when(pl.col("name") == STEPS[0]).then("row"))
    for before, name in pairwise(STEPS):
        latest = pl.when(pl.col("name") == before).then("start").cum_max().forward_fill()
        here = pl.when(latest >= pl.col("first")).then(latest)
        at = at.with_columns(start=pl.when(pl.col("name") == name).then(here).otherwise("start"))
    done = at.collect()
    inside = done.filter(pl.col("ts") - done["ts"].gather(done["start"]) <= WINDOW)
    users = dict(inside.group_by("name").agg(pl.col("user_id").n_unique()).rows())
    return [users[name] for name in STEPS]


def polars_sessions(log: pl.DataFrame) -> int:
    new = (pl.col("ts").diff() > GAP) | (pl.col("user_id") != pl.col("user_id").shift())
    found = log.lazy().sort("user_id", "ts").with_columns(new=new.fill_null(True))
    return int((found.with_columns(session=pl.col("new").cum_sum().over("user_id")).collect()["session"] == 1).sum())


def pandas_funnel(log: pd.DataFrame) -> list[int]:
    at = log[log["name"].isin(STEPS)].sort_values(["user_id", "ts"])
    start = at["ts"].where(at["name"] == STEPS[0])
    for before, name in pairwise(STEPS):
        latest = start.where(at["name"] == before).groupby(at["user_id"]).ffill()
        start = start.where(at["name"] != name, latest)
    inside = at[at["ts"] - start <= WINDOW]
    return inside.groupby("name")["user_id"].nunique()[STEPS].tolist()


def pandas_sessions(log: pd.DataFrame) -> int:
    rows = log.sort_values(["user_id", "ts"])
    new = (rows["ts"].diff() > GAP) | (rows["user_id"] != rows["user_id"].shift())
    return int((rows.assign(session=new.groupby(rows["user_id"]).cumsum())["session"] == 1).sum())


def arrow(answer: Any) -> Any:
    """The answer, executed if it is a query."""
    return answer.to_arrow_table() if isinstance(answer, duckdb.DuckDBPyRelation) else answer


def our_funnel(log: Any) -> list[int]:
    counts = arrow(funnel(log, STEPS, WINDOW))
    return (counts["reached"].to_numpy() + counts["in_progress"].to_numpy()).tolist()


def our_sessions(log: Any) -> int:
    return int((arrow(sessions(log, GAP))["session"].to_numpy() == 1).sum())


def main(events: int) -> None:
    """Print a line for each measure and kind of frame."""
    log = clicks(events)
    connection = duckdb.connect()
    connection.execute("create table log as select * from log")
    frames = {"duckdb": connection.table("log"), "polars": pl.from_pandas(log), "pandas": log}
    print(f"{len(log):,} events, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    print("measure | frame | ours s | by hand s | ratio | ours CPU s | by hand CPU s | ratio")
    for measure, ours in (("funnel", our_funnel), ("sessions", our_sessions)):
        for kind, frame in frames.items():
            least = np.full((2, 2), np.inf)
            answers: list[Any] = [None, None]
            for _ in range(4):
                for at, query in enumerate((ours, globals()[f"{kind}_{measure}"])):
                    start, cpu = time.perf_counter(), time.process_time()
                    answers[at] = query(frame)
                    least[:, at] = np.minimum(least[:, at], [time.perf_counter() - start, time.process_time() - cpu])
            assert answers[0] == answers[1], answers
            costs = [f"{value:.2f}" for wall in least for value in (*wall, wall[0] / wall[1])]
            print(" | ".join((measure, kind, *costs)), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000)
