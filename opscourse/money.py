"""Measures of money: dependence on a few customers, how long cash lasts, how much to buy before demand is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.frames import Source, names
from opscourse.values import EDGE, array, fraction, number, whole_number

__all__ = ["cash_forecast", "cash_runway", "concentration", "hhi_bounds", "newsvendor"]


def concentration(
    invoices: Any,
    k: int = 5,
    by: str | Iterable[str] | None = None,
    *,
    customer_col: str = "account_id",
    amount_col: str = "amount_cny",
) -> Any:
    """How much of a revenue hangs on its largest customers, or of a market on its largest firms: CR_k and HHI.

    Definition: with each customer's share of the sum of all amounts, cr = sum of the k largest shares, largest = the largest
    one, hhi = 10,000 x sum of all squared shares (a monopoly has 10,000, n equal ones 10,000 / n). hhi_low and hhi_high are
    what somebody who knows only cr could say of hhi: `hhi_bounds`.

    Parameters
    ----------
    invoices : frame with one row or more for each customer.
    k : how many are the largest ones, from 1.
    by : column or columns to group by, such as a quarter; None for one row over all.
    customer_col : whose amount it is.
    amount_col : an amount in any one currency, or a share; refunds may be negative, a customer's sum may not.

    Returns
    -------
    frame of the same kind: the columns of `by`, customers (number), total (currency), largest, cr (fractions), hhi, hhi_low,
    hhi_high (points up to 10,000; empty where the total is 0), sorted.

    Raises
    ------
    ArgumentError : a missing column, an empty customer or amount, a customer with a negative sum, a k below 1, no rows.

    Source: Herfindahl (1950), Hirschman (1964); Q24, K18 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> invoices = pd.DataFrame({"account_id": [1, 1, 2, 3], "amount_cny": [30.0, 20.0, 30.0, 20.0]})
    >>> concentration(invoices, k=1).round(3)[["customers", "total", "largest", "cr", "hhi"]]
       customers  total  largest   cr     hhi
    0          3  100.0      0.5  0.5  3800.0
    """
    k = whole_number(k, "k")
    by = names(by, "by", ("customers", "total", "largest", "cr", "hhi", "hhi_low", "hhi_high"))
    source = Source(invoices=invoices)
    rows, facts = source.read("invoices", key={"_customer": customer_col}, number={"_amount": amount_col}, keep=by)
    customers = rows.group_by(*by, "_customer").agg(nw.col("_amount").sum())
    wrong = source.collect(customers.filter(nw.col("_amount") < 0))
    if count := len(wrong):
        raise ArgumentError(
            f"{count:,} customers have a negative sum of {amount_col!r}, for example {customer_col} {wrong['_customer'][0]}"
            f" with {wrong['_amount'][0]:g}; a share cannot be negative, leave them out.",
            column=amount_col,
            count=count,
        )
    rank = nw.col("_amount").rank("ordinal", descending=True)
    customers = customers.with_columns(_rank=rank.over(*by) if by else rank)
    amount, place, unit = nw.col("_amount"), nw.col("_rank"), facts["max__amount"] or 1  # so that no square is too large
    customers = customers.with_columns(
        customers=nw.lit(1),
        _top=nw.when(place <= k).then(amount).otherwise(0.0),
        _largest=nw.when(place <= 1).then(amount).otherwise(0.0),
        _square=amount / unit * amount / unit,
    )
    parts = ("_amount", "_top", "_largest", "_square")
    total = nw.col("customers", *parts).sum()
    sums = source.collect(customers.group_by(by).agg(total).sort(by) if by else customers.select(total))
    total, top, largest, square = (sums[name].to_numpy().astype(float) for name in parts)
    with np.errstate(invalid="ignore"):
        cr = np.minimum(top / total, 1.0)
        columns = {"total": total, "largest": largest / total, "cr": cr, "hhi": 10_000 * square / (total / unit) ** 2}
    known = zip(cr, sums["customers"].cast(nw.Int64).to_list(), strict=True)
    bounds = [_bounds(share, min(k, count)) if share > 0 else (np.nan, np.nan) for share, count in known]
    columns["hhi_low"], columns["hhi_high"] = zip(*bounds, strict=True)
    series = (
        nw.new_series(name, [float(x) if np.isfinite(x) else None for x in values], nw.Float64, backend=sums.implementation)
        for name, values in columns.items()
    )
    return source.answer(sums.select(*by, nw.col("customers").cast(nw.Int64)).with_columns(*series))


def hhi_bounds(cr: float, k: int) -> tuple[float, float]:
    """What is known of HHI if only the share of the k largest is.

    Definition: hhi is least, 10,000 x cr ** 2 / k, if the k are equal and the rest is crumbs. It is largest if one of the k has
    nearly all of cr and the rest is crumbs, 10,000 x cr ** 2; or, where that is more, if the k are equal and the rest is in as
    few as it can be, none larger than they.

    Parameters
    ----------
    cr : share of the k largest, a fraction above 0.
    k : how many they are, from 1.

    Returns
    -------
    low, high : points up to 10,000.

    Raises
    ------
    ArgumentError : a cr outside 0 to 1, a k below 1.

    Source: own derivation: the sum of squares is convex in the smallest of the k, so largest at an end; Q24, FL16.

    Examples
    --------
    >>> low, high = hhi_bounds(cr=0.534, k=5)
    >>> round(low), round(high)
    (570, 2852)
    """
    cr = number(cr, "cr")
    if not EDGE <= cr <= 1:
        raise ArgumentError(f"cr is {cr!r}; give a fraction above 0 and up to 1, for example 0.534.")
    return _bounds(cr, whole_number(k, "k"))


def _bounds(cr: float, k: int) -> tuple[float, float]:
    equal, rest = cr / k, 1 - cr
    whole = int(rest / equal + 1e-9)  # so many of the rest can be as large as the k
    alike = (k + whole) * equal**2 + max(rest - whole * equal, 0) ** 2
    return 10_000 * cr * equal, 10_000 * max(cr**2, alike)


def newsvendor(demand: Any, price: float, cost: float, salvage: float = 0.0) -> float:
    """How much to buy once, before demand is known: the newsvendor's order.

    Definition: the smallest of the demands seen so far that covered at least the share (price - cost) / (price - salvage) of
    them. One more would cost more than it brings, since it is needed too rarely. Capacity instead of goods is the same
    problem: cost is what a unit costs in advance, price what it costs, or loses, when it is missing.

    Where it misleads: the past is taken for all that can come, so never more than the largest demand seen; and sales are not
    demand where the stock ran out.

    Parameters
    ----------
    demand : demand of past periods, not negative.
    price : what a sold unit brings.
    cost : what a unit costs, above salvage and below price.
    salvage : what an unsold unit still brings.

    Returns
    -------
    units to buy.

    Raises
    ------
    ArgumentError : no demand, a negative or missing one, a cost that is not between salvage and price.

    Source: Arrow, Harris and Marschak (1951); G07 of the course's topics.

    Examples
    --------
    >>> newsvendor(demand=[10, 20, 30, 40, 50], price=5, cost=2)
    30.0
    """
    demand = np.atleast_1d(array(demand, "demand", least=0))
    if not demand.size:
        raise ArgumentError("demand is empty; give the demand of at least one period.")
    price, cost, salvage = number(price, "price"), number(cost, "cost"), number(salvage, "salvage")
    if not salvage < cost < price:
        raise ArgumentError(f"cost is {cost!r}; it must lie between salvage, {salvage!r}, and price, {price!r}.")
    return float(np.quantile(demand, (price - cost) / (price - salvage), method="inverted_cdf"))


def cash_runway(cash: float, flows: Any) -> float:
    """How many periods the cash lasts at the mean of past flows.

    Definition: cash / -mean(flows). Infinite if the mean is not negative.

    Where it misleads: a mean has no bad month. `cash_forecast` says how likely it is to run out earlier.

    Parameters
    ----------
    cash : what is there now, not negative.
    flows : receipts less payments of each past period.

    Returns
    -------
    periods, in the unit of flows.

    Raises
    ------
    ArgumentError : no flows, a missing one, a negative cash.

    Source: the term of start-up finance; G12 of the course's topics.

    Examples
    --------
    >>> cash_runway(cash=120, flows=[-30, 10, -10])
    12.0
    """
    cash, flows = _cash(cash, flows)
    burn = -flows.mean()
    return float(cash / burn) if burn > 0 else float("inf")


def cash_forecast(
    cash: float,
    flows: Any,
    periods: int,
    *,
    block: int = 1,
    paths: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """How cash may develop if the past flows come again in another order, and how likely it is to run out.

    Definition: paths futures, each made of blocks of successive past flows that start anywhere by chance (after the last comes
    the first). ruin = share of the futures in which cash was below 0 at the end of this period or of an earlier one; low and
    high are the Wilson interval for the number of paths. p5, p50, p95: quantiles of cash over all futures, those that ran out
    included.

    Where it misleads: what never happened cannot happen, trend and season do not go on, and blocks that are shorter than a bad
    time break it up: try several. The interval is the error of simulating, not of the past having been short.

    Parameters
    ----------
    cash : what is there now, not negative.
    flows : receipts less payments of each past period, in their order.
    periods : how many to look ahead, from 1.
    block : successive flows that stay together, from 1.
    paths : number of futures, from 1.
    confidence : of the interval, a fraction.
    seed : of the random numbers; the same seed gives the same answer.

    Returns
    -------
    pandas frame, one row a period: period (from 1), p5, p50, p95 (currency of cash), ruin, low, high (fractions).

    Raises
    ------
    ArgumentError : no flows, a missing one, a negative cash, numbers of periods, block or paths that are not whole from 1.

    Source: circular block bootstrap of Politis and Romano (1992); G12 of the course's topics.

    Examples
    --------
    >>> cash_forecast(cash=100, flows=[-60], periods=2, paths=1)[["period", "p50", "ruin"]]
       period   p50  ruin
    0       1  40.0   0.0
    1       2 -20.0   1.0
    """
    from opscourse.data import proportion_interval

    cash, flows = _cash(cash, flows)
    fraction(confidence, "confidence")
    for name, value in {"periods": periods, "block": block, "paths": paths}.items():
        whole_number(value, name)
    random = np.random.default_rng(whole_number(seed, "seed", least=0))
    level, ruined, at = np.full(paths, cash), np.zeros(paths, dtype=bool), np.zeros(paths, dtype=int)
    quantiles, ruins = [], []
    for period in range(periods):
        at = random.integers(len(flows), size=paths) if period % block == 0 else (at + 1) % len(flows)
        level += flows[at]
        ruined |= level < 0
        quantiles.append(np.quantile(level, (0.05, 0.5, 0.95)))
        ruins.append(ruined.sum())
    low, high = proportion_interval(np.array(ruins), paths, confidence=confidence)
    frame = pd.DataFrame(quantiles, columns=["p5", "p50", "p95"])
    frame.insert(0, "period", range(1, periods + 1))
    return frame.assign(ruin=np.array(ruins) / paths, low=low, high=high)


def _cash(cash: float, flows: Any) -> tuple[float, np.ndarray]:
    flows = np.atleast_1d(array(flows, "flows"))
    if not flows.size:
        raise ArgumentError("flows is empty; give those of at least one period.")
    return number(cash, "cash", least=0), flows
