"""Does stale content drive users away, or do fewer users mean less content? Here it is mostly the latter (TP13, FL14)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, day_index
from opscourse.company.world import Columns, World, builds

__all__ = ["freshness", "publishing"]


@builds("_publishing")
def publishing(world: World) -> Columns:
    """The appetite that all users share, day by day (mean 0, standard deviation 1), and what the editors make of it later."""
    known = world.parameters.freshness
    start = known.lag + 200  # long before the calendar begins, so that its first day is like any other
    shocks = world.stream("_publishing").normal(0, np.sqrt(1 - known.persistence**2), DAYS + start)
    appetite = np.zeros(shocks.size)
    for day, shock in enumerate(shocks):
        appetite[day] = known.persistence * appetite[day - 1] * (day > 0) + shock
    seen = appetite[start - known.lag : start - known.lag + DAYS]
    return {"appetite": appetite[start:], "rate": np.exp(known.publishing * seen)}


@builds("_freshness")
def freshness(world: World) -> Columns:
    """What appetite and gaps in publishing do to the activity of a day; a gap follows a week with less than half the items."""
    known = world.parameters.freshness
    day = day_index(world["content_items"]["publish_ts"])
    items = np.bincount(day[day >= 0], minlength=DAYS)
    until = np.concatenate([[0], np.cumsum(items)])
    week = until[7:-1] - until[:-8]  # items of the seven days before day 7, 8, ...
    gap = np.concatenate([np.zeros(7, dtype=bool), week < known.gap_share * np.median(week)])
    activity = np.exp(known.spread * world["_publishing"]["appetite"]) * (1 + known.gap_effect * gap)
    return {"activity": activity / activity.mean(), "gap": gap}
