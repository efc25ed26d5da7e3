"""Funnels and sessions: what an analyst needs to be true before saying where users get lost."""

from itertools import pairwise, product
from statistics import median

import duckdb
import numpy as np
import pandas as pd
import pytest
from engines import DATABASES, EXAMPLES, KINDS, WITH_ZONES, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st

from opscourse.data import funnel, session_summary, sessions
from opscourse.errors import ArgumentError
from opscourse.proportions import proportion_interval

HOUR = pd.Timedelta(hours=1)
STEPS = ["view", "cart", "pay"]

# Worked out by hand in the tests below; the log ends on 20 March, so with a week every window from before the 13th is closed.
LOG = pd.DataFrame(
    [
        ("ann", "2025-03-01 10:00", "view"),  # too early for the pay of the 9th, but that is within a week of the next view
        ("ann", "2025-03-03 10:00", "view"),
        ("ann", "2025-03-04 10:00", "cart"),
        ("ann", "2025-03-09 10:00", "pay"),
        ("bob", "2025-03-02 10:00", "view"),  # cart and pay at the same time, and a search that is no step
        ("bob", "2025-03-02 11:00", "search"),
        ("bob", "2025-03-02 12:00", "cart"),
        ("bob", "2025-03-02 12:00", "pay"),
        ("cem", "2025-03-05 10:00", "cart"),  # cart before view
        ("cem", "2025-03-06 10:00", "view"),
        ("cem", "2025-03-07 10:00", "pay"),
        ("dee", "2025-03-18 10:00", "view"),  # her window is still open
        ("dee", "2025-03-20 10:00", "cart"),
    ],
    columns=["user_id", "ts", "name"],
).astype({"ts": "datetime64[us]"})


def counts(answer):
    return list(zip(answer["reached"], answer["in_progress"], strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("rules", "expected", "hours"),
    [
        # Ann pays 6 days after her second view; bob's pay is not later than his cart; cem has no cart after his view.
        ({}, [(3, 1), (2, 1), (1, 0)], [0, 13, 144]),
        ({"ties": "allowed"}, [(3, 1), (2, 1), (2, 0)], [0, 13, 73]),
        ({"start": "first"}, [(3, 1), (2, 1), (0, 0)], [0, 37, None]),
        # In any order all three of the closed ones do all three; cem needs 48 hours for it.
        ({"order": "any"}, [(3, 1), (3, 1), (3, 0)], [0, 24, 48]),
        ({"order": "any", "start": "first"}, [(3, 1), (3, 1), (2, 0)], [0, 24, 25]),
    ],
)
def test_thirteen_events_give_what_the_definitions_give_by_hand(kind, rules, expected, hours):
    answer = measured(kind, funnel, LOG, steps=STEPS, window="7d", **rules)
    assert counts(answer) == expected
    assert [None if np.isnan(value) else value for value in answer["median_hours"]] == hours
    assert answer["step"].tolist() == [1, 2, 3]
    assert ("event" in answer) == ("order" not in rules)


def test_rates_divide_what_they_say_and_leave_out_who_is_still_on_the_way():
    answer = funnel(LOG, STEPS, "7d", ties="allowed")
    assert answer["from_first"].tolist() == [1, 2 / 3, 2 / 3]
    assert answer["from_previous"].tolist()[1:] == [2 / 3, 1]
    low, high = proportion_interval(np.array([2, 2]), np.array([3, 2]))
    assert answer["low"].tolist()[1:] == low.tolist()
    assert answer["high"].tolist()[1:] == high.tolist()
    assert answer.loc[0, ["from_previous", "low", "high"]].isna().all()


def test_what_nobody_could_do_yet_is_empty_and_not_zero():
    answer = funnel(LOG, STEPS, "30d")
    assert counts(answer) == [(0, 4), (0, 3), (0, 1)]
    assert answer[["from_first", "from_previous", "low", "high", "median_hours"]].isna().all(axis=None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", ["ordered", "any"])
def test_whoever_starts_again_is_still_counted_by_the_start_whose_window_is_closed(kind, order):
    days = pd.to_datetime(["2025-03-05", "2025-03-10", "2025-03-11", "2025-03-13"])
    log = pd.DataFrame({"user_id": 1, "ts": days.as_unit("us"), "name": ["view", "view", "pay", "search"]})
    answer = measured(kind, funnel, log, steps=["view", "pay"], window="7d", order=order)
    assert counts(answer) == [(1, 0), (1, 0)]
    assert answer["median_hours"].tolist() == [0, 144]


@pytest.mark.parametrize("kind", KINDS)
def test_users_are_split_by_segment_and_an_empty_one_is_a_group_of_its_own(kind):
    city = LOG["user_id"].map({"ann": "b", "bob": "a", "cem": None, "dee": "b"})
    answer = measured(kind, funnel, LOG.assign(city=city), steps=STEPS, window="7d", by="city", interval=None)
    assert list(answer)[:3] == ["city", "step", "event"]
    groups = {segment: counts(rows) for segment, rows in answer.fillna({"city": "none"}).groupby("city")}
    assert groups == {"a": [(1, 0), (1, 0), (0, 0)], "b": [(1, 1), (1, 1), (1, 0)], "none": [(1, 0), (0, 0), (0, 0)]}


def test_a_segment_in_which_nobody_starts_has_no_rate():
    answer = funnel(
        LOG.assign(group=LOG["user_id"].eq("cem").map({True: "late", False: "on time"})), ["cart", "pay"], "7d", by="group"
    )
    assert counts(answer[answer["group"] == "late"]) == [(1, 0), (1, 0)]
    buyers = LOG.query("user_id != 'bob' or name == 'pay'").assign(group=lambda log: log["user_id"] == "bob")
    bob = funnel(buyers, STEPS, "7d", by="group").query("group")
    assert counts(bob) == [(0, 0)] * 3
    assert bob[["from_first", "from_previous", "low", "high"]].isna().all(axis=None)


def visits(draws):
    """A log in no order, with repeated rows, from drawn users, hours and events."""
    log = pd.DataFrame(draws, columns=["user", "hour", "name"])
    return pd.DataFrame(
        {"user_id": "u" + log["user"].astype(str), "ts": pd.Timestamp("2025-03-01") + log["hour"] * HOUR, "name": log["name"]}
    ).astype({"ts": "datetime64[us]"})


NAMES = st.sampled_from([*STEPS, "search"])
LOGS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9), NAMES), min_size=3, max_size=25).map(visits)
FEW = settings(max_examples=min(12, EXAMPLES))
MORE = settings(max_examples=60)


