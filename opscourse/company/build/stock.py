"""Stock of the shop: what is bought, delivered, sold, and asked for in vain (TP24)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.channels import USERS_AT_PLAN
from opscourse.company.build.orders import popularity
from opscourse.company.world import Columns, World, builds

__all__ = ["inventory_daily", "stock"]

_PIECES = 55.0  # a day of all products together, expected at 20,000 users before anything was sold
_MEMORY = 28.0  # days of sales that the buyer looks back on


@builds("_stock")
def stock(world: World) -> Columns:
    """Product (row) by day: in stock in the evening, delivered, sold, lost.

    The buyer orders as many days of sales whatever the supplier takes: products from afar run out. What is ordered by users
    while there is none comes from a wholesaler the same morning.
    """
    stream = world.stream("inventory_daily")
    known, products = world.parameters.stock, world["products"]
    sold = world.totals["sold"][0]
    launch, lead = day_index(products["launch_date"]), products["supplier_lead_days"]
    size = launch.size
    wanted = popularity(world)
    rate = _PIECES * world.users / USERS_AT_PLAN * wanted / wanted.sum()
    first = np.ceil(known.lot * rate).astype(np.int64)
    hand, ordered = np.where(launch <= 0, first, 0), np.zeros(size, dtype=np.int64)
    coming = np.zeros((size, DAYS + 200), dtype=np.int64)
    columns = {name: np.zeros((size, DAYS), dtype=np.int64) for name in ("on_hand", "received", "lost")}
    for day in range(DAYS):
        on_sale = launch <= day
        received = coming[:, day].copy()
        ordered -= received
        received += np.where((launch > 0) & (launch == day), first, 0)
        received += np.maximum(sold[:, day] - hand - received, 0)
        empty = on_sale & (hand + received == 0)
        hand += received - sold[:, day]
        asked = stream.negative_binomial(known.dispersion, known.dispersion / (known.dispersion + known.missed * rate))
        rate += np.where(on_sale, (sold[:, day] - rate) / _MEMORY, 0)
        rate = rate.clip(0.02)
        buys = np.flatnonzero(on_sale & (hand + ordered <= known.cover * rate))
        lots = np.ceil(known.lot * rate[buys]).astype(np.int64)
        np.add.at(coming, (buys, day + lead[buys] + stream.poisson(1.5, size)[buys]), lots)
        ordered[buys] += lots
        for name, values in (("on_hand", hand), ("received", received), ("lost", empty * asked)):
            columns[name][:, day] = values
    return columns | {"sold": sold, "on_sale": np.maximum(launch, 0)[:, None] <= np.arange(DAYS)}


@builds("inventory_daily")
def inventory_daily(world: World) -> Columns:
    """One row a product and day since its launch, by day."""
    stock = world["_stock"]
    day, product = np.nonzero(stock["on_sale"].T)
    return {
        "date": FIRST_DAY + day,
        "sku": product + 1,
        "on_hand": stock["on_hand"][product, day],
        "received": stock["received"][product, day],
        "sold": stock["sold"][product, day],
        "lost_sales": stock["lost"][product, day],
    }
