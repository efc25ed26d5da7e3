"""Which channel gets the credit for a conversion, by rule, and how much of that credit an experiment confirms."""

from __future__ import annotations

import datetime as dt
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from opscourse import eventlog
from opscourse.errors import ArgumentError
from opscourse.frames import Source, names, one_of
from opscourse.growth import cells
from opscourse.periods import DAY_US, duration
from opscourse.values import fraction, number, ratio, together

__all__ = ["attribution", "incremental", "shapley2"]

YEAR_US = 365 * DAY_US
RULES = ("first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay", "markov", "shapley")


def attribution(
    touches: Any,
    conversions: Any = None,
    rule: str = "last_touch",
    lookback: str | dt.timedelta | None = None,
    *,
    direct: Any = "direct",
    ends: float = 0.4,
    half_life: str | dt.timedelta = "7d",
    user_col: str = "user_id",
    timestamp_col: str = "ts",
    channel_col: str = "channel_id",
    conversion_col: str = "converted_order_id",
) -> Any:
    """Credit of each channel for the conversions it touched.

    Definition: the path of a conversion is all touches of its user from `lookback` before it up to its own instant, both
    included; a touch may be in the paths of several conversions. Each conversion with a path is one unit of credit:

    - "first_touch", "last_touch": all to the first, the last touch; "last_non_direct": all to the last touch that is not
      `direct`, and to direct if there is no other;
    - "linear": the same to each touch; "position_based": `ends` to the first, `ends` to the last, the rest shared equally
      by those between (one touch has all, two have half each);
    - "time_decay": to each touch in proportion to 2 ** (-time until the conversion / half_life);
    - "shapley": the Shapley value of the game in which a coalition of channels is worth the conversions whose paths it
      covers completely. It is exact for any number of channels: the same to each different channel of a path;
    - "markov": in proportion to the removal effects 1 - P(without the channel) / P of the chain start -> channels ->
      conversion or nothing, its probabilities the observed shares of next steps. P is the probability to convert, and who
      would go to the removed channel converts no more. All touches of a user that are in no path of a conversion are, in
      order of time, one path to nothing. Solved exactly, by linear algebra.

    Each row is a touch. Of touches at the same instant, the one whose channel sorts first counts as earlier.

    Where it misleads: credit is not cause. Who would have bought anyway is touched most, and gets its channels the credit:
    compare `incremental`. Touches of the log's last days may still convert, and are paths to nothing until then; conversions
    before its first days are untouched only because nobody looked, so leave them out.

    Parameters
    ----------
    touches : frame with one row for each touch, such as a click.
    conversions : frame with one row for each conversion, with the columns user_col and timestamp_col as in touches; None if
        touches say in conversion_col to which conversion they led (one at most), as the course's `marketing_touches` do.
    rule : one of the eight above.
    lookback : how long before a conversion touches count, "30d" unless given. Only with `conversions`.
    direct : value of channel_col that means no channel, for "last_non_direct".
    ends : a fraction up to 0.5, for "position_based".
    half_life : time that halves the weight of a touch, for "time_decay".
    user_col, timestamp_col, channel_col : names of the columns; a date counts as its midnight. Without `conversions`, only
        "markov" needs users.
    conversion_col : the conversion a touch led to, empty if none; only without `conversions`.

    Returns
    -------
    frame of the same kind, one row for each channel in touches, sorted: channel_col, credit (conversions), share (credit /
    conversions, empty if there are none), conversions (with a path: the sum of credit, in every row) and, with
    `conversions`, untouched (those without a path, to whom nobody gets credit).

    Raises
    ------
    ArgumentError : an unknown rule, a missing column, an empty key or time, no rows, times of two zones, no user in common,
        a lookback without `conversions`, a direct channel that does not occur, a span of time too long for so many channels.

    Source: the rules by position and time as in Google's Universal Analytics, with its 30 and 7 days; Markov: Anderl, Becker,
    von Wangenheim and Schumann (2016), without the error of packages that simulate it; Shapley: Zhao, Mahboobi and Bagheri
    (2018). Other tools let a conversion end a path, so that a touch counts once. M03 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> clicks = pd.DataFrame({"user_id": [1, 1, 2], "ts": pd.to_datetime(["2025-03-01", "2025-03-02", "2025-03-02"])})
    >>> clicks["channel_id"] = ["search", "video", "video"]
    >>> orders = pd.DataFrame({"user_id": [1, 3], "ts": pd.to_datetime(["2025-03-03", "2025-03-03"])})
    >>> attribution(clicks, orders, rule="linear")
      channel_id  credit  share  conversions  untouched
    0     search     0.5    0.5            1          1
    1      video     0.5    0.5            1          1
    """
    one_of(rule, RULES, "rule")
    names(channel_col, "channel_col", ("credit", "share", "conversions", "untouched"))
    if number(ends, "ends", least=0) > 0.5:
        raise ArgumentError(f"ends is {ends!r}; give the share of each end as a fraction from 0 to 0.5, for example 0.4.")
    half = duration(half_life, "half_life") / dt.timedelta(microseconds=1)

    keys, when = {"_channel": channel_col}, {"_at": (timestamp_col, "us")}
    if conversions is None:
        if lookback is not None:
            raise ArgumentError(f"lookback is {lookback!r}, but {conversion_col!r} has one already; give it with conversions.")
        source = Source(touches=touches)
        if rule == "markov":
            keys["_user"] = user_col
        log, facts = source.read("touches", key=keys, time=when, keep=[conversion_col])
        none = nw.col(conversion_col).is_null()
        if log.collect_schema()[conversion_col].is_float():
            none = none | nw.col(conversion_col).is_nan()
    else:
        window = duration("30d" if lookback is None else lookback, "lookback") // dt.timedelta(microseconds=1)
        source = Source(in_pandas=rule == "last_touch", touches=touches, conversions=conversions)
        _check_clocks(source, timestamp_col)
        log, facts = source.read("touches", key={"_user": user_col, **keys}, time=when)
        goals, counted = source.read("conversions", key={"_user": user_col}, time={"_goal": (timestamp_col, "us")})
        log, goals = eventlog.same_key(log, goals, user_col)

    labels, log = _encode(source, log, channel_col)
    channels, size, first = labels.to_list(), len(labels), int(facts["min__at"])
    span = int(facts["max__at"]) - first
    if (span + 2) * size >= 2**63:
        raise ArgumentError(
            f"Column {timestamp_col!r} spans {span / YEAR_US:,.0f} years, too many to put {size:,} channels in order;"
            " leave out times that cannot be.",
            column=timestamp_col,
        )
    # Time, then channel, as one number of at least `size`.
    log = log.with_columns(_order=(nw.col("_at") - first + 1) * size + nw.col("_code"))
    ago = nw.col("_goal") - nw.col("_at")
    follows = rule == "last_touch" and conversions is not None and _can_follow(log, goals)
    if conversions is None:
        led = log.filter(~none).with_columns(nw.col(conversion_col).alias("_path"))
    elif not follows:
        led = log.join(goals.with_row_index("_path", order_by="_goal"), on="_user", how="inner").filter(ago >= 0, ago <= window)

    if follows:
        window = min(window, max(int(counted["max__goal"]) - first, 0))  # further back there are no touches, perhaps no numbers
        ended = goals.filter(nw.col("_goal") >= first, nw.col("_goal") <= first + span + window)
        oldest = ((nw.col("_goal") - window - first + 1) * size).alias("_oldest")
        reach = nw.when(nw.col("_goal") < first + span).then("_goal").otherwise(first + span).cast(nw.Int64)
        newest = (reach - first + 2) * size - 1
        last = _latest(ended.select("_user", newest.alias("_order"), oldest), log.select("_user", "_order"))
        code, paths = _count(source, last.select((nw.col("_order") % size).alias("_code")))
        credit = np.bincount(code, paths, size)
    elif rule == "markov":
        idle = log.filter(none) if conversions is None else log.join(led, on=["_user", "_at"], how="anti")
        credit = _removal_effects(_steps(source, led, "_path", size), _steps(source, idle, "_user", size))
    elif rule == "time_decay":
        credit = _time_decay(source, led, half, size)
    elif rule == "position_based":
        credit = _position_based(source, led, ends, size)
    elif rule == "linear":
        credit = _linear(source, led, size)
    elif rule == "shapley":
        credit = _linear(source, led.group_by("_path", "_code").agg(nw.len().alias("_touches")), size)
    else:
        if rule == "last_non_direct":
            if direct not in channels:
                raise ArgumentError(
                    f"No touch has the channel direct={direct!r}; {channel_col!r} holds, for example, {channels[:5]}."
                )
            alone = channels.index(direct)  # as an order, earlier than any touch
            led = led.with_columns(
                nw.when(nw.col("_code") == alone).then(nw.lit(alone)).otherwise(nw.col("_order")).alias("_order")
            )
        touch = nw.col("_order").min() if rule == "first_touch" else nw.col("_order").max()
        code, paths = _count(source, led.group_by("_path").agg(touch).select((nw.col("_order") % size).alias("_code")))
        credit = np.bincount(code, paths, size)

    touched = round(credit.sum())
    if not touched and conversions is not None:
        eventlog.check_overlap(source, log, goals, user_col)
    columns = {
        "credit": (credit.tolist(), nw.Float64),
        "share": (cells(ratio(credit, np.array(touched))), nw.Float64),
        "conversions": ([touched] * size, nw.Int64),
    }
    if conversions is not None:
        columns["untouched"] = ([counted["rows"] - touched] * size, nw.Int64)
    return source.answer(labels.alias(channel_col).to_frame().with_columns(source.build(columns).iter_columns()))


