"""Measures of content operations: how unequal attention is, which average is meant, what a platform rewards, who is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.frames import Source, names, one_of
from opscourse.values import array, fraction, number, weights_of

__all__ = ["gini", "lorenz", "net_reach", "platform_score", "ratio_of_sums"]


def lorenz(values: Any) -> pd.DataFrame:
    """The Lorenz curve: what share of the total the smallest items have together.

    Definition: with the n values in ascending order, the point i has the first i items' share of items, i / n, and of the
    total, their sum / the sum of all; i from 0 to n. Equality is the diagonal.

    Parameters
    ----------
    values : an amount of each item (views, minutes, orders), not negative; items that got nothing belong to it as 0.

    Returns
    -------
    pandas frame with n + 1 rows: items, total (fractions, from 0 to 1).

    Raises
    ------
    ArgumentError : no values, a negative or missing one, or a sum of 0.

    Source: Lorenz (1905); C01 of the course's topics.

    Examples
    --------
    >>> lorenz([1, 1, 2])["total"].tolist()
    [0.0, 0.25, 0.5, 1.0]
    """
    values = _ascending(values)
    total = np.concatenate([[0.0], np.cumsum(values)])
    return pd.DataFrame({"items": np.arange(len(total)) / len(values), "total": total / total[-1]})


def gini(values: Any) -> float:
    """The Gini coefficient: how unequally an amount is spread over items.

    Definition: twice the area between the Lorenz curve and the diagonal, which is the mean difference of all pairs of items /
    twice the mean. 0 if all have the same, (n - 1) / n if one of n has everything. Leaving out the items with 0 lowers it:
    say whether they are in.

    Parameters
    ----------
    values : as in `lorenz`.

    Returns
    -------
    a number from 0 to below 1.

    Raises
    ------
    ArgumentError : as `lorenz`.

    Source: Gini (1912); C01 of the course's topics.

    Examples
    --------
    >>> gini([1, 1, 1]), gini([0, 0, 0, 1])
    (0.0, 0.75)
    """
    values = _ascending(values)
    n = len(values)
    rank = 2 * np.arange(1, n + 1) - n - 1
    return max(float(rank @ (values / values.sum())) / n, 0.0)


def _ascending(values: Any) -> np.ndarray:
    values = np.sort(np.atleast_1d(array(values, "values", least=0)))
    if not values.sum() > 0:
        raise ArgumentError(f"{len(values)} values with a sum of 0; inequality needs something that is spread.")
    return values / values[-1]  # so that no sum can be too large


def ratio_of_sums(
    frame: Any,
    numerator_col: str,
    denominator_col: str,
    *,
    by: str | Iterable[str] | None = None,
    unit_col: str | None = None,
    confidence: float = 0.95,
) -> Any:
    """A rate over many items, as ratio of sums with its interval, beside the mean of ratios that is often taken for it.

    Definition: ratio = sum of numerator / sum of denominator: the rate of a randomly chosen view. mean_of_ratios = mean over
    the units of their own ratios: the rate of a randomly chosen item, in which one view weighs as much as a million
    elsewhere; units with a denominator of 0 are left out of it. The interval of the ratio is the delta method's over units,
    with Student's t: rows of one unit (an item on several days) are added up first, since they resemble each other.

    Parameters
    ----------
    frame : frame with one row or more for each unit.
    numerator_col, denominator_col : counts, not negative.
    by : column or columns to group by; None for one row over all.
    unit_col : column that says which rows belong together; None: each row is a unit of its own.
    confidence : of the interval, a fraction.

    Returns
    -------
    frame of the same kind: the columns of `by`, units (number), numerator, denominator (sums), ratio, low, high, mean_of_ratios
    (missing where the denominator is 0; no interval for a single unit), sorted.

    Raises
    ------
    ArgumentError : a missing column, an empty or negative number, no rows.

    Source: Cochran, Sampling Techniques (1977), ratio estimator; FL13 recomputed.

    Examples
    --------
    >>> import pandas as pd
    >>> items = pd.DataFrame({"views": [10, 1000], "completions": [9, 200]})
    >>> ratio_of_sums(items, "completions", "views")[["units", "ratio", "mean_of_ratios"]].round(3)
       units  ratio  mean_of_ratios
    0      2  0.207            0.55
    """
    from scipy import stats

    fraction(confidence, "confidence")
    by = names(by, "by", ("units", "numerator", "denominator", "ratio", "low", "high", "mean_of_ratios"))
    unit = {} if unit_col is None else {"_unit": unit_col}
    source = Source(frame=frame)
    rows, facts = source.read("frame", key=unit, number={"_n": numerator_col, "_d": denominator_col}, keep=by)
    for name, column in (("_n", numerator_col), ("_d", denominator_col)):
        if facts[f"min_{name}"] < 0:
            raise ArgumentError(
                f"Column {column!r} goes down to {facts[f'min_{name}']:g}; none may be negative.", column=column
            )
        if facts[f"max_{name}"] > 1e150:
            raise ArgumentError(f"Column {column!r} goes up to {facts[f'max_{name}']:g}, too large to square.", column=column)
    if unit:
        rows = rows.group_by(*by, *unit).agg(nw.col("_n", "_d").sum())
    some = nw.col("_d") > 0
    rows = rows.with_columns(
        _one=nw.lit(1),
        _some=some.cast(nw.Int64),
        _ratio=nw.when(some).then(nw.col("_n") / nw.col("_d")).otherwise(0.0),
        _nn=nw.col("_n") * nw.col("_n"),
        _nd=nw.col("_n") * nw.col("_d"),
        _dd=nw.col("_d") * nw.col("_d"),
    )
    total = nw.col("_one", "_some", "_ratio", "_n", "_d", "_nn", "_nd", "_dd").sum()
    sums = source.collect(rows.group_by(by).agg(total).sort(by) if by else rows.select(total))
    one, known, ratios, n, d, nn, nd, dd = (
        sums[name].to_numpy().astype(float) for name in ("_one", "_some", "_ratio", "_n", "_d", "_nn", "_nd", "_dd")
    )
    with np.errstate(all="ignore"):
        ratio = n / d
        # Sum of squared residuals numerator - ratio x denominator, whose mean is 0; never below 0 but for rounding.
        residual = np.maximum(nn - 2 * ratio * nd + ratio**2 * dd, 0.0)
        error = np.sqrt(residual * one / (one - 1)) / d
        margin = stats.t.ppf((1 + confidence) / 2, one - 1) * error
        computed = {"ratio": ratio, "low": ratio - margin, "high": ratio + margin, "mean_of_ratios": ratios / known}
    result = sums.select(
        *by,
        nw.col("_one").cast(nw.Int64).alias("units"),
        nw.col("_n").cast(source.sum_dtype("frame", numerator_col)).alias("numerator"),
        nw.col("_d").cast(source.sum_dtype("frame", denominator_col)).alias("denominator"),
    )
    series = (
        nw.new_series(name, [x if np.isfinite(x) else None for x in values.tolist()], nw.Float64, backend=sums.implementation)
        for name, values in computed.items()
    )
    return source.answer(result.with_columns(*series))


def platform_score(items: Any, weights: Mapping[str, float], scale: str = "rank") -> Any:
    """Score items as a platform might that rewards several rates at once.

    Definition: score = sum of weight x value / sum of weights. With scale "rank" the value of a column is the item's place in
    it, from 0 to 1: the share of items that are lower, and half of those that are equal; with "rate" it is the number itself.

    Where it misleads: no platform publishes its formula, and it changes. With "rate" the column that varies most decides,
    whatever its weight: a completion rate from 0 to 0.6 drowns a save rate from 0 to 0.02. With "rank" the score depends on
    the other items.

    Parameters
    ----------
    items : frame with one row for each item.
    weights : column -> weight, not negative, in any scale.
    scale : "rank" or "rate".

    Returns
    -------
    the same frame with the column score at its end.

    Raises
    ------
    ArgumentError : an unknown scale, no positive weight, a missing column, an empty number, no rows.

    Source: no standard exists; a weighted mean, the form of the platform rules in C05 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> items = pd.DataFrame({"completion": [0.2, 0.6], "saves": [0.02, 0.01]})
    >>> platform_score(items, {"completion": 3, "saves": 1})["score"].tolist()
    [0.375, 0.625]
    """
    one_of(scale, ("rank", "rate"), "scale")
    weights = weights_of(weights, "weights")
    total = sum(weights.values())
    source = Source(items=items)
    source.read("items", number={column: column for column in weights})
    places = {column: (nw.col(column).rank("average") - 0.5) / nw.len() for column in weights}
    if scale == "rate":
        places = {column: nw.col(column) for column in weights}
    score = sum(weight / total * places[column] for column, weight in weights.items())
    return source.extended("items", score=score)


def net_reach(reach: Iterable[float], audience: float) -> np.ndarray:
    """How many different people several accounts reach together, if their audiences overlap by chance.

    Definition: after k accounts, audience x (1 - product over them of (1 - reach / audience)): each account finds its share of
    those who have not been reached yet. So every further account adds less than the one before of the same size.

    Where it misleads: people who follow one fitness account follow others; real audiences overlap more, and the net reach is
    smaller. Where the users are known, count them.

    Parameters
    ----------
    reach : people reached by each account, in the order in which the accounts are added.
    audience : people who can be reached at all, at least as many as any reach.

    Returns
    -------
    array: net reach (people) of the first account, the first two, and so on.

    Raises
    ------
    ArgumentError : no account, a negative or missing reach, or one above the audience.

    Source: Sainsbury's formula of media planning; C06 of the course's topics.

    Examples
    --------
    >>> net_reach([400, 400, 400], audience=1000).round(6)
    array([400., 640., 784.])
    """
    reach = np.atleast_1d(array(reach, "reach", least=0))
    if not len(reach):
        raise ArgumentError("reach is empty; give at least one account.")
    audience = number(audience, "audience")
    if not (audience > 0 and reach.max() <= audience):
        raise ArgumentError(f"audience is {audience!r}; it must be positive and not below the largest reach, {reach.max():g}.")
    return audience * (1 - np.cumprod(1 - reach / audience))
