"""The twelve slots of the shop's first page: what the position does, and what the product (TP24)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.activity import WINDOW
from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.orders import popularity
from opscourse.company.tables.customers import CATEGORIES
from opscourse.company.tables.money import SLOTS
from opscourse.company.world import Columns, World, builds

__all__ = ["page_slots_daily"]

# What editors like to see on top, by slot; the four last ones show any product. It has nothing to do with sales.
_LIKED = (0.2, 0.4, -0.6, -0.2, 0.8, 0.5, 0.0, -1.0, 1.6, 1.1, -0.7, -1.3)
_WHIM = 0.9  # standard deviation of what a week adds to that
_SHOWN = 0.7  # products are shown as often as their popularity to this power


@builds("_truth_products")
def truth_products(world: World) -> Columns:
    """The hidden table: how popular each product is, and how many click on it at the top of the page."""
    wanted = popularity(world)
    noise = world.stream("_truth_products").lognormal(0, 0.15, wanted.size)
    appeal = world.parameters.shelf.appeal * (wanted / np.median(wanted)) ** 0.4 * noise
    return {
        "sku": world["products"]["sku"],
        "popularity": wanted.round(4),
        "appeal": appeal.clip(0.01, 0.25).round(4),
    }


@builds("page_slots_daily")
def page_slots_daily(world: World) -> Columns:
    """One row a day and slot."""
    stream = world.stream("page_slots_daily")
    shelf, products = world.parameters.shelf, world["products"]
    position, sku = _layout(world, stream)
    day, slot = (part.ravel() for part in np.indices((DAYS, len(SLOTS))))
    week = day // 7
    position, sku = position[week, slot], sku[week, slot]
    views = _views(world, stream)[day]
    seen = 1 / (1 + shelf.bias * (position - 1))
    pieces, lines = world.totals["sold"][:, sku, day]
    through = stream.binomial(pieces, shelf.through * seen)
    orders = np.ceil(through * lines / np.maximum(pieces, 1)).astype(np.int64)
    clicks = stream.binomial(views, world["_truth_products"]["appeal"][sku] * seen)
    return {
        "date": FIRST_DAY + day,
        "slot_id": slot + 1,
        "slot": np.array(SLOTS, dtype=object)[slot],
        "position": position,
        "sku": sku + 1,
        "impressions": np.maximum(views, orders),
        "clicks": np.maximum(clicks, orders),
        "orders": orders,
        "revenue_cny": through * products["list_price_cny"][sku],
    }


def _layout(world: World, stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Position and product of each slot (column) in each week (row): on sale since its Monday, no product twice."""
    launch = day_index(world["products"]["launch_date"])
    category = np.array([CATEGORIES.index(name) for name in world["products"]["category"]])
    weeks = -(-DAYS // 7)
    liking = np.array(_LIKED) + _WHIM * stream.standard_normal((weeks, len(SLOTS)))
    position = np.argsort(np.argsort(-liking, axis=1), axis=1) + 1
    sku = np.zeros((weeks, len(SLOTS)), dtype=np.int64)
    for week in range(weeks):
        order = np.argsort(-(_SHOWN * np.log(popularity(world)) + stream.gumbel(size=launch.size)))
        order = order[launch[order] <= 7 * week]
        for slot in range(len(SLOTS)):
            fits = order[category[order] == slot] if slot < len(CATEGORIES) else order
            sku[week, slot] = fits[0]
            order = order[order != fits[0]]
    return position, sku


def _views(world: World, stream: np.random.Generator) -> np.ndarray:
    """Times the page was opened each day: as in the events where there are any, else as often per session as there."""
    counted, sessions = world.totals["page_views"], world.totals["usage"][1]
    inside = (np.arange(DAYS) >= WINDOW[0]) & (np.arange(DAYS) < WINDOW[1])
    usual = counted.sum() / max(sessions[inside].sum(), 1)
    return np.where(inside, counted, stream.poisson(sessions * usual))
