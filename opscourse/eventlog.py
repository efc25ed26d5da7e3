"""What measures of an event log share: the people it is about, the last day that was observed, and keys that join."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.frames import Source
from opscourse.periods import day_of, period_start

__all__ = ["check_overlap", "integers", "last_day", "people", "plain", "purchases", "same_key", "tally", "users"]


def people(source: Source, user_col: str, time: Mapping[str, tuple[str, str]], by: Iterable[str] = ()) -> nw.LazyFrame:
    """The source's table `users` as `_user`, the named times and the columns of `by`, checked to have one row for each user."""
    users, facts = source.read("users", key={"_user": user_col}, time=time, keep=by)
    distinct = source.collect(users.select(nw.col("_user").n_unique().alias("users")))["users"][0]
    if distinct == facts["rows"]:
        return users
    users = users.unique()
    often = users.group_by("_user").agg(nw.len().alias("times")).filter(nw.col("times") > 1)
    often = source.collect(often.sort("_user"))
    if count := len(often):
        raise ArgumentError(
            f"users has more than one sign-up or segment for {count:,} of its users, for example {user_col}"
            f" {often['_user'][0]} with {often['times'][0]}; keep one row for each.",
            column=user_col,
            count=count,
        )
    return users


def same_key(left: nw.LazyFrame, right: nw.LazyFrame, column: str) -> tuple[nw.LazyFrame, nw.LazyFrame]:
    """Two queries whose `_user` has one type, so that they can be joined; raises ArgumentError where that would be a guess."""
    kinds = left.collect_schema()["_user"], right.collect_schema()["_user"]
    if kinds[0] == kinds[1] or all(kind.is_integer() for kind in kinds):
        return left, right
    if all(isinstance(kind, (nw.String, nw.Categorical, nw.Enum)) for kind in kinds):
        return left.with_columns(nw.col("_user").cast(nw.String)), right.with_columns(nw.col("_user").cast(nw.String))
    raise ArgumentError(
        f"Column {column!r} holds {kinds[0]} in one table and {kinds[1]} in the other; convert one of them.", column=column
    )


def check_overlap(source: Source, log: nw.LazyFrame, users: nw.LazyFrame, user_col: str) -> None:
    """Refuse two tables without a common user: their zeros would look like a result."""
    if not len(source.collect(log.join(users, on="_user", how="inner").head(1))):
        raise ArgumentError(f"The two tables have no user in common; do both mean the same by {user_col!r}?", column=user_col)


def last_day(observed_until: str | dt.date | None, default: int) -> int:
    """The last completely observed day, counted since 1970."""
    return int(default) if observed_until is None else day_of(observed_until, "observed_until")


def purchases(
    orders: Any, until: str | dt.date | None, argument: str, user_col: str, timestamp_col: str, amount_col: str
) -> tuple[Source, nw.LazyFrame, int]:
    """The orders up to a day, named by `argument`, as `_user`, `_day` and `_amount`, and that day; refuses negative amounts."""
    source = Source(in_pandas=True, orders=orders)
    bought, facts = source.read(
        "orders", key={"_user": user_col}, time={"_day": (timestamp_col, "day")}, number={"_amount": amount_col}
    )
    if facts["min__amount"] < 0:
        raise ArgumentError(
            f"Column {amount_col!r} of orders goes down to {facts['min__amount']:g}; leave refunds out, or take what was paid.",
            column=amount_col,
        )
    day = last_day(until, facts["max__day"])
    if day < facts["min__day"]:
        first = period_start(facts["min__day"], "day")
        raise ArgumentError(f"{argument} is {until}, but the first order is from {first}; choose a later one.")
    return source, bought if until is None else bought.filter(nw.col("_day") <= day), day


def integers(frame: nw.DataFrame, *columns: str) -> list[tuple[int, ...]]:
    """The rows of some whole-number columns."""
    return [tuple(map(int, row)) for row in frame.select(*columns).rows()]


def tally(frame: nw.DataFrame, by: Sequence[str], number: str) -> dict[tuple, dict[int, int]]:
    """Segment -> number -> users."""
    found: dict[tuple, dict[int, int]] = {}
    for *segment, n, users in frame.select(*by, number, "users").rows():
        found.setdefault(plain(segment), {})[int(n)] = int(users)
    return found


def plain(segment: Iterable[Any]) -> tuple:
    """The values of a segment, with None for any kind of empty."""
    return tuple(None if pd.isna(value) else value for value in segment)


def users(rows: nw.LazyFrame, *by: str) -> nw.LazyFrame:
    """How many different users each group has. Databases count in two steps, for which their memory need not be enough."""
    if rows.implementation.is_duckdb() or rows.implementation.is_pyspark():
        rows = rows.group_by(*by, "_user").agg(nw.len().alias("_rows"))
        return rows.group_by(*by).agg(nw.len().alias("users"))
    return rows.group_by(*by).agg(nw.col("_user").n_unique().alias("users"))
