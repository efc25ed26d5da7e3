"""Measures of user operations: who bought lately, often and much, and what each is still worth (`opscourse.lifetime_value`).

They take pandas, Polars, DuckDB, Dask or PySpark frames and answer in the same kind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np

from opscourse.errors import ArgumentError
from opscourse.eventlog import purchases
from opscourse.frames import Source
from opscourse.lifetime_value import BgNbd, GammaGamma, bg_nbd, clv, clv_summary, gamma_gamma
from opscourse.values import whole_number

__all__ = [
    "SEGMENTS",
    "BgNbd",
    "GammaGamma",
    "bg_nbd",
    "clv",
    "clv_summary",
    "gamma_gamma",
    "rfm",
    "rfm_segments",
]

# Segment -> its cells, as two digits: recency score, frequency score. Every cell from 11 to 55 is in exactly one.
SEGMENTS = {
    "champions": (54, 55),
    "loyal": (34, 35, 44, 45),
    "potential loyalists": (42, 43, 52, 53),
    "new": (51,),
    "promising": (41,),
    "need attention": (33,),
    "about to sleep": (31, 32),
    "at risk": (13, 14, 23, 24),
    "cannot lose": (15, 25),
    "hibernating": (11, 12, 21, 22),
}


def rfm(
    orders: Any,
    *,
    snapshot: str | dt.date | None = None,
    scores: int = 5,
    user_col: str = "user_id",
    timestamp_col: str = "ts",
    amount_col: str = "net_cny",
) -> Any:
    """Recency, frequency and monetary value of each customer, and their scores.

    Definition: recency_days = calendar days from the day of a customer's last order to the snapshot; frequency = number of
    orders; monetary = sum of their amounts; all until the end of the snapshot's day, later orders do not exist yet. Each
    becomes a score of 1 + floor(scores x share), where share is the part of all customers who do strictly worse: bought
    longer ago (r), less often (f), for less (m). So equal customers always get equal scores, and without ties and with a number
    of customers that `scores` divides this is NTILE.

    Where it misleads: with many ties some scores stay empty (if 70% ordered once, f is 1 or at least 4 of 5); scores rank and
    do not measure; and they shift with the other customers, not only with one's own orders.

    Parameters
    ----------
    orders : frame with one row for each order; leave out beforehand what should not count, such as unpaid or refunded orders.
    snapshot : the day we look from; default: the day of the last order.
    scores : number of scores, 2 to 10; 5 makes quintiles.
    user_col, timestamp_col : names of the columns.
    amount_col : what an order was worth, in any currency, not negative.

    Returns
    -------
    frame of the same kind, one row for each customer, sorted: user_col, recency_days (days), frequency (orders), monetary
    (currency of amount_col, rounded to 4 decimals), r, f, m (1 to scores, more is better).

    Raises
    ------
    ArgumentError : a missing column, an empty key or amount, a negative amount, no order until the snapshot, other scores.

    Source: Hughes, Strategic Database Marketing (1994), with a rule for ties; U05 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"user_id": [1, 1, 2], "ts": pd.to_datetime(["2025-06-01", "2025-06-20", "2025-05-31"])})
    >>> rfm(orders.assign(net_cny=[10.0, 20.0, 99.0]), snapshot="2025-06-30", scores=2)
       user_id  recency_days  frequency  monetary  r  f  m
    0        1            10          2      30.0  2  2  1
    1        2            30          1      99.0  1  1  2
    """
    if whole_number(scores, "scores", least=2) > 10:
        raise ArgumentError(f"scores is {scores!r}; give a whole number from 2 to 10.")
    source, bought, today = purchases(orders, snapshot, "snapshot", user_col, timestamp_col, amount_col)
    customers = bought.group_by("_user").agg(nw.col("_day").max(), nw.len().alias("_orders"), nw.col("_amount").sum())
    if source.eager_pandas:
        customers = customers.sort("_user")  # now, while it has few columns
    customers = customers.select(
        nw.col("_user").alias(user_col),
        (nw.lit(today) - nw.col("_day")).cast(nw.Int64).alias("recency_days"),
        nw.col("_orders").cast(nw.Int64).alias("frequency"),
        nw.col("_amount").round(4).alias("monetary"),  # so that sums in another order are equal sums
    )
    better = {"r": -nw.col("recency_days"), "f": nw.col("frequency"), "m": nw.col("monetary")}
    if source.eager_pandas:
        return source.answer(_scored_at_limits(customers.collect(), better, scores))
    worse = {name: (value.rank("min") - 1).cast(nw.Int64) for name, value in better.items()}
    scored = customers.with_columns(nw.len().alias("_customers"), **worse)
    scored = scored.with_columns(
        (1 + (nw.col(name) * scores / nw.col("_customers")).floor()).cast(nw.Int64).alias(name) for name in better
    )
    return source.answer(scored.drop("_customers").sort(user_col))


def _scored_at_limits(customers: nw.DataFrame, better: Mapping[str, nw.Expr], scores: int) -> nw.DataFrame:
    """The same scores without ranks, which were half of the work in pandas: one more than the limits below a value, where limit
    k is the ceil(k n / scores)-th of all n values from below."""
    limits = {}
    for name, values in customers.select(**better).to_dict().items():
        ordered = np.sort(values.to_numpy())
        limits[name] = [ordered[-(-k * len(ordered) // scores) - 1] for k in range(1, scores)]
    above = {name: [(better[name] > limit).cast(nw.Int64) for limit in limits[name]] for name in better}
    return customers.with_columns((1 + nw.sum_horizontal(*each)).alias(name) for name, each in above.items())


def rfm_segments(scored: Any) -> Any:
    """Name the segment of each customer, from the scores r and f of `rfm` with five scores.

    Definition, r (recency) before f (frequency); each of the 25 cells is in exactly one segment, and m plays no part:

    | r, f | 1 | 2 | 3 | 4 | 5 |
    |---|---|---|---|---|---|
    | 5 | new | potential loyalists | potential loyalists | champions | champions |
    | 4 | promising | potential loyalists | potential loyalists | loyal | loyal |
    | 3 | about to sleep | about to sleep | need attention | loyal | loyal |
    | 2 | hibernating | hibernating | at risk | at risk | cannot lose |
    | 1 | hibernating | hibernating | at risk | at risk | cannot lose |

    Where it misleads: the names sound like causes and are only cells. Nobody is "at risk" who buys once a year, each year.

    Parameters
    ----------
    scored : result of `rfm(..., scores=5)`, or any frame with whole numbers from 1 to 5 in r and f.

    Returns
    -------
    the same frame with the column segment at its end.

    Raises
    ------
    ArgumentError : r or f is missing, empty or not from 1 to 5, or there are no rows.

    Source: the segment map in common use with quintiles (there is no standard one); U05 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> rfm_segments(pd.DataFrame({"user_id": [7, 8], "r": [5, 1], "f": [1, 5]}))
       user_id  r  f      segment
    0        7  5  1          new
    1        8  1  5  cannot lose
    """
    source = Source(scored=scored)
    _, facts = source.read("scored", number={"r": "r", "f": "f"})
    for name in ("r", "f"):
        low, high = facts[f"min_{name}"], facts[f"max_{name}"]
        if low < 1 or high > 5:
            raise ArgumentError(f"Column {name!r} runs from {low:g} to {high:g}; segments need scores of 1 to 5.", column=name)
    segment = nw.lit(None, nw.String)
    for name, cells in SEGMENTS.items():
        segment = nw.when((10 * nw.col("r") + nw.col("f")).is_in(cells)).then(nw.lit(name)).otherwise(segment)
    return source.extended("scored", segment=segment)
