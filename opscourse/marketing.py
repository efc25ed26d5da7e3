"""Measures of marketing operations: what a channel costs, what it brings, and where the next yuan should go.

Amounts may be in any one currency. A ratio whose denominator is 0 is missing, never 0 or infinite.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import narwhals as nw
import numpy as np

from opscourse.attribution import attribution, incremental, shapley2
from opscourse.errors import ArgumentError
from opscourse.frames import LARGEST, Source, names
from opscourse.lifetime_value import ltv_from_retention
from opscourse.periods import duration
from opscourse.pricing import breakeven_lift, elasticity
from opscourse.referral import bass, bass_fit, branching, doubling_time, k_factor, total_per_seed
from opscourse.response import ResponseCurve, allocate, response_fit
from opscourse.shrinkage import shrink_rates
from opscourse.values import array, number, ratio, together

__all__ = [
    "ResponseCurve",
    "allocate",
    "attribution",
    "bass",
    "bass_fit",
    "branching",
    "breakeven_lift",
    "cac",
    "cost_ladder",
    "doubling_time",
    "elasticity",
    "incremental",
    "k_factor",
    "ltv",
    "ltv_from_retention",
    "payback",
    "response_fit",
    "roas",
    "roi",
    "shapley2",
    "shrink_rates",
    "total_per_seed",
]


def roi(gain: Any, cost: Any) -> Any:
    """Return on investment.

    Definition: (gain - cost) / cost. It says nothing before you say which gain (revenue, margin, lifetime margin) and until
    when it was counted: the same channel can be best by 30-day revenue and worst by 365-day margin.

    Parameters
    ----------
    gain : what came back, in the currency of cost; may be negative.
    cost : what was spent, not negative.

    Returns
    -------
    a fraction (1.0 is +100%), as number, array or Series; missing where nothing was spent.

    Raises
    ------
    ArgumentError : a negative cost, something that is not a number, lengths or indexes that do not match.

    Source: Q12, the formula of the course's sources.

    Examples
    --------
    >>> roi(gain=150, cost=100)
    0.5
    """
    (gain, cost), form = together(gain=gain, cost=cost, least={"cost": 0})
    return form(ratio(gain - cost, cost))


def roas(revenue: Any, cost: Any) -> Any:
    """Return on advertising spend.

    Definition: revenue / cost. Revenue is not margin: at a margin of 25%, advertising loses money below a roas of 4.

    Parameters
    ----------
    revenue : revenue that is credited to the advertising.
    cost : what the advertising cost, not negative.

    Returns
    -------
    a ratio, as number, array or Series; missing where nothing was spent.

    Raises
    ------
    ArgumentError : as `roi`.

    Source: the term of advertising platforms.

    Examples
    --------
    >>> roas(revenue=150, cost=100)
    1.5
    """
    (revenue, cost), form = together(revenue=revenue, cost=cost, least={"cost": 0})
    return form(ratio(revenue, cost))


def cac(cost: Any, customers: Any) -> Any:
    """Cost of acquiring a customer.

    Definition: cost / new customers of the same period and channel. Say what a customer is: an install, a sign-up, a payer.

    Parameters
    ----------
    cost : what acquisition cost, not negative.
    customers : number of new customers, not negative.

    Returns
    -------
    currency of cost for each customer, as number, array or Series; missing where there was no customer.

    Raises
    ------
    ArgumentError : as `roi`.

    Source: textbook; M18 of the course's topics.

    Examples
    --------
    >>> cac(cost=1000, customers=[20, 0])
    array([50., nan])
    """
    (cost, customers), form = together(cost=cost, customers=customers, least={"cost": 0, "customers": 0})
    return form(ratio(cost, customers))


def ltv(margin: Any, age_days: Any, customers: float, *, horizon: str | dt.timedelta = "365d", discount: float = 0.0) -> float:
    """Lifetime value of a cohort's customers, as far as it was observed.

    Definition: sum of margin / (1 + discount) ** (age_days / 365) over the flows with 0 <= age_days < horizon, divided by all
    customers of the cohort, those who never paid included. Only a cohort whose youngest customer has been observed for the
    whole horizon has an ltv of that horizon: leave younger ones out of both numbers.

    Parameters
    ----------
    margin : the cohort's flows of money, one number each; negative for refunds.
    age_days : for each flow, the days between its customer's acquisition and it; from 0.
    customers : number of customers acquired.
    horizon : how long to count, for example "365d".
    discount : yearly rate at which later money is worth less, a fraction.

    Returns
    -------
    currency of margin for each customer.

    Raises
    ------
    ArgumentError : flows without age or margin, a negative age, no customers, a negative discount, a horizon without unit.

    Source: textbook, discounted margins of a cohort; M17 of the course's topics.

    Examples
    --------
    >>> ltv(margin=[10, 10, 50], age_days=[0, 30, 365], customers=2)
    10.0
    """
    days = duration(horizon, "horizon") / dt.timedelta(days=1)
    customers = number(customers, "customers", least=1)
    margin, age, discount = _flows(margin, age_days, discount)
    with np.errstate(over="ignore"):  # so late or dear that nothing is left
        counted = (margin / (1 + discount) ** (age / 365))[age < days]
    return float(counted.sum() / customers)


def payback(margin: Any, age_days: Any, cost: float, *, discount: float = 0.0) -> float:
    """Days until a cohort has earned back what it cost.

    Definition: the smallest age_days d for which the sum of margin / (1 + discount) ** (age_days / 365) over all flows up to
    and including d reaches cost. What is not reached within the observed flows is missing, never 0 and never a forecast.

    Parameters
    ----------
    margin, age_days, discount : as in `ltv`.
    cost : what acquiring the cohort cost, not negative.

    Returns
    -------
    days since acquisition; NaN if the cost is not earned back yet; 0 if it cost nothing.

    Raises
    ------
    ArgumentError : as `ltv`; a negative cost.

    Source: textbook; M18 of the course's topics.

    Examples
    --------
    >>> payback(margin=[30, 40, 50], age_days=[0, 12, 31], cost=100)
    31.0
    >>> payback(margin=[30, 40, 50], age_days=[0, 12, 31], cost=200)
    nan
    """
    cost = number(cost, "cost", least=0)
    margin, age, discount = _flows(margin, age_days, discount)
    if cost == 0:
        return 0.0
    days, of_day = np.unique(age, return_inverse=True)
    with np.errstate(over="ignore"):  # so late or dear that nothing is left
        worth = margin / (1 + discount) ** (age / 365)
    earned = np.cumsum(np.bincount(of_day, weights=worth, minlength=len(days)))
    reached = np.flatnonzero(earned >= cost)
    return float(days[reached[0]]) if len(reached) else float("nan")


def _flows(margin: Any, age_days: Any, discount: float) -> tuple[np.ndarray, np.ndarray, float]:
    margin, age = np.atleast_1d(array(margin, "margin")), np.atleast_1d(array(age_days, "age_days", least=0))
    if margin.shape != age.shape:
        raise ArgumentError(f"Each flow needs its age, but there are {margin.size} margins and {age.size} ages.")
    return margin, age, number(discount, "discount", least=0)


def cost_ladder(
    spend: Any,
    by: str | Iterable[str] | None = None,
    *,
    impressions_col: str = "impressions",
    clicks_col: str = "clicks",
    installs_col: str = "installs",
    customers_col: str | None = None,
    cost_col: str = "cost_cny",
) -> Any:
    """What each step from being shown to being paid costs: CPM, CTR, CPC, CPI, CAC.

    Definition, always of sums over the rows of a group, never a mean of daily ratios: cpm = 1000 x cost / impressions, ctr =
    clicks / impressions, cpc = cost / clicks, cpi = cost / installs, cac = cost / customers.

    Parameters
    ----------
    spend : frame of advertising, for example one row for each campaign and day.
    by : column or columns to group by; None for one row over all.
    impressions_col, clicks_col, installs_col, cost_col : names of the columns, not negative.
    customers_col : column with new customers, such as sign-ups; None: no cac.

    Returns
    -------
    frame of the same kind: the columns of `by`, the sums under their own names, cpm, ctr, cpc, cpi and, with customers, cac (in
    the currency of cost_col, ctr a fraction; missing where the denominator is 0), sorted.

    Raises
    ------
    ArgumentError : a missing column, an empty or negative number, no rows.

    Source: the terms of advertising platforms; M01 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> spend = pd.DataFrame({"impressions": [1000, 3000], "clicks": [10, 90], "installs": [1, 4], "cost_cny": [20.0, 80.0]})
    >>> cost_ladder(spend).round(3)
       impressions  clicks  installs  cost_cny   cpm    ctr  cpc   cpi
    0         4000     100         5     100.0  25.0  0.025  1.0  20.0
    """
    columns = [impressions_col, clicks_col, installs_col, *([] if customers_col is None else [customers_col]), cost_col]
    columns = list(dict.fromkeys(names(columns, "A column of spend")))
    by = names(by, "by", [*columns, "cpm", "ctr", "cpc", "cpi", "cac"])
    source = Source(spend=spend)
    rows, facts = source.read("spend", number={name: name for name in columns}, keep=by)
    for name in columns:
        if facts[f"min_{name}"] < 0:
            raise ArgumentError(
                f"Column {name!r} of spend goes down to {facts[f'min_{name}']:g}; none may be negative.", column=name
            )
    sums = rows.group_by(by).agg(nw.col(*columns).sum()).sort(by) if by else rows.select(nw.col(*columns).sum())
    sums = sums.with_columns(nw.col(name).cast(source.sum_dtype("spend", name)) for name in columns)
    steps = {"cpm": (1000, cost_col, impressions_col), "ctr": (1, clicks_col, impressions_col)}
    steps |= {"cpc": (1, cost_col, clicks_col), "cpi": (1, cost_col, installs_col)}
    if customers_col is not None:
        steps["cac"] = (1, cost_col, customers_col)
    return source.answer(
        sums.with_columns(  # a sum of next to nothing is nothing: a cost of it would be infinite
            nw.when(nw.col(below) > 1 / LARGEST).then(factor * nw.col(above) / nw.col(below)).alias(name)
            for name, (factor, above, below) in steps.items()
        )
    )
