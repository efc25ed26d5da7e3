"""The tasks in idiomatic, vectorised pandas."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import chain
import pandas as pd
from logs import MONDAY, STEPS

DAY = pd.Timedelta("1D")


def cohorts(log: SimpleNamespace) -> Any:
    def week(times: pd.Series) -> pd.Series:
        return (times - MONDAY).dt.days // 7

    people = log.users.assign(cohort=week(log.users["signup_ts"]), signup=log.users["signup_ts"].dt.floor("D"))
    seen = log.events[["user_id", "ts"]].merge(people, on="user_id")
    seen = seen[seen["ts"] >= seen["signup"]].assign(week=week(seen["ts"]))
    end = log.events["ts"].max().floor("D") + DAY
    seen = seen[seen["week"] < (end - MONDAY).days // 7].drop_duplicates(["user_id", "week"])
    active = seen.groupby(["cohort", "week"]).size().reset_index(name="active")
    sizes = people.groupby("cohort").size().rename("size")
    active = active.assign(period=active["week"] - active["cohort"]).join(sizes, on="cohort")
    return active.assign(cohort=MONDAY + pd.to_timedelta(7 * active["cohort"], unit="D"))


def funnel(log: SimpleNamespace) -> Any:
    at = log.events[log.events["name"].isin(STEPS)].sort_values(["user_id", "ts"])
    start = at["ts"].where(at["name"] == STEPS[0])
    for before, name in pairwise(STEPS):
        latest = start.where(at["name"] == before).groupby(at["user_id"]).ffill()
        start = start.where(at["name"] != name, latest)
    inside = at[at["ts"] - start <= 7 * DAY]
    return inside.groupby("name")["user_id"].nunique().rename_axis("event").reset_index(name="users")


def rfm(log: SimpleNamespace) -> Any:
    grouped = log.orders.groupby("user_id")
    last = grouped["ts"].max().dt.floor("D")
    customers = pd.DataFrame(
        {
            "recency_days": (log.orders["ts"].max().floor("D") - last).dt.days,
            "frequency": grouped.size(),
            "monetary": grouped["net_cny"].sum().round(4),
        }
    )
    worse = {"r": -customers["recency_days"], "f": customers["frequency"], "m": customers["monetary"]}
    for name, value in worse.items():
        customers[name] = 1 + 5 * (value.rank(method="min").astype(int) - 1) // len(customers)
    return customers.reset_index()


def last_touch(log: SimpleNamespace) -> Any:
    orders, touches = log.orders.sort_values("ts"), log.touches.sort_values("ts")
    found = pd.merge_asof(orders, touches, on="ts", by="user_id", tolerance=30 * DAY)
    return found["channel_id"].value_counts().rename("credit").reset_index()


def led(log: SimpleNamespace) -> pd.DataFrame:
    goals = log.orders[["user_id", "ts"]].rename(columns={"ts": "goal"})
    pairs = log.touches.merge(goals, on="user_id")
    return pairs[(pairs["ts"] <= pairs["goal"]) & (pairs["goal"] - pairs["ts"] <= 30 * DAY)]


def linear(log: SimpleNamespace) -> Any:
    touched = led(log)
    share = 1 / touched.groupby(["user_id", "goal"])["ts"].transform("size")
    return share.groupby(touched["channel_id"]).sum().reset_index(name="credit")


def markov(log: SimpleNamespace) -> Any:
    touched = led(log)
    used = touched[["user_id", "ts"]].drop_duplicates()
    idle = log.touches.merge(used, on=["user_id", "ts"], how="left", indicator=True)
    idle = idle[idle["_merge"] == "left_only"].drop(columns="_merge")
    paths = pd.concat([touched, idle]).sort_values(["user_id", "goal", "ts"])
    goal = paths["goal"].fillna(pd.Timestamp(0))
    first = (paths["user_id"] != paths["user_id"].shift()) | (goal != goal.shift())
    steps = {
        "before": paths["channel_id"].shift().mask(first, ""),
        "after": paths["channel_id"],
        "converts": paths["goal"].notna(),
        "last": first.shift(-1, fill_value=True),
    }
    steps = pd.DataFrame(steps)
    return chain.credit(steps.groupby(list(steps)).size().reset_index(name="rows"))


def sessions(log: SimpleNamespace) -> Any:
    rows = log.events.sort_values(["user_id", "ts"])
    new = (rows["ts"].diff() > pd.Timedelta("30min")) | (rows["user_id"] != rows["user_id"].shift())
    return rows.assign(session=new.groupby(rows["user_id"]).cumsum())
