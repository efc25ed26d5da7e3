"""Answers to exercise 19: who buys again, and whom a coupon moves."""

import pandas as pd

from opscourse.exercise import Choice, Frame, Function, Integer, Number
from opscourse.users import rfm

SNAPSHOT = "2024-12-31"
MARGIN_CNY, COUPON_CNY = 120, 15


def scored(load, snapshot=SNAPSHOT, paid_only=True):
    """RFM of all customers on a snapshot, by the helper."""
    orders = load("orders")
    return rfm(orders[orders["paid"]] if paid_only else orders, snapshot=snapshot)


# 19.2: the scores of some customers


def some(table):
    """The customers asked for."""
    return table[table["user_id"] % 200 == 0]


def scored_among_themselves(load):
    """The chosen ones scored without the others."""
    orders = load("orders")
    return rfm(some(orders[orders["paid"]]), snapshot=SNAPSHOT)


def scored_by_row(load):
    """Ties broken by the order of the rows, as `rank(method="first")` does."""
    table = scored(load)
    for name, of, ascending in (("r", "recency_days", False), ("f", "frequency", True), ("m", "monetary", True)):
        table[name] = pd.qcut(table[of].rank(method="first", ascending=ascending), 5, labels=False) + 1
    return table.pipe(some)


def scored_upside_down(load):
    """Recency with 5 for the longest silence."""
    table = scored(load)
    table["r"] = 1 + (5 * (table["recency_days"].rank(method="min") - 1) / len(table)).astype(int)
    return table.pipe(some)


def at_list_price(load):
    """Money before the discount."""
    orders = load("orders")
    return rfm(orders[orders["paid"]], snapshot=SNAPSHOT, amount_col="gross_cny").pipe(some)


# 19.3: do the best buy again?


def best_again(load, days=60, of="both", again="share", bottom=None, early=0):
    """Share of the customers with r 5 and f 5 who buy within `days` after the snapshot, or a slip of it."""
    table, orders = scored(load), load("orders")
    start = pd.Timestamp(SNAPSHOT) + pd.Timedelta("1D")
    from_day, to_day = start - pd.Timedelta(days=early), start + pd.Timedelta(days=days - early)
    later = orders[orders["paid"] & (orders["ts"] >= from_day) & (orders["ts"] < to_day)]
    chosen = {"both": (table["r"] == 5) & (table["f"] == 5), "r": table["r"] == 5, "f": table["f"] == 5, "all": table["r"] > 0}[
        of
    ]
    best = table.loc[chosen, "user_id"]
    if again == "of_orders":
        return later["user_id"].isin(best).mean()
    if again == "orders":
        return later["user_id"].isin(best).sum() / len(best)
    buyers = best.isin(later["user_id"])
    if again == "of_buyers":
        return buyers.sum() / later["user_id"].nunique()
    return buyers.sum() / (len(table) if bottom == "all" else len(best))


# 19.4: a score that ties cannot upset


def score(value, values):
    """1 plus five times the share that is strictly smaller, rounded down."""
    return 1 + 5 * sum(other < value for other in values) // len(values)


# 19.5 and 19.6: the coupon test


def arms(load, recent_only=False):
    """Share of buyers with and without a coupon."""
    test = load("assignments").query("exp_id == 10")
    if recent_only:
        customers = scored(load, "2025-04-06")
        recent = customers.loc[customers["recency_days"] <= 90, "user_id"]
        test = test[test["unit_id"].isin(recent)]
    rates = test.groupby("arm")["outcome"].mean()
    return rates["coupon"], rates["control"]


def profit(load, cost=lambda coupon, control: coupon):
    """Yuan that remain of 1,000 coupons to everybody; `cost` is the share of coupons that are paid for."""
    coupon, control = arms(load)
    return 1000 * (MARGIN_CNY * (coupon - control) - COUPON_CNY * cost(coupon, control))


def profit_without_control(load):
    """Every order of a coupon holder counted as gained."""
    coupon, _ = arms(load)
    return 1000 * (MARGIN_CNY - COUPON_CNY) * coupon


def anyway(load, recent_only=True):
    """Share of the coupon's buyers who would have bought without it."""
    coupon, control = arms(load, recent_only)
    return control / coupon