def spans(events, ties, order):
    """Start and time of arrival of every way to take the first n steps, for each n, by trying all of them."""
    times = {step: {at for at, name in events if name == step} for step in STEPS}
    if order == "any":
        every = set().union(*times.values())
        for begin in every:
            first = sorted(min(later) for step in STEPS if (later := [at for at in times[step] if at >= begin]))
            for n, arrival in enumerate(first, 1):
                yield n, begin, arrival
        return
    for n in range(1, len(STEPS) + 1):
        for chain in product(*(times[step] for step in STEPS[:n])):
            if all(a < b or (a == b and ties == "allowed") for a, b in pairwise(chain)):
                yield n, chain[0], chain[-1]


def by_hand(log, hours, start, order, ties):
    """Reached, in progress and median hours of each step, user by user."""
    end, window = log["ts"].max(), hours * HOUR
    table = {n: [0, 0, []] for n in range(1, len(STEPS) + 1)}
    for _, rows in log.groupby("user_id"):
        ways = list(spans(list(zip(rows["ts"], rows["name"], strict=True)), ties, order))
        if start == "first" and ways:
            first = min(begin for _, begin, _ in ways)
            ways = [way for way in ways if way[1] == first]
        for n, row in table.items():
            in_time = [(begin, at - begin) for steps, begin, at in ways if steps == n and at - begin <= window]
            took = [length for begin, length in in_time if begin + window <= end]
            row[0] += bool(took)
            row[1] += bool(in_time) and not took
            row[2] += [min(took) / HOUR] if took else []
    return [(reached, later, median(took) if took else None) for reached, later, took in table.values()]


RULES = st.fixed_dictionaries(
    {
        "start": st.sampled_from(["any", "first"]),
        "order": st.sampled_from(["ordered", "any"]),
        "ties": st.sampled_from(["strict", "allowed"]),
    }
)


def agrees(kind, log, hours, rules):
    present = [step for step in STEPS if step in set(log["name"])]
    if len(present) < len(STEPS):
        log = pd.concat([log, log.tail(1).assign(user_id="u0", name=[STEPS])], ignore_index=True).explode("name")
    answer = measured(kind, funnel, log, steps=STEPS, window=f"{hours}h", interval=None, **rules)
    took = [None if np.isnan(value) else value for value in answer["median_hours"]]
    assert [(*row, hour) for row, hour in zip(counts(answer), took, strict=True)] == by_hand(log, hours, **rules)