def _check_clocks(source: Source, timestamp_col: str) -> None:
    """Refuse times of two zones, whose differences would be wrong by hours."""
    zones = [getattr(frame.collect_schema().get(timestamp_col), "time_zone", None) for frame in source.frames.values()]
    if zones[0] != zones[1]:
        raise ArgumentError(
            f"Column {timestamp_col!r} is in time zone {zones[0]} in touches and {zones[1]} in conversions; convert one.",
            column=timestamp_col,
        )


def _encode(source: Source, log: nw.LazyFrame, channel_col: str) -> tuple[nw.Series, nw.LazyFrame]:
    """The channels, sorted, and the touches with their channel's place among them as `_code`."""
    if isinstance(log.collect_schema()["_channel"], nw.Object):
        raise ArgumentError(
            f"Column {channel_col!r} of touches holds values of several types; convert them to one, such as text.",
            column=channel_col,
        )
    if source.eager_pandas:
        rows = source.collect(log).to_native()
        codes, channels = pd.factorize(rows["_channel"], sort=True)
        rows = rows.drop(columns="_channel").assign(_code=codes)
        return nw.from_native(pd.Series(channels), series_only=True), nw.from_native(rows).lazy()
    channels = log.group_by("_channel").agg(nw.len().alias("_touches")).select("_channel").sort("_channel")
    channels = source.collect(channels)
    coded = channels.with_columns(source.build({"_code": (range(len(channels)), nw.Int64)})["_code"])
    return channels["_channel"], log.join(source.back(coded), on="_channel", how="inner").drop("_channel")


