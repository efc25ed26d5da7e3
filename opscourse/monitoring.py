"""Alarms on a daily figure: what was expected of a day, how far off it was, and whether somebody should look.

Each rule takes a frame with one row a day, any order, no day missing, and answers with the same columns: date, value, expected,
score, alarm. Where a rule cannot say yet what to expect, expected and score are empty and alarm is False.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from opscourse.errors import ArgumentError
from opscourse.frames import Source
from opscourse.growth import cells
from opscourse.periods import period_start
from opscourse.values import LARGEST, whole_number

__all__ = ["stl_residual", "trailing_z", "weekday_ratio"]

WEEK = 7
NORMAL_MAD = 1.4826  # standard deviation / median absolute deviation, of a normal distribution


def weekday_ratio(
    daily: Any, tolerance: float = 0.25, *, weeks: int = 4, date_col: str = "date", value_col: str = "value"
) -> Any:
    """Alarm if a day is far from what its weekday has been lately: the weekday-median ratio rule.

    Definition: expected = median of the same weekday in the `weeks` weeks before; score = value / expected; alarm if the score
    is outside 1 ± tolerance. It knows the week, needs no model, and one odd week hardly moves a median.

    Where it misleads: the tolerance is a ratio, whatever the noise: for a small figure it must be wider. With steady growth of
    g a week the score lies about g (weeks + 1) / 2 above 1: a young product sets it off every day.

    Parameters
    ----------
    daily : frame with one row for each day.
    tolerance : distance from 1 that is not worth a look, a fraction above 0.
    weeks : number of weeks before to take the median of, from 1.
    date_col, value_col : names of the columns; the value from 0.

    Returns
    -------
    frame of the same kind: date, value, expected (in the unit of value), score (a ratio; empty if 0 was expected), alarm.

    Raises
    ------
    ArgumentError : a missing column, an empty or infinite number, a day twice or missing, too few days, a negative value, a
        tolerance that is not above 0.

    Source: the seasonal naive forecast (Hyndman and Athanasopoulos, 2021), of medians; TP35 recomputed.

    Examples
    --------
    >>> import pandas as pd
    >>> daily = pd.DataFrame({"date": pd.date_range("2025-03-03", periods=15), "value": [100] * 5 + [160, 125] + [100] * 8})
    >>> weekday_ratio(daily, weeks=1).query("alarm")
             date  value  expected  score  alarm
    12 2025-03-15  100.0     160.0  0.625   True
    """
    _positive(tolerance, "tolerance")
    source, day, value = _days(daily, date_col, value_col, WEEK * whole_number(weeks, "weeks"))
    if value.min() < 0:
        raise ArgumentError(f"Column {value_col!r} of daily goes down to {value.min():g}; a ratio needs values from 0.")
    expected = np.full(len(value), np.nan)
    same_weekday = np.stack([value[WEEK * k : len(value) - WEEK * (weeks - k)] for k in range(weeks)])
    expected[WEEK * weeks :] = np.median(same_weekday, axis=0)
    score = np.divide(value, expected, out=np.full(len(value), np.nan), where=expected > 0)
    return _answer(source, day, value, expected, score, np.abs(score - 1) > tolerance)


def trailing_z(daily: Any, threshold: float = 3.0, *, days: int = 28, date_col: str = "date", value_col: str = "value") -> Any:
    """Alarm if a day is far from the mean of the days before, measured in their standard deviations.

    Definition: expected = mean of the `days` days before; score = (value - expected) / their standard deviation (n - 1); alarm
    if the score is beyond ± threshold.

    Where it misleads: it does not know the week. A weekend that differs makes the standard deviation large, and real trouble
    small; and what was odd last week makes this week look normal.

    Parameters
    ----------
    daily : frame with one row for each day.
    threshold : in standard deviations, above 0; 3 gives two or three false alarms a year if values are normal and independent.
    days : number of days before, from 2.
    date_col, value_col : names of the columns.

    Returns
    -------
    frame of the same kind: date, value, expected (in the unit of value), score (empty if the days before are all the same),
    alarm.

    Raises
    ------
    ArgumentError : as `weekday_ratio`; values may be negative.

    Source: Shewhart's control chart (1931) on a moving window.

    Examples
    --------
    >>> import pandas as pd
    >>> daily = pd.DataFrame({"date": pd.date_range("2025-03-03", periods=9), "value": [10, 12, 11, 13, 9, 11, 10, 12, 30]})
    >>> trailing_z(daily, days=7)[["expected", "score", "alarm"]].tail(2).round(2)
       expected  score  alarm
    7     10.86   0.85  False
    8     11.14  14.02   True
    """
    _positive(threshold, "threshold")
    source, day, value = _days(daily, date_col, value_col, whole_number(days, "days", 2))
    size = np.abs(value).max() or 1.0
    window = np.lib.stride_tricks.sliding_window_view(value / size, days)[:-1]
    expected, spread = np.full(len(value), np.nan), np.full(len(value), np.nan)
    expected[days:], spread[days:] = window.mean(axis=1), window.std(axis=1, ddof=1)
    score = np.divide(value / size - expected, spread, out=np.full(len(value), np.nan), where=spread > 1e-12)
    return _answer(source, day, value, expected * size, score, np.abs(score) > threshold)


def stl_residual(daily: Any, threshold: float = 3.0, *, date_col: str = "date", value_col: str = "value") -> Any:
    """Alarm if a day does not fit trend and week of its whole series: the residual of a robust decomposition.

    Definition: expected = trend + weekly season of STL with robust weights; score = (value - expected) / (1.4826 x the median
    absolute residual); alarm if the score is beyond ± threshold.

    Where it misleads: it looks back with what came after, so it is for the review, not for the alarm of today. Trend and season
    follow the data closely, residuals have long tails, and a threshold of 3 finds far more than normal errors would give.

    Parameters
    ----------
    daily : frame with one row for each day, two weeks at least.
    threshold : in robust standard deviations of the residual, above 0.
    date_col, value_col : names of the columns.

    Returns
    -------
    frame of the same kind: date, value, expected (in the unit of value), score (empty if every residual is 0), alarm.

    Raises
    ------
    ArgumentError : as `weekday_ratio`; values may be negative.

    Source: Cleveland, Cleveland, McRae and Terpenning (1990); statsmodels' STL with period 7 and its other defaults.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> value = 100 + 10 * (np.arange(56) % 7) + np.sin(np.arange(56))
    >>> value[30] = 80
    >>> daily = pd.DataFrame({"date": pd.date_range("2025-03-03", periods=56), "value": value})
    >>> stl_residual(daily, threshold=20).query("alarm")[["date", "value"]]
             date  value
    30 2025-04-02   80.0
    """
    from statsmodels.tsa.seasonal import STL

    _positive(threshold, "threshold")
    source, day, value = _days(daily, date_col, value_col, 2 * WEEK - 1)
    size = np.abs(value).max() or 1.0
    residual = STL(value / size, period=WEEK, robust=True).fit().resid
    spread = NORMAL_MAD * np.median(np.abs(residual))
    score = residual / spread if spread > 1e-12 else np.full(len(value), np.nan)
    return _answer(source, day, value, value - residual * size, score, np.abs(score) > threshold)


def _days(daily: Any, date_col: str, value_col: str, before: int) -> tuple[Source, np.ndarray, np.ndarray]:
    """Day numbers, ascending and without a gap, and values; more of them than `before`."""
    source = Source(daily=daily)
    rows, _ = source.read("daily", time={"_day": (date_col, "day")}, number={"_value": value_col})
    rows = source.collect(rows.sort("_day"))
    day, value = rows["_day"].to_numpy().astype(np.int64), rows["_value"].to_numpy().astype(float)
    step = np.diff(day)
    if (step == 0).any():
        twice = period_start(int(day[:-1][step == 0][0]), "day")
        raise ArgumentError(f"daily has {(step == 0).sum():,} rows more than days, for example on {twice}; add them up first.")
    if (step > 1).any():
        first = period_start(int(day[:-1][step > 1][0]) + 1, "day")
        raise ArgumentError(
            f"daily lacks {(step - 1).sum():,} days, for example {first}; add them, as 0 only if nothing happened on them."
        )
    if len(day) <= before:
        raise ArgumentError(f"daily has {len(day):,} days; this rule needs more than {before:,}.")
    return source, day, value


def _answer(
    source: Source, day: np.ndarray, value: np.ndarray, expected: np.ndarray, score: np.ndarray, alarm: np.ndarray
) -> Any:
    columns = {
        "date": ([period_start(int(number), "day") for number in day], nw.Date),
        "value": (value.tolist(), nw.Float64),
        "expected": (cells(expected), nw.Float64),
        "score": (cells(score), nw.Float64),
        "alarm": (alarm.tolist(), nw.Boolean),
    }
    return source.answer(source.build(columns))


def _positive(value: Any, argument: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 < value < LARGEST:
        raise ArgumentError(f"{argument} is {value!r}; give a number above 0.")
