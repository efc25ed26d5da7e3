"""Second-price auctions of ad impressions, with a model that is too sure of its conversions (lesson 12)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.activity import WINDOW
from opscourse.company.build.channels import USERS_AT_PLAN
from opscourse.company.build.people import DAY, clock, stamp
from opscourse.company.tables.market import SEGMENTS
from opscourse.company.world import Columns, World, builds, coded, pick

__all__ = ["ad_auctions"]

_SHARES = (0.12, 0.25, 0.28, 0.15, 0.20)  # in the order of SEGMENTS
_CLICK = np.array([0.14, 0.07, 0.06, 0.08, 0.03])  # mean prediction
_CONVERT = np.array([0.26, 0.20, 0.15, 0.16, 0.10])
_WORTH = np.array([30.0, 60.0, 120.0, 240.0])  # CNY, by what the campaign sells
_WORTH_SHARES = (0.4, 0.35, 0.2, 0.05)


@builds("ad_auctions")
def ad_auctions(world: World) -> Columns:
    """One row an auction, in order of time."""
    stream = world.stream("ad_auctions")
    known = world.parameters.auction
    size = round(known.auctions * min(world.users / USERS_AT_PLAN, 1))
    second = np.sort(stream.integers(*WINDOW, size) * DAY + clock(stream, world.parameters.arrival.hours, size))
    segment = pick(stream, _SHARES, size).astype(np.int64)
    pctr, pcvr = (
        np.clip(means[segment] * stream.lognormal(-(0.4**2) / 2, 0.4, size), 0.001, 0.9).round(3)
        for means in (_CLICK, _CONVERT)
    )
    value = _WORTH[pick(stream, _WORTH_SHARES, size)]
    bid = (pctr * pcvr * value).round(3)
    level = known.rivals * np.sqrt(bid * bid.mean())  # rivals see some of what we see
    other = np.maximum(level * stream.lognormal(0, 0.7, size), 0.001).round(3)
    won = bid > other
    turn = np.lexsort((other / bid, segment))
    clicked = won & _counted(stream, np.where(won, pctr * known.clicks, 0.0), turn)
    true = pcvr * known.optimism * np.array(known.segments)[segment]
    converted = clicked & _counted(stream, np.where(clicked, true, 0.0), turn)
    return {
        "auction_id": np.arange(1, size + 1),
        "ts": stamp(second),
        "segment": coded(segment, SEGMENTS),
        "pctr": pctr,
        "pcvr": pcvr,
        "value_cny": value,
        "bid": bid,
        "second_price": other,
        "won": won,
        "clicked": clicked,
        "converted": converted,
    }


def _counted(stream: np.random.Generator, probability: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Outcomes with the given probabilities, counted off in order of `turn`: which row has one is chance, how many is not."""
    due = np.floor(np.cumsum(probability[turn]) + stream.random())
    outcome = np.empty(probability.size, dtype=bool)
    outcome[turn] = np.diff(due, prepend=0.0) > 0
    return outcome
