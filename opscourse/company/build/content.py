"""Content items and the timetable of live classes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from opscourse.company.build.calendar import DAYS, FIRST_DAY, NODES
from opscourse.company.build.channels import USERS_AT_PLAN
from opscourse.company.tables.content import KINDS, TOPICS
from opscourse.company.world import Columns, World, builds

__all__ = ["ACCOUNTS", "ITEMS", "content_items", "live_classes"]

ITEMS = 3_000
ACCOUNTS = ("main", "sub1", "sub2", "sub3", "sub4", "sub5", "sub6", "sub7", "sub8")
LIBRARY_DAYS = 60  # what was published before the first day of the calendar
CLASSES = 1_600

_KIND_SHARES = (0.20, 0.10, 0.17, 0.33, 0.08, 0.07, 0.05)  # in the order of KINDS
_LENGTH = {  # kind -> median in minutes, spread of its logarithm
    "course": (22.0, 0.45), "live_replay": (38.0, 0.25), "article": (4.0, 0.45), "short_video": (0.9, 0.80),
    "infographic": (1.2, 0.30), "case": (3.5, 0.45), "interactive": (2.5, 0.35),
}  # fmt: skip
_SOURCE_SHARES = {  # kind -> share of PGC, UGC, KOL
    "course": (0.66, 0.24, 0.10), "live_replay": (0.80, 0.08, 0.12), "short_video": (0.38, 0.44, 0.18),
}  # fmt: skip
_TOPIC_SHARES = (0.20, 0.18, 0.15, 0.12, 0.10, 0.11, 0.08, 0.06)


@builds("content_items")
def content_items(world: World) -> Columns:
    """One row an item, in order of publication."""
    stream = world.stream("content_items")
    day = np.sort(_publishing_days(world, stream))
    kind = stream.choice(np.array(KINDS, dtype=object), ITEMS, p=_KIND_SHARES)
    topic = stream.choice(np.array(TOPICS, dtype=object), ITEMS, p=_TOPIC_SHARES)
    mix = np.array([_SOURCE_SHARES.get(k, (0.58, 0.30, 0.12)) for k in kind]).cumsum(axis=1)
    source = np.array(["PGC", "UGC", "KOL"], dtype=object)[(stream.random(ITEMS)[:, None] > mix).sum(axis=1).clip(0, 2)]
    median, spread = (np.array([_LENGTH[k][i] for k in kind]) for i in range(2))
    second = stream.choice(86_400, ITEMS, p=_hours())
    owned = (source != "KOL") & (stream.random(ITEMS) > 0.06)
    return {
        "content_id": np.arange(1, ITEMS + 1),
        "kind": kind,
        "source": source,
        "account": _accounts(stream, topic),
        "topic": topic,
        "minutes": np.maximum(median * stream.lognormal(0, 1, ITEMS) ** spread, 0.1).round(2),
        "style": stream.choice(np.array(["promo", "professional", "story"], dtype=object), ITEMS, p=[0.4, 0.35, 0.25]),
        "hook_type": stream.choice(np.array(["question", "benefit", "scene", "none"], dtype=object), ITEMS),
        "publish_ts": (FIRST_DAY + day).astype("datetime64[s]") + second,
        "theme_keyword": _keywords(stream, day),
        "rights_until": pa.array(FIRST_DAY + day + stream.integers(90, 721, ITEMS), mask=owned),
    }


def _publishing_days(world: World, stream: np.random.Generator) -> np.ndarray:
    """Days since 2024-01-01 of all items: more on weekdays and before nodes, and a library from before the first day."""
    rate = np.where(world["calendar"]["is_workday"], 1.15, 0.7) * world["_publishing"]["rate"]
    for day, *_ in NODES:
        rate[max(0, day - 3) : day] *= 1.15
    library = int(ITEMS * 0.07)
    dated = stream.choice(DAYS, ITEMS - library, p=rate / rate.sum())
    return np.concatenate([stream.integers(-LIBRARY_DAYS, 0, library), dated])


def _hours() -> np.ndarray:
    """Probability of each second of the day: most is published between 8 and 21."""
    hour = np.array([1] * 7 + [4, 8, 9, 8, 8, 9, 7, 6, 6, 7, 9, 10, 9, 7, 4, 2, 1], dtype=float)
    return np.repeat(hour, 3600) / (hour.sum() * 3600)


def _accounts(stream: np.random.Generator, topic: np.ndarray) -> np.ndarray:
    """Main publishes on everything; sub-accounts have a first and a second topic, so that their audiences overlap."""
    number = np.zeros(topic.size, dtype=int)
    index = np.array([TOPICS.index(t) for t in topic])
    sub = stream.random(topic.size) < 0.55
    own = stream.random(topic.size) < 0.6
    number[sub] = np.where(own, index, (index + 1) % 8)[sub] + 1
    return np.array(ACCOUNTS, dtype=object)[number]


def _keywords(stream: np.random.Generator, day: np.ndarray) -> pa.Array:
    """Half of what is published in the three days before a node, or on it, uses the node's keyword."""
    near: dict[int, str] = {}
    for node_day, _, _, keyword in NODES:
        for before in range(4):
            near.setdefault(node_day - before, keyword)
    uses = stream.random(day.size) < 0.5
    return pa.array([near.get(int(d)) if use else None for d, use in zip(day, uses, strict=True)], pa.string())


@builds("live_classes")
def live_classes(world: World) -> Columns:
    """One row a class, about three a day, most in the evening; each coach has two topics."""
    stream = world.stream("live_classes")
    day = np.sort(stream.choice(DAYS, CLASSES, p=_class_days()))
    slot = stream.choice([7 * 60, 12 * 60 + 30, 19 * 60, 20 * 60, 20 * 60 + 30], CLASSES, p=[0.16, 0.14, 0.26, 0.28, 0.16])
    start = (FIRST_DAY + day).astype("datetime64[m]") + slot
    order = np.argsort(start, kind="stable")
    coach = stream.integers(1, 25, CLASSES)
    topic = np.array(TOPICS, dtype=object)[(coach + (stream.random(CLASSES) < 0.35)) % len(TOPICS)]
    places = stream.choice([60, 80, 100, 150, 200], CLASSES, p=[0.2, 0.3, 0.25, 0.15, 0.1])
    return {
        "class_id": np.arange(1, CLASSES + 1),
        "coach_id": coach,
        "start_ts": start[order].astype("datetime64[s]"),
        "minutes": stream.choice([30, 45, 60], CLASSES, p=[0.35, 0.45, 0.20]),
        "topic": topic,
        "capacity": np.ceil(places * max(world.users / USERS_AT_PLAN, 0.1)).astype(np.int64),
    }


def _class_days() -> np.ndarray:
    rate = np.where(np.arange(DAYS) % 7 >= 5, 1.25, 0.9) * np.linspace(0.7, 1.3, DAYS)
    return rate / rate.sum()