def _count(source: Source, rows: nw.LazyFrame) -> list[np.ndarray]:
    """The different rows, column by column, and how often there is each."""
    columns = rows.collect_schema().names()
    table = source.collect(rows.group_by(columns).agg(nw.len().alias("_rows")))
    return [table[name].to_numpy().astype(np.int64) for name in (*columns, "_rows")]


def _can_follow(log: nw.LazyFrame, goals: nw.LazyFrame) -> bool:
    """Whether `_latest` applies: as-of joins ask for users of one type, in pandas stored in one way. PySpark has none."""
    if log.implementation.is_pandas():
        return log.to_native()["_user"].dtype == goals.to_native()["_user"].dtype
    return not log.implementation.is_pyspark() and log.collect_schema()["_user"] == goals.collect_schema()["_user"]


def _latest(goals: nw.LazyFrame, touched: nw.LazyFrame) -> nw.LazyFrame:
    """The last touch of each conversion's user up to `_order` and from `_oldest` on: faster than to look at all their pairs."""
    if goals.implementation.is_duckdb():  # there narwhals' own asks a connection that is not the frame's
        rows = nw.concat([goals, touched.select("_user", "_order", _oldest=nw.lit(None, nw.Int64))]).to_native()
        part = "(select * from opscourse_rows where _oldest is {} null)"
        pairs = f"{part.format('not')} as a asof join {part.format('')} as b on a._user = b._user and a._order >= b._order"
        query = f"select b._order from {pairs} where b._order >= a._oldest"
        return nw.from_native(rows.query("opscourse_rows", query)).lazy()
    touched = touched.with_columns(_touch="_order")
    if goals.implementation.is_pandas():  # a log is mostly in order, or nearly: then a stable sort takes hardly any time
        goals, touched = (frame.to_native() for frame in (goals, touched))
        in_order = (
            frame if frame["_order"].is_monotonic_increasing else frame.sort_values("_order", kind="stable")
            for frame in (goals, touched.astype({"_touch": "Int64"}))
        )
        pairs = pd.merge_asof(*in_order, on="_order", by="_user")
    else:
        goals, touched = goals.sort("_order").to_native(), touched.sort("_order").to_native()
        pairs = goals.join_asof(touched, on="_order", by="_user", check_sortedness=False)  # in groups it cannot, and warns
    return nw.from_native(pairs).lazy().filter(nw.col("_touch") >= nw.col("_oldest")).select(_order="_touch")


