"""Who was in which test, in which arm, and what came of it (TP05, TP06, TP14).

The world does not know of the tests: its users order and come back as they do. An arm is drawn after the outcome, by Bayes'
rule from the true rates of the arms: the same joint distribution as if the arm had been drawn first and caused the outcome.
Outcomes that other tables show (registered, ordered, active, finished a class) therefore agree with them to the row.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from opscourse.company.build.calendar import DAYS, day_index
from opscourse.company.build.channels import CHANNELS
from opscourse.company.build.experiments import BALANCED, IN_POINTS, TESTS, Test
from opscourse.company.build.orders import SPAN
from opscourse.company.build.people import DAY, GOLDEN, START, clock, stamp
from opscourse.company.world import Block, Columns, builds, coded, optional

__all__ = ["coupon_segment"]

SEGMENTS = ("at_risk", "persuadable", "sure")


class Units:
    """The units of one test in one block: ids, second of assignment, and where the world shows it, outcome and amount."""

    def __init__(
        self,
        unit: np.ndarray,
        second: np.ndarray,
        outcome: np.ndarray | None = None,
        value: np.ndarray | None = None,
        rates: np.ndarray | None = None,
    ) -> None:
        self.unit, self.second, self.outcome, self.value, self.rates = unit, second, outcome, value, rates


@builds("assignments")
def assignments(block: Block) -> Columns:
    """One row a unit and test."""
    parts = []
    arms = list(dict.fromkeys(arm.name for test in TESTS for arm in test.arms))
    for number, test in enumerate(TESTS, start=1):
        stream = block.world.stream(f"assignments.{test.name}", block.index)
        units = _units(block, stream, test)
        arm, outcome = _allot(stream, test, units)
        value = _values(stream, test, units, arm, outcome)
        codes = np.array([arms.index(a.name) for a in test.arms])[arm]
        order = np.argsort(units.unit, kind="stable")
        parts.append([np.full(order.size, number), *(x[order] for x in (units.unit, codes, units.second, outcome, value))])
    exp, unit, arm, second, outcome, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    return {
        "exp_id": exp,
        "unit_id": unit,
        "arm": coded(arm, arms),
        "ts": stamp(second),
        "outcome": outcome.astype(np.int64),
        "value": optional(value.round(2), ~np.isnan(value)),
    }


def _units(block: Block, stream: np.random.Generator, test: Test) -> Units:
    first, last = (int(day_index(np.datetime64(day))) for day in (test.start, test.end))
    if test.unit == "visitor":
        return _VISITORS.get(test.metric, _shoppers)(block, stream, test, first, last)
    if test.name in _SPECIAL:
        return _SPECIAL[test.name](block, stream, test, first, last)
    return _active(block, stream, test, first, last)


def _allot(stream: np.random.Generator, test: Test, units: Units) -> tuple[np.ndarray, np.ndarray]:
    """Arm and outcome of each unit."""
    real = np.array([arm.real for arm in test.arms])
    rates = np.array([arm.rate for arm in test.arms]) if units.rates is None else units.rates
    size = units.unit.size
    if units.outcome is None:
        arm = (stream.random(size)[:, None] > np.cumsum(real)).sum(axis=1).clip(max=real.size - 1)
        return arm, stream.random(size) < rates[arm]
    happened = units.outcome
    mean = happened.mean() if size else 0.0
    if test.name in IN_POINTS:  # the truth is a difference in points, whatever the rate of return
        rates = np.maximum(mean + rates - rates @ real, 0)
    elif rates.ndim == 1:
        rates = rates * (mean / (rates @ real))
    rates = np.clip(np.broadcast_to(rates, (size, real.size)), 0, 0.98)
    weight = real * np.where(happened[:, None], rates, 1 - rates)
    cumulative = np.cumsum(weight, axis=1)
    share = stream.random(size)
    if test.name in BALANCED:  # spread evenly over the units of like outcome and rate, in random order
        order = np.lexsort((share, rates[:, -1], happened))
        share[order] = (np.arange(size) + 0.5) * GOLDEN % 1
    drawn = share[:, None] * cumulative[:, -1:]
    return (drawn > cumulative).sum(axis=1).clip(max=real.size - 1), happened


def _values(stream: np.random.Generator, test: Test, units: Units, arm: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """The metric's amount where its event happened; a lottery pays many nothing and few a lot, at the same mean."""
    if units.value is not None:
        return np.where(outcome, units.value, np.nan)
    if not test.value:
        return np.full(arm.size, np.nan)
    if test.name == "red_packet":
        prize = np.where(stream.random(arm.size) < 0.1, 10 * test.value, 0.0)
        return np.where(outcome, np.where(arm > 0, prize, test.value), np.nan)
    return np.where(outcome, stream.gamma(2.5, test.value / 2.5, arm.size), np.nan)


