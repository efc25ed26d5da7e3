"""Measures of customer relations: recommendation, and those of `opscourse.service` and `opscourse.subscriptions`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import narwhals as nw
import numpy as np

from opscourse.errors import ArgumentError
from opscourse.frames import Source, names
from opscourse.service import Queue, agents_needed, erlang_c, littles_law, queue_sim
from opscourse.subscriptions import kaplan_meier, mrr_waterfall
from opscourse.values import fraction

__all__ = ["Queue", "agents_needed", "erlang_c", "kaplan_meier", "littles_law", "mrr_waterfall", "nps", "queue_sim"]


def nps(
    surveys: Any,
    by: str | Iterable[str] | None = None,
    *,
    score_col: str = "nps",
    weight_col: str | None = None,
    confidence: float = 0.95,
) -> Any:
    """Net promoter score, with how sure we are of it.

    Definition: nps = 100 x (weight of promoters, who gave 9 or 10, - weight of detractors, who gave 0 to 6) / weight of all who
    answered; without weights each counts 1. se = 100 x sqrt(sum of (weight x (s - nps / 100)) ** 2) / sum of weights, with
    s = 1, 0, -1 for promoters, passives and detractors. The interval is the adjusted Wald one: of the same formulas after
    adding three answers of average weight, 3/4 promoter, 3/4 detractor, 3/2 passive: it has a width even if all agree.

    Where it misleads: who did not answer is in no number, and the interval knows nothing of it; weights can help. And 0 and 6
    count alike, so that a service can improve a lot without moving it.

    Parameters
    ----------
    surveys : frame with one row for each person asked; rows without a score did not answer and are left out.
    by : column or columns to group by; None for one row over all.
    score_col : whole numbers from 0 to 10.
    weight_col : how many of the asked population an answer stands for, not negative; None: all alike.
    confidence : of the interval, a fraction.

    Returns
    -------
    frame of the same kind: the columns of `by`, answers, promoters, passives, detractors (numbers, not weighted), nps, se, low,
    high (points, -100 to 100; empty where all weights are 0), sorted.

    Raises
    ------
    ArgumentError : a missing column, nobody who answered, a score that is not 0 to 10, a negative or missing weight.

    Source: Reichheld (2003); interval: Rocks (2016), The American Statistician 70. K11 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> nps(pd.DataFrame({"nps": [10, 9, 9, 8, 7, 6, 0, 10, None, 9]})).round(1)
       answers  promoters  passives  detractors   nps    se   low  high
    0        9          5         2           2  33.3  27.2 -20.5  70.5
    """
    from scipy import stats

    fraction(confidence, "confidence")
    by = names(by, "by", ("answers", "promoters", "passives", "detractors", "nps", "se", "low", "high"))
    source = Source(surveys=surveys)
    weight = {} if weight_col is None else {"_weight": weight_col}
    answers, facts = source.read("surveys", number={"_score": score_col, **weight}, keep=by, filled=score_col)
    score = nw.col("_score")
    wrong = source.collect(answers.filter((score < 0) | (score > 10) | (score != score.floor())).select("_score"))
    if count := len(wrong):
        raise ArgumentError(
            f"Column {score_col!r} must hold whole numbers from 0 to 10, but {count:,} of {facts['rows']:,} are not, for"
            f" example {wrong['_score'][0]:g}.",
            column=score_col,
            count=count,
        )
    if weight and facts["min__weight"] < 0:
        raise ArgumentError(
            f"Column {weight_col!r} goes down to {facts['min__weight']:g}; no weight may be negative.", column=weight_col
        )
    answers = answers.with_columns(
        _weight=nw.col("_weight") / (facts["max__weight"] or 1) if weight else nw.lit(1.0),  # no square can be too large
        answers=nw.lit(1),
        promoters=(score >= 9).cast(nw.Int64),
        passives=((score > 6) & (score < 9)).cast(nw.Int64),
        detractors=(score <= 6).cast(nw.Int64),
    )
    sign, square = nw.col("promoters") - nw.col("detractors"), nw.col("_weight") * nw.col("_weight")
    answers = answers.with_columns(
        _net=nw.col("_weight") * sign, _square=square, _square_net=square * sign, _square_sign=square * sign * sign
    )
    counts, parts = (
        ("answers", "promoters", "passives", "detractors"),
        ("_weight", "_net", "_square", "_square_net", "_square_sign"),
    )
    total = nw.col(*counts, *parts).sum()
    sums = source.collect(answers.group_by(by).agg(total).sort(by) if by else answers.select(total))
    w, net, square, square_net, square_sign = (sums[name].to_numpy().astype(float) for name in parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, se = _net_share(w, net, square, square_net, square_sign)
        unit = square / w  # the weight of an average answer
        centre, error = _net_share(w + 3 * unit, net, square + 3 * unit**2, square_net, square_sign + 1.5 * unit**2)
    margin = stats.norm.ppf((1 + confidence) / 2) * error
    computed = {"nps": mean, "se": se, "low": np.maximum(centre - margin, -1), "high": np.minimum(centre + margin, 1)}
    series = (
        nw.new_series(
            name, [100 * x if np.isfinite(x) else None for x in values.tolist()], nw.Float64, backend=sums.implementation
        )
        for name, values in computed.items()
    )
    return source.answer(sums.select(*by, nw.col(*counts).cast(nw.Int64)).with_columns(*series))


def _net_share(
    weight: np.ndarray, net: np.ndarray, square: np.ndarray, square_net: np.ndarray, square_sign: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean of s in -1, 0, 1 and its standard error, from sums of w, w s, w², w² s, w² s²."""
    mean = net / weight
    return mean, np.sqrt(np.maximum(square_sign - 2 * mean * square_net + mean**2 * square, 0)) / weight
