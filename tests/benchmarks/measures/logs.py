"""Logs of any size, written once: events of visits, users, orders and touches of a company that grows for 13 weeks."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

STEPS = ["view", "detail", "cart", "pay"]
NAMES = ([*STEPS, "search"], [0.35, 0.2, 0.1, 0.1, 0.25])
CHANNELS = ["direct", "search", "video", "social", "mail", "partner", "press", "store"]
MONDAY = np.datetime64("2025-03-03", "us")
WEEKS, VISIT, EVENTS_A_USER = 13, 5, 20
WEEK_US = 7 * 86_400_000_000
FORM = 1  # of the files; a new one makes them again


def written(cache: Path, events: int) -> Path:
    """The folder with the log of so many events: users.parquet, and {events,orders,touches}/week=…/part.parquet."""
    folder = cache / f"{events}-events-{FORM}"
    if (folder / "users.parquet").exists():
        return folder
    print(f"writing {events:,} events to {folder}", file=sys.stderr)
    users = max(1, events // EVENTS_A_USER)
    signup = MONDAY + (np.arange(users) * (WEEKS * WEEK_US / users)).astype("timedelta64[us]")
    ends = events // VISIT * np.arange(WEEKS + 1) ** 2 // WEEKS**2  # as many visits as there are users by then
    for week, visits in enumerate(np.diff(ends)):
        random = np.random.default_rng([week, events])
        for table, rows in _week(random, week, visits, users).items():
            part = folder / table / f"week={week + 1:02}"
            part.mkdir(parents=True, exist_ok=True)
            rows.to_parquet(part / "part.parquet", index=False)
    frame = pd.DataFrame({"user_id": np.arange(users), "signup_ts": signup})
    frame.to_parquet(folder / "users.parquet", index=False)  # last: it says that all is there
    return folder


def _week(random: np.random.Generator, week: int, visits: int, users: int) -> dict[str, pd.DataFrame]:
    """The rows of a week: visits of people who have signed up, of 5 events each with pauses of some minutes."""
    begin = np.sort(random.integers(week * WEEK_US, (week + 1) * WEEK_US, visits))
    user = (random.random(visits) * np.maximum(begin * (users / (WEEKS * WEEK_US)), 1)).astype(np.int64)
    pauses = random.exponential(600e6, (visits, VISIT)).astype(np.int64) + 1_000_000
    pauses[:, 0] = 0
    at = begin[:, None] + pauses.cumsum(axis=1)
    names = random.choice(NAMES[0], at.size, p=NAMES[1])
    events = pd.DataFrame({"user_id": user.repeat(VISIT), "ts": MONDAY + at.ravel().astype("timedelta64[us]"), "name": names})
    touches = events.iloc[::VISIT, :2].assign(channel_id=random.choice(CHANNELS, visits))
    orders = events.loc[events["name"] == "pay", ["user_id", "ts"]]
    amount = random.lognormal(4, 1, len(orders)).round(2)
    return {"events": events, "touches": touches, "orders": orders.assign(net_cny=amount)}
