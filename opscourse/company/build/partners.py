"""Partners and what passes between them and us."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import FIRST_DAY, day_index
from opscourse.company.build.channels import CHANNELS
from opscourse.company.build.corporate import FIRST_OF_MONTH
from opscourse.company.build.quota import MONTH_OF_DAY, MONTHS
from opscourse.company.tables.money import PARTNER_KINDS, SHARED
from opscourse.company.world import Block, Columns, World, builds, tallies

__all__ = ["partner_sales", "partners", "settlements"]

_CHANNEL = next(number for number, channel in enumerate(CHANNELS, start=1) if channel.name == "partner_brand")
_FOUNDING = 8  # partners from before the calendar


@tallies("partner_sales")
def partner_sales(block: Block) -> np.ndarray:
    """Users who came by partner_brand, and what users of that channel paid (in 0.01 CNY): each by month."""
    users, orders = block["users"], block["orders"]
    ours = users["channel_id"] == _CHANNEL
    new = np.bincount(MONTH_OF_DAY[day_index(users["signup_ts"][ours])], minlength=MONTHS)
    bought = orders["paid"] & ours[orders["user_id"] - block.first_user]
    cents = np.rint(orders["net_cny"][bought] * 100).astype(np.int64)
    paid = np.bincount(MONTH_OF_DAY[day_index(orders["ts"][bought])], cents, minlength=MONTHS).astype(np.int64)
    return np.array([new, paid])


@builds("partners")
def partners(world: World) -> Columns:
    """One row a partner."""
    stream = world.stream("partners")
    size = world.parameters.partner.partners
    kind = stream.choice(len(PARTNER_KINDS), size, p=(0.16, 0.20, 0.24, 0.20, 0.20))
    kind[:_FOUNDING] = np.arange(_FOUNDING) % (len(PARTNER_KINDS) - 1)  # these send users from the first day
    vendor = kind == PARTNER_KINDS.index("vendor")
    start = np.where(np.arange(size) < _FOUNDING, -stream.integers(10, 400, size), stream.integers(0, 300, size))
    score = np.clip(np.rint(stream.normal(74, 13, size)), 20, 100).astype(np.int64)
    shared = np.where(vendor, stream.choice((2, 3), size), stream.choice(4, size, p=(0.35, 0.3, 0.2, 0.15)))
    return {
        "partner_id": np.arange(1, size + 1),
        "kind": np.array(PARTNER_KINDS, dtype=object)[kind],
        "start": FIRST_DAY + start,
        "overlap_share": np.where(vendor, 0, stream.beta(2, 8, size)).round(3),
        "rev_share": np.where(vendor, 0, stream.choice((0.05, 0.08, 0.10, 0.12, 0.15, 0.20), size)),
        "security_score": score,
        "data_shared": np.array(SHARED, dtype=object)[shared],
    }


@builds("_partner_months")
def settlements(world: World) -> Columns:
    """One row a partner that sends users and month of its contract. What partners did together is divided by their reach."""
    stream = world.stream("partner_settlements")
    table = world["partners"]
    sends = np.flatnonzero(table["kind"] != "vendor")
    runs = table["start"][sends][:, None] <= FIRST_OF_MONTH[None, :]
    reach = stream.lognormal(0, 0.8, sends.size)
    weight = runs * reach[:, None] / (runs * reach[:, None]).sum(axis=0)
    new, cents = world.totals["partner_sales"]
    registered = np.array([stream.multinomial(count, w) for count, w in zip(new, weight.T, strict=True)]).T
    ever = np.cumsum(registered, axis=1)
    bounds = np.cumsum(ever, axis=0) / np.maximum(ever.sum(axis=0), 1)
    paid = np.diff(np.rint(bounds * cents), axis=0, prepend=0)
    overlap = table["overlap_share"][sends][:, None]
    known = stream.poisson(registered * overlap / (1 - overlap) + runs * reach[:, None] * overlap)
    active = (
        np.bincount(MONTH_OF_DAY, world.totals["usage"][0], minlength=MONTHS) / 6
    )  # a user is active about six days a month
    sent = stream.poisson(runs * reach[:, None] * world.parameters.partner.sent * active)
    partner, month = np.nonzero(runs)
    return {
        "partner": sends[partner],
        "month": month,
        "sent": sent[partner, month],
        "received": (registered + known)[partner, month],
        "new": registered[partner, month],
        "gmv": paid[partner, month] / 100,
        "share": (paid[partner, month] / 100 * table["rev_share"][sends[partner]]).round(2),
    }


@builds("partner_settlements")
def partner_settlements(world: World) -> Columns:
    """One row a partner and month."""
    rows = world["_partner_months"]
    return {
        "partner_id": rows["partner"] + 1,
        "month": FIRST_OF_MONTH[rows["month"]],
        "users_sent": rows["sent"],
        "users_received": rows["received"],
        "new_users": rows["new"],
        "gmv_cny": rows["gmv"],
        "share_cny": rows["share"],
    }
