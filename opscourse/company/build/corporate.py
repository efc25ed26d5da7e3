"""Corporate customers, what they are invoiced and when they pay (TP21, TP30)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.quota import MONTHS, month_index
from opscourse.company.tables.money import SEGMENTS, SOURCES
from opscourse.company.world import Columns, World, builds, optional

__all__ = ["EARLIER", "FIRST_OF_MONTH", "LENGTH_OF_MONTH", "invoices"]

EARLIER = 4  # months of 2023 whose invoices are paid in the calendar
_TERMS = 30
_OLD = 5  # of six accounts, those that began before the calendar
_LARGE = (0.20, 0.34, 0.28, 0.18)  # shares of the segments that are not small firms
_SMALL = 0.5  # share of small firms, the larger accounts aside
_SLOW = {"public_body": 12.0, "estate": 5.0}  # days by which a segment pays later

_EDGES = (FIRST_DAY.astype("datetime64[M]") + np.arange(MONTHS + 1)).astype("datetime64[D]")
FIRST_OF_MONTH, LENGTH_OF_MONTH = _EDGES[:-1], np.diff(_EDGES).astype(int)


@builds("_accounts")
def accounts(world: World) -> Columns:
    """What only the simulator knows of each account: made from the largest to the smallest, then shuffled."""
    stream = world.stream("_accounts")
    corporate = world.parameters.corporate
    size = corporate.accounts
    five = corporate.decline ** np.arange(5)
    five *= corporate.top_five / five.sum()
    rest = np.sort(stream.pareto(corporate.tail, size - 5) + 1)[::-1]
    for _ in range(50):  # none of the others is as large as the fifth
        rest = np.minimum(rest * (1 - corporate.top_five) / rest.sum(), 0.9 * five[-1])
    share = np.concatenate([five, rest * (1 - corporate.top_five) / rest.sum()])
    place = stream.permutation(size)  # large and small ones anywhere in the list
    top = np.arange(size) < 5
    old = top | (np.arange(size) % 6 < _OLD)
    start = np.where(old, -stream.integers(30, 640, size), stream.integers(20, 460, size))
    eager = stream.standard_normal(size)
    tried = np.zeros(size, dtype=bool)
    fit = np.where(old & ~top, eager + 0.3 * stream.standard_normal(size), -np.inf)
    tried[np.argsort(-fit)[: corporate.pilots]] = True
    names = np.array(SEGMENTS, dtype=object)
    large = stream.choice(names[names != "small_firm"], size, p=_LARGE)
    segment = np.where((np.arange(size) >= size // 3) & (stream.random(size) < _SMALL), "small_firm", large)
    slow = np.array([_SLOW.get(name, 0.0) for name in segment]) + np.where(top, corporate.delay_top, 0)
    order = np.argsort(place)
    columns = {
        "share": share,
        "start": start,
        "eagerness": eager,
        "growth": 0.06 + corporate.eagerness * eager + 0.02 * stream.standard_normal(size),
        "pilot": tried,
        "top": top,
        "delay_days": corporate.delay * stream.lognormal(0, 0.15, size) + slow,
        "segment": segment,
    }
    return {name: values[order] for name, values in columns.items()}


@builds("_invoices")
def invoices(world: World) -> Columns:
    """One row an account and month, those of late 2023 included (month below 0): seats, amount, day of payment.

    An account's price a seat is what makes its invoices of the calendar add up to its share of all of them.
    """
    stream = world.stream("_invoices")
    corporate, known = world.parameters.corporate, world["_accounts"]
    month = np.arange(-EARLIER, MONTHS)
    pilot, roll_out = month_index(corporate.pilot_start[:7]), month_index(corporate.roll_out[:7])
    coached = np.where(known["pilot"], pilot, roll_out)
    growth = known["growth"][:, None] * month / 12
    growth = growth + corporate.pilot_effect * np.maximum(month - coached[:, None], 0) / 12
    shape = np.exp(growth)
    starts = (FIRST_DAY + known["start"]).astype("datetime64[M]") - FIRST_DAY.astype("datetime64[M]")
    runs = month >= starts.astype(int)[:, None]
    inside = runs & (month >= 0)
    total = known["share"] * corporate.monthly * MONTHS
    aimed = total / corporate.seat_price / (shape * inside).sum(axis=1) * stream.lognormal(0, 0.2, total.size)
    seats = np.maximum(np.rint(shape * aimed[:, None]), 3).astype(np.int64)
    price = total / (seats * inside).sum(axis=1)
    account, at = np.nonzero(runs)
    issued = np.concatenate([_first(-EARLIER), day_index(_EDGES[1:]) - 1])[at]
    delay = known["delay_days"][account] * stream.lognormal(0, 0.35, account.size)
    lost = (stream.random(account.size) < corporate.lost) & ~known["top"][account]
    paid = issued + np.maximum(np.rint(delay), 1).astype(np.int64)
    return {
        "account": account,
        "month": month[at],
        "seats": seats[account, at],
        "amount": (seats[account, at] * price[account]).round(2),
        "issued": issued,
        "paid": np.where(lost, 10 * DAYS, paid),
    }


def _first(month: int) -> np.ndarray:
    """Last days of the months from `month` until the calendar begins, counted from its first day."""
    edges = FIRST_DAY.astype("datetime64[M]") + np.arange(month + 1, 1)
    return day_index(edges.astype("datetime64[D]")) - 1


@builds("b2b_invoices")
def b2b_invoices(world: World) -> Columns:
    """One row an account and month of the calendar."""
    rows = world["_invoices"]
    inside = rows["month"] >= 0
    account, month, paid, issued = (rows[name][inside] for name in ("account", "month", "paid", "issued"))
    return {
        "account_id": account + 1,
        "month": FIRST_OF_MONTH[month],
        "seats": rows["seats"][inside],
        "amount_cny": rows["amount"][inside],
        "due_on": FIRST_DAY + issued + _TERMS,
        "paid_on": optional(FIRST_DAY + paid, paid < DAYS),
    }


@builds("b2b_accounts")
def b2b_accounts(world: World) -> Columns:
    """One row an account."""
    stream = world.stream("b2b_accounts")
    known, rows = world["_accounts"], world["_invoices"]
    size, corporate = known["share"].size, world.parameters.corporate
    inside = np.flatnonzero(rows["month"] >= 0)
    first = inside[np.unique(rows["account"][inside], return_index=True)[1]]
    both = stream.multivariate_normal(
        (32, 24), 64 * np.array([[1, corporate.wtp_correlation], [corporate.wtp_correlation, 1]]), size
    )
    return {
        "account_id": np.arange(1, size + 1),
        "segment": known["segment"],
        "start": FIRST_DAY + known["start"],
        "seats": rows["seats"][first],
        "pilot": known["pilot"],
        "lead_source": stream.choice(np.array(SOURCES, dtype=object), size, p=(0.34, 0.18, 0.22, 0.14, 0.12)),
        "wtp_line1": both[:, 0].clip(4).round(1),
        "wtp_line2": both[:, 1].clip(4).round(1),
    }


@builds("_truth_accounts")
def truth_accounts(world: World) -> Columns:
    """The hidden table as it is written beside the company."""
    known = world["_accounts"]
    told = {"share": 6, "eagerness": 3, "growth": 4, "delay_days": 1}
    return {"account_id": np.arange(1, known["share"].size + 1)} | {
        name: known[name].round(places) for name, places in told.items()
    }
