"""The tasks as queries written by hand for Polars."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import chain
import polars as pl
from logs import STEPS


def cohorts(log: SimpleNamespace) -> Any:
    people = log.users.lazy().with_columns(cohort=pl.col("signup_ts").dt.truncate("1w"))
    sizes = people.group_by("cohort").agg(size=pl.len())
    end = (pl.col("ts").max() + dt.timedelta(days=1)).dt.truncate("1w")
    seen = log.events.lazy().filter(pl.col("ts") < end).join(people, on="user_id")
    seen = seen.filter(pl.col("ts") >= pl.col("signup_ts").dt.truncate("1d"))
    week = pl.col("ts").dt.truncate("1w")
    active = seen.group_by("cohort", week=week).agg(active=pl.col("user_id").n_unique())
    period = ((pl.col("week") - pl.col("cohort")).dt.total_days() // 7).alias("period")
    return active.join(sizes, on="cohort").select(pl.col("cohort").dt.date(), "size", period, "active").collect()


def funnel(log: SimpleNamespace) -> Any:
    at = log.events.lazy().filter(pl.col("name").is_in(STEPS)).sort("user_id", "ts").with_row_index("row")
    new = pl.col("user_id") != pl.col("user_id").shift()
    at = at.with_columns(first=pl.when(new.fill_null(True)).then("row").forward_fill())
    at = at.with_columns(start=pl.when(pl.col("name") == STEPS[0]).then("row"))
    for before, name in pairwise(STEPS):
        latest = pl.when(pl.col("name") == before).then("start").cum_max().forward_fill()
        here = pl.when(latest >= pl.col("first")).then(latest)
        at = at.with_columns(start=pl.when(pl.col("name") == name).then(here).otherwise("start"))
    done = at.collect()
    inside = done.filter(pl.col("ts") - done["ts"].gather(done["start"]) <= dt.timedelta(days=7))
    return inside.group_by(event="name").agg(users=pl.col("user_id").n_unique())


def rfm(log: SimpleNamespace) -> Any:
    day = pl.col("ts").dt.date()
    customers = (
        log.orders.lazy()
        .group_by("user_id")
        .agg(
            recency_days=(log.orders["ts"].max().date() - day.max()).dt.total_days(),
            frequency=pl.len(),
            monetary=pl.col("net_cny").sum().round(4),
        )
    )
    ranks = {
        "r": pl.col("recency_days").rank("min", descending=True),
        "f": pl.col("frequency").rank("min"),
        "m": pl.col("monetary").rank("min"),
    }
    scores = {name: 1 + 5 * (rank - 1).cast(pl.Int64) // pl.len() for name, rank in ranks.items()}
    return customers.with_columns(**scores).sort("user_id").collect()


def last_touch(log: SimpleNamespace) -> Any:
    orders, touches = log.orders.lazy().sort("ts"), log.touches.lazy().sort("ts")
    found = orders.join_asof(touches, on="ts", by="user_id", tolerance="30d", check_sortedness=False)
    return found.drop_nulls("channel_id").group_by("channel_id").agg(credit=pl.len()).collect()


def led(log: SimpleNamespace) -> pl.LazyFrame:
    goals = log.orders.lazy().select("user_id", goal="ts")
    return (
        log.touches.lazy()
        .join(goals, on="user_id")
        .filter(pl.col("ts").is_between(pl.col("goal") - dt.timedelta(days=30), pl.col("goal")))
    )


def linear(log: SimpleNamespace) -> Any:
    shares = led(log).with_columns(share=1 / pl.len().over("user_id", "goal"))
    return shares.group_by("channel_id").agg(credit=pl.col("share").sum()).collect()


def markov(log: SimpleNamespace) -> Any:
    touched = led(log)
    idle = log.touches.lazy().join(touched, on=["user_id", "ts"], how="anti")
    paths = pl.concat([touched, idle.with_columns(goal=pl.lit(None, pl.Datetime("us")))]).sort("user_id", "goal", "ts")
    path = pl.struct("user_id", "goal")
    first, last = path.ne_missing(path.shift()).fill_null(True), path.ne_missing(path.shift(-1)).fill_null(True)
    steps = paths.select(
        before=pl.when(first).then(pl.lit("")).otherwise(pl.col("channel_id").shift()),
        after="channel_id",
        converts=pl.col("goal").is_not_null(),
        last=last,
    )
    return chain.credit(steps.group_by(pl.all()).agg(rows=pl.len()).collect().to_pandas())


def sessions(log: SimpleNamespace) -> Any:
    new = (pl.col("ts").diff() > dt.timedelta(minutes=30)) | (pl.col("user_id") != pl.col("user_id").shift())
    found = log.events.lazy().sort("user_id", "ts").with_columns(new=new.fill_null(True))
    return found.select(pl.exclude("new"), session=pl.col("new").cum_sum().over("user_id")).collect()