def _linear(source: Source, led: nw.LazyFrame, size: int) -> np.ndarray:
    length, code, rows = _count(source, led.select(nw.len().over("_path").alias("_length"), "_code"))
    return np.bincount(code, rows / length, size)


def _position_based(source: Source, led: nw.LazyFrame, ends: float, size: int) -> np.ndarray:
    def end(length: np.ndarray) -> np.ndarray:
        return np.where(length > 2, ends, 0.5)

    def between(length: np.ndarray) -> np.ndarray:
        return np.where(length > 2, (1 - 2 * ends) / np.maximum(length - 2, 1), 0)

    length, code, rows = _count(source, led.select(nw.len().over("_path").alias("_length"), "_code"))
    credit = np.bincount(code, rows * between(length), size)
    order = nw.col("_order")
    paths = led.group_by("_path").agg(nw.len().alias("_length"), order.min().alias("_first"), order.max().alias("_last"))
    length, first, last, rows = _count(source, paths.select("_length", nw.col("_first", "_last") % size))
    for code in (first, last):
        credit += np.bincount(code, rows * (end(length) - between(length)), size)
    return credit


def _time_decay(source: Source, led: nw.LazyFrame, half: float, size: int) -> np.ndarray:
    """Weights count from the last touch of a path, so that they are never all 0: a common factor changes no share."""
    led = led.with_columns(_ago=nw.col("_at").max().over("_path") - nw.col("_at"))
    led = led.with_columns(_weight=(nw.col("_ago") * (-np.log(2) / half)).exp())
    led = led.with_columns(_credit=nw.col("_weight") / nw.col("_weight").sum().over("_path"))
    sums = source.collect(led.group_by("_code").agg(nw.col("_credit").sum()))
    return np.bincount(sums["_code"].to_numpy(), sums["_credit"].to_numpy(), size)


def _steps(source: Source, rows: nw.LazyFrame, path: str, size: int) -> np.ndarray:
    """How often each channel (column) followed each (row) in the paths; in the last row, how often it came first."""
    before = nw.col("_code").shift(1).over(path, order_by="_order").fill_null(size).alias("_before")
    before, code, times = _count(source, rows.select(before, "_code"))
    steps = np.zeros((size + 1, size))
    steps[before, code] = times
    return steps


def _removal_effects(led: np.ndarray, idle: np.ndarray) -> np.ndarray:
    """Credit of each channel, from the steps of the paths that led to a conversion and of those that led to nothing."""
    size = led.shape[1]
    conversions = led[size].sum()
    if not conversions:
        return np.zeros(size)
    steps = led + idle
    visits = steps.sum(axis=0)
    converted = (led.sum(axis=0) - led[:size].sum(axis=1)) / visits  # probability that the next step is a conversion
    expected = np.linalg.inv(np.eye(size) - steps[:size] / visits[:, None])  # visits to each channel, from each channel
    ever = (steps[size] / steps[size].sum() @ expected) / np.diag(expected)  # probability to come to the channel at all
    effect = ever * (expected @ converted)  # P - P(without): who ever comes to it, and converts from there
    return conversions * effect / effect.sum()


