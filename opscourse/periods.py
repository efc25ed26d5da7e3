"""Time in whole numbers: days, weeks and months since 1970, and lengths of time with their unit.

Every engine counts days in the same way once they are numbers. A time lies in the period of its own wall clock.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError

__all__ = ["CENTURY", "DAY_US", "day_of", "duration", "period", "period_of", "period_start", "whole"]

DAY_US = 86_400_000_000  # microseconds in a day
CENTURY = 36_525  # days: as far as anything that is counted day by day may reach
EPOCH = dt.datetime(1970, 1, 1)
FIRST_MONDAY = 4  # 1970-01-05, in days since 1970-01-01
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def period(column: str, dtype: nw.dtypes.DType, unit: str, counted: str | None = None) -> nw.Expr:
    """The number of the "day", "week" (from Monday) or "month" since 1970 that a date or time lies in.

    With the unit "us" the microseconds since 1970, with "midnight" those until the start of its day, with "instant" those in
    UTC, so that a difference is the time that has passed, even where clocks were changed. Where narwhals cannot count
    microseconds, the column `counted` has them.
    """
    moment = nw.col(column)
    if isinstance(dtype, nw.Date):
        moment = moment.cast(nw.Datetime("us"))
    elif dtype.time_zone:
        moment = (moment.dt.convert_time_zone("UTC") if unit == "instant" else moment).dt.replace_time_zone(None)
    if unit == "month":
        return (moment.dt.year().cast(nw.Int64) - 1970) * 12 + moment.dt.month().cast(nw.Int64) - 1
    microseconds = nw.col(counted) if counted else (moment - nw.lit(EPOCH)).dt.total_microseconds()
    if unit in ("us", "instant"):
        return microseconds
    if unit == "week":
        return whole(microseconds - FIRST_MONDAY * DAY_US, 7 * DAY_US)
    day = whole(microseconds, DAY_US)
    return day * DAY_US if unit == "midnight" else day


def whole(number: nw.Expr, divisor: int) -> nw.Expr:
    """Floor division of whole numbers below 2**53: the operator // costs DuckDB several times as much."""
    return (number / divisor).floor().cast(nw.Int64)


def period_of(day: int, unit: str) -> int:
    """The number of the day, week or month that a day, itself counted since 1970, lies in.

    Examples
    --------
    >>> period_of(day_of("2025-03-01", "day"), "month")
    662
    """
    if unit == "month":
        date = period_start(day, "day")
        return (date.year - 1970) * 12 + date.month - 1
    return (day - FIRST_MONDAY) // 7 if unit == "week" else day


def period_start(number: int, unit: str) -> dt.date:
    """First day of the day, week or month with this number.

    Examples
    --------
    >>> period_start(662, "month")
    datetime.date(2025, 3, 1)
    """
    if unit == "month":
        return dt.date(1970 + number // 12, number % 12 + 1, 1)
    return EPOCH.date() + dt.timedelta(days=int(FIRST_MONDAY + 7 * number if unit == "week" else number))


def day_of(value: Any, argument: str) -> int:
    """A day given as text, date or Timestamp, as the number of days since 1970; raises ArgumentError.

    Examples
    --------
    >>> day_of("1970-01-05", "observed_until")
    4
    """
    try:
        moment = None if isinstance(value, (int, float)) else pd.Timestamp(value)
        whole_day = moment is not None and not pd.isna(moment) and moment == moment.normalize()
    except (TypeError, ValueError):
        whole_day = False
    if not whole_day:
        raise ArgumentError(f"{argument} is {value!r}; give a whole day, for example '2025-06-30'.")
    return (moment.date() - EPOCH.date()).days


def duration(value: Any, argument: str) -> dt.timedelta:
    """A length of time given as "30m", "24h", "7d", "2w" or Timedelta; a bare number or no length raises ArgumentError.

    Examples
    --------
    >>> duration("7d", "width")
    datetime.timedelta(days=7)
    """
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+) ?([smhdw])", value.strip())):
        try:
            length = dt.timedelta(**{UNITS[match[2]]: int(match[1])})
        except OverflowError as error:
            raise ArgumentError(f"{argument} is {value!r}; it must be shorter than {dt.timedelta.max.days:,} days.") from error
    elif isinstance(value, (dt.timedelta, np.timedelta64)) and not pd.isna(value):
        length = pd.Timedelta(value).to_pytimedelta()
    else:
        raise ArgumentError(f"{argument} is {value!r}; give a length with its unit, for example '7d' or '30m'.")
    if length <= dt.timedelta(0):
        raise ArgumentError(f"{argument} is {value!r}; it must be longer than nothing.")
    return length