@MORE
@given(LOGS, st.integers(1, 9), RULES)
def test_a_funnel_counts_what_trying_every_chain_counts(log, hours, rules):
    agrees("pandas", log, hours, rules)


@pytest.mark.parametrize("kind", KINDS[1:])
@FEW
@given(log=LOGS, hours=st.integers(1, 9), rules=RULES)
def test_a_funnel_counts_so_on_every_kind_of_frame(kind, log, hours, rules):
    agrees(kind, log, hours, rules)


def clicks(users=400, events=8_000, seed=1):
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "user_id": random.integers(0, users, events),
            "ts": np.datetime64("2025-03-01", "us") + random.integers(0, 20 * 24 * 60, events).astype("timedelta64[m]"),
            "name": random.choice([*STEPS, "search"], events),
            "page": random.choice(["home", "list", "course"], events),
        }
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_funnel_counts_what_joining_the_log_with_itself_counts(kind):
    log = clicks()
    chain, expected = "from log as s1", []
    for step, name in enumerate(STEPS, 1):
        if step > 1:
            chain += f" join log as s{step} on s{step}.user_id = s1.user_id and s{step}.ts > s{step - 1}.ts"
        where = " and ".join(f"s{at}.name = '{name}'" for at, name in enumerate(STEPS[:step], 1))
        query = f"select count(distinct s1.user_id) {chain} where {where} and s{step}.ts <= s1.ts + interval 6 hours"
        expected += duckdb.sql(query).fetchall()[0]
    answer = measured(kind, funnel, log, steps=STEPS, window="6h")
    assert (answer["reached"] + answer["in_progress"]).tolist() == expected


@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_kind_of_frame_gives_the_same_numbers(kind):
    log = clicks(seed=2)
    log["segment"] = log["user_id"] % 3
    for start, order, ties in product(("any", "first"), ("ordered", "any"), ("strict", "allowed")):
        rules = {"steps": STEPS, "window": "12h", "start": start, "order": order, "ties": ties, "by": "segment"}
        same(measured(kind, funnel, log, **rules), measured("pandas", funnel, log, **rules))
    log["session"] = log["user_id"] % 2
    same(measured(kind, session_summary, log), measured("pandas", session_summary, log))


def test_the_order_of_rows_and_repeated_rows_do_not_matter():
    log = clicks(seed=3)
    shuffled = pd.concat([log, log.sample(500, random_state=1)]).sample(frac=1, random_state=2)
    same(funnel(shuffled, STEPS, "6h"), funnel(log, STEPS, "6h"))
    same(session_summary(shuffled.assign(session=1)), session_summary(log.assign(session=1)))
    found = sessions(shuffled, "1h")
    assert found.index.equals(shuffled.index)
    same(found[~found.index.duplicated()].sort_index(), sessions(log, "1h"))


def numbered(log, gap):
    """The session of each row, by walking through the times of each user."""
    found = {}
    for user, times in log.groupby("user_id")["ts"]:
        session, last = 0, None
        for at in sorted(set(times)):
            session += last is None or at - last > gap
            found[user, at], last = session, at
    return [found[key] for key in zip(log["user_id"], log["ts"], strict=True)]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=EXAMPLES)
@given(log=LOGS, hours=st.integers(1, 4))
def test_sessions_are_what_walking_through_the_log_finds(kind, log, hours):
    log = log.assign(row=range(len(log)))
    answer = measured(kind, sessions, log, gap=f"{hours}h").sort_values("row", ignore_index=True)
    assert list(answer) == [*log, "session"]
    assert answer["session"].tolist() == numbered(log, hours * HOUR)
    assert answer["ts"].tolist() == log["ts"].tolist()


@settings(max_examples=20)
@given(LOGS, st.integers(1, 4))
def test_a_summary_says_what_the_rows_of_each_session_say(log, hours):
    views = sessions(log, pd.Timedelta(hours=hours)).drop_duplicates()
    summary = session_summary(views, page_col="name").set_index(["user_id", "session"])
    assert len(summary) == len(views[["user_id", "session"]].drop_duplicates())
    for key, rows in views.groupby(["user_id", "session"]):
        rows = rows.sort_values(["ts", "name"])
        row = summary.loc[key]
        assert (row.pages, row.bounced) == (len(rows), len(rows) == 1)
        assert row.seconds == (rows["ts"].max() - rows["ts"].min()).total_seconds()
        assert (row.entry_page, row.exit_page) == (rows["name"].iloc[0], rows["name"].iloc[-1])


