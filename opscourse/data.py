"""Measures of data operations: who comes back, who is active, who gets how far, and how sure we are of a rate.

All that take a log or users take pandas, Polars, DuckDB, Dask or PySpark frames and answer in the same kind. A day is a
calendar day of the times' own zone; what has not been observed yet is empty or absent, never 0. Funnels and sessions have a
module of their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import narwhals as nw
import numpy as np

from opscourse import eventlog
from opscourse.decompose import decompose, mix_effects
from opscourse.errors import ArgumentError
from opscourse.experiments import beta_binomial, cuped, detectable, peeking, ratio_metric, sequential_interval, srm
from opscourse.frames import Source, names, one_of
from opscourse.growth import MONTH, accounts, cells
from opscourse.journeys import funnel, session_summary, sessions
from opscourse.monitoring import stl_residual, trailing_z, weekday_ratio
from opscourse.periods import CENTURY, DAY_US, duration, period_of, period_start, whole
from opscourse.proportions import proportion_interval

__all__ = [
    "activity",
    "beta_binomial",
    "cohort_average",
    "cohorts",
    "cuped",
    "decompose",
    "detectable",
    "funnel",
    "mix_effects",
    "peeking",
    "proportion_interval",
    "ratio_metric",
    "retention",
    "sequential_interval",
    "session_summary",
    "sessions",
    "srm",
    "stl_residual",
    "trailing_z",
    "weekday_ratio",
]

KINDS = ("n_day", "window_24h", "unbounded", "bracket")


def retention(
    activity: Any,
    users: Any,
    days: int | Iterable[int] = (1, 7, 30),
    kind: str = "n_day",
    *,
    observed_until: str | dt.date | None = None,
    by: str | Iterable[str] | None = None,
    width: str | dt.timedelta = "7d",
    interval: str | None = "wilson",
    confidence: float = 0.95,
    user_col: str = "user_id",
    date_col: str = "date",
    timestamp_col: str | None = None,
    signup_col: str = "signup_ts",
) -> Any:
    """Share of users who were active again n days after they signed up.

    Definition: rate = retained / eligible. With d0 the calendar day of the sign-up, a user is *retained* at n

    - "n_day": if active on the day d0+n;
    - "window_24h": if active from 24n up to, not including, 24(n+1) hours after the sign-up;
    - "unbounded": if active on d0+n or on any later observed day (so it grows with the time observed);
    - "bracket": if active on at least one of the days d0+n to d0+n+width-1;

    and *eligible* if that day, all of those hours or all of those days are observed ("unbounded": if d0+n is). Users who are
    too young are in neither number. Activity before the sign-up, after `observed_until`, or of users who are not in `users`
    is not counted, so `users` may be one cohort. Rows may come in any order and more than once.

    Parameters
    ----------
    activity : frame with one row or more for each user and active day, or for each event.
    users : frame with one row for each user.
    days : n, or several; whole numbers from 0.
    kind : one of the four definitions above.
    observed_until : last day that is completely observed; default: the last day in `activity`.
    by : column or columns of `users` to split by; an empty value is a group of its own.
    width : length of a bracket, whole days such as "7d".
    interval : method of `proportion_interval`, or None for no interval.
    confidence : of the interval, a fraction.
    user_col, date_col, signup_col : names of the columns.
    timestamp_col : column of `activity` with times; replaces `date_col`, and "window_24h" cannot do without it.

    Returns
    -------
    frame of the same kind: the columns of `by`, then day (n), eligible and retained (users), rate, low and high (fractions;
    empty where nobody is eligible), sorted.

    Raises
    ------
    ArgumentError : an unknown kind, a missing column, an empty key, no rows, a user with two sign-ups, no user in common.

    Source: the definitions in use among product analytics tools; Q01-Q03 recomputed.

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame({"user_id": [1, 2], "signup_ts": pd.to_datetime(["2025-03-01", "2025-03-02"])})
    >>> visits = pd.DataFrame({"user_id": [1, 1, 2], "date": pd.to_datetime(["2025-03-01", "2025-03-03", "2025-03-02"])})
    >>> retention(visits, users, days=[1, 2], interval=None)
       day  eligible  retained  rate
    0    1         2         0   0.0
    1    2         1         1   1.0
    >>> retention(visits, users, days=1, kind="unbounded", interval=None)
       day  eligible  retained  rate
    0    1         2         1   0.5
    """
    one_of(kind, KINDS, "kind")
    days, length = _windows(days, kind, width)
    by = names(by, "by", ("day", "eligible", "retained", "rate", "low", "high"))
    hours = kind == "window_24h"
    if hours and timestamp_col is None:
        raise ArgumentError("kind='window_24h' counts hours, which dates do not have; name a column of times in timestamp_col.")

    source = Source(activity=activity, users=users)
    people = eventlog.people(source, user_col, {"_first": (signup_col, "us" if hours else "midnight")}, by)
    log, facts = source.read("activity", key={"_user": user_col}, time={"_at": (timestamp_col or date_col, "us")})
    log, people = eventlog.same_key(log, people, user_col)
    end = (eventlog.last_day(observed_until, facts["max__at"] // DAY_US) + 1) * DAY_US

    # Days are blocks of 24 hours since the sign-up, or since the midnight before it; _seen are completely observed.
    people = people.with_columns(_seen=whole(nw.lit(end) - nw.col("_first"), DAY_US))
    since = log.filter(nw.col("_at") < end).join(people, on="_user", how="inner")
    since = since.with_columns(_age=whole(nw.col("_at") - nw.col("_first"), DAY_US))
    if kind == "unbounded":
        last = since.filter(nw.col("_age") >= min(days)).group_by("_user", *by).agg(nw.col("_age").max().alias("_day"))
        returned = last.group_by(*by, "_day").agg(nw.len().alias("users"))
    else:
        pairs = [(n + later, n) for n in days for later in range(length)]  # each day since the sign-up, and a window it is in
        windows = source.table({"_age": [age for age, _ in pairs], "_day": [n for _, n in pairs]})
        inside = since.join(windows, on="_age", how="inner").filter(nw.col("_day") + length <= nw.col("_seen"))
        returned = eventlog.users(inside, *by, "_day")
    returned = source.collect(returned)
    if not len(returned):
        eventlog.check_overlap(source, log, people, user_col)
    observed = source.collect(people.group_by(*by, "_seen").agg(nw.len().alias("users")))
    ever = kind == "unbounded"
    return source.answer(_with_rate(_counts(source, observed, returned, by, days, length, ever), interval, confidence))


def cohorts(
    activity: Any,
    users: Any,
    period: str = "week",
    *,
    observed_until: str | dt.date | None = None,
    user_col: str = "user_id",
    date_col: str = "date",
    timestamp_col: str | None = None,
    signup_col: str = "signup_ts",
) -> Any:
    """How many users of each sign-up cohort were active in each period since: the cohort triangle, one row a cell.

    Definition: rate = active / size. A cohort is everybody who signed up in the same calendar period; *active* in period k
    are its distinct users seen on at least one day of the k-th calendar period after that one. k = 0 is the period of the
    sign-up, from the sign-up on. A cell with nobody in it is 0; a cell whose period is not completely observed is absent,
    and empty after `pivot`. The long form is on purpose: no sum over rows can count what was not observed.

    Parameters
    ----------
    activity : frame with one row or more for each user and active day, or for each event.
    users : frame with one row for each user; other users are not counted.
    period : "day", "week" (from Monday) or "month".
    observed_until : last day that is completely observed; default: the last day in `activity`.
    user_col, date_col, signup_col : names of the columns.
    timestamp_col : column of `activity` with times; replaces `date_col`.

    Returns
    -------
    frame of the same kind: cohort (its first day), size (users), period (k), active (users), rate (fraction), sorted.

    Raises
    ------
    ArgumentError : as `retention`; also if no cohort's own period is completely observed.

    Source: the cohort triangle of growth accounting (D04).

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame({"user_id": [1, 2], "signup_ts": pd.to_datetime(["2025-03-03", "2025-03-10"])})
    >>> visits = pd.DataFrame({"user_id": [1, 2, 1], "date": pd.to_datetime(["2025-03-03", "2025-03-10", "2025-03-16"])})
    >>> cells = cohorts(visits, users)
    >>> cells.pivot(index="cohort", columns="period", values="rate")
    period        0    1
    cohort
    2025-03-03  1.0  1.0
    2025-03-10  1.0  NaN
    """
    one_of(period, ("day", "week", "month"), "period")
    day = timestamp_col or date_col
    source = Source(activity=activity, users=users)
    people = eventlog.people(source, user_col, {"_first": (signup_col, "day"), "_cohort": (signup_col, period)})
    log, facts = source.read("activity", key={"_user": user_col}, time={"_at": (day, "day"), "_period": (day, period)})
    log, people = eventlog.same_key(log, people, user_col)
    until = eventlog.last_day(observed_until, facts["max__at"])
    last = period_of(until + 1, period) - 1  # the last period that ends on or before `until`

    sizes = source.collect(people.filter(nw.col("_cohort") <= last).group_by("_cohort").agg(nw.len().alias("size")))
    if not len(sizes):
        raise ArgumentError(
            f"No {period} in which users signed up is completely observed until {period_start(until, 'day')}; choose a shorter"
            " period or a later observed_until."
        )
    # A row for each user and period first: it is that which must fit into memory, or onto disk, and is joined.
    seen = log.filter(nw.col("_period") <= last).group_by("_user", "_period").agg(nw.col("_at").max())
    seen = seen.join(people, on="_user", how="inner").filter(nw.col("_at") >= nw.col("_first"))
    seen = source.collect(seen.group_by("_cohort", "_period").agg(nw.len().alias("active")))
    if not len(seen):
        eventlog.check_overlap(source, log, people, user_col)
    active = {(cohort, at): users for cohort, at, users in eventlog.integers(seen, "_cohort", "_period", "active")}
    cells = [
        (period_start(cohort, period), size, at - cohort, active.get((cohort, at), 0))
        for cohort, size in sorted(eventlog.integers(sizes, "_cohort", "size"))
        for at in range(cohort, last + 1)
    ]
    start, size, age, count = zip(*cells, strict=True)
    columns = {"cohort": (start, nw.Date), "size": (size, nw.Int64), "period": (age, nw.Int64), "active": (count, nw.Int64)}
    return source.answer(source.build(columns).with_columns(rate=nw.col("active") / nw.col("size")))


def cohort_average(triangle: Any) -> Any:
    """The average of a cohort triangle, period by period, over the cohorts that have been observed that long.

    Definition: rate = sum of `active` / sum of `size` over all cohorts with a cell in period k; each user weighs the same.
    The later the period, the fewer and older the cohorts behind it: `cohorts` says how many.

    Parameters
    ----------
    triangle : the result of `cohorts`, or some of its rows.

    Returns
    -------
    frame of the same kind: period (k), cohorts (number), size and active (users), rate (fraction), sorted.

    Raises
    ------
    ArgumentError : a column of `cohorts` is missing or empty, or there are no rows.

    Source: the weighted mean of the cohort triangle (D04).

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"cohort": ["a", "a", "b"], "period": [0, 1, 0], "size": [3, 3, 1], "active": [3, 1, 0]})
    >>> cohort_average(cells)
       period  cohorts  size  active      rate
    0       0        2     4       3  0.750000
    1       1        1     3       1  0.333333
    """
    source = Source(triangle=triangle)
    counts = ("period", "size", "active")
    cells, facts = source.read("triangle", number={name: name for name in counts})
    for name in counts:
        low, high = facts[f"min_{name}"], facts[f"max_{name}"]
        if low < 0 or high > 2**53:
            raise ArgumentError(f"Column {name!r} of triangle runs from {low:g} to {high:g}; give the numbers of `cohorts`.")
    sums = cells.group_by("period").agg(nw.len().alias("cohorts"), nw.col("size").sum(), nw.col("active").sum())
    sums = sums.select(nw.col("period", "cohorts", "size", "active").cast(nw.Int64)).sort("period")
    return source.answer(sums.with_columns(rate=nw.when(nw.col("size") > 0).then(nw.col("active") / nw.col("size"))))


def activity(
    log: Any,
    users: Any = None,
    *,
    observed_until: str | dt.date | None = None,
    user_col: str = "user_id",
    date_col: str = "date",
    timestamp_col: str | None = None,
    signup_col: str = "signup_ts",
) -> Any:
    """Active users of each day, week and month, and where they come from: growth accounting by the day.

    Definitions, for each calendar day t from the first to the last observed one, always of distinct users:

    - dau, wau, mau: active on t, on at least one of the 7 days up to t, of the 28 days up to t;
    - stickiness: mean dau of these 28 days / mau, the share of a month's users to expect on one of its days;
    - new: active on t for the first time (and, with `users`, not signed up before the log begins);
    - returning: active on t, not new, and active on one of the 28 days before t;
    - resurrecting: active on t, neither new nor returning;
    - dormant: last active 28 days before t, so that they leave mau on t;
    - quick_ratio: (new + resurrecting) / dormant, sums over the 28 days up to t; above 1 exactly if mau grew over them.

    So dau = new + returning + resurrecting, and mau changes by new + resurrecting - dormant. Where the log does not reach
    far enough back (6, 27, 28 or 55 days), a cell is empty. A day without rows, until `observed_until`, is a day without
    users. Rows may come in any order and more than once.

    Parameters
    ----------
    log : frame with one row or more for each user and active day, or for each event.
    users : frame with one row for each user, if people signed up before the log begins; then only its users are counted,
        from their sign-up day on. Without it everybody is new when first seen.
    observed_until : last day that is completely observed; default: the last day in `log`.
    user_col, date_col, signup_col : names of the columns.
    timestamp_col : column of `log` with times; replaces `date_col`.

    Returns
    -------
    frame of the same kind: date, dau, wau, mau, stickiness, new, returning, resurrecting, dormant, quick_ratio, one row a day.

    Raises
    ------
    ArgumentError : as `retention`.

    Source: growth accounting (new, retained, resurrected, churned) on trailing windows; Q04 recomputed.

    Examples
    --------
    >>> import pandas as pd
    >>> visits = pd.DataFrame({"user_id": [1, 2, 1], "date": pd.to_datetime(["2025-03-01", "2025-03-01", "2025-03-07"])})
    >>> activity(visits)[["date", "dau", "wau", "new"]].tail(2)
            date  dau  wau  new
    5 2025-03-06    0  NaN    0
    6 2025-03-07    1  2.0    0
    """
    source = Source(log=log) if users is None else Source(log=log, users=users)
    days, facts = source.read("log", key={"_user": user_col}, time={"_day": (timestamp_col or date_col, "day")})
    start, until = int(facts["min__day"]), eventlog.last_day(observed_until, facts["max__day"])
    if until - start > CENTURY:
        raise ArgumentError(
            f"Column {timestamp_col or date_col!r} of log begins on {period_start(start, 'day')}, a century before the"
            f" last observed day, {period_start(until, 'day')}, or earlier; leave out days that cannot be."
        )
    if until < start:
        raise ArgumentError(f"observed_until is {observed_until}, before the log begins on {period_start(start, 'day')}.")
    known = nw.lit(True)
    if users is not None:
        people = eventlog.people(source, user_col, {"_first": (signup_col, "day")})
        days, people = eventlog.same_key(days, people, user_col)
        known = nw.col("_first") >= start
    seen = days.filter(nw.col("_day") <= until).group_by("_user", "_day").agg(nw.len().alias("_rows"))
    if users is not None:
        seen = seen.join(people, on="_user", how="inner").filter(nw.col("_day") >= nw.col("_first"))
    # One row for each user and active day, with the days until the same user's next one; above a month all are the same.
    following, previous = (nw.col("_day").shift(step).over("_user", order_by="_day") for step in (-1, 1))
    spells = seen.with_columns(_gap=(following - nw.col("_day")).fill_null(MONTH + 1), _new=previous.is_null() & known)
    gap = nw.min_horizontal("_gap", nw.lit(MONTH + 1)).cast(nw.Int64).alias("_gap")
    counts = spells.select("_day", gap, nw.col("_new").cast(nw.Int64)).group_by("_day", "_gap", "_new")
    spell = np.zeros((until - start + 1, MONTH + 2, 2), dtype=np.int64)  # users by day, gap and being new
    for day, days_ahead, new, count in eventlog.integers(
        source.collect(counts.agg(nw.len().alias("users"))), "_day", "_gap", "_new", "users"
    ):
        spell[day - start, days_ahead, new] = count
    if users is not None and not spell.any():
        eventlog.check_overlap(source, days, people, user_col)
    return source.answer(source.build(accounts(spell, start)))


def _windows(days: int | Iterable[int], kind: str, width: str | dt.timedelta) -> tuple[list[int], int]:
    """The first days of the windows, sorted, and how many days each needs to be observed."""
    days = list(days) if isinstance(days, Iterable) else [days]
    if not days or any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 0 <= n <= CENTURY for n in days):
        raise ArgumentError(f"days is {days!r}; give one or more whole numbers from 0 to {CENTURY:,}, for example (1, 7, 30).")
    length = 1
    if kind == "bracket":
        length, rest = divmod(duration(width, "width"), dt.timedelta(days=1))
        if rest or length > CENTURY:
            raise ArgumentError(f"width is {width!r}; a bracket is made of whole days up to {CENTURY:,}, for example '7d'.")
    return sorted({int(n) for n in days}), length


def _counts(
    source: Source, observed: nw.DataFrame, returned: nw.DataFrame, by: list[str], days: list[int], length: int, ever: bool
) -> nw.DataFrame:
    """Eligible and retained users by segment and day, from the users by days observed, and by day on which they returned."""
    segments = observed.select(by).unique().sort(by) if by else None
    seen, back = eventlog.tally(observed, by, "_seen"), eventlog.tally(returned, by, "_day")
    columns: dict[str, list[int]] = {"day": [], "eligible": [], "retained": []}
    for segment in map(eventlog.plain, segments.rows()) if by else [()]:
        came = back.get(segment, {})
        for n in days:
            columns["day"].append(n)
            columns["eligible"].append(sum(users for observed, users in seen[segment].items() if observed >= n + length))
            columns["retained"].append(sum(users for day, users in came.items() if day >= n) if ever else came.get(n, 0))
    counts = source.build({name: (values, nw.Int64) for name, values in columns.items()})
    if not by:
        return counts
    labels = segments[[row for row in range(len(segments)) for _ in days]]
    return labels.with_columns(counts[name] for name in columns)


def _with_rate(counts: nw.DataFrame, interval: str | None, confidence: float) -> nw.DataFrame:
    """Add rate, and low and high if an interval is wanted, to eligible and retained."""
    eligible, retained = counts["eligible"].to_numpy(), counts["retained"].to_numpy()
    columns = {"rate": np.divide(retained, eligible, out=np.full(len(eligible), np.nan), where=eligible > 0)}
    if interval is not None:
        columns["low"], columns["high"] = proportion_interval(retained, eligible, interval, confidence)
    return counts.with_columns(
        nw.new_series(name, cells(values), nw.Float64, backend=counts.implementation) for name, values in columns.items()
    )
