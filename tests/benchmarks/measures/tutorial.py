"""The tasks in pandas as tutorials teach them: a function applied to each row or each user."""

from __future__ import annotations

from collections import Counter, defaultdict
from types import SimpleNamespace
from typing import Any

import chain
import pandas as pd
from logs import STEPS

DAY = pd.Timedelta("1D")


def monday(time: pd.Timestamp) -> pd.Timestamp:
    return time.normalize() - time.weekday() * DAY


def cohorts(log: SimpleNamespace) -> Any:
    people = log.users.assign(cohort=log.users.apply(lambda row: monday(row["signup_ts"]), axis=1))
    seen = log.events.merge(people, on="user_id")
    seen["week"] = seen.apply(lambda row: monday(row["ts"]), axis=1)
    seen = seen[seen.apply(lambda row: row["ts"] >= row["signup_ts"].normalize(), axis=1)]
    seen["period"] = seen.apply(lambda row: (row["week"] - row["cohort"]).days // 7, axis=1)
    seen = seen[seen["week"] < monday(log.events["ts"].max() + DAY)]
    active = seen.groupby(["cohort", "period"])["user_id"].nunique().reset_index(name="active")
    return active.merge(people.groupby("cohort").size().reset_index(name="size"), on="cohort")


def furthest(events: pd.DataFrame) -> int:
    """How many steps one user gets through within 7 days of any view."""
    reached, latest = 0, [None] * len(STEPS)
    for _, row in events.sort_values("ts").iterrows():
        if row["name"] not in STEPS:
            continue
        step = STEPS.index(row["name"])
        start = latest[step - 1] if step else row["ts"]
        if start is not None and row["ts"] - start <= 7 * DAY:
            latest[step] = start
            reached = max(reached, step + 1)
    return reached


def funnel(log: SimpleNamespace) -> Any:
    depth = log.events.groupby("user_id")[["ts", "name"]].apply(furthest)
    return pd.DataFrame([{"event": name, "users": int((depth > step).sum())} for step, name in enumerate(STEPS)])


def rfm(log: SimpleNamespace) -> Any:
    today = log.orders["ts"].max().normalize()
    customers = log.orders.groupby("user_id").agg(
        recency_days=("ts", lambda times: (today - times.max().normalize()).days),
        frequency=("ts", lambda times: len(times)),
        monetary=("net_cny", lambda amounts: round(amounts.sum(), 4)),
    )
    ranks = customers.assign(recency_days=-customers["recency_days"]).rank(method="min")
    for name, column in zip("rfm", list(customers), strict=True):
        customers[name] = ranks.apply(lambda row, column=column: 1 + 5 * (int(row[column]) - 1) // len(ranks), axis=1)
    return customers.reset_index()


def paths(log: SimpleNamespace) -> pd.Series:
    """For each order, the touches of the 30 days before."""
    by_user = dict(iter(log.touches.sort_values("ts").groupby("user_id")))
    none = log.touches.head(0)

    def path(order: pd.Series) -> list[tuple]:
        touches = by_user.get(order["user_id"], none)
        inside = (touches["ts"] <= order["ts"]) & (order["ts"] - touches["ts"] <= 30 * DAY)
        return list(touches[inside].itertuples(index=False, name=None))

    return log.orders.apply(path, axis=1)


def credited(credit: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"channel_id": list(credit), "credit": list(credit.values())})


def last_touch(log: SimpleNamespace) -> Any:
    return credited(Counter(path[-1][2] for path in paths(log) if path))


def linear(log: SimpleNamespace) -> Any:
    credit: dict[str, float] = defaultdict(float)
    for path in paths(log):
        for _, _, channel in path:
            credit[channel] += 1 / len(path)
    return credited(credit)


def markov(log: SimpleNamespace) -> Any:
    found = [(path, True) for path in paths(log) if path]
    used = {touch[:2] for path, _ in found for touch in path}
    idle = defaultdict(list)
    for _, row in log.touches.sort_values("ts").iterrows():
        if (row["user_id"], row["ts"]) not in used:
            idle[row["user_id"]].append(tuple(row))
    steps: Counter = Counter()
    for path, converts in [*found, *((path, False) for path in idle.values())]:
        channels = ["", *(touch[2] for touch in path)]
        for at, after in enumerate(channels[1:]):
            steps[channels[at], after, converts, at == len(path) - 1] += 1
    return chain.credit(pd.DataFrame([(*step, rows) for step, rows in steps.items()], columns=[*COLUMNS, "rows"]))


COLUMNS = ["before", "after", "converts", "last"]


def sessions(log: SimpleNamespace) -> Any:
    rows = log.events.sort_values(["user_id", "ts"])
    number, user, before = 0, None, None

    def session(row: pd.Series) -> int:
        nonlocal number, user, before
        if row["user_id"] != user:
            number = 1
        elif row["ts"] - before > pd.Timedelta("30min"):
            number += 1
        user, before = row["user_id"], row["ts"]
        return number

    return rows.assign(session=rows.apply(session, axis=1))
