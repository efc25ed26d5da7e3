"""Who watched what in the app, and who came to the live classes."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, day_index
from opscourse.company.build.people import DAY, EARLIEST, START, stamp
from opscourse.company.build.quota import second_of_day
from opscourse.company.tables.content import TOPICS
from opscourse.company.tables.data import EVENTS
from opscourse.company.world import Block, Columns, World, builds, filled, located, optional, ordered, pick

__all__ = ["chosen", "class_attendance", "content_views"]

_IN_APP = ("course", "live_replay")


@builds("_library")
def library(world: World) -> Columns:
    """Courses and replays by topic, then date: first day in the app, share of the topic's interest cumulated (TP12).

    What users make is watched far more unevenly than what the firm makes: a few hits, a long tail.
    """
    stream = world.stream("_library")
    content, items = world.parameters.content, world["content_items"]
    row = np.flatnonzero(np.isin(items["kind"], _IN_APP))
    firm = stream.lognormal(0, content.firm_spread, row.size)
    others = stream.pareto(content.user_tail, row.size) + 0.05
    interest = np.where(items["source"][row] == "PGC", firm, others)
    topic = np.array([TOPICS.index(t) for t in items["topic"][row]])
    day = np.maximum(day_index(items["publish_ts"])[row] + 1, 0)
    order = np.lexsort((day, topic))
    row, interest, topic, day = row[order], interest[order], topic[order], day[order]
    first = np.searchsorted(topic, np.arange(len(TOPICS) + 1))
    available = np.array([first[t] + np.searchsorted(day[first[t] : first[t + 1]], np.arange(DAYS), "right") for t in range(8)])
    return {"row": row, "before": np.concatenate([[0.0], np.cumsum(interest)]), "first": first, "available": available}


@builds("_watched")
def watched(block: Block) -> Columns:
    """One row a view: the row of `_days` it falls on, its item, and how much of it was seen; courses finished come first.

    `first` is the first view of each row of `_days`, `finished` how many of them were finished, `views` how many there are.
    """
    stream = block.stream("content_views")
    days, items = block["_days"], block.world["content_items"]
    browsed = pick(stream, _poisson_shares(block.parameters.content.browsed), days["day"].size)
    finished = np.minimum(days["classes"], 3)
    views = np.where(days["minutes"] > 3, browsed + finished, 0)
    day_row = np.repeat(np.arange(days["day"].size), views)
    position = filled(np.zeros(views.size, dtype=np.int64), views)
    item, liking = chosen(block, stream, days["user"][day_row], days["day"][day_row])
    length = items["minutes"][item]
    luck = stream.random(item.size, dtype=np.float32)
    tried = 1 - luck ** (1 / np.clip(2.8 - 2.8 * liking, 1.1, 2.8))  # a Beta(1, b): most look in, fans stay
    share = np.where(position < finished[day_row], 0.9 + 0.1 * luck, tried).astype(np.float64)
    spent = np.bincount(day_row, share * length, minlength=days["day"].size)[day_row]
    share = share * np.minimum(1, days["minutes"][day_row] / np.maximum(spent, 0.1))
    return {
        "day_row": day_row,
        "item": item,
        "share": share,
        "likes": stream.random(item.size) < 0.02 + 0.25 * liking * share,
        "first": np.cumsum(views) - views,
        "finished": finished,
        "views": views,
    }


@builds("_plays")
def plays(block: Block) -> Columns:
    """For each start of a class in the raw window (its place in `_events`): its view in `_watched`, and if it was finished."""
    layout, seen = block["_events"], block["_watched"]
    start = np.flatnonzero(layout["name"] == EVENTS.index("class_start"))
    finished = np.append(layout["name"], -1)[start + 1] == EVENTS.index("class_complete")
    row = block["_visits"]["row"][layout["visit"][start]].astype(np.int64)
    number = _number(row * 2 + finished)
    position = np.where(finished, np.minimum(number, seen["finished"][row] - 1), seen["finished"][row] + number)
    return {"event": start, "view": seen["first"][row] + position, "finished": finished}


def _number(group: np.ndarray) -> np.ndarray:
    """Count the members of each group from 0, in their order."""
    order = ordered(group)
    counts = np.unique(group[order], return_counts=True)[1]
    number = np.empty(group.size, dtype=np.int64)
    number[order] = filled(np.zeros(counts.size, dtype=np.int64), counts)
    return number


@builds("content_views")
def content_views(block: Block) -> Columns:
    """One row a user and item, by user: views fall on days when the user was there, and fit into that day's minutes."""
    stream = block.stream("_view_times")
    days, items, seen, started = block["_days"], block.world["content_items"], block["_watched"], block["_plays"]
    day_row, item, share, likes = (seen[name] for name in ("day_row", "item", "share", "likes"))
    second = days["day"][day_row].astype(np.int64) * DAY + second_of_day(block, stream, day_row)
    second[started["view"][::-1]] = block["_events"]["second"][started["event"]][::-1]  # the first of several starts counts
    length = items["minutes"][item]
    user = days["user"][day_row]
    key = user.astype(np.int64) * (items["content_id"].size + 1) + item
    order = ordered(user, item)
    key, share, second, length, likes = (values[order] for values in (key, share, second, length, likes))
    first = np.flatnonzero(np.diff(key, prepend=-1))
    return {
        "user_id": key[first] // (items["content_id"].size + 1) + block.first_user,
        "content_id": key[first] % (items["content_id"].size + 1) + 1,
        "first_ts": stamp(np.minimum.reduceat(second, first)) if first.size else stamp(second),
        "minutes": np.add.reduceat(share * length, first).clip(0.1).round(1) if first.size else share,
        "share_watched": np.maximum.reduceat(share, first).round(3) if first.size else share,
        "liked": np.logical_or.reduceat(likes, first) if first.size else likes,
    }


