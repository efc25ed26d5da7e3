"""The 80 products of the shop."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import FIRST_DAY
from opscourse.company.tables.customers import CATEGORIES
from opscourse.company.world import Columns, World, builds

__all__ = ["products"]

# category -> typical list price in CNY, margin as a share of it, days from the supplier
_TYPICAL = {
    "mat": (129, 0.48, 14), "band": (59, 0.56, 10), "scale": (189, 0.38, 25), "weights": (239, 0.33, 21),
    "clothing": (149, 0.52, 30), "snack": (39, 0.30, 7), "bottle": (69, 0.50, 12), "massage": (329, 0.42, 28),
}  # fmt: skip


@builds("products")
def products(world: World) -> Columns:
    """One row a product, ten in each category; margins lie between 25% and 60% of the list price."""
    stream = world.stream("products")
    category = np.repeat(np.array(CATEGORIES, dtype=object), 10)
    price, margin, lead = (np.array([_TYPICAL[c][k] for c in category], dtype=float) for k in range(3))
    list_price = np.floor(price * stream.lognormal(0, 0.35, category.size) / 10) * 10 + 9
    margin = np.clip(margin + stream.normal(0, 0.05, category.size), 0.25, 0.60)
    launch = np.where(stream.random(category.size) < 0.7, -stream.integers(1, 200, category.size), 0)
    launch = np.where(launch == 0, stream.integers(0, 420, category.size), launch)
    launch[::10] = -120  # every category has had something to sell from the first day
    return {
        "sku": np.arange(1, category.size + 1),
        "category": category,
        "unit_cost_cny": (list_price * (1 - margin)).round(2),
        "list_price_cny": list_price,
        "launch_date": FIRST_DAY + launch,
        "supplier_lead_days": np.maximum(stream.poisson(lead), 3),
    }