QUESTIONS = {
    "19.1": Choice(
        right="d",
        options={
            "a": "nothing is due from people who have left: look along the two lowest rows of the lesson's map",
            "b": "the parts do not weigh the same: compare the map's two lowest rows with the top of its first column",
            "c": "the right side, but look at the map again: how far apart are the bottom right and the top left?",
            "d": "recency decides: one order a short time ago beats many orders long ago",
        },
    ),
    "19.2": Frame(
        keys=["user_id"],
        columns={"recency_days": int, "frequency": int, "monetary": 0.01, "r": int, "f": int, "m": int},
        partial=True,
        right=lambda load: scored(load).pipe(some),
        praise="equal customers, equal scores",
        mistakes={
            "unpaid orders are in it; a customer is who paid": lambda load: scored(load, paid_only=False).pipe(some),
            "31 December is not in it: the snapshot's own day still counts": lambda load: scored(load, "2024-12-30").pipe(some),
            "this looks from 1 January; the snapshot is the day before": lambda load: scored(load, "2025-01-01").pipe(some),
            "these are all orders until today; on the snapshot the later ones do not exist yet": (
                lambda load: scored(load, None).pipe(some)
            ),
            "these are scored among themselves; a score compares with all customers": scored_among_themselves,
            "ties are broken by the order of the rows here; count who is strictly worse": scored_by_row,
            "recency is upside down: few days are good": scored_upside_down,
            "this is the price before the discount; take what was paid": at_list_price,
        },
    ),
    "19.3": Number(
        right=lambda load: best_again(load),
        tolerance=0.005,
        unit="a proportion between 0 and 1",
        praise="at this end the score is as good as its fame",
        mistakes={
            "this is the best customers' share of all later orders; asked is a share of customers": (
                lambda load: best_again(load, again="of_orders")
            ),
            "these are orders for each customer; count each customer once": lambda load: best_again(load, again="orders"),
            "you divided by all customers; the question is about those with 5 and 5": lambda load: best_again(
                load, bottom="all"
            ),
            "this is the share of the buyers who are among the best; turn it round": (
                lambda load: best_again(load, again="of_buyers")
            ),
            "this takes everybody with recency 5, whatever their frequency": lambda load: best_again(load, of="r"),
            "this takes everybody with frequency 5, whatever their recency": lambda load: best_again(load, of="f"),
            "this is the rate of all customers; the question is about those with 5 and 5": lambda load: best_again(
                load, of="all"
            ),
            "the snapshot's own day is not after it; begin on 1 January": lambda load: best_again(load, early=1),
            "this counts all orders after the snapshot; only 60 days count": lambda load: best_again(load, days=999),
            "this counts 30 days; 60 are asked": lambda load: best_again(load, days=30),
        },
    ),
    "19.4": Function(
        right=score,
        result=Integer(unit="a score from 1 to 5"),
        praise="no order of the list can change it",
        cases={
            "the least of ten": (1, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
            "the example": (2, [1, 2, 2, 3]),
            "the second of eight": (2, [1, 2, 3, 4, 5, 6, 7, 8]),
            "the best of ten": (10, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]),
            "many ties": (2, [1, 1, 1, 1, 1, 1, 2, 2, 2, 3]),
            "all equal": (7, [7, 7, 7, 7]),
        },
        mistakes={
            "this rounds to the nearest; round down": (
                lambda value, values: 1 + round(5 * sum(other < value for other in values) / len(values))
            ),
            "this divides by one less than the length; the share is of the whole list": (
                lambda value, values: 1 + 5 * sum(other < value for other in values) // (len(values) - 1)
            ),
            "equal values count as smaller here; only strictly smaller ones do": (
                lambda value, values: 1 + 5 * sum(other <= value for other in values) // len(values)
            ),
            "this gives 5 to the least; more is better": (
                lambda value, values: 1 + 5 * sum(other > value for other in values) // len(values)
            ),
            "round down after multiplying by five, not before": (
                lambda value, values: 1 + 5 * (sum(other < value for other in values) // len(values))
            ),
            "equal values count once here; the share is of the whole list": (
                lambda value, values: 1 + 5 * sum(other < value for other in set(values)) // len(set(values))
            ),
            "the first score is 1, not 0": lambda value, values: 5 * sum(other < value for other in values) // len(values),
        },
    ),
    "19.5": Number(
        right=lambda load: profit(load),
        tolerance=25,
        unit="yuan for 1,000 coupons",
        praise="the regular customers eat up much of what the light ones bring",
        mistakes={
            "every order of a coupon holder counts as gained here; compare with those who got none": profit_without_control,
            "you pay for each coupon sent; only a used one costs": lambda load: profit(load, lambda coupon, control: 1),
            "you pay only for the coupons of the additional buyers; the others use theirs as well": (
                lambda load: profit(load, lambda coupon, control: coupon - control)
            ),
            "the coupons cost nothing here": lambda load: profit(load, lambda coupon, control: 0),
            "without a coupon there are none to pay for; take the buyers of the other arm": (
                lambda load: profit(load, lambda coupon, control: control)
            ),
            "this is for one coupon; a thousand are asked": lambda load: profit(load) / 1000,
        },
    ),
    "19.6": Number(
        right=lambda load: anyway(load),
        tolerance=0.01,
        unit="a proportion between 0 and 1",
        praise="most of the orders that the report counts would have come by themselves",
        alike="a coupon that moved nobody, or nearly everybody, would upset the lesson: the share stays between 0.6 and 0.8",
        mistakes={
            "this is the share that the coupon brought; asked are the others": lambda load: 1 - anyway(load),
            "this is the share of both arms' buyers who had none; asked is a share of the buyers with one": (
                lambda load: 1 / (1 + 1 / anyway(load))
            ),
            "this is the rate without a coupon, of all recent customers; asked is a share of the buyers with one": (
                lambda load: arms(load, recent_only=True)[1]
            ),
            "this is the difference of the two rates; asked is a share of the buyers": (
                lambda load: arms(load, recent_only=True)[0] - arms(load, recent_only=True)[1]
            ),
            "this divides the wrong way round": lambda load: 1 / anyway(load),
            "this takes all customers in the test; the report speaks of the recent ones": lambda load: anyway(load, False),
        },
    ),
}
