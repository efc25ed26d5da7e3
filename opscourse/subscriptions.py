"""Measures of subscriptions: where monthly recurring revenue comes from and goes, and how long spells last."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.eventlog import last_day
from opscourse.frames import Source
from opscourse.periods import CENTURY, period_of, period_start
from opscourse.values import array, fraction

__all__ = ["kaplan_meier", "mrr_waterfall"]

MILLION = 1_000_000  # amounts are added up in whole millionths, so that the waterfall adds up exactly
CHANGES = ("new", "reactivation", "expansion", "contraction", "churn")


def mrr_waterfall(
    spells: Any,
    *,
    observed_until: str | dt.date | None = None,
    user_col: str = "user_id",
    start_col: str = "start",
    end_col: str = "end",
    mrr_col: str = "mrr_cny",
) -> Any:
    """Monthly recurring revenue month by month, and what changed it.

    Definition: a user's mrr of a month is the sum over the spells that run on its last day (start <= that day <= end). Compared
    with the month before it is *new* if the user never had any, *reactivation* if only earlier, *expansion* or *contraction*
    if it rose or fell, *churn* if nothing is left. So closing = opening + new + reactivation + expansion - contraction - churn,
    exactly, and opening is the closing before. A spell within one month is in none; a spell that follows another without a
    month's end between them is no churn.

    Parameters
    ----------
    spells : frame with one row for each subscription spell, several for a user; a spell without an end still runs.
    observed_until : last day that is completely observed; default: the last start. Only months that end until then count.
    user_col : name of the column.
    start_col, end_col : first and last day of a spell.
    mrr_col : what it pays in a month, in any currency: the price of a spell / its months; 0 for a trial. Not negative.

    Returns
    -------
    frame of the same kind, one row a month: month (its first day), opening, new, reactivation, expansion, contraction, churn,
    closing (all in currency of mrr_col, changes not negative), customers (users with mrr at its end).

    Raises
    ------
    ArgumentError : a missing column, an empty key, start or amount, a negative amount, an end before its start, no whole month.

    Source: the five movements in common use for subscriptions; U26 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> spells = pd.DataFrame({"user_id": [1, 1, 2], "mrr_cny": [30.0, 25.0, 30.0]})
    >>> spells["start"] = pd.to_datetime(["2025-01-10", "2025-02-10", "2025-02-03"])
    >>> spells["end"] = pd.to_datetime(["2025-02-09", None, "2025-03-02"])
    >>> mrr_waterfall(spells, observed_until="2025-03-31")[["opening", "new", "contraction", "churn", "closing", "customers"]]
       opening   new  contraction  churn  closing  customers
    0      0.0  30.0          0.0    0.0     30.0          1
    1     30.0  30.0          5.0    0.0     55.0          2
    2     55.0   0.0          0.0   30.0     25.0          1
    """
    source = Source(spells=spells)
    columns = {"key": {"_user": user_col}, "number": {"_mrr": mrr_col}}
    started, facts = source.read(
        "spells", **columns, time={"_month": (start_col, "month"), "_day": (start_col, "day")}, keep=[end_col]
    )
    if facts["min__mrr"] < 0:
        raise ArgumentError(
            f"Column {mrr_col!r} of spells goes down to {facts['min__mrr']:g}; none may be negative.", column=mrr_col
        )
    if facts["max__mrr"] * facts["rows"] * MILLION >= 2**63:
        raise ArgumentError(
            f"Column {mrr_col!r} of spells goes up to {facts['max__mrr']:g}, too much to add up exactly; count in millions.",
            column=mrr_col,
        )
    first, until = int(facts["min__month"]), last_day(observed_until, facts["max__day"])
    if until - facts["min__day"] > CENTURY:
        raise ArgumentError(
            f"The first start in spells is on {period_start(facts['min__day'], 'day')}, a century before the last observed day,"
            f" {period_start(until, 'day')}, or earlier; leave out days that cannot be, or choose an earlier observed_until."
        )
    last = period_of(until + 1, "month") - 1
    if last < first:
        raise ArgumentError(
            f"No month is completely observed from the first start in {period_start(first, 'month'):%Y-%m} on; choose a later"
            " observed_until."
        )
    movements = [_movements(started, 1)]
    ends = ~nw.col(end_col).is_null()
    if len(source.collect(started.filter(ends).select("_user").head(1))):
        moments = {"_month": (end_col, "month"), "_day": (end_col, "day"), "_start": (start_col, "day")}
        ended, _ = source.read("spells", **columns, time=moments, filled=end_col)
        _check_order(source, ended, user_col)
        month_ends = [_month_end(month) for month in range(first, last + 1)]
        # It runs on the last day of its last month only if it ends on it.
        ended = ended.with_columns(_month=nw.col("_month") + nw.col("_day").is_in(month_ends).cast(nw.Int64))
        movements.append(_movements(ended, -1))

    changes = nw.concat(movements).filter(nw.col("_month") <= last).group_by("_user", "_month").agg(nw.col("_change").sum())
    changes = changes.filter(nw.col("_change") != 0).with_columns(nw.col("_change").cast(nw.Int64))
    after = nw.col("_change").cum_sum().over("_user", order_by="_month")
    before = nw.col("_month").shift(1).over("_user", order_by="_month")
    changes = changes.with_columns(_after=after, _earlier=~before.is_null())
    changes = changes.with_columns(_before=nw.col("_after") - nw.col("_change"))
    had, has, more = nw.col("_before") > 0, nw.col("_after") > 0, nw.col("_change") > 0
    kinds = {
        "new": ~had & ~nw.col("_earlier"),
        "reactivation": ~had & nw.col("_earlier"),
        "expansion": had & more,
        "contraction": has & ~more,
        "churn": ~has,
    }
    size = nw.when(more).then(nw.col("_change")).otherwise(-nw.col("_change"))
    changes = changes.with_columns(nw.when(kind).then(size).otherwise(0).alias(name) for name, kind in kinds.items())
    changes = changes.with_columns(customers=has.cast(nw.Int64) - had.cast(nw.Int64))
    sums = changes.group_by("_month").agg(nw.col(*CHANGES, "customers").sum())
    table = np.zeros((last - first + 1, len(CHANGES) + 1), dtype=np.int64)
    for month, *numbers in source.collect(sums).select("_month", *CHANGES, "customers").rows():
        table[int(month) - first] = numbers
    closing = np.cumsum(table[:, :-1] @ [1, 1, 1, -1, -1])
    amounts = {"opening": np.concatenate([[0], closing[:-1]]), **dict(zip(CHANGES, table.T, strict=False)), "closing": closing}
    months = [period_start(month, "month") for month in range(first, last + 1)]
    return source.answer(
        source.build(
            {
                "month": (months, nw.Date),
                **{name: ((values / MILLION).tolist(), nw.Float64) for name, values in amounts.items()},
                "customers": (np.cumsum(table[:, -1]).tolist(), nw.Int64),
            }
        )
    )


def _movements(spells: nw.LazyFrame, sign: int) -> nw.LazyFrame:
    """What spells change in the mrr of their users, and from which month's end on."""
    return spells.select("_user", "_month", (sign * nw.col("_mrr") * MILLION).round(0).cast(nw.Int64).alias("_change"))


