"""Check-ins in a row and the points they earn (TP25, TP26)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.tables.relations import REASONS
from opscourse.company.world import Block, Columns, builds, coded, optional, ordered

__all__ = ["BADGE", "checkins", "points_ledger"]

BADGE = 7  # check-ins in a row


@builds("_streaks")
def streaks(block: Block) -> Columns:
    """Check-ins in a row up to each row of `_days`; 0: did not check in."""
    stream = block.stream("checkins")
    known, days = block.parameters.streak, block["_days"]
    after_badge = known.settled * (1 - known.badge_drop)
    going = np.array([(start, *known.going, after_badge, known.settled) for start in known.start])
    counts = np.bincount(days["user"], minlength=block.size)
    first = np.cumsum(counts) - counts
    user = np.argsort(-counts, kind="stable")
    persona, luck = block["_people"]["persona"], stream.random(days["user"].size)
    streak, state = np.zeros(luck.size, dtype=np.int64), np.zeros(block.size, dtype=np.int64)
    for visit in range(counts.max(initial=0)):
        user = user[: np.searchsorted(-counts[user], -visit)]  # those who came so often
        row = first[user] + visit
        goes = luck[row] < going[persona[user], np.minimum(state[user], going.shape[1] - 1)]
        state[user] = np.where(goes, state[user] + 1, 0)
        streak[row] = state[user]
    return {"streak": streak}


@builds("checkins")
def checkins(block: Block) -> Columns:
    """One row a user and day."""
    days, streak = block["_days"], block["_streaks"]["streak"]
    row = np.flatnonzero(streak)
    return {
        "user_id": block.first_user + days["user"][row].astype(np.int64),
        "date": FIRST_DAY + days["day"][row],
        "streak": streak[row],
        "badge": streak[row] == BADGE,
    }


@builds("points_ledger")
def points_ledger(block: Block) -> Columns:
    """One row a movement. Users redeem all they have on some of their days, so many that the stated share expires."""
    stream = block.stream("points_ledger")
    days, known = block["_days"], block.parameters.point
    row, points, reason, spent_on = _earned(block)
    user, day = days["user"][row].astype(np.int64), days["day"][row].astype(np.int64)
    month = (FIRST_DAY + day).astype("datetime64[M]") + known.months + 1
    last = day_index(month.astype("datetime64[D]")) - 1

    key = days["user"].astype(np.int64) * 10 * DAYS + days["day"]
    until = np.searchsorted(key, user * 10 * DAYS + last, side="right")
    luck = stream.random(key.size)
    luck[spent_on] = -1.0
    best = np.minimum.reduceat(np.append(luck, 2.0), np.column_stack([row, until]).ravel())[::2] if row.size else luck[:0]
    bar = _bar(best, points * (last < DAYS), known.breakage)
    redeeming = np.flatnonzero(luck < bar)
    used = best < bar
    at = redeeming[np.searchsorted(redeeming, row[used])]
    gone = ~used & (last < DAYS)

    parts = [(user, day, points, reason, last)]
    for who, when, what, why in ((user[used], days["day"][at], points[used], 3), (user[gone], last[gone], points[gone], 4)):
        both, place = np.unique(who * DAYS + when, return_inverse=True)
        taken = np.bincount(place, what, minlength=both.size).astype(np.int64)
        parts.append((both // DAYS, both % DAYS, -taken, np.full(both.size, why), np.full(both.size, -1)))
    user, day, points, reason, last = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = ordered(user, day, reason)
    return {
        "movement_id": block.first_id + np.arange(order.size),
        "user_id": block.first_user + user[order],
        "date": FIRST_DAY + day[order],
        "delta": points[order],
        "reason": coded(reason[order], REASONS),
        "expires": optional(FIRST_DAY + last[order], last[order] >= 0),
    }


@builds("_points_used")
def points_used(block: Block) -> Columns:
    """Points that each order was paid with: what its user redeemed that day, at most what the order is worth."""
    orders, moves = block["orders"], block["points_ledger"]
    key = orders["user_id"] * DAYS + day_index(orders["ts"])
    redeemed = np.asarray(moves["reason"].indices) == REASONS.index("redeem")
    at = moves["user_id"][redeemed] * DAYS + day_index(moves["date"][redeemed])
    rows = np.flatnonzero(orders["paid"] & _with_points(block))
    rows = rows[np.unique(key[rows], return_index=True)[1]]  # the first one of a day takes them all
    place = np.searchsorted(at, key[rows])
    most = np.floor(orders["net_cny"][rows] / block.parameters.point.worth + 1e-6).astype(np.int64)
    points = np.zeros(key.size, dtype=np.int64)
    points[rows] = np.minimum(-moves["delta"][redeemed][place], most)
    return {"points": points}


def _with_points(block: Block) -> np.ndarray:
    method = block["orders"]["pay_method"]
    return np.asarray(method.indices) == method.dictionary.to_pylist().index("points")


def _earned(block: Block) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What is earned: row of `_days`, points, place in `REASONS`; and the rows on which an order was paid with points."""
    known, orders = block.parameters.point, block["orders"]
    checkin = np.flatnonzero(block["_streaks"]["streak"])
    of_order = block["_payments"]["row"][block["_orders"]["turn"]]
    with_points = _with_points(block)
    earning = orders["paid"] & ~orders["refunded"] & ~with_points
    worth = np.floor(orders["net_cny"][earning] * known.order).astype(np.int64)
    gift = of_order[orders["paid"] & with_points]
    parts = [checkin, of_order[earning], gift]
    points = [np.full(checkin.size, known.checkin), worth, np.full(gift.size, known.gift)]
    reason = np.repeat(np.arange(3), [part.size for part in parts])
    return np.concatenate(parts), np.concatenate(points), reason, gift


def _bar(best: np.ndarray, due: np.ndarray, breakage: float) -> float:
    """The luck below which a day is one of redeeming, so that this share of the points due finds none in time."""
    order = np.argsort(-best)
    return float(best[order][np.searchsorted(np.cumsum(due[order]), breakage * due.sum())]) if due.any() else 0.1
