"""How many messages, tickets and survey answers each block of users gets in each month: the company's totals are exact."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY
from opscourse.company.build.channels import USERS_AT_PLAN
from opscourse.company.build.people import DAY, EARLIEST, LATEST, clock
from opscourse.company.world import Block, Columns, World, builds, ordered

__all__ = ["MONTHS", "MONTH_OF_DAY", "drawn_days", "month_index", "quota", "second_of_day"]

MONTH_OF_DAY = (FIRST_DAY + np.arange(DAYS)).astype("datetime64[M]").astype(int) - FIRST_DAY.astype("datetime64[M]").astype(int)
MONTHS = int(MONTH_OF_DAY[-1]) + 1


def month_index(month: str) -> int:
    """Months since January 2024 of a month like "2024-10"."""
    return int((np.datetime64(month, "M") - FIRST_DAY.astype("datetime64[M]")).astype(int))


@builds("_expected_days")
def expected_days(world: World) -> Columns:
    """Expected active days in each month (row) of the users who sign up before each day (column), as a share of all users."""
    lifetime = world.parameters.lifetime
    age = np.arange(1, DAYS)
    still = np.cumprod((lifetime.dropout_b + age - 1) / (lifetime.dropout_a + lifetime.dropout_b + age - 1))
    seen = np.concatenate([[1.0], lifetime.active * still])
    until = np.concatenate([[0.0], np.cumsum(seen)])
    first = np.flatnonzero(np.diff(MONTH_OF_DAY, prepend=-1))
    last = np.append(first[1:], DAYS)
    signup = np.arange(DAYS)
    days = until[np.maximum(last[:, None] - signup, 0)] - until[np.maximum(first[:, None] - signup, 0)]
    arriving = np.diff(world["_arrivals"]["cumulative"])
    return {"before": np.concatenate([np.zeros((MONTHS, 1)), np.cumsum(days * arriving, axis=1)], axis=1)}


def quota(block: Block, totals: np.ndarray) -> np.ndarray:
    """Split monthly totals of a company of 20,000 users between blocks by expected activity; the blocks add up exactly."""
    world = block.world
    before, cumulative = world["_expected_days"]["before"], world["_arrivals"]["cumulative"]
    edges = np.array([block.first_user - 1, block.first_user - 1 + block.size]) / world.users
    share = np.array([np.interp(edges, cumulative, row) / row[-1] for row in before])
    wanted = np.rint(np.asarray(totals) * world.users / USERS_AT_PLAN)
    return np.diff(np.rint(wanted[:, None] * share), axis=1)[:, 0].astype(int)


@builds("_by_month")
def by_month(block: Block) -> Columns:
    """The rows of `_days` by month."""
    return {"row": ordered(MONTH_OF_DAY[block["_days"]["day"]])}


def drawn_days(block: Block, stream: np.random.Generator, counts: np.ndarray, allowed: np.ndarray | None = None) -> np.ndarray:
    """Draw rows of `_days` without repetition, `counts[m]` in month m; fewer where a month has fewer."""
    rows = block["_by_month"]["row"]
    rows = rows if allowed is None else rows[allowed[rows]]
    start = np.searchsorted(MONTH_OF_DAY[block["_days"]["day"][rows]], np.arange(MONTHS + 1))
    chosen = [
        rows[low + stream.choice(high - low, min(count, high - low), replace=False)]
        for low, high, count in zip(start[:-1], start[1:], counts, strict=True)
        if high > low and count > 0
    ]
    return np.concatenate([np.empty(0, dtype=np.int64), *chosen]).astype(np.int64)


def second_of_day(block: Block, stream: np.random.Generator, rows: np.ndarray) -> np.ndarray:
    """Draw a second of the day for rows of `_days`, by the hours of visits; on the day of sign-up after the registration."""
    days = block["_days"]
    second = clock(stream, block.parameters.arrival.hours, rows.size)
    signup = block["_signups"]["second"][days["user"][rows]]
    later = signup + (stream.random(rows.size) * (np.maximum(LATEST, signup + 60) - signup)).astype(np.int64)
    second = np.where((days["age"][rows] == 0) & (second < signup), later, second)
    return np.clip(second, EARLIEST, DAY - 1)