def _month_end(month: int) -> int:
    """The last day of a month, both counted since 1970."""
    return (period_start(month + 1, "month") - dt.date(1970, 1, 2)).days


def _check_order(source: Source, ended: nw.LazyFrame, user_col: str) -> None:
    """Refuse spells that end before they start."""
    wrong = source.collect(ended.filter(nw.col("_day") < nw.col("_start")).select("_user", "_start", "_day"))
    if count := len(wrong):
        user, start, end = wrong.row(0)
        raise ArgumentError(
            f"{count:,} spells end before they start, for example {user_col} {user} from {period_start(int(start), 'day')} to"
            f" {period_start(int(end), 'day')}; correct or leave out these rows.",
            count=count,
        )


def kaplan_meier(days: Any, ended: Any, confidence: float = 0.95) -> pd.DataFrame:
    """How many are still there after how long, if some have not ended yet: the Kaplan-Meier estimate.

    Definition: survival after d days = product over all days up to d on which something ended of 1 - ended / at_risk, where
    at_risk are those who lasted at least that long, ended or still running. Leaving the running ones out, or counting them as
    ended, makes survival too low. The interval is the log-log one: within 0 and 1.

    Where it misleads: the running ones must be like the others. If the newest come from a bargain, their end is not known yet.

    Parameters
    ----------
    days : how long each lasted until its end or, if it has none, until we looked; not negative.
    ended : for each, True if it has ended.
    confidence : of the interval, a fraction.

    Returns
    -------
    pandas frame, one row for each different length: days, at_risk, ended (numbers), survival, low, high (fractions; no
    interval where survival is 0 or 1).

    Raises
    ------
    ArgumentError : no length, a negative or missing one, lengths that do not match, an ended that is not True or False.

    Source: Kaplan and Meier (1958); computed by scipy. K07 of the course's topics.

    Examples
    --------
    >>> kaplan_meier([5, 10, 10, 20], [True, True, False, False]).round(3)[["days", "at_risk", "ended", "survival"]]
       days  at_risk  ended  survival
    0   5.0        4      1      0.75
    1  10.0        3      1      0.50
    2  20.0        1      0      0.50
    """
    from scipy import stats

    fraction(confidence, "confidence")
    days, ended = np.atleast_1d(array(days, "days", least=0)), np.atleast_1d(array(ended, "ended"))
    if not days.size or days.shape != ended.shape or not np.isin(ended, (0, 1)).all():
        raise ArgumentError(
            f"Each length needs to say whether it ended, True or False; given are {days.size} days and {ended.size} of ended."
        )
    curve = stats.ecdf(stats.CensoredData.right_censored(days, ended == 0)).sf
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # that there is none where survival is 0 or 1
        interval = curve.confidence_interval(confidence, method="log-log")
    lengths, place = np.unique(days, return_inverse=True)
    return pd.DataFrame(
        {
            "days": lengths,
            "at_risk": len(days) - np.searchsorted(np.sort(days), lengths),
            "ended": np.bincount(place, weights=ended).astype(int),
            "survival": curve.probabilities,
            "low": interval.low.probabilities,
            "high": interval.high.probabilities,
        }
    )