def test_a_pause_of_exactly_the_gap_does_not_end_a_session():
    times = pd.to_datetime(["2025-03-01 09:00:00", "2025-03-01 09:30:00", "2025-03-01 10:00:01"])
    assert sessions(pd.DataFrame({"user_id": 1, "ts": times}))["session"].tolist() == [1, 1, 2]


def test_bounce_rate_and_exit_rate_of_a_page_are_two_numbers():
    visits = [("home",), ("home",), ("home", "list"), ("list", "home", "list", "home")]
    rows = [(user, minute, page) for user, pages in enumerate(visits) for minute, page in enumerate(pages)]
    log = pd.DataFrame(rows, columns=["user_id", "minute", "page"])
    log["ts"] = pd.Timestamp("2025-03-01") + pd.to_timedelta(log["minute"], unit="min")
    summary = session_summary(sessions(log))
    assert summary.loc[summary["entry_page"] == "home", "bounced"].mean() == 2 / 3
    assert (summary["exit_page"] == "home").sum() / (log["page"] == "home").sum() == 3 / 5


def test_a_pandas_frame_keeps_its_index_and_types_and_is_not_changed():
    log = LOG.assign(name=LOG["name"].astype("category"), n=pd.array([None, *range(12)], dtype="Int8")).set_index(
        LOG.index + 100
    )
    before = log.copy(deep=True)
    for kind in KINDS[:2]:
        answer = measured(kind, sessions, log)
        pd.testing.assert_frame_equal(answer.drop(columns="session"), before)
    pd.testing.assert_frame_equal(log, before)


