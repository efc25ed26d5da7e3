"""What users do in which order: funnels, and the sessions that events fall into.

Both take pandas, Polars, DuckDB, Dask or PySpark frames and answer in the same kind. Time is time that passed, whatever clocks
were changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from opscourse import chains
from opscourse.errors import ArgumentError
from opscourse.eventlog import plain
from opscourse.frames import Source, names, one_of
from opscourse.growth import cells
from opscourse.periods import duration
from opscourse.proportions import proportion_interval
from opscourse.values import ratio

__all__ = ["funnel", "session_summary", "sessions"]

HOUR_US = 3_600_000_000
SUMMARY = ("pages", "seconds", "entry_page", "exit_page", "bounced")
FUNNEL = ("step", "event", "reached", "in_progress", "from_first", "from_previous", "low", "high", "median_hours")


def funnel(
    log: Any,
    steps: Sequence[Any],
    window: str | dt.timedelta,
    *,
    start: str = "any",
    order: str = "ordered",
    ties: str = "strict",
    by: str | Iterable[str] | None = None,
    interval: str | None = "wilson",
    confidence: float = 0.95,
    user_col: str = "user_id",
    event_col: str = "name",
    timestamp_col: str = "ts",
) -> Any:
    """How many users go how far through a sequence of steps, and how long it takes them.

    Definition: a chain is an event of the first step, its *start*, then one of the second step, and so on, each later than the
    one before and at most `window` after the start; other events may lie between. A window is *closed* if the log goes on for
    at least `window` after the start. For each step,

    - reached: users with a chain to this step whose window is closed;
    - in_progress: users who came this far only in windows that are still open. They are not lost: no rate counts them;
    - from_first, from_previous: reached / reached of the first step, of the previous step;
    - median_hours: median over the users who reached it of the hours from the start to this step, in their quickest chain.

    reached + in_progress is the count of tools that do not look whether a window is closed, such as windowFunnel of ClickHouse
    and StarRocks (there too any event of the first step starts a window; strictly later is their mode strict_increase or
    INCREASE). Rates of that count make the newest users look lost.

    Parameters
    ----------
    log : frame with one row for each event, in any order; a repeated row changes nothing. It counts as observed until its last
        event, so leave the events in that are no steps.
    steps : two or more different events, such as ["view", "cart", "pay"].
    window : time from the start within which a step counts, such as "7d" or "30m".
    start : "any" event of the first step may start a chain, or only the "first" one of each user.
    order : "ordered", as above; or "any": the steps may come in any order, any of them starts a window, and row k counts users
        with k different ones in one window.
    ties : "strict", or "allowed": events of the same time count as being in the order of the steps.
    by : column or columns of `log` to split users by, each with one value for a user; an empty value is a group of its own.
    interval : method of `proportion_interval` for from_previous, or None for no interval.
    confidence : of the interval, a fraction.
    user_col, event_col, timestamp_col : names of the columns.

    Returns
    -------
    frame of the same kind: the columns of `by`, then step (from 1), event (not with order="any"), reached and in_progress
    (users), from_first, from_previous, low and high (fractions; empty where nobody could go on), median_hours, sorted.

    Raises
    ------
    ArgumentError : a missing column, an empty key, no rows, a step that is not in the log or is there twice, an unknown rule,
        a window without a unit or of no length, a user in two segments.

    Source: the windowed funnel of event analytics; the running maximum of the latest start is D10 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({"user_id": [1, 1, 2, 3, 3], "name": ["view", "pay", "view", "view", "pay"]})
    >>> log["ts"] = pd.to_datetime(["2025-03-01", "2025-03-02", "2025-03-03", "2025-03-20", "2025-03-21"])
    >>> funnel(log, ["view", "pay"], "7d", interval=None)
       step event  reached  in_progress  from_first  from_previous  median_hours
    0     1  view        2            1         1.0            NaN           0.0
    1     2   pay        1            1         0.5            0.5          24.0
    """
    for value, choices, argument in (
        (start, ("any", "first"), "start"),
        (order, ("ordered", "any"), "order"),
        (ties, ("strict", "allowed"), "ties"),
    ):
        one_of(value, choices, argument)
    steps = _steps(steps)
    length = min(duration(window, "window") // dt.timedelta(microseconds=1), -chains.NEVER // 2)
    by = list(dict.fromkeys(names(by, "by", FUNNEL)))
    source = Source(log=log)
    key, time = {"_user": user_col, "_event": event_col}, {"_at": (timestamp_col, "instant")}
    events, facts = source.read("log", key=key, time=time, keep=by)
    log, events = events, _at_steps(events, steps, event_col)
    observed = facts["max__at"] - facts["min__at"]
    rows = source.once(events.select("_user", "_event", _at=nw.col("_at") - facts["min__at"]))
    # By _rank, a row comes after all that it may follow: of the same time, the later step is first unless ties are allowed.
    at = [
        rows.filter(nw.col("_event") == name).select(
            "_user", "_at", _step=nw.lit(step), _rank=nw.col("_at") * (len(steps) + 1) + (step if ties == "allowed" else -step)
        )
        for step, name in enumerate(steps, 1)
    ]
    far = (chains.ordered if order == "ordered" else chains.in_any_order)(source, at, length, start)
    users = chains.by_user(far, observed - length, length)
    if by:
        segments = _segments(source, events, by, user_col)
        users = users.join(segments, on="_user", how="inner")
    groups = users.group_by(*by, "_step").agg(nw.col("_reached", "_open").sum(), nw.col("_took").median())
    found = {plain(row[:-3]): row[-3:] for row in source.collect(groups).rows()}  # by segment and step
    if not any(step == len(steps) for *_, step in found):
        _check_steps(source, log, steps, event_col)
    labels = source.collect(segments.select(by).unique()).sort(by) if by else None
    keys = map(plain, labels.rows()) if by else [()]
    table = np.array([[found.get((*key, step + 1), (0, 0, None)) for step in range(len(steps))] for key in keys], dtype=float)
    events = steps if order == "ordered" else None
    return source.answer(_with_rates(source, table, labels, events, interval, confidence))


def sessions(
    log: Any,
    gap: str | dt.timedelta = "30m",
    *,
    user_col: str = "user_id",
    timestamp_col: str = "ts",
    session_col: str = "session",
) -> Any:
    """The session of each event: 1 for the first one of its user, 2 for the next.

    Definition: a user's event begins a new session if more than `gap` has passed since the one before; events exactly `gap`
    apart belong together. Midnight and the campaign that brought the user play no part (in Google's Universal Analytics they
    did). The choice of the gap is a habit, not a finding: see what another one does to the numbers.

    Parameters
    ----------
    log : frame with one row for each event, in any order; events of the same time are in the same session.
    gap : longest pause within a session, such as "30m".
    user_col, timestamp_col : names of the columns; the user may be a device.
    session_col : name of the new column.

    Returns
    -------
    the same frame with session_col at its end: user_col and session_col together identify a session. Rows keep their order,
    but not in DuckDB, PySpark and Dask, where they have none; Dask numbers the users' rows in its workers.

    Raises
    ------
    ArgumentError : a missing column, an empty user or time, no rows, a gap without a unit or of no length, session_col exists.

    Source: sessions by inactivity, as web analytics counts visits; D06 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> times = ["2025-03-01 09:00", "2025-03-01 09:30", "2025-03-01 10:01"]
    >>> log = pd.DataFrame({"user_id": 7, "ts": pd.to_datetime(times)})
    >>> sessions(log)["session"].tolist()
    [1, 1, 2]
    """
    length = min(duration(gap, "gap") // dt.timedelta(microseconds=1), -chains.NEVER)
    source = Source(log=log)
    columns = source.frames["log"].collect_schema().names()
    if taken := {session_col, "_user", "_at", "_row", "_before", "_goes_on", "_new"} & set(columns):
        raise ArgumentError(f"log already has a column {taken.pop()!r}; rename it, or choose another session_col.")
    if source.dask:
        source.read("log", key={"_user": user_col}, time={"_at": (timestamp_col, "instant")})
        columns = {"user_col": user_col, "timestamp_col": timestamp_col, "session_col": session_col}
        meta = log._meta.assign(**{session_col: np.array([], dtype=np.int64)})
        return log.shuffle(user_col).map_partitions(_part_sessions, gap=gap, **columns, meta=meta)
    if source.kind.is_pandas():  # only the numbers travel, so that all other columns stay what they are
        source.frames["log"], keep = source.frames["log"].with_row_index("_row"), ["_row"]
    else:
        keep = columns
    events, _ = source.read("log", key={"_user": user_col}, time={"_at": (timestamp_col, "instant")}, keep=keep)
    events = events.with_columns(_before=nw.col("_at").shift(1).over("_user", order_by="_at"))
    goes_on = nw.col("_at") - nw.col("_before") <= length
    events = events.with_columns(_goes_on=nw.when(goes_on).then(nw.lit(1)).otherwise(nw.lit(0)))
    events = events.with_columns(_new=1 - nw.col("_goes_on"))
    number = (
        nw.col("_new").cum_sum().over("_user", order_by=["_at", "_goes_on"])
    )  # of the same time, the one that begins it first
    numbered = events.with_columns(number.cast(nw.Int64).alias(session_col)).select(*keep, session_col)
    if keep is columns:
        return source.answer(numbered)
    found = source.collect(numbered)
    session = np.empty(len(found), dtype=np.int64)
    session[found["_row"].to_numpy()] = found[session_col].to_numpy()
    return log.assign(**{session_col: session})


def _part_sessions(part: pd.DataFrame, *, session_col: str, **arguments: Any) -> pd.DataFrame:
    """The sessions of a Dask partition, which may have no rows."""
    if part.empty:
        return part.assign(**{session_col: np.array([], dtype=np.int64)})
    return sessions(part, session_col=session_col, **arguments)


def session_summary(
    views: Any,
    *,
    user_col: str = "user_id",
    session_col: str = "session",
    page_col: str = "page",
    timestamp_col: str = "ts",
) -> Any:
    """What happened in each session: how many pages, how long, where it began and ended, and whether it bounced.

    Definition: pages = page views; seconds = from the first to the last of them; bounced = only one of them, as in Universal
    Analytics (Google Analytics 4 calls a bounce what lasts less than 10 seconds without a second view or a conversion). So the
    bounce rate is the mean of `bounced` over the sessions that enter at a page, and the exit rate the number of sessions that
    end there / its views: two numbers with different denominators.

    Where it misleads: nobody sees how long the last page was read, and a bounce lasts 0 seconds even if read for an hour.

    Parameters
    ----------
    views : frame with one row for each page view, in any order, such as the page views of `sessions(log)`; the same page at the
        same time is one view.
    user_col, session_col, page_col, timestamp_col : names of the columns; user and session together identify a session.

    Returns
    -------
    frame of the same kind, one row for each session, sorted: user_col, session_col, pages, seconds, entry_page and exit_page
    (of several pages at the first or last time, the first or last by name), bounced.

    Raises
    ------
    ArgumentError : a missing column, an empty value in one of them, no rows, the same column twice.

    Source: visits, bounces and exits of web analytics; D06 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> views = pd.DataFrame({"user_id": [7, 7, 8], "session": [1, 1, 1], "page": ["home", "course", "home"]})
    >>> views["ts"] = pd.to_datetime(["2025-03-01 09:00", "2025-03-01 09:02", "2025-03-01 09:00"])
    >>> session_summary(views)
       user_id  session  pages  seconds entry_page exit_page  bounced
    0        7        1      2    120.0       home    course    False
    1        8        1      1      0.0       home      home     True
    """
    names([user_col, session_col], "user_col or session_col", SUMMARY)
    if user_col == session_col:
        raise ArgumentError(f"user_col and session_col are both {user_col!r}; give two columns.")
    source = Source(views=views)
    key = {"_user": user_col, "_session": session_col, "_page": page_col}
    seen, _ = source.read("views", key=key, time={"_at": (timestamp_col, "instant")})
    kind = seen.collect_schema()["_page"]
    kind = nw.String() if isinstance(kind, (nw.Categorical, nw.Enum)) else kind
    seen = seen.with_columns(nw.col("_page").cast(kind)).unique()
    session = ["_user", "_session"]
    seen = source.once(seen.with_columns(_first=nw.col("_at").min().over(session), _last=nw.col("_at").max().over(session)))
    entries = seen.filter(nw.col("_at") == nw.col("_first")).group_by(session).agg(nw.col("_page").min().alias("entry_page"))
    exits = seen.filter(nw.col("_at") == nw.col("_last")).group_by(session).agg(nw.col("_page").max().alias("exit_page"))
    summary = seen.group_by(session).agg(nw.len().alias("pages"), nw.col("_first").min(), nw.col("_last").max())
    summary = summary.join(entries, on=session, how="inner").join(exits, on=session, how="inner")
    summary = summary.select(
        nw.col("_user").alias(user_col),
        nw.col("_session").alias(session_col),
        nw.col("pages").cast(nw.Int64),
        ((nw.col("_last") - nw.col("_first")) / 1_000_000).alias("seconds"),
        "entry_page",
        "exit_page",
        (nw.col("pages") == 1).alias("bounced"),
    )
    return source.answer(summary.sort(user_col, session_col))


def _steps(steps: Any) -> list[Any]:
    """The steps, checked to be two or more different texts or whole numbers."""
    listed = [] if isinstance(steps, str) or not isinstance(steps, Iterable) else list(steps)
    alike = all(isinstance(step, str) for step in listed) or all(isinstance(step, (int, np.integer)) for step in listed)
    if len(listed) < 2 or not alike or len(set(listed)) < len(listed):
        raise ArgumentError(f"steps is {steps!r}; give two or more different events, for example ['view', 'cart', 'pay'].")
    return listed


def _at_steps(events: nw.LazyFrame, steps: list[Any], event_col: str) -> nw.LazyFrame:
    """The events at one of the steps."""
    kind = events.collect_schema()["_event"]
    if not (isinstance(kind, (nw.String, nw.Categorical, nw.Enum)) if isinstance(steps[0], str) else kind.is_integer()):
        raise ArgumentError(
            f"Column {event_col!r} of log holds {kind}, which the step {steps[0]!r} cannot be; convert one of them.",
            column=event_col,
        )
    event = nw.col("_event").cast(nw.String) if isinstance(steps[0], str) else nw.col("_event")
    return events.with_columns(_event=event).filter(nw.col("_event").is_in(steps))


def _segments(source: Source, events: nw.LazyFrame, by: list[str], user_col: str) -> nw.LazyFrame:
    """The segment of each user, checked to be one."""
    segments = events.select("_user", *by).unique()
    often = segments.group_by("_user").agg(nw.len().alias("times")).filter(nw.col("times") > 1)
    often = source.collect(often.sort("_user"))
    if count := len(often):
        raise ArgumentError(
            f"{count:,} users have more than one value of {', '.join(by)}, for example {user_col} {often['_user'][0]} with"
            f" {often['times'][0]}; give each user one, for example the first.",
            column=by[0],
            count=count,
        )
    return segments


def _check_steps(source: Source, log: nw.LazyFrame, steps: list[Any], event_col: str) -> None:
    """Refuse a step that is nowhere in the log: nobody reached it would look like a result."""
    present = source.collect(log.group_by("_event").agg(nw.len().alias("events")).sort("_event"))["_event"].to_list()
    for step in steps:
        if step not in present:
            near = get_close_matches(str(step), map(str, present), 1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise ArgumentError(f"No event in column {event_col!r} of log is {step!r}{hint}", column=event_col)


def _with_rates(
    source: Source,
    table: np.ndarray,
    labels: nw.DataFrame | None,
    events: list[Any] | None,
    interval: str | None,
    confidence: float,
) -> nw.DataFrame:
    """The rows of the answer, from reached, in progress and microseconds by segment and step."""
    segments, steps, _ = table.shape
    reached, later, took = np.moveaxis(table, 2, 0)
    before = np.column_stack([np.full(segments, np.nan), reached[:, :-1]])
    rates = {"from_first": ratio(reached, reached[:, :1]), "from_previous": ratio(reached, before)}
    if interval is not None:
        bounds = proportion_interval(reached[:, 1:], reached[:, :-1], interval, confidence)
        rates |= {name: np.column_stack([before[:, 0], bound]) for name, bound in zip(("low", "high"), bounds, strict=True)}
    rates["median_hours"] = took / HOUR_US
    columns = {"step": (list(range(1, steps + 1)) * segments, nw.Int64)}
    if events is not None:
        columns["event"] = (events * segments, nw.String if isinstance(events[0], str) else nw.Int64)
    columns |= {name: (n.ravel().astype(int).tolist(), nw.Int64) for name, n in (("reached", reached), ("in_progress", later))}
    columns |= {name: (cells(rate.ravel()), nw.Float64) for name, rate in rates.items()}
    answer = source.build(columns)
    if labels is None:
        return answer
    labels = labels[[row for row in range(segments) for _ in range(steps)]]
    return labels.with_columns(answer[name] for name in columns)
