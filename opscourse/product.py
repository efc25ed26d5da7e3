"""Measures of product operations: what to fix first, how good an experience is, what a published rate can have been."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np

from opscourse.errors import ArgumentError
from opscourse.frames import Source, names, one_of
from opscourse.values import together, weights_of, whole_number

__all__ = ["common_denominators", "experience_index", "priority"]


def priority(scope: Any, severity: Any, fixability: Any, rule: str = "additive") -> Any:
    """How soon to fix something, from three judgements of 1 to 3.

    Definition: "additive" is scope + severity + fixability (3 to 9); "multiplicative" is their product (1 to 27), which
    forgives no weak factor; "lexicographic" is 100 scope + 10 severity + fixability (111 to 333): the scope decides, severity
    only between equals, fixability only between equals in both. Higher is sooner; only the order means anything.

    Where it misleads: the levels are ranks, and sums and products of ranks have no unit. Look at what changes place when the
    rule does, before believing any of them.

    Parameters
    ----------
    scope : how many are hit, 1 few to 3 most.
    severity : how bad it is, 1 slight to 3 severe.
    fixability : how easily it is overcome, 1 hard to 3 easy.
    rule : "additive", "multiplicative" or "lexicographic".

    Returns
    -------
    whole numbers, as number, array or Series.

    Raises
    ------
    ArgumentError : an unknown rule, a level that is not 1, 2 or 3, lengths or indexes that do not match.

    Source: the priority table of scope, severity and fixability in the quality case (P19); the rules are textbook.

    Examples
    --------
    >>> priority(scope=[3, 1], severity=[1, 3], fixability=[1, 3], rule="additive")
    array([5, 7])
    >>> priority(scope=[3, 1], severity=[1, 3], fixability=[1, 3], rule="lexicographic")
    array([311, 133])
    """
    one_of(rule, ("additive", "multiplicative", "lexicographic"), "rule")
    levels, form = together(scope=scope, severity=severity, fixability=fixability)
    for name, level in zip(("scope", "severity", "fixability"), levels, strict=True):
        wrong = ~np.isin(level, (1, 2, 3))
        if wrong.any():
            raise ArgumentError(
                f"{name} must be 1, 2 or 3, but {wrong.sum():,} of {level.size:,} are not, for example {level[wrong][0]:g}."
            )
    scope, severity, fixability = (level.astype(int) for level in levels)
    if rule == "additive":
        return form(scope + severity + fixability)
    if rule == "multiplicative":
        return form(scope * severity * fixability)
    return form(100 * scope + 10 * severity + fixability)


def experience_index(
    touchpoints: Any,
    stage_weights: Mapping[Any, float] | None = None,
    *,
    score_col: str = "score",
    weight_col: str = "weight",
    stage_col: str = "stage",
) -> Any:
    """Weighted score of each stage of the journey, and what it adds to the whole.

    Definition: index = sum of weight x score / sum of weight over the touchpoints of a stage; share = the stage's weight / all
    stage weights; contribution = share x index. The contributions add up to the index of the whole experience.

    Where it misleads: a mean hides the worst touchpoint, and who sets the weights sets the result. Change them and see which
    conclusion stays.

    Parameters
    ----------
    touchpoints : frame with one row for each touchpoint.
    stage_weights : stage -> weight, not negative, in any scale; None: every stage the same.
    score_col : score, on any one scale.
    weight_col : weight of the touchpoint inside its stage, not negative.
    stage_col : name of the stage.

    Returns
    -------
    frame of the same kind, one row for each stage, sorted by its name: stage_col, touchpoints (number), index (scale of the
    score), share (fraction), contribution (scale of the score).

    Raises
    ------
    ArgumentError : a missing column, an empty or negative number, weights that sum to 0, a stage without a weight.

    Source: the experience indicator system with weights of the quality case (P18); a weighted mean.

    Examples
    --------
    >>> import pandas as pd
    >>> points = pd.DataFrame({"stage": ["use", "use", "billing"], "weight": [0.75, 0.25, 1.0], "score": [80.0, 60.0, 90.0]})
    >>> experience_index(points, {"use": 3, "billing": 1})
         stage  touchpoints  index  share  contribution
    0  billing            1   90.0   0.25         22.50
    1      use            2   75.0   0.75         56.25
    """
    names(stage_col, "stage_col", ("touchpoints", "index", "share", "contribution"))
    source = Source(touchpoints=touchpoints)
    rows, facts = source.read("touchpoints", key={stage_col: stage_col}, number={"_score": score_col, "_weight": weight_col})
    if facts["min__weight"] < 0:
        raise ArgumentError(f"Column {weight_col!r} goes down to {facts['min__weight']:g}; a weight is not negative.")
    rows = rows.with_columns(_points=nw.col("_score") * nw.col("_weight"), _one=nw.lit(1))
    sums = source.collect(rows.group_by(stage_col).agg(nw.col("_one", "_points", "_weight").sum()).sort(stage_col))
    stages, weight = sums[stage_col].to_list(), sums["_weight"].to_list()
    shares = dict.fromkeys(stages, 1.0) if stage_weights is None else weights_of(stage_weights, "stage_weights")
    without = [stage for stage in stages if stage not in shares]
    if without:
        raise ArgumentError(f"stage_weights has no weight for {without}; it has {list(shares)}.")
    total = sum(shares[stage] for stage in stages)
    if not (total > 0 and all(weight)):
        raise ArgumentError(f"Column {weight_col!r} must not sum to 0 in any stage, nor stage_weights over {stages}.")
    share = nw.new_series("share", [shares[stage] / total for stage in stages], nw.Float64, backend=sums.implementation)
    index = nw.col("_points") / nw.col("_weight")
    result = sums.with_columns(share).select(
        stage_col,
        nw.col("_one").cast(nw.Int64).alias("touchpoints"),
        index.alias("index"),
        "share",
        (nw.col("share") * index).alias("contribution"),
    )
    return source.answer(result)


def common_denominators(percentages: float | Iterable[float], decimals: int = 2, up_to: int = 1000) -> list[int]:
    """All numbers of cases that could have given these published percentages.

    Definition: every n up to `up_to` for which each percentage is k / n, for a whole k from 0 to n, rounded to the decimals
    it was printed with. Where k / n lies exactly between two printed values, both count, since rounding rules differ. It
    shows what is possible, not what was: the smallest n is a guess, an empty list is proof that the figures share no such n.

    Parameters
    ----------
    percentages : as printed, 88.04 for 88.04%; one or several with the same n.
    decimals : digits after the point of the printed percentages, 0 to 6.
    up_to : largest n to try.

    Returns
    -------
    list of whole numbers, ascending.

    Raises
    ------
    ArgumentError : a percentage outside 0 to 100 or with more digits than printed, `decimals` or `up_to` out of range.

    Source: the GRIM test (Brown and Heathers, 2017), for percentages; Q30 recomputed.

    Examples
    --------
    >>> common_denominators([88.04, 97.83], up_to=400)
    [92, 184, 276, 368]
    """
    decimals = whole_number(decimals, "decimals", least=0)
    if decimals > 6:
        raise ArgumentError(f"decimals is {decimals!r}; give a whole number from 0 to 6.")
    if whole_number(up_to, "up_to") > 10**7:
        raise ArgumentError(f"up_to is {up_to!r}; give a whole number up to 10,000,000.")
    printed = list(percentages) if isinstance(percentages, Iterable) and not isinstance(percentages, str) else [percentages]
    if not printed:
        raise ArgumentError("percentages is empty; give at least one.")
    units = []  # in units of the last printed digit
    for value in printed:
        try:
            unit = Decimal(str(value)).scaleb(decimals)
        except (ArithmeticError, ValueError) as error:
            raise ArgumentError(f"{value!r} is not a number; give percentages as printed, for example 88.04.") from error
        if not unit.is_finite() or not 0 <= unit <= 100 * 10**decimals or unit != unit.to_integral_value():
            raise ArgumentError(
                f"{value!r} is not a percentage from 0 to 100 with {decimals} decimals; give it as printed, 88.04 for 88.04%."
            )
        units.append(int(unit))
    n = np.arange(1, up_to + 1, dtype=np.int64)
    whole = 100 * 10**decimals
    possible = np.ones(len(n), dtype=bool)
    for unit in units:
        nearest = (2 * unit * n + whole) // (2 * whole)  # the k whose k / n is nearest, rounded half up
        possible &= 2 * np.abs(whole * nearest - unit * n) <= n
    return n[possible].tolist()
