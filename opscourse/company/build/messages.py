"""What the firm sends to users who agreed, and what it does (TP14).

Users come back and order as they do; which win-backs were kept back is drawn after that by Bayes' rule, as arms are in
`assignments`, and evenly: chance is kept out of their effect.
"""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, day_index
from opscourse.company.build.orders import SPAN
from opscourse.company.build.people import DAY, stamp
from opscourse.company.build.quota import MONTH_OF_DAY, MONTHS
from opscourse.company.tables.relations import MESSAGE_CHANNELS, TRIGGERS
from opscourse.company.world import Block, Columns, builds, coded, filled, optional, pick, tallies

__all__ = ["messages", "messages_sent"]

_CHANNEL_SHARES = ((0.5, 0.1, 0.4, 0.0), (0.62, 0.06, 0.24, 0.08), (0.35, 0.35, 0.25, 0.05))  # by trigger
_DELIVERED = (0.965, 0.985, 0.95, 0.995)  # by channel
_WELCOME_DAYS = (0, 3)
_NEWS_FROM = 14  # days after sign-up
_HORIZON = 14  # days in which a user may come back
_FOLLOWED = 2  # days in which a message is followed
_WEEK = 7 * DAY


@builds("messages")
def messages(block: Block) -> Columns:
    """One row a contact of the sampled users, by user and time."""
    return _contacts(block, block.stream("messages"), _sampled(block))


@tallies("messages_sent")
def messages_sent(block: Block) -> np.ndarray:
    """Contacts sent to all users, those of the sample included, by channel and month."""
    sent = np.zeros((len(MESSAGE_CHANNELS), MONTHS), dtype=np.int64)
    for contacts in (block["messages"], _contacts(block, block.stream("_messages"), ~_sampled(block))):
        rows = ~contacts["holdout"]
        month = MONTH_OF_DAY[day_index(contacts["ts"][rows])]
        np.add.at(sent, (np.asarray(contacts["channel"].indices)[rows], month), 1)
    return sent


def _sampled(block: Block) -> np.ndarray:
    return (block.first_user + np.arange(block.size)) % block.parameters.message.sample == 0


def _contacts(block: Block, stream: np.random.Generator, chosen: np.ndarray) -> Columns:
    """Contacts of the chosen users who agreed."""
    known = block.parameters.message
    user, second, trigger, quiet = _planned(block, stream, chosen)
    size = user.size
    channel = pick(stream, _CHANNEL_SHARES, size, trigger)
    delivered = stream.random(size) < np.array(_DELIVERED)[channel]
    luck = stream.random(size)
    annoyed = known.unsubscribed * (1 + known.annoyance) ** _before(user, second, np.ones(size, dtype=bool))
    last = delivered & (luck < annoyed)
    until = np.full(block.size, size)
    np.minimum.at(until, user[last], np.flatnonzero(last))
    kept = np.arange(size) <= until[user]  # nothing follows once somebody has unsubscribed
    user, second, trigger, quiet, channel, delivered, last = (
        values[kept] for values in (user, second, trigger, quiet, channel, delivered, last)
    )
    size = user.size
    day = second // DAY
    returned = _active(block, user, day + 1, day + _HORIZON)
    holdout = _held_back(block, stream, np.where(last, -1, quiet), returned)
    delivered &= ~holdout
    variant = np.where(trigger == 1, stream.integers(0, 2, size), -1)
    willing = np.array(known.opened)[channel] * (1 - known.fatigue) ** _before(user, second, ~holdout)
    willing *= np.where(variant == 1, 1 + known.subject, 1.0)
    opened = delivered & (stream.random(size) < willing)
    clicked = opened & _active(block, user, day, day + _FOLLOWED) & (stream.random(size) < known.clicked)
    paid = block["_paid"]["key"]
    begin = user * SPAN + second
    return {
        "message_id": block.first_id + np.arange(size),
        "user_id": block.first_user + user,
        "ts": stamp(second),
        "channel": coded(channel, MESSAGE_CHANNELS),
        "trigger": coded(trigger, TRIGGERS),
        "quiet_days": optional(quiet, quiet >= 0),
        "variant": coded(variant, ("a", "b")),
        "holdout": holdout,
        "delivered": delivered,
        "opened": opened,
        "clicked": clicked,
        "unsubscribed": last,
        "returned": returned,
        "converted": np.searchsorted(paid, begin + _WEEK) > np.searchsorted(paid, begin),
    }


