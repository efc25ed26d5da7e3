"""Why did a number move? The change of a key figure as the sum of what its parts did."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.frames import Source, names, one_of
from opscourse.growth import cells
from opscourse.values import array, named, ratio

__all__ = ["decompose", "mix_effects"]


def decompose(before: Any, after: Any, rule: str = "multiplicative") -> pd.DataFrame:
    """Split the change of a key figure over its parts; the contributions add up to the change.

    Definition, with V the figure:

    - "additive": V is the sum of the parts (users by channel; new + returning); contribution = after - before;
    - "multiplicative": V is their product (visitors x conversion x basket); contribution = L x log(after / before), with the
      logarithmic mean L = (V after - V before) / log(V after / V before), and L = V where V did not move;
    - "ratio": V is the first part / the second (complaints / users); as the product of the first and 1 / the second.

    Logarithmic weights leave nothing over and do not depend on the order of the factors. Changing one factor after the other,
    the usual table of price and volume, gives what they do together to whoever comes later; a "joint effect" names the rest
    without explaining it. For a rate over several segments see `mix_effects`.

    Parameters
    ----------
    before, after : the parts of the two periods by name: a mapping or a Series, such as a row of a table of weeks. Above 0
        unless the rule is "additive".
    rule : "additive", "multiplicative" or "ratio".

    Returns
    -------
    pandas frame, one row for each part in the order of `before`: part, before, after, contribution (in the unit of V).

    Raises
    ------
    ArgumentError : an unknown rule, parts that differ, an empty or infinite number, one that is not above 0, a ratio of other
        than two parts.

    Source: log-mean Divisia index (LMDI-I; Ang and Liu, 2001). Q10 recomputed.

    Examples
    --------
    >>> before = {"visitors": 1000, "conversion": 0.05, "basket": 120}
    >>> decompose(before, {"visitors": 1100, "conversion": 0.06, "basket": 115}).round(2)
             part   before    after  contribution
    0    visitors  1000.00  1100.00        644.67
    1  conversion     0.05     0.06       1233.20
    2      basket   120.00   115.00       -287.87
    """
    one_of(rule, ("additive", "multiplicative", "ratio"), "rule")
    before, after = named(before, "before"), named(after, "after")
    parts = list(before.index)
    if not parts or set(parts) != set(after.index):
        raise ArgumentError(f"before has the parts {parts}, after has {list(after.index)}; give both the same.")
    if rule == "ratio" and len(parts) != 2:
        raise ArgumentError(f"A ratio has a numerator and a denominator, in this order; before has {parts}.")
    old, new = array(before, "before"), array(after.reindex(parts), "after")
    if rule == "additive":
        contribution = new - old
    else:
        if not ((old > 0).all() and (new > 0).all()):
            at = int(np.argmin(np.minimum(old, new)))
            raise ArgumentError(
                f"{parts[at]!r} goes from {old[at]:g} to {new[at]:g}; a factor must be above 0 in both periods."
            )
        power = np.array([1, -1]) if rule == "ratio" else 1
        with np.errstate(over="ignore", under="ignore"):
            times = new / old
        if not (np.isfinite(times) & (times > 0)).all():
            raise ArgumentError(f"after is {times.tolist()} times before; so large a change cannot be taken apart.")
        growth = power * np.log(times)
        whole = growth.sum()
        with np.errstate(over="ignore", invalid="ignore"):
            contribution = np.prod(old**power) * (np.expm1(whole) / whole if whole else 1.0) * growth
    if not np.isfinite(contribution).all():
        raise ArgumentError("The figure is too large to be computed; give the parts in larger units.")
    return pd.DataFrame({"part": parts, "before": old, "after": new, "contribution": contribution})


def mix_effects(before: Any, after: Any, by: str, numerator_col: str, denominator_col: str) -> Any:
    """Split the change of a rate over its segments: into what their own rates did, and what their shares did.

    Definition: a segment's rate is numerator / denominator, its weight its share of all denominators, always of sums over its
    rows; the whole rate is the sum of weight x rate. With means over the two periods,

    - rate_effect = mean weight x change of rate: the segment became better;
    - mix_effect = change of weight x (mean rate - mean whole rate): more of a segment that is better than the rest.

    Both columns together add up to the change of the whole rate. A segment that is there in one period only has no change of
    rate: all it does is mix. Rates that all rise under a whole that falls (Simpson's paradox) show as a negative mix.

    Where it misleads: segments are yours to choose. Each split has its own mix, and none of them is a cause.

    Parameters
    ----------
    before, after : frames of the two periods, with one row or more for each segment.
    by : column with the segment.
    numerator_col, denominator_col : amounts, such as orders and visits; denominators not negative.

    Returns
    -------
    frame of the same kind, one row for each segment, sorted: by, weight_before, weight_after, rate_before, rate_after (empty
    without a denominator), rate_effect, mix_effect.

    Raises
    ------
    ArgumentError : a missing column, an empty, infinite or negative number, no rows, denominators that sum to 0.

    Source: Kitagawa (1955), components of a difference between two rates; FL19 recomputed.

    Examples
    --------
    >>> before = pd.DataFrame({"os": ["ios", "web"], "orders": [30, 10], "visits": [100, 100]})
    >>> after = pd.DataFrame({"os": ["ios", "web"], "orders": [16, 18], "visits": [50, 150]})
    >>> mix_effects(before, after, "os", "orders", "visits")[["os", "rate_before", "rate_after", "rate_effect", "mix_effect"]]
        os  rate_before  rate_after  rate_effect  mix_effect
    0  ios          0.3        0.32       0.0075    -0.03125
    1  web          0.1        0.12       0.0125    -0.01875
    """
    result = ("weight_before", "weight_after", "rate_before", "rate_after", "rate_effect", "mix_effect")
    names([by], "by", result)
    source = Source(before=before, after=after)
    sums = {}
    for table in ("before", "after"):
        rows, facts = source.read(table, key={by: by}, number={"_n": numerator_col, "_d": denominator_col})
        kind = rows.collect_schema()[by]
        if kind.is_integer() or isinstance(kind, (nw.Categorical, nw.Enum)):  # so that both tables have one type
            rows = rows.with_columns(nw.col(by).cast(nw.Int64 if kind.is_integer() else nw.String))
        if facts["min__d"] < 0:
            raise ArgumentError(
                f"Column {denominator_col!r} of {table} goes down to {facts['min__d']:g}; none may be negative."
            )
        if not facts["max__d"]:
            raise ArgumentError(f"Column {denominator_col!r} of {table} sums to 0; there is no rate to explain.")
        sums[table] = source.collect(rows.group_by(by).agg(nw.col("_n", "_d").sum()))
    kinds = [frame.schema[by] for frame in sums.values()]
    if kinds[0] != kinds[1]:
        raise ArgumentError(f"Column {by!r} holds {kinds[0]} in before and {kinds[1]} in after; convert one of them.")
    segments = nw.concat([frame.select(by) for frame in sums.values()]).unique().sort(by)
    labels = segments[by].to_list()
    numerator, denominator = np.zeros((2, 2, len(labels)))  # by period and segment
    for period, frame in enumerate(sums.values()):
        at = [labels.index(label) for label in frame[by].to_list()]
        numerator[period, at], denominator[period, at] = frame["_n"].to_numpy(), frame["_d"].to_numpy()
    if (bare := (denominator == 0) & (numerator != 0)).any():
        segment = labels[int(bare.any(axis=0).argmax())]
        raise ArgumentError(
            f"Segment {segment!r} has {numerator_col} but no {denominator_col}; it has no rate, leave it out of both."
        )
    weight = denominator / denominator.sum(axis=1, keepdims=True)
    rate = ratio(numerator, denominator)
    known = np.where(np.isnan(rate), rate[::-1], rate)  # without a rate of its own: that of the other period
    known = np.nan_to_num(known)
    whole = (weight * known).sum(axis=1).mean()
    rate_effect = weight.mean(axis=0) * (known[1] - known[0])
    mix_effect = (weight[1] - weight[0]) * (known.mean(axis=0) - whole)
    columns = zip(result, (*weight, *rate, rate_effect, mix_effect), strict=True)
    series = (nw.new_series(name, cells(values), nw.Float64, backend=segments.implementation) for name, values in columns)
    return source.answer(segments.with_columns(*series))