@pytest.mark.parametrize("kind", WITH_ZONES)
def test_time_is_time_that_passed_also_on_the_day_when_clocks_go_back(kind):
    # From 02:50 summer time to 02:10 winter time it is 20 minutes, and to 03:30 it is 100.
    times = pd.to_datetime(["2025-10-26 00:50", "2025-10-26 01:10", "2025-10-26 02:30"], utc=True)
    log = pd.DataFrame({"user_id": 1, "ts": times.tz_convert("Europe/Berlin").as_unit("us"), "name": STEPS})
    assert measured(kind, sessions, log).sort_values("ts")["session"].tolist() == [1, 1, 2]
    answer = measured(kind, funnel, log, steps=STEPS, window="100m")
    assert (answer["reached"] + answer["in_progress"]).tolist() == [1, 1, 1]
    assert measured(kind, funnel, log, steps=STEPS, window="99m")["reached"].tolist() == [1, 1, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_time_without_a_zone_is_counted_as_it_stands_even_if_no_clock_of_the_session_showed_it(kind):
    log = pd.DataFrame({"user_id": 1, "ts": pd.to_datetime(["2025-03-30 01:30", "2025-03-30 02:30", "2025-03-30 03:30"])})
    assert measured(kind, sessions, log, gap="59m").sort_values("ts")["session"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("kind", DATABASES)
def test_no_database_is_asked_to_guess_a_time_zone(kind):
    log = LOG.assign(ts=LOG["ts"].dt.tz_localize("Asia/Shanghai"))
    with pytest.raises(ArgumentError, match="WITH TIME ZONE"):
        measured(kind, funnel, log, steps=STEPS, window="7d")


@pytest.mark.parametrize("kind", KINDS)
def test_events_may_be_categories_or_codes_and_days_may_be_dates(kind):
    expected = measured(kind, funnel, LOG, steps=STEPS, window="7d")
    same(measured(kind, funnel, LOG.astype({"name": "category", "user_id": "category"}), steps=STEPS, window="7d"), expected)
    codes = LOG.assign(name=LOG["name"].map({"view": 1, "cart": 2, "pay": 3, "search": 4}).astype("int32"))
    answer = measured(kind, funnel, codes, steps=[1, 2, 3], window="7d")
    assert answer["event"].tolist() == [1, 2, 3]
    same(answer.drop(columns="event"), expected.drop(columns="event"))
    daily = LOG.assign(date=LOG["ts"].dt.normalize())
    assert counts(measured(kind, funnel, daily, steps=STEPS, window="6d", timestamp_col="date"))[2] == (1, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_very_large_numbers_stay_exact(kind):
    page = 2**62 + np.arange(len(LOG))
    summary = measured(kind, session_summary, LOG.assign(session=2**61 + 1, page=page))
    assert summary["exit_page"].tolist() == [2**62 + row for row in (3, 7, 10, 12)]
    assert (summary["session"] == 2**61 + 1).all()
    assert counts(measured(kind, funnel, LOG, steps=STEPS, window=pd.Timedelta.max))[0] == (0, 4)


HOLES = LOG.assign(user_id=LOG["user_id"].mask(LOG["name"] == "search"))
NAMELESS = LOG.assign(name=LOG["name"].mask(LOG["name"] == "search"))
MIXED = LOG.assign(ts=[at.tz_localize("UTC" if row else "Asia/Shanghai") for row, at in enumerate(LOG["ts"])])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda log=LOG: funnel(log, ["view", "pai"], "7d"), ["'name'", "'pai'", "did you mean 'pay'?"]),
        (lambda log=LOG: funnel(log, ["view", "pai"], "7d", order="any"), ["'name'", "'pai'", "did you mean 'pay'?"]),
        (lambda log=LOG: funnel(log, "view", "7d"), ["steps is 'view'", "two or more"]),
        (lambda log=LOG: funnel(log, ["view"], "7d"), ["steps is ['view']", "two or more"]),
        (lambda log=LOG: funnel(log, ["view", "pay", "view"], "7d"), ["two or more different"]),
        (lambda log=LOG: funnel(log, ["view", 1], "7d"), ["steps is ['view', 1]"]),
        (lambda log=LOG: funnel(log, [["view"], ["pay"]], "7d"), ["steps is [['view'], ['pay']]"]),
        (lambda log=LOG: funnel(log, None, "7d"), ["steps is None"]),
        (lambda log=LOG: funnel(log, [1, 2], "7d"), ["'name' of log holds String", "step 1"]),
        (lambda log=LOG: funnel(log, STEPS, 7), ["window is 7", "'7d'"]),
        (lambda log=LOG: funnel(log, STEPS, "0d"), ["longer than nothing"]),
        (lambda log=LOG: funnel(log, STEPS, "9999999999999d"), ["window", "shorter than 999,999,999 days"]),
        (lambda log=LOG: funnel(log, STEPS, pd.Timedelta(days=-1)), ["longer than nothing"]),
        (lambda log=LOG: funnel(log, STEPS, "7d", start="last"), ["start is 'last'", "'first'"]),
        (lambda log=LOG: funnel(log, STEPS, "7d", order="all"), ["order is 'all'", "'ordered'"]),
        (lambda log=LOG: funnel(log, STEPS, "7d", ties=True), ["ties is True", "'strict'"]),
        (lambda log=LOG: funnel(log, STEPS, "7d", by="name"), ["4 users", "more than one value of name", "user_id ann with 3"]),
        (lambda log=LOG: funnel(log, STEPS, "7d", by="step"), ["'step'", "column of the result"]),
        (lambda log=LOG: funnel(log, STEPS, "7d", interval="exact"), ["method", "'exact'"]),
        (lambda log=LOG: funnel(log, STEPS, "7d", user_col="user"), ["no column 'user'", "did you mean 'user_id'?"]),
        (lambda log=LOG[:0]: funnel(log, STEPS, "7d"), ["log has no rows"]),
        (lambda log=HOLES: funnel(log, STEPS, "7d"), ["'user_id' of log", "1 of 13 rows", "2025-03-02 11:00"]),
        (lambda log=NAMELESS: funnel(log, STEPS, "7d"), ["'name' of log", "1 of 13 rows", "user_id bob"]),
        (lambda log=MIXED: funnel(log, STEPS, "7d"), ["'ts' of log mixes times", "utc=True"]),
        (lambda log=LOG: funnel(log, STEPS, "7d", timestamp_col="name"), ["'name' of log holds String, not dates"]),
        (lambda log=LOG: sessions(log, 30), ["gap is 30", "'30m'"]),
        (lambda log=LOG: sessions(log, "0m"), ["longer than nothing"]),
        (lambda log=LOG: sessions(log, session_col="name"), ["already has a column 'name'"]),
        (lambda log=LOG: sessions(log.assign(_row=1)), ["already has a column '_row'"]),
        (lambda log=HOLES: sessions(log), ["'user_id' of log", "1 of 13 rows"]),
        (lambda log=LOG[:0]: sessions(log), ["log has no rows"]),
        (lambda log=LOG: session_summary(log), ["no column 'session'"]),
        (lambda log=LOG: session_summary(log, session_col="user_id"), ["both 'user_id'"]),
        (lambda log=LOG: session_summary(log, session_col="pages"), ["'pages'", "column of the result"]),
        (lambda log=NAMELESS: session_summary(log.assign(session=1), page_col="name"), ["'name' of views", "1 of 13 rows"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
