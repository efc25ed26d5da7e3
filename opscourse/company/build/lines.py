"""The four lines of business by week, one of them in decline (lesson 10)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY
from opscourse.company.build.corporate import LENGTH_OF_MONTH
from opscourse.company.build.quota import MONTH_OF_DAY
from opscourse.company.build.takings import WEEKS
from opscourse.company.tables.money import LINES
from opscourse.company.world import Columns, World, builds

__all__ = ["product_lines"]

_NOISE = 0.008  # standard deviation of the logarithm of a week's customers of Jiadong Audio


@builds("_audio")
def audio(world: World) -> Columns:
    """Customers of Jiadong Audio in each week, the last one not whole; revenue and cost of each day."""
    lines, stream = world.parameters.lines, world.stream("_audio")
    week = np.arange(WEEKS + 1)
    left = (1 - lines.audio_decline) ** np.maximum(week - int(lines.audio_turn) + 1, 0)
    customers = np.rint(lines.audio_customers * left * stream.lognormal(0, _NOISE, week.size)).astype(np.int64)
    return {
        "customers": customers,
        "revenue": np.repeat(customers, 7)[:DAYS] * lines.audio_price / 7,
        "cost": np.full(DAYS, lines.audio_cost / 7),
    }


@builds("product_lines")
def product_lines(world: World) -> Columns:
    """One row a line and week."""
    flows, posted = world["_flows"], world["_postings"]
    members, buyers = world.totals["customers"]

    def spread(dept: str, account: str) -> np.ndarray:
        """What was booked for a month, evenly over its days."""
        return (posted[dept, account].cny / LENGTH_OF_MONTH)[MONTH_OF_DAY]

    seats = posted["marketing", "corporate_revenue"].units[MONTH_OF_DAY[: 7 * WEEKS : 7]]
    active = (members, buyers, seats, world["_audio"]["customers"][:WEEKS])
    revenue = (
        flows["members"].sum(axis=0),
        flows["shop"],
        spread("marketing", "corporate_revenue"),
        world["_audio"]["revenue"],
    )
    spend = (
        flows["member_fees"],
        flows["goods"] + flows["shipping"] + flows["shop_fees"] + flows["refunds"] + flows["off"],
        spread("service", "office_service"),
        world["_audio"]["cost"],
    )

    def weekly(days: tuple[np.ndarray, ...]) -> np.ndarray:
        return np.array([part[: 7 * WEEKS].reshape(WEEKS, 7).sum(axis=1) for part in days]).ravel().round(2)

    return {
        "line": np.repeat(np.array(LINES, dtype=object), WEEKS),
        "week": np.tile(FIRST_DAY + 7 * np.arange(WEEKS), len(LINES)),
        "active_users": np.concatenate(active),
        "revenue_cny": weekly(revenue),
        "spend_cny": weekly(spend),
    }