def _registered(block: Block, stream: np.random.Generator, test: Test, first: int, last: int) -> Units:
    """New visitors of the test's days; for a test of the form only those who saw it."""
    strangers, signups = block["_strangers"], block["_signups"]
    known = block.size + block["_second"]["user"].size
    rows = np.flatnonzero(strangers["device"] >= known)
    device, at = np.unique(strangers["device"][rows], return_index=True)
    rows = rows[at]
    day = strangers["second"][rows] // DAY
    least = 1 if test.name == "signup_form" else 0
    fits = (day >= first) & (day <= last) & (strangers["reached"][rows] >= least)
    users = np.flatnonzero((signups["day"] >= first) & (signups["day"] <= last))
    unit = np.concatenate([users, device[fits]])
    begun = signups["day"][users] * DAY + signups["second"][users] - 200
    second = np.concatenate([begun, strangers["second"][rows[fits]]])
    return Units(block.first_id + unit, second, np.arange(unit.size) < users.size)


def _stuck_step(block: Block, stream: np.random.Generator, test: Test, first: int, last: int) -> Units:
    """Visitors who gave their phone number on the test's days, and whether they gave their profile."""
    visits = block["_visits"]
    day = visits["second"] // DAY
    rows = np.flatnonzero((visits["reached"] >= 2) & (day >= first) & (day <= last))
    device, at = np.unique(visits["device"][rows], return_index=True)
    rows = rows[at]
    return Units(block.first_id + device, visits["second"][rows], visits["reached"][rows] >= 3)


def _shoppers(block: Block, stream: np.random.Generator, test: Test, first: int, last: int) -> Units:
    """Devices that came through the tested channel (or, for retargeting, looked at a product), and orders in 14 days."""
    visits = block["_visits"]
    came_by = {"ghost_ads_dy": "dy", "ghost_ads_xhs": "xhs", "brand_search_holdout": "brand_search"}.get(test.name)
    number = [channel.name for channel in CHANNELS].index(came_by) + 1 if came_by else 0
    rows = np.flatnonzero(visits["channel"] == number if came_by else visits["depth"] >= 2)
    device, at = np.unique(visits["device"][rows], return_index=True)
    second = visits["second"][rows[at]]
    user = block["devices"]["user_id"].fill_null(0).to_numpy()[device] - block.first_user
    amount = np.where(user >= 0, _spent(block, np.maximum(user, 0), second, 14), 0.0)
    return Units(block.first_id + device, second, amount > 0, amount)