def _planned(
    block: Block, stream: np.random.Generator, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All contacts as planned, by user and time: user, second, place in `TRIGGERS`, days of quiet (-1 but for a win-back)."""
    known, days, signup = block.parameters.message, block["_days"], block["_signups"]["day"].astype(np.int64)
    agreed = block["users"]["consent_marketing"] & chosen
    user = np.flatnonzero(agreed)
    parts = []
    for later in _WELCOME_DAYS:
        second = (
            signup[user] * DAY + block["_signups"]["second"][user] + 600
            if later == 0
            else _daytime(stream, signup[user] + later)
        )
        parts.append((user, second, 0, np.full(user.size, -1)))
    begin = signup[user] + _NEWS_FROM
    weeks = np.maximum(DAYS - begin, 0) // 7
    reader = np.repeat(user, weeks)
    week = filled(np.zeros(user.size, dtype=np.int64), weeks)
    counts = pick(stream, known.weekly, reader.size)
    reader, week = np.repeat(reader, counts), np.repeat(week, counts)
    day = signup[reader] + _NEWS_FROM + 7 * week + stream.integers(0, 7, reader.size)
    parts.append((reader, _daytime(stream, day), 1, np.full(reader.size, -1)))
    following = np.append(days["day"][1:].astype(np.int64), DAYS + _HORIZON)
    following[np.append(np.diff(days["user"]) > 0, True)] = DAYS + _HORIZON
    row = np.flatnonzero(agreed[days["user"]])
    wait = np.array(known.quiet)[stream.integers(0, len(known.quiet), row.size)]
    day = days["day"][row] + wait
    due = (following[row] > day) & (day + _HORIZON < DAYS)
    parts.append((days["user"][row][due], _daytime(stream, day[due]), 2, wait[due]))
    user, second, trigger, quiet = (
        np.concatenate([np.broadcast_to(part[k], part[0].shape) for part in parts]).astype(np.int64) for k in range(4)
    )
    order = np.lexsort((second, user))
    order = order[second[order] < DAYS * DAY]
    return user[order], second[order], trigger[order], quiet[order]


def _daytime(stream: np.random.Generator, day: np.ndarray) -> np.ndarray:
    """A second between 9:00 and 20:00 of each day."""
    return day * DAY + stream.integers(9 * 3600, 20 * 3600, day.size)


def _before(user: np.ndarray, second: np.ndarray, sent: np.ndarray) -> np.ndarray:
    """Contacts that were sent to the same user in the 7 days before each one."""
    key = user * SPAN + second
    until = np.concatenate([[0], np.cumsum(sent)])
    return until[np.searchsorted(key, key)] - until[np.searchsorted(key, key - _WEEK)]


def _active(block: Block, user: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Whether each user was active on one of the days from `first` to `last`."""
    key = block["_totals"]["key"]
    return np.searchsorted(key, user * 1_000 + last, side="right") > np.searchsorted(key, user * 1_000 + first)


def _held_back(block: Block, stream: np.random.Generator, quiet: np.ndarray, returned: np.ndarray) -> np.ndarray:
    """Which win-backs were kept back: so many of those who returned, and of those who did not, that the effect is true."""
    known = block.parameters.message
    held = np.zeros(quiet.size, dtype=bool)
    for days, gain in zip(known.quiet, known.returns, strict=True):
        due = np.flatnonzero(quiet == days)
        rate = returned[due].mean() if due.size else 0.0
        without = max(rate - (1 - known.holdout) * gain, 0.0)
        for rows, share, all_of in ((due[returned[due]], without, rate), (due[~returned[due]], 1 - without, 1 - rate)):
            wanted = round(rows.size * min(known.holdout * share / all_of, 1.0)) if rows.size else 0
            held[stream.choice(rows, wanted, replace=False)] = True
    return held