def _poisson_shares(mean: float) -> np.ndarray:
    k = np.arange(12)
    return np.exp(k * np.log(mean) - np.cumsum(np.log(np.maximum(k, 1))))


def chosen(block: Block, stream: np.random.Generator, user: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An item for each view, by the user's taste for topics, then by interest; and how much the user likes its topic."""
    shelf, taste = block.world["_library"], block["_people"]["taste"]
    drawn = stream.random(user.size, dtype=np.float32)
    topic = np.zeros(user.size, dtype=np.int64)
    for cumulative in np.ascontiguousarray(np.cumsum(taste, axis=1).T[:-1]):
        topic += drawn > cumulative[user]
    number = shelf["available"] - shelf["first"][:-1, None]
    none_yet = number[topic, day] == 0  # the fullest shelf of the day instead
    topic[none_yet] = number.argmax(axis=0)[day[none_yet]]
    low = shelf["before"][shelf["first"][topic]]
    high = shelf["before"][shelf["available"][topic, day]]
    at = located(shelf["before"], low + stream.random(user.size) * (high - low))
    return shelf["row"][np.clip(at, 0, shelf["row"].size - 1)], taste[user, topic]


@builds("class_attendance")
def class_attendance(block: Block) -> Columns:
    """One row a booking: made on a day when the user was there; kept only if the user is there on the day of the class too."""
    stream = block.stream("class_attendance")
    content, days, classes = block.parameters.content, block["_days"], block.world["live_classes"]
    row = np.flatnonzero(stream.random(days["day"].size) < content.booking)
    user, booked_day = days["user"][row].astype(np.int64), days["day"][row].astype(np.int64)
    lead = np.searchsorted(np.cumsum(content.booked_ahead), stream.random(row.size), side="right")
    index = _timetable(block, stream, booked_day + lead)
    start = classes["start_ts"].astype(np.int64)[index] - START
    booked = booked_day * DAY + second_of_day(block, stream, row)
    same_day = booked_day * DAY + EARLIEST
    same_day = np.where(days["age"][row] == 0, booked_day * DAY + block["_signups"]["second"][user] + 60, same_day)
    earlier = same_day + (stream.random(row.size) * (start - 300 - same_day)).astype(np.int64)
    booked = np.where(lead == 0, earlier, booked)
    taste = block["_people"]["taste"][user, _topics(classes)[index]]
    kept = (index >= 0) & (booked >= same_day) & (booked < start) & (stream.random(row.size) < 4 * taste)
    kept &= _first_of(np.where(kept, user * (classes["class_id"].size + 1) + index, -1 - np.arange(row.size)))
    kept[kept] = _has_place(block, index[kept])
    user, index, start, booked = user[kept], index[kept], start[kept], booked[kept]
    active = _row_of(days, user, start // DAY)
    joined = (active >= 0) & (stream.random(user.size) < content.shows_up)
    length = classes["minutes"][index]
    present = np.rint(length * stream.beta(5, 1, user.size)).astype(np.int64)
    present = np.where(joined, np.clip(np.minimum(present, days["minutes"][active]), 1, None), 0)
    late = np.clip(stream.normal(0, 150, user.size), -600, 900).astype(np.int64)
    arrived = np.maximum(start + late, booked + 5)
    order = ordered(index, user)
    columns = {
        "class_id": index + 1,
        "user_id": user + block.first_user,
        "booked_ts": stamp(booked),
        "joined_ts": stamp(arrived),
        "minutes": present,
        "ordered_24h": _ordered(block, user, start),
    }
    columns = {name: values[order] for name, values in columns.items()}
    columns["joined_ts"] = optional(columns["joined_ts"], joined[order])
    return columns


def _topics(classes: Columns) -> np.ndarray:
    return np.array([TOPICS.index(topic) for topic in classes["topic"]])


def _timetable(block: Block, stream: np.random.Generator, day: np.ndarray) -> np.ndarray:
    """A class of each of these days, drawn evenly; -1 where the day has none or lies after the calendar's end."""
    starts = np.searchsorted(day_index(block.world["live_classes"]["start_ts"]), np.arange(DAYS + 5))
    low, high = starts[day], starts[day + 1]
    return np.where(high > low, low + (stream.random(day.size) * (high - low)).astype(np.int64), -1)


def _first_of(key: np.ndarray) -> np.ndarray:
    chosen = np.zeros(key.size, dtype=bool)
    chosen[np.unique(key, return_index=True)[1]] = True
    return chosen


def _has_place(block: Block, index: np.ndarray) -> np.ndarray:
    """Whether a booking got a place: this block of users may fill its part of each class's places."""
    places = block.world["live_classes"]["capacity"] * block.size // block.world.users
    order = np.argsort(index, kind="stable")
    rank = np.arange(index.size) - np.searchsorted(index[order], index[order])
    free = np.empty(index.size, dtype=bool)
    free[order] = rank < places[index[order]]
    return free


def _row_of(days: Columns, user: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The row of `_days` of each user and day, -1 where the user was not there."""
    key = days["user"].astype(np.int64) * DAYS + days["day"]
    wanted = user * DAYS + day
    at = np.minimum(np.searchsorted(key, wanted), key.size - 1)
    return np.where(key[at] == wanted, at, -1)


def _ordered(block: Block, user: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Whether the user has a paid order in the 24 hours from `start` on."""
    orders = block["orders"]
    span = np.int64(DAYS + 2) * DAY
    key = (orders["user_id"] - block.first_user) * span + orders["ts"].astype("datetime64[s]").astype(np.int64) - START
    key = np.sort(key[orders["paid"]])
    wanted = user * span + start
    return np.searchsorted(key, wanted + DAY) > np.searchsorted(key, wanted)
