"""What the tables about money need to know of all users: sums over blocks, whole numbers, so that order does not matter."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, day_index
from opscourse.company.build.memberships import PLANS
from opscourse.company.build.people import DAY
from opscourse.company.build.quota import MONTH_OF_DAY, MONTHS
from opscourse.company.world import Block, filled, tallies

__all__ = ["WEEKS", "customers", "page_views", "rewards", "sold", "spells", "takings", "tickets_opened", "usage"]

WEEKS = DAYS // 7  # whole ones


def _cents(cny: np.ndarray) -> np.ndarray:
    return np.rint(cny * 100).astype(np.int64)


def _by_day(day: np.ndarray, amount: np.ndarray) -> np.ndarray:
    return np.bincount(day, amount, minlength=DAYS).astype(np.int64)  # exact: far below 2**53


@tallies("takings")
def takings(block: Block) -> np.ndarray:
    """By day of the order: number and amount (in 0.01 CNY) of orders paid, of those refunded later, of points used in them."""
    orders, points = block["orders"], block["_points_used"]["points"]
    cents, off = _cents(orders["net_cny"]), _cents(block.parameters.point.worth * points)
    paid, back = orders["paid"], orders["refunded"]
    day = day_index(orders["ts"])
    return np.array([_by_day(day, amount) for amount in (paid, paid * cents, back, back * cents, points, off)])


@tallies("rewards")
def rewards(block: Block) -> np.ndarray:
    """Rewards of the invitation ladder, and what they come to in 0.01 CNY, by month."""
    paid = _cents(block["referrals"]["reward_cny"])
    month = MONTH_OF_DAY[day_index(block["referrals"]["ts"])]
    return np.array([np.bincount(month, amount, minlength=MONTHS).astype(np.int64) for amount in (paid > 0, paid)])


@tallies("sold")
def sold(block: Block) -> np.ndarray:
    """Pieces and order lines of paid orders, by product and day."""
    orders, items = block["orders"], block["order_items"]
    row = items["order_id"] - block.first_id
    paid = orders["paid"][row]
    products = block.world["products"]["sku"].size
    at = ((items["sku"] - 1) * DAYS + day_index(orders["ts"])[row])[paid]
    pieces = np.bincount(at, items["quantity"][paid], minlength=products * DAYS).astype(np.int64)
    return np.array([pieces, np.bincount(at, minlength=products * DAYS)]).reshape(2, products, DAYS)


@tallies("spells")
def spells(block: Block) -> np.ndarray:
    """Paid spells that start, by plan and day."""
    rows = block["memberships"]
    paid = ~rows["trial"]
    plan = rows["plan"].indices.to_numpy(zero_copy_only=False).astype(np.int64)[paid]
    return np.bincount(plan * DAYS + day_index(rows["start"][paid]), minlength=len(PLANS) * DAYS).reshape(-1, DAYS)


@tallies("customers")
def customers(block: Block) -> np.ndarray:
    """Users with a paid spell and users with a paid order, by week."""
    rows, orders = block["memberships"], block["orders"]
    paid, bought = ~rows["trial"], orders["paid"]
    first, last = (day_index(rows[name][paid]) // 7 for name in ("start", "end"))
    weeks = (np.minimum(last, WEEKS - 1) - first + 1).clip(0)
    member = np.repeat(rows["user_id"][paid], weeks), filled(first, weeks)
    buyer = orders["user_id"][bought], day_index(orders["ts"][bought]) // 7
    return np.array([_distinct(user - block.first_user, week) for user, week in (member, buyer)])


def _distinct(user: np.ndarray, week: np.ndarray) -> np.ndarray:
    pairs = np.unique(user[week < WEEKS] * WEEKS + week[week < WEEKS])
    return np.bincount(pairs % WEEKS, minlength=WEEKS)


@tallies("usage")
def usage(block: Block) -> np.ndarray:
    """Active users, sessions and minutes, by day."""
    rows = block["_days"]
    counted = (np.ones(rows["day"].size, dtype=np.int64), rows["sessions"], rows["minutes"])
    return np.array([_by_day(rows["day"], amount) for amount in counted])


@tallies("page_views")
def page_views(block: Block) -> np.ndarray:
    """Visits that open the shop's first page, by day; of the raw window only."""
    layout, depth = block["_events"], block["_visits"]["depth"]
    opened = layout["second"][layout["at_shop"][depth > 0]] // DAY
    return np.bincount(opened, minlength=DAYS)[:DAYS]


@tallies("tickets_opened")
def tickets_opened(block: Block) -> np.ndarray:
    """Tickets, by month."""
    return np.bincount(MONTH_OF_DAY[day_index(block["tickets"]["opened_ts"])], minlength=MONTHS)