def incremental(
    credited: Any,
    treated: Any,
    treated_conversions: Any,
    holdout: Any,
    holdout_conversions: Any,
    *,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """How many of the conversions credited to a channel would not have come without it, by an experiment.

    Definition: incremental = treated x (treated_conversions / treated - holdout_conversions / holdout), and share =
    incremental / credited. 1 - share would have come anyway; a share above 1 means that the channel gets too little credit.
    The interval is Newcombe's of the difference of two proportions (the one that goes with Wilson's of each), times treated,
    for the credit as it was counted.

    Where it misleads: a holdout tells what this channel added while all others went on, among those who were reached.

    Parameters
    ----------
    credited : conversions of the treated that a rule, such as the last click, credits to the channel.
    treated, holdout : people who could see the channel, and who by lot could not; at least 1.
    treated_conversions, holdout_conversions : how many of them converted, by whatever channel.
    confidence : of the interval, a fraction.

    All of these are numbers, or arrays or Series of them: one for each channel.

    Returns
    -------
    pandas frame, one row for each channel: credited, incremental, low, high (conversions), share, share_low, share_high
    (fractions; empty where nothing is credited).

    Raises
    ------
    ArgumentError : nobody in a group, more conversions than people, a negative or missing number, lengths that do not match.

    Source: Newcombe (1998), method 10, computed by statsmodels; Q20 recomputed: what the last click says beside what is true.

    Examples
    --------
    >>> incremental(credited=300, treated=10_000, treated_conversions=500, holdout=10_000, holdout_conversions=410).round(2)
       credited  incremental    low    high  share  share_low  share_high
    0     300.0         90.0  32.25  147.94    0.3       0.11        0.49
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    fraction(confidence, "confidence")
    (credited, n, x, n0, x0), form = together(
        credited=credited,
        treated=treated,
        treated_conversions=treated_conversions,
        holdout=holdout,
        holdout_conversions=holdout_conversions,
        least={"credited": 0, "treated": 1, "treated_conversions": 0, "holdout": 1, "holdout_conversions": 0},
    )
    credited, n, x, n0, x0 = np.atleast_1d(*map(np.array, np.broadcast_arrays(credited, n, x, n0, x0)))
    wrong = ~((x <= n) & (x0 <= n0) & ~np.isnan(credited))
    if wrong.any():
        raise ArgumentError(
            f"{wrong.sum()} of {wrong.size} comparisons are impossible or lack a number, for example {x[wrong][0]:g} of"
            f" {n[wrong][0]:g} treated and {x0[wrong][0]:g} of {n0[wrong][0]:g} held out; conversions lie between 0 and people."
        )
    low, high = confint_proportions_2indep(x, n, x0, n0, method="newcomb", compare="diff", alpha=1 - confidence)
    columns = {"credited": credited, "incremental": x - n * x0 / n0, "low": n * low, "high": n * high}
    shares = {"share": "incremental", "share_low": "low", "share_high": "high"}
    columns |= {share: ratio(columns[number], credited) for share, number in shares.items()}
    index = getattr(form(columns["low"]), "index", None)
    return pd.DataFrame(columns, index=index)


def shapley2(neither: Any, first: Any, second: Any, both: Any) -> tuple[Any, Any]:
    """Split between two partners, or channels, what they bring together: the Shapley value of two players.

    Definition: with what comes with neither of them, with the first alone, with the second alone and with both, the first
    gets ((first - neither) + (both - second)) / 2: the mean of what it adds when it comes before and after the other. The two
    values add up to both - neither; what only both together bring is shared equally.

    Where it misleads: all four numbers are needed, mostly of an experiment with four groups. And it is fair by its axioms, not
    by what either could earn elsewhere.

    Parameters
    ----------
    neither, first, second, both : revenue, orders or users in each of the four cases, in one unit, per person if the groups
        differ in size.

    Returns
    -------
    value of the first, value of the second: in the same unit, as numbers, arrays or Series.

    Raises
    ------
    ArgumentError : something that is not a number, lengths or indexes that do not match.

    Source: Shapley (1953); M10 of the course's topics.

    Examples
    --------
    >>> shapley2(neither=10, first=40, second=30, both=80)
    (40.0, 30.0)
    """
    (neither, first, second, both), form = together(neither=neither, first=first, second=second, both=both)
    alone, joint = (first - second) / 2, (both - neither) / 2
    return form(joint + alone), form(joint - alone)
