"""Orders in the shop and their lines (TP04, TP11)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.activity import WINDOW
from opscourse.company.build.calendar import DAYS, day_index
from opscourse.company.build.people import DAY, EARLIEST, LATEST, START, clock, stamp
from opscourse.company.world import Block, Columns, World, builds, coded, filled, ordered, pick

__all__ = ["SPAN", "popularity"]

SPAN = 10_000 * DAY  # more seconds than any calendar here
_POPULARITY = 0.85  # sales of the k-th most popular product fall as k to this power
_QUANTITIES = (0.88, 0.09, 0.03)
_DISCOUNTS = (0.05, 0.10, 0.15, 0.20, 0.30)
_DISCOUNT_SHARES = (0.15, 0.35, 0.25, 0.15, 0.10)


@builds("_payments")
def payments(block: Block) -> Columns:
    """One row an order, in the order of `_days`: the user-day it belongs to and whether the payment went through."""
    stream = block.stream("_payments")
    counts = block["_days"]["orders"].astype(np.int64)
    row = np.repeat(np.arange(counts.size), counts)
    return {"row": row, "paid": stream.random(row.size) < block.parameters.purchase.paid}


@builds("_orders")
def times(block: Block) -> Columns:
    """Second of each order (in the order of `_payments`), and its rank in time, from which its id follows.

    In the raw window the second is that of the event which completed it (or of the full cart, if it was not paid).
    """
    stream = block.stream("_orders")
    days, row = block["_days"], block["_payments"]["row"]
    day = days["day"][row].astype(np.int64)
    of_day = clock(stream, block.parameters.arrival.hours, row.size)
    signup = block["_signups"]["second"][days["user"][row]]
    rest = signup + 600 + (stream.random(row.size) * (LATEST - signup)).astype(np.int64).clip(max=DAY)
    of_day = np.where(days["age"][row] == 0, np.minimum(rest, DAY - 1), of_day)
    second = day * DAY + np.maximum(of_day, EARLIEST)
    made = block["_events"]["order_second"]
    inside = (day >= WINDOW[0]) & (day < WINDOW[1])
    second[inside] = made[inside]
    turn = ordered(second)
    rank = np.empty(row.size, dtype=np.int64)
    rank[turn] = np.arange(row.size)
    return {"second": second, "turn": turn, "rank": rank}


def popularity(world: World) -> np.ndarray:
    """How well each product sells, relative to the best one, while both are on sale."""
    return world.stream("_baskets").permutation(np.arange(1, world["products"]["sku"].size + 1)) ** -_POPULARITY


@builds("_baskets")
def baskets(block: Block) -> Columns:
    """Lines of all orders, in the order of `_payments`: (order, sku, quantity, price)."""
    stream = block.stream("_baskets")
    purchase, checkout, world = block.parameters.purchase, block.parameters.checkout, block.world
    days, row = block["_days"], block["_payments"]["row"]
    day = days["day"][row].astype(np.int64)
    launched = day >= int(day_index(np.datetime64(checkout.launch)))
    launched &= block["_treated"]["treated"][days["user"][row]]
    mean = np.where(launched, purchase.lines * checkout.basket, purchase.lines)
    lines = stream.geometric(1 / mean).clip(max=8)
    order = np.repeat(np.arange(row.size), lines)
    products = world["products"]
    launch = day_index(products["launch_date"])
    by_launch = np.argsort(launch, kind="stable")
    cumulative = np.cumsum(popularity(world)[by_launch])
    on_sale = np.searchsorted(launch[by_launch], np.arange(DAYS), side="right")
    drawn = stream.random(order.size) * cumulative[on_sale[day[order]] - 1]
    index = by_launch[np.searchsorted(cumulative, drawn, side="right")]
    return {
        "order": order,
        "lines": lines,
        "sku": products["sku"][index],
        "quantity": pick(stream, _QUANTITIES, order.size) + 1,
        "price": products["list_price_cny"][index],
    }


@builds("orders")
def orders(block: Block) -> Columns:
    """One row an order, in order of time."""
    stream = block.stream("orders")
    days, payments, times, lines = block["_days"], block["_payments"], block["_orders"], block["_baskets"]
    size = payments["row"].size
    user = days["user"][payments["row"]]
    persona = block["_people"]["persona"][user]
    gross = np.bincount(lines["order"], lines["quantity"] * lines["price"], minlength=size).round(2)
    shopping = np.isin(days["day"][payments["row"]], day_index(np.array(["2024-11-11", "2024-06-18", "2025-06-18"], "M8[D]")))
    coupon = stream.random(size) < np.maximum(np.array(block.parameters.persona.coupon)[persona], 0.7 * shopping)
    rate = np.array(_DISCOUNTS)[pick(stream, _DISCOUNT_SHARES, size)]
    discount = np.where(coupon, (gross * rate).round(2), 0.0)
    refunded = stream.random(size) < block.parameters.purchase.refunded
    method = coded(pick(stream, (0.55, 0.36, 0.06, 0.03), size), ("wechat_pay", "alipay", "card", "points"))
    turn = times["turn"]
    columns = {
        "user_id": user + np.int64(block.first_user),
        "ts": stamp(times["second"]),
        "gross_cny": gross,
        "discount_cny": discount,
        "net_cny": (gross - discount).round(2),
        "coupon": coupon,
        "pay_method": method,
        "paid": payments["paid"],
        "refunded": payments["paid"] & refunded,
    }
    return {"order_id": block.first_id + np.arange(size)} | {name: values.take(turn) for name, values in columns.items()}


@builds("_paid")
def paid(block: Block) -> Columns:
    """Paid orders by user and time, found by a `key` of both: the user's place in the block times `SPAN`, plus the second."""
    orders = block["orders"]
    rows = np.flatnonzero(orders["paid"])
    user = orders["user_id"][rows] - block.first_user
    turn = ordered(user)  # orders are in order of time already
    key = user * SPAN + orders["ts"][rows].astype(np.int64) - START
    return {"key": key[turn], "order_id": orders["order_id"][rows][turn], "net_cny": orders["net_cny"][rows][turn]}


@builds("order_items")
def order_items(block: Block) -> Columns:
    """One row a product of an order, in order of the orders' time."""
    lines, turn = block["_baskets"], block["_orders"]["turn"]
    first = np.cumsum(lines["lines"]) - lines["lines"]
    counts = lines["lines"][turn]
    index = filled(first[turn], counts)
    return {
        "order_id": block.first_id + np.repeat(np.arange(turn.size), counts),
        "line": filled(np.ones(turn.size, dtype=np.int64), counts),
        "sku": lines["sku"][index],
        "quantity": lines["quantity"][index],
        "price_cny": lines["price"][index],
    }
