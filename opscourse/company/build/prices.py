"""The painted-door test of a coaching plan at five prices (TP03)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import day_index
from opscourse.company.build.people import DAY, stamp
from opscourse.company.build.quota import second_of_day
from opscourse.company.world import Block, Columns, builds

__all__ = ["price_tests"]


@builds("price_tests")
def price_tests(block: Block) -> Columns:
    """One row a user who came during the test, on one of the days on which they came; by time.

    In each persona and at each price as many press the button as their own elasticities make expect: who does is chance.
    """
    stream = block.stream("price_tests")
    test, days, people = block.parameters.price_test, block["_days"], block["_people"]
    first, last = (int(day_index(np.datetime64(day))) for day in (test.start, test.end))
    inside = np.flatnonzero((days["day"] >= first) & (days["day"] <= last))
    drawn = stream.permutation(inside)
    rows = drawn[np.unique(days["user"][drawn], return_index=True)[1]]
    second = days["day"][rows].astype(np.int64) * DAY + second_of_day(block, stream, rows)
    order = np.argsort(second, kind="stable")
    user, second = days["user"][rows][order], second[order]
    level = stream.permutation(np.arange(user.size) % len(test.prices))
    price = np.array(test.prices)[level]
    persona = people["persona"][user].astype(np.int64)
    wants = np.array(test.bought)[persona] * (price / test.list_price) ** people["price_elasticity"][user]
    return {
        "offer_id": block.first_id + np.arange(user.size),
        "user_id": user + np.int64(block.first_user),
        "ts": stamp(second),
        "price_cny": price,
        "discount": (1 - price / test.list_price).round(3),
        "bought": _pressed(stream, wants.clip(0, 0.95), persona * len(test.prices) + level),
    }


def _pressed(stream: np.random.Generator, wants: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """True with the given probabilities; in each stratum as often as they add up to, to the next whole number."""
    order = stream.permutation(wants.size)
    order = order[np.argsort(stratum[order], kind="stable")]
    due = np.floor(np.cumsum(wants[order]) + stream.random())
    pressed = np.empty(wants.size, dtype=bool)
    pressed[order] = np.diff(due, prepend=0.0) > 0
    return pressed
