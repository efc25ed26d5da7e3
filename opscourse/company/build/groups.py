"""Groups of users: who writes in them, what the routine does to that, and how the mood swings (TP27)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY
from opscourse.company.build.channels import USERS_AT_PLAN
from opscourse.company.build.people import DAY, stamp
from opscourse.company.parameters_relations import Community
from opscourse.company.tables.relations import ROLES, SOP_STEPS
from opscourse.company.world import Block, Columns, builds, coded, filled, optional, pick

__all__ = ["NEWS_HOUR", "QUESTIONS_HOUR"]

NEWS_HOUR, QUESTIONS_HOUR, QUESTIONS_DAY = 9, 20, 2  # the live questions are on Wednesdays
_OPENING = 0.4  # part of the calendar in which groups are opened
_WEEKS = DAYS // 7
_AFTER = 4  # weeks that a voices meeting is felt
_ENOUGH = 20  # messages that make a week count
_NOISE = 0.35  # standard deviation of one message's sentiment
_MOST = 4.0  # nobody writes more messages a day than this, on average
_UNEVEN = 60.0  # nor more than this, relative to who writes least
_STAYED = 14  # days that a user stays at least before joining a group makes sense


@builds("_groups")
def plan(block: Block) -> Columns:
    """One row a group: first day, how lively it is, whether it has the routine, and how well it keeps it."""
    stream = block.stream("groups")
    known = block.parameters.community
    count = max(2, round(known.groups * block.size / USERS_AT_PLAN))
    lively = stream.standard_normal(count)
    wish = known.chosen * lively + np.sqrt(1 - known.chosen**2) * stream.standard_normal(count)
    has_sop = np.zeros(count, dtype=bool)
    has_sop[np.argsort(-wish, kind="stable")[: count // 2]] = True
    begin = int(block["_signups"]["day"][0])
    return {
        "opened": begin + (_OPENING * np.arange(count) / count * (DAYS - begin)).astype(np.int64),
        "lively": np.exp(known.liveliness * lively),
        "has_sop": has_sop,
        "keeps": stream.beta(8 * known.done, 8 * (1 - known.done), count),
    }


@builds("_routine")
def routine(block: Block) -> Columns:
    """The steps that groups with a routine plan: group, day, kind (a place in `SOP_STEPS`), and whether they are done."""
    stream = block.stream("sop_log")
    groups = block["_groups"]
    group, day = np.nonzero(groups["has_sop"][:, None] & (np.arange(DAYS) >= groups["opened"][:, None]))
    wednesday = day % 7 == QUESTIONS_DAY
    kind = np.concatenate([np.zeros(day.size, dtype=np.int64), np.ones(int(wednesday.sum()), dtype=np.int64)])
    group, day = np.concatenate([group, group[wednesday]]), np.concatenate([day, day[wednesday]])
    order = np.lexsort((kind, day, group))
    group, day, kind = group[order], day[order], kind[order]
    return {"group": group, "day": day, "kind": kind, "done": stream.random(day.size) < groups["keeps"][group]}


@builds("sop_log")
def sop_log(block: Block) -> Columns:
    """One row a planned step; what is done is done within the hour."""
    stream = block.stream("_sop_times")
    steps = block["_routine"]
    due = steps["day"] * DAY + np.where(steps["kind"] == 0, NEWS_HOUR, QUESTIONS_HOUR) * 3600
    late = np.minimum(stream.lognormal(np.log(240), 0.8, due.size), 3_000).astype(np.int64)
    return {
        "group_id": block.first_id + steps["group"],
        "step": coded(steps["kind"], SOP_STEPS),
        "due_ts": stamp(due),
        "done_ts": optional(stamp(due + late), steps["done"]),
    }


@builds("_members")
def members(block: Block) -> Columns:
    """One row a member, by group and user: day of joining, days from then to the last, messages a day without the routine."""
    stream = block.stream("group_members")
    known, groups, days = block.parameters.community, block["_groups"], block["_days"]
    last = np.minimum(block["_people"]["last_day"], DAYS - 1)
    stayed = np.flatnonzero(last - block["_signups"]["day"] >= _STAYED)
    wanted = min(round(known.members * block.size / USERS_AT_PLAN), stayed.size)
    user = np.sort(stream.choice(stayed, wanted, replace=False))
    first = np.searchsorted(days["user"], user)
    joined = days["day"][first + stream.integers(0, np.minimum(np.searchsorted(days["user"], user, "right") - first, 5))]
    open_groups = np.searchsorted(groups["opened"], joined, side="right")
    group = (stream.random(user.size) * open_groups).astype(np.int64)
    order = np.lexsort((user, group))
    user, joined, group = user[order], joined[order].astype(np.int64), group[order]
    span = last[user] - joined + 1
    writes = groups["lively"][group] * (1 + stream.pareto(known.tail, user.size)).clip(max=_UNEVEN)
    for _ in range(5):  # the cap changes the total, which stays as it is stated
        writes *= known.messages * block.size / USERS_AT_PLAN / max((writes * span).sum(), 1e-9)
        writes = writes.clip(max=_MOST)
    return {"group": group, "user": user, "joined": joined, "span": span, "writes": writes}


@builds("_talk")
def talk(block: Block) -> Columns:
    """One row a message: the member (a row of `_members`) and the hour of the calendar, in order of group and hour."""
    stream = block.stream("group_daily")
    known, members, steps = block.parameters.community, block["_members"], block["_routine"]
    done = np.zeros((block["_groups"]["opened"].size, DAYS), dtype=np.int64)  # 1 news, 2 questions, 3 both
    np.add.at(done, (steps["group"][steps["done"]], steps["day"][steps["done"]]), 1 + steps["kind"][steps["done"]])
    hours = np.array(block.parameters.arrival.hours)
    shape = np.tile(hours / hours.sum(), (4, 1))
    shape[[1, 3], NEWS_HOUR] *= known.news
    shape[2:, QUESTIONS_HOUR] *= known.live
    member = np.repeat(np.arange(members["user"].size), members["span"])
    day = filled(members["joined"], members["span"])
    kind = done[members["group"][member], day]
    counts = stream.poisson(members["writes"][member] * shape.sum(axis=1)[kind])
    member, day, kind = (np.repeat(values, counts) for values in (member, day, kind))
    hour = day * 24 + pick(stream, shape, day.size, kind)
    order = np.lexsort((member, hour, members["group"][member]))
    return {"member": member[order], "hour": hour[order]}


@builds("_hours")
def hours(block: Block) -> Columns:
    """One row a group and hour with a message; and for each group the day of its voices meeting (-1: none)."""
    stream = block.stream("_hours")
    known, talk, groups = block.parameters.community, block["_talk"], block["_groups"]
    group = block["_members"]["group"][talk["member"]]
    key = group * DAYS * 24 + talk["hour"]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    messages = np.diff(np.append(first, key.size))
    speaker = np.diff(key * (talk["member"].max(initial=0) + 1) + talk["member"], prepend=-1) != 0
    group, week = group[first], np.minimum(talk["hour"][first] // (24 * 7), _WEEKS)
    mood = _moods(stream, known, groups["opened"].size)
    sentiment = mood[group, week] + stream.normal(0, _NOISE, first.size) / np.sqrt(messages)
    voices = _meetings(stream, group, week, messages, _rounded(sentiment), groups["opened"].size)
    since = week - voices[group]
    sentiment += known.voices * ((voices[group] >= 0) & (since >= 0) & (since < _AFTER))
    return {
        "group": group,
        "hour": talk["hour"][first],
        "messages": messages,
        "speakers": np.add.reduceat(speaker, first, dtype=np.int64) if first.size else messages,
        "sentiment": _rounded(sentiment),
        "voices": np.where(voices >= 0, voices * 7, -1),
    }


def _rounded(sentiment: np.ndarray) -> np.ndarray:
    return np.clip(sentiment, -1, 1).round(2)


def _moods(stream: np.random.Generator, known: Community, groups: int) -> np.ndarray:
    """True sentiment of each group (row) in each week (column)."""
    shocks = stream.standard_normal((groups, _WEEKS + 1))
    for week in range(1, _WEEKS + 1):
        shocks[:, week] *= np.sqrt(1 - known.mood_memory**2)
        shocks[:, week] += known.mood_memory * shocks[:, week - 1]
    return known.mood + known.mood_spread * shocks


def _meetings(
    stream: np.random.Generator, group: np.ndarray, week: np.ndarray, messages: np.ndarray, sentiment: np.ndarray, groups: int
) -> np.ndarray:
    """Week of each group's voices meeting, the one after its worst week, for one of each two groups; -1: none.

    The two are those that recover most alike by themselves: chance is kept out of what the meeting seems to do.
    """
    cell = group * (_WEEKS + 1) + week
    count, total = (
        np.bincount(cell, w, minlength=groups * (_WEEKS + 1)).reshape(groups, -1) for w in (messages, messages * sentiment)
    )
    mean = total / np.maximum(count, 1)
    eligible = (count >= _ENOUGH) & (np.arange(_WEEKS + 1) < _WEEKS - _AFTER)
    worst = np.where(eligible, mean, np.inf).argmin(axis=1)
    able = np.flatnonzero(eligible.any(axis=1))
    after = [slice(w + 1, w + 1 + _AFTER) for w in worst]
    recovery = [total[g, after[g]].sum() / max(count[g, after[g]].sum(), 1) - mean[g, worst[g]] for g in able]
    able = able[np.argsort(recovery, kind="stable")]
    pairs = able[: able.size // 2 * 2].reshape(-1, 2)
    chosen = pairs[np.arange(len(pairs)), stream.integers(0, 2, len(pairs))]
    voices = np.full(groups, -1)
    voices[chosen] = worst[chosen] + 1
    return voices


@builds("groups")
def groups(block: Block) -> Columns:
    """One row a group."""
    plan, voices = block["_groups"], block["_hours"]["voices"]
    return {
        "group_id": block.first_id + np.arange(voices.size),
        "opened": FIRST_DAY + plan["opened"],
        "has_sop": plan["has_sop"],
        "voices_date": optional(FIRST_DAY + voices, voices >= 0),
    }


@builds("group_members")
def group_members(block: Block) -> Columns:
    """One row a member; the team calls the 2% who write most key consumers, the next 18% active."""
    members = block["_members"]
    size = members["user"].size
    rank = np.empty(size, dtype=np.int64)
    rank[np.argsort(-members["writes"], kind="stable")] = np.arange(size)
    return {
        "group_id": block.first_id + members["group"],
        "user_id": block.first_user + members["user"],
        "role": coded((rank >= 0.02 * size).astype(np.int64) + (rank >= 0.20 * size), ROLES),
        "joined": FIRST_DAY + members["joined"],
        "messages": np.bincount(block["_talk"]["member"], minlength=size),
    }


@builds("group_daily")
def group_daily(block: Block) -> Columns:
    """One row a group and hour."""
    rows = block["_hours"]
    return {
        "group_id": block.first_id + rows["group"],
        "ts": stamp(rows["hour"] * 3600),
        **{name: rows[name] for name in ("messages", "speakers", "sentiment")},
    }