def _first_active(block: Block, stream: np.random.Generator, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Users who were active between two days, and the row of `_days` on which they were first."""
    days = block["_days"]
    rows = np.flatnonzero((days["day"] >= first) & (days["day"] <= last))
    rows = rows[np.diff(days["user"][rows], prepend=-1) > 0]
    return days["user"][rows].astype(np.int64), rows


def _active(block: Block, stream: np.random.Generator, test: Test, first: int, last: int) -> Units:
    """Users who came during the test, and what its metric says of the days after."""
    user, row = _first_active(block, stream, first, last)
    day = block["_days"]["day"][row].astype(np.int64)
    second = day * DAY + clock(stream, block.parameters.arrival.hours, user.size)
    unit = block.first_user + user
    if test.metric == "finished a class in 14 days":
        return Units(unit, second, _count(block, user, day, day + 14, "classes") > 0)
    if test.metric == "paid order in 30 days":
        amount = _spent(block, user, second, 30)
        return Units(unit, second, amount > 0, amount)
    return Units(unit, second)


def _onboarded(block: Block, stream: np.random.Generator, test: Test, first: int, last: int) -> Units:
    """Users who signed up during the test, and whether they came on the seventh day after."""
    signups = block["_signups"]
    user = np.flatnonzero((signups["day"] >= first) & (signups["day"] <= last))
    day = signups["day"][user]
    second = day * DAY + signups["second"][user]
    return Units(block.first_user + user, second, _count(block, user, day + 7, day + 8) > 0)


def _recent(block: Block, stream: np.random.Generator, test: Test, first: int, last: int) -> Units:
    """Users who came in the 30 days before their day in the test (drawn evenly), and whether they came in the days after."""
    user = np.flatnonzero(block["_signups"]["day"] < first)
    spread = last - first + 1 if test.name == "birthday_gift" else 1
    day = first + (stream.random(user.size) * spread).astype(np.int64)
    here = _count(block, user, day - 30, day) > 0
    user, day = user[here], day[here]
    second = day * DAY + clock(stream, block.parameters.arrival.hours, user.size)
    horizon = 7 if test.metric == "active in 7 days" else 14
    return Units(block.first_user + user, second, _count(block, user, day + 1, day + 1 + horizon) > 0)


def _quiet(block: Block, stream: np.random.Generator, test: Test, first: int, last: int) -> Units:
    """Users on the tenth day without a visit, and whether they came in the 14 days after."""
    days = block["_days"]
    following = np.append(days["day"][1:], DAYS + 99).astype(np.int64)
    following[np.append(days["user"][1:] != days["user"][:-1], True)] = DAYS + 99
    day = days["day"].astype(np.int64) + 10
    rows = np.flatnonzero((day >= first) & (day <= last) & (following > day))
    user, at = np.unique(days["user"][rows], return_index=True)
    rows = rows[at]
    second = day[rows] * DAY + 9 * 3600
    return Units(block.first_user + user, second, following[rows] <= day[rows] + 14)


def _buyers(block: Block, stream: np.random.Generator, test: Test, first: int, last: int) -> Units:
    """All who had bought before the test; what the coupon does hangs on what they had bought (`coupon_segment`)."""
    coupon = block.parameters.coupon
    segment, user = coupon_segment(block, first)
    second = np.full(user.size, first * DAY + 10 * 3600)
    amount = _spent(block, user, second, last - first + 1)
    bought = amount > 0
    rates = np.zeros((user.size, 2))
    for code, gain in enumerate((coupon.at_risk, coupon.persuadable, coupon.sure)):
        mine = segment == code
        rate = bought[mine].mean() if mine.any() else 0.0
        rates[mine] = np.array([1, 1 + gain]) * rate / (1 + gain / 2)
    return Units(block.first_user + user, second, bought, amount, rates)


def coupon_segment(block: Block, day: int) -> tuple[np.ndarray, np.ndarray]:
    """Segment (0 at risk, 1 persuadable, 2 sure) of each user of the block with a paid order before `day`, and the user."""
    coupon, orders = block.parameters.coupon, block["orders"]
    when = (orders["ts"].astype(np.int64) - START) // DAY
    before = orders["paid"] & (when < day)
    user = orders["user_id"][before] - block.first_user
    count = np.bincount(user, minlength=block.size)
    newest = np.full(block.size, -1)
    np.maximum.at(newest, user, when[before])
    buyers = np.flatnonzero(count)
    recent = day - newest[buyers] <= coupon.recent
    return np.where(recent, 1 + (count[buyers] >= coupon.often), 0), buyers


@builds("_totals")
def totals(block: Block) -> Columns:
    """A sorted key of user and day for each row of `_days`, and the classes up to each row."""
    days = block["_days"]
    return {
        "key": days["user"].astype(np.int64) * 1_000 + days["day"],
        "classes": np.concatenate([[0], np.cumsum(days["classes"], dtype=np.int64)]),
    }


def _count(block: Block, user: np.ndarray, start: np.ndarray, end: np.ndarray, what: str | None = None) -> np.ndarray:
    """For each user the number of active days in [start, end), or the sum of a column of `_days` over them."""
    totals = block["_totals"]
    key = totals["key"]
    low = np.searchsorted(key, user * 1_000 + np.maximum(start, 0))
    high = np.searchsorted(key, user * 1_000 + np.minimum(end, DAYS))
    return totals[what][high] - totals[what][low] if what else high - low


def _spent(block: Block, user: np.ndarray, second: np.ndarray, horizon: int) -> np.ndarray:
    """What each user paid for orders within `horizon` days of a moment, in CNY."""
    paid = block["_paid"]
    total = np.concatenate([[0.0], np.cumsum(paid["net_cny"])])
    low = np.searchsorted(paid["key"], user * SPAN + second)
    high = np.searchsorted(paid["key"], user * SPAN + second + horizon * DAY)
    return (total[high] - total[low]).round(2)


_VISITORS: dict[str, Callable[..., Units]] = {"registered": _registered, "passed step 3": _stuck_step}
_SPECIAL: dict[str, Callable[..., Units]] = {
    "onboarding_list": _onboarded,
    "birthday_gift": _recent,
    "new_icon": _recent,
    "win_back": _quiet,
    "coupon": _buyers,
}
