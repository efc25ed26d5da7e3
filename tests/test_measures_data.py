"""Retention, cohorts and activity: what an analyst needs to be true before quoting one of these numbers."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from engines import KINDS, WITH_ZONES, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st

from opscourse.data import activity, cohort_average, cohorts, proportion_interval, retention
from opscourse.errors import ArgumentError

RETENTION_KINDS = ("n_day", "window_24h", "unbounded", "bracket")

# Ten visits of four users; the log ends on 12 March. Worked out by hand in the tests below.
USERS = pd.DataFrame(
    {
        "user_id": [1, 2, 3, 4],
        "signup_ts": pd.to_datetime(["2025-03-01 09:00", "2025-03-01 22:00", "2025-03-03 12:00", "2025-03-11 08:00"]),
        "city": ["a", "a", "b", "b"],
    }
)
VISITS = pd.DataFrame(
    [
        (1, "2025-03-01 09:05"),  # user 1: day 0
        (1, "2025-03-02 08:00"),  # day 1, but within 24 hours of the sign-up
        (1, "2025-03-08 10:00"),  # day 7, and 7 x 24 to 8 x 24 hours after
        (2, "2025-03-01 22:10"),  # user 2: day 0
        (2, "2025-03-03 21:00"),  # day 2, and 24 to 48 hours after
        (2, "2025-03-09 23:30"),  # day 8
        (3, "2025-03-03 12:30"),  # user 3: day 0
        (3, "2025-03-04 11:00"),  # day 1, but within 24 hours
        (4, "2025-03-11 08:10"),  # user 4: day 0
        (4, "2025-03-12 07:00"),  # day 1, but within 24 hours; the log ends on this day
    ],
    columns=["user_id", "ts"],
)
VISITS["ts"] = pd.to_datetime(VISITS["ts"])
VISITS["date"] = VISITS["ts"].dt.normalize()


def table(frame):
    return [tuple(row) for row in frame[["day", "eligible", "retained"]].itertuples(index=False)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        # On 12 March user 4 is one day old: in day 1, not in day 7. Users 1, 3 and 4 came on day 1; only user 1 on day 7.
        ("n_day", [(1, 4, 3), (7, 3, 1)]),
        # Hours 24 to 48 are observed for users 1 to 3 only, and only user 2 came in them.
        ("window_24h", [(1, 3, 1), (7, 3, 1)]),
        # From day 1 on: all came; from day 7 on: users 1 (day 7) and 2 (day 8).
        ("unbounded", [(1, 4, 4), (7, 3, 2)]),
        # Days 1 to 2 and 7 to 8: user 4 is too young for either.
        ("bracket", [(1, 3, 3), (7, 3, 2)]),
    ],
)
def test_ten_visits_give_what_the_definitions_give_by_hand(kind, definition, expected):
    answer = measured(kind, retention, VISITS, USERS, days=(1, 7), kind=definition, timestamp_col="ts", width="2d")
    assert table(answer) == expected
    assert answer["rate"].tolist() == [retained / eligible for _, eligible, retained in expected]
    low, high = proportion_interval(answer["retained"], answer["eligible"])
    assert answer["low"].tolist() == low.tolist()
    assert answer["high"].tolist() == high.tolist()


def test_users_who_are_too_young_do_not_count_as_lost():
    assert table(retention(VISITS, USERS, days=[9, 11], interval=None)) == [(9, 3, 0), (11, 2, 0)]


def test_what_nobody_can_have_reached_is_empty_and_not_zero():
    answer = retention(VISITS, USERS, days=30)
    assert table(answer) == [(30, 0, 0)]
    assert answer[["rate", "low", "high"]].isna().all(axis=None)


def test_going_back_in_time_forgets_what_happened_since():
    assert table(retention(VISITS, USERS, days=[1, 7], observed_until="2025-03-04")) == [(1, 3, 2), (7, 0, 0)]
    assert table(retention(VISITS, USERS, days=7, observed_until=dt.date(2025, 3, 20))) == [(7, 4, 1)]


def test_one_cohort_is_measured_by_passing_only_its_users():
    assert table(retention(VISITS, USERS[USERS.city == "a"], days=1)) == [(1, 2, 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_segments_are_split_and_an_empty_segment_is_a_group_of_its_own(kind):
    users = USERS.assign(city=["a", "a", None, "b"], campaign=[7.0, 8.0, np.nan, np.nan])
    answer = measured(kind, retention, VISITS, users, days=(0, 1), by=["city", "campaign"], interval=None)
    assert list(answer) == ["city", "campaign", "day", "eligible", "retained", "rate"]
    groups = {(str(row.city), str(row.campaign), row.day): (row.eligible, row.retained) for row in answer.itertuples()}
    missing = str(answer["city"][answer["city"].isna()].iloc[0])
    assert {group: counts for group, counts in groups.items() if group[2] == 1} == {
        ("a", "7.0", 1): (1, 1),
        ("a", "8.0", 1): (1, 0),
        ("b", "nan", 1): (1, 1),
        (missing, "nan", 1): (1, 1),
    }
    assert all(groups[group] == (1, 1) for group in groups if group[2] == 0)


def visitors(draws):
    """Users who signed up on some day of twenty, and their visits on others, from drawn numbers."""
    users = pd.DataFrame(
        {
            "user_id": np.arange(len(draws)) + 1,
            "signup_ts": [pd.Timestamp("2025-01-30") + pd.Timedelta(minutes=signup) for signup, _ in draws],
        }
    )
    visits = [
        (at + 1, users["signup_ts"][at] + pd.Timedelta(minutes=minutes))
        for at, (_, later) in enumerate(draws)
        for minutes in [0, *later]
    ]
    visits = pd.DataFrame(visits, columns=["user_id", "ts"])
    return users, visits.assign(date=visits["ts"].dt.normalize())


POPULATIONS = st.lists(
    st.tuples(st.integers(0, 20 * 1440), st.lists(st.integers(-2000, 60 * 1440), max_size=8)), min_size=1, max_size=12
).map(visitors)
FEW = settings(max_examples=10)
MORE = settings(max_examples=25)


@MORE
@given(POPULATIONS, st.integers(0, 35), st.sampled_from(RETENTION_KINDS))
def test_retention_counts_what_a_plain_loop_over_users_counts(population, n, kind):
    users, visits = population
    end = visits["date"].max() + pd.Timedelta(days=1)
    day = pd.Timedelta(days=1)
    eligible = retained = 0
    for user in users.itertuples():
        mine = visits.loc[visits.user_id == user.user_id, "ts"]
        start = user.signup_ts if kind == "window_24h" else user.signup_ts.normalize()
        first, last = start + n * day, start + (n + (3 if kind == "bracket" else 1)) * day
        if last <= end:
            eligible += 1
            retained += ((mine >= first) & ((mine < last) | (kind == "unbounded"))).any()
    answer = retention(visits, users, n, kind, timestamp_col="ts", width="3d", interval=None)
    assert table(answer) == [(n, eligible, retained)]


@FEW
@given(POPULATIONS, st.randoms(use_true_random=False), st.sampled_from(RETENTION_KINDS))
def test_the_order_of_rows_and_repeated_rows_do_not_matter(population, random, kind):
    users, visits = population
    rows = [*range(len(visits)), *random.choices(range(len(visits)), k=5)]
    random.shuffle(rows)
    arguments = {"days": range(6), "kind": kind, "timestamp_col": "ts", "interval": None}
    shuffled = visits.iloc[rows], users.sample(frac=1, random_state=1)
    same(retention(*shuffled, **arguments), retention(visits, users, **arguments))
    same(cohorts(*shuffled, "day"), cohorts(visits, users, "day"))
    same(activity(shuffled[0]), activity(visits))


@FEW
@given(POPULATIONS, st.integers(0, 20))
def test_coming_back_ever_is_at_least_as_frequent_as_on_the_day(population, n):
    users, visits = population
    on_the_day, ever = (retention(visits, users, n, kind, interval=None) for kind in ("n_day", "unbounded"))
    assert on_the_day["eligible"][0] == ever["eligible"][0]
    assert on_the_day["retained"][0] <= ever["retained"][0] <= ever["eligible"][0]


def lived(users=20_000, days=60, horizon=460):
    """Users who live and come as the course's figures suppose: Q01, the dropout of each drawn from Beta(0.703, 6.834)."""
    random = np.random.default_rng(1)
    last = random.geometric(random.beta(0.703, 6.834, users)) - 1  # days after the sign-up on which they are alive
    first = random.integers(0, days, users)
    came = random.random((users, horizon)) < 0.331
    came &= np.arange(horizon) <= last[:, None]
    came &= np.arange(horizon) + first[:, None] < horizon
    came[:, 0] = True
    who, age = np.nonzero(came)
    start = np.datetime64("2024-01-01", "us")
    signup = start + first.astype("timedelta64[D]")
    dates = signup[who] + age.astype("timedelta64[D]")
    users = pd.DataFrame({"user_id": np.arange(users), "signup_ts": signup})
    return pd.DataFrame({"user_id": who, "date": dates}), users


@pytest.fixture(scope="module")
def company():
    return lived()


@pytest.mark.parametrize(
    ("kind", "published"),
    [("n_day", {1: 0.300, 7: 0.200, 30: 0.100}), ("unbounded", {7: 0.555, 30: 0.292}), ("bracket", {7: 0.530, 30: 0.276})],
)
def test_one_product_has_many_retentions_and_each_is_the_one_its_definition_predicts(company, kind, published):
    answer = retention(*company, days=tuple(published), kind=kind).set_index("day")
    for day, expected in published.items():
        error = (expected * (1 - expected) / answer.eligible[day]) ** 0.5
        assert abs(answer.rate[day] - expected) < 4 * error


@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_kind_of_frame_gives_the_same_numbers(kind):
    visits, users = lived(users=700, horizon=120)
    users["group"] = users["user_id"] % 3
    visits["ts"] = visits["date"] + pd.Timedelta(hours=5)
    calls = [
        (retention, (visits, users), {"kind": definition, "by": "group", "timestamp_col": "ts"})
        for definition in RETENTION_KINDS
    ]
    calls += [(retention, (visits, users), {"days": range(40), "observed_until": "2024-02-20"})]
    calls += [(cohorts, (visits, users), {"period": period}) for period in ("day", "week", "month")]
    calls += [(activity, (visits,), {}), (activity, (visits[visits.date > "2024-01-20"], users), {})]
    for measure, tables, arguments in calls:
        same(measured(kind, measure, *tables, **arguments), measured("pandas", measure, *tables, **arguments))
    triangle = cohorts(visits, users)
    same(measured(kind, cohort_average, triangle), cohort_average(triangle))


@pytest.mark.parametrize("kind", KINDS)
def test_a_day_is_a_day_of_the_times_own_clock(kind):
    users = USERS.assign(signup_ts=USERS["signup_ts"].dt.tz_localize("Asia/Shanghai"))
    visits = VISITS.assign(ts=VISITS["ts"].dt.tz_localize("Asia/Shanghai"))
    if kind in WITH_ZONES:
        answer = measured(kind, retention, visits, users, days=(1, 7), timestamp_col="ts")
        assert table(answer) == [(1, 4, 3), (7, 3, 1)]
    else:
        with pytest.raises(ArgumentError, match="WITH TIME ZONE"):
            measured(kind, retention, visits, users, days=1, timestamp_col="ts")


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_user_is_found_whatever_the_size_of_the_number_and_a_repeated_row_is_no_second_user(kind):
    visits, users = VISITS.astype({"user_id": "int32"}), pd.concat([USERS, USERS])
    assert table(measured(kind, retention, visits, users, days=(1, 7))) == [(1, 4, 3), (7, 3, 1)]
    text = VISITS.astype({"user_id": "str"}).astype({"user_id": "category"}), USERS.astype({"user_id": "str"})
    assert table(measured(kind, retention, *text, days=(1, 7))) == [(1, 4, 3), (7, 3, 1)]


def test_dates_of_plain_python_are_dates_too():
    visits = VISITS.assign(date=[day.date() for day in VISITS["date"]])
    assert table(retention(visits, USERS, days=(1, 7))) == [(1, 4, 3), (7, 3, 1)]


def test_the_cohort_triangle_of_ten_visits_by_hand():
    # Weeks of Monday 24 February (users 1 and 2), 3 March (user 3) and 10 March (user 4, not complete on 12 March).
    triangle = cohorts(VISITS, USERS)
    assert [tuple(row) for row in triangle[["size", "period", "active"]].to_numpy()] == [(2, 0, 2), (2, 1, 2), (1, 0, 1)]
    assert triangle["cohort"].dt.strftime("%m-%d").tolist() == ["02-24", "02-24", "03-03"]
    wide = triangle.pivot(index="cohort", columns="period", values="rate")
    assert wide.isna().to_numpy().tolist() == [[False, False], [False, True]]
    average = cohort_average(triangle)
    assert average.to_numpy().tolist() == [[0, 2, 3, 3, 1.0], [1, 1, 2, 2, 1.0]]


def test_a_period_in_which_nobody_came_is_zero_but_only_once_it_is_over():
    triangle = cohorts(VISITS, USERS, observed_until="2025-03-23")
    rates = triangle.pivot(index="cohort", columns="period", values="active").to_numpy().tolist()
    assert rates[0] == [2, 2, 0, 0]
    assert rates[1][:3] == [1, 0, 0]
    assert rates[2][:2] == [1, 0]
    assert np.isnan(rates[2][2])


def test_a_visit_before_the_sign_up_is_no_return_even_in_the_same_week():
    users = pd.DataFrame({"user_id": [1, 2], "signup_ts": pd.to_datetime(["2025-03-05", "2025-03-05"])})
    visits = pd.DataFrame({"user_id": [1, 2], "date": pd.to_datetime(["2025-03-03", "2025-03-09"])})
    assert cohorts(visits, users)["active"].tolist() == [1]
    assert activity(visits, users)["dau"].tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_months_of_different_length_are_months():
    triangle = cohorts(VISITS, USERS, "month", observed_until="2025-03-31")
    assert triangle.to_numpy()[:, 1:].tolist() == [[4, 0, 4, 1.0]]
    assert triangle["cohort"].tolist() == [pd.Timestamp("2025-03-01")]


@FEW
@given(POPULATIONS)
def test_daily_cohorts_add_up_to_retention(population):
    users, visits = population
    average = cohort_average(cohorts(visits, users, "day"))
    by_day = retention(visits, users, average["period"].tolist(), interval=None)
    assert average[["period", "size", "active", "rate"]].to_numpy().tolist() == by_day.to_numpy().tolist()


@MORE
@given(POPULATIONS)
def test_activity_counts_what_a_plain_loop_over_days_counts(population):
    _, visits = population
    answer = activity(visits)
    days = {user: set(mine) for user, mine in visits.groupby("user_id")["date"]}
    start, one = visits["date"].min(), pd.Timedelta(days=1)

    def active(day, since):
        return {user for user, mine in days.items() if any(day - back * one in mine for back in range(since))}

    for at, row in enumerate(answer.itertuples()):
        day = start + at * one
        assert row.date == day
        today, before = active(day, 1), active(day - one, 28)
        new = {user for user in today if min(days[user]) == day}
        assert (row.dau, row.new) == (len(today), len(new))
        expected = {
            "wau": (6, len(active(day, 7))),
            "mau": (27, len(active(day, 28))),
            "returning": (28, len(today & before)),
            "resurrecting": (28, len(today - before - new)),
            "dormant": (28, len(before - active(day, 28))),
        }
        for name, (first, number) in expected.items():
            assert getattr(row, name) == number if at >= first else np.isnan(getattr(row, name))


def test_active_users_add_up_and_the_quick_ratio_tells_growth(company):
    answer = activity(company[0])
    known = answer.dropna(subset="returning")
    assert (known.dau == known.new + known.returning + known.resurrecting).all()
    change = answer.mau.diff()[29:]
    assert (change == (answer.new + answer.resurrecting - answer.dormant)[29:]).all()
    growing = (answer.mau - answer.mau.shift(28))[55:]
    assert ((answer.quick_ratio > 1)[55:] == (growing > 0)).all()
    full = answer.stickiness[27:]
    assert answer.stickiness[:27].isna().all()
    assert np.allclose(full, (answer.dau.rolling(28).mean() / answer.mau)[27:])


def test_who_signed_up_before_the_log_begins_is_not_new_in_it(company):
    visits, users = company
    late = visits[visits.date >= "2024-02-15"]
    whole, naive, informed = activity(visits), activity(late), activity(late, users)
    assert naive.new[0] == naive.dau[0]
    same(informed[["dau", "new"]], whole.loc[45:, ["dau", "new"]].reset_index(drop=True))
    flows = ["returning", "resurrecting", "dormant"]
    same(informed.loc[28:, flows].reset_index(drop=True), whole.loc[73:, flows].reset_index(drop=True))


def test_days_without_a_row_are_days_without_users():
    quiet = activity(VISITS, observed_until="2025-03-14")
    assert quiet["dau"].tolist() == [2, 1, 2, 1, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0]


NOBODY = VISITS.assign(user_id=VISITS.user_id + 100)
TEXT = VISITS.assign(date=VISITS["date"].astype(str))
HOLES = VISITS.assign(user_id=VISITS.user_id.astype("Int64").mask(VISITS.user_id == 3))
TWICE = pd.concat([USERS, USERS.assign(signup_ts=USERS.signup_ts + pd.Timedelta(days=1)).head(1)])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: retention(VISITS, USERS, kind="rolling"), ["kind", "'rolling'", "'unbounded'"]),
        (lambda: retention(VISITS, USERS, user_col="userid"), ["no column 'userid'", "did you mean 'user_id'?", "signup_ts"]),
        (lambda: retention(VISITS[:0], USERS), ["activity has no rows"]),
        (lambda: retention(VISITS, USERS[:0]), ["users has no rows"]),
        (lambda: retention(HOLES, USERS), ["'user_id' of activity", "2 of 10 rows", "2025-03-03"]),
        (lambda: retention(TEXT, USERS), ["'date' of activity holds String, not dates", "2025-03-01", "pd.to_datetime"]),
        (lambda: retention(NOBODY, USERS), ["no user in common", "'user_id'"]),
        (lambda: retention(VISITS.astype({"user_id": "str"}), USERS), ["'user_id'", "String", "Int64"]),
        (lambda: retention(VISITS, TWICE), ["more than one sign-up", "for 1 of its users", "user_id 1 with 2"]),
        (lambda: retention(VISITS, USERS, kind="window_24h"), ["timestamp_col"]),
        (lambda: retention(VISITS, USERS, days=[]), ["days is []"]),
        (lambda: retention(VISITS, USERS, days=-1), ["days is [-1]"]),
        (lambda: retention(VISITS, USERS, days=1.5), ["days is [1.5]"]),
        (lambda: retention(VISITS, USERS, kind="bracket", width=7), ["width is 7", "'7d'"]),
        (lambda: retention(VISITS, USERS, kind="bracket", width="7"), ["width is '7'", "'7d'"]),
        (lambda: retention(VISITS, USERS, kind="bracket", width="36h"), ["width is '36h'", "whole days"]),
        (lambda: retention(VISITS, USERS, kind="bracket", width="0d"), ["longer than nothing"]),
        (lambda: retention(VISITS, USERS, by="rate"), ["'rate'", "column of the result"]),
        (lambda: retention(VISITS, USERS, interval="exact"), ["method", "'exact'", "'wilson'"]),
        (lambda: retention(VISITS, USERS, confidence=95), ["confidence is 95"]),
        (lambda: retention(VISITS, USERS, observed_until="soon"), ["observed_until is 'soon'", "2025-06-30"]),
        (lambda: retention(VISITS, USERS, observed_until=20250630), ["observed_until is 20250630"]),
        (lambda: retention(VISITS, USERS, observed_until="2025-03-12 12:00"), ["whole day"]),
        (lambda: retention([1, 2], USERS), ["activity is a list", "pandas, Polars, DuckDB, Dask or PySpark"]),
        (lambda: retention(pl.from_pandas(VISITS).to_arrow(), USERS), ["activity is a Table", "pandas, Polars, DuckDB"]),
        (lambda: retention(pd.concat([VISITS, VISITS[["date"]]], axis=1), USERS), ["activity has two columns", "'date'"]),
        (lambda: retention(pl.from_pandas(VISITS), USERS), ["activity is polars, users is pandas"]),
        (lambda: cohorts(VISITS, USERS, "quarter"), ["period is 'quarter'", "'week'"]),
        (lambda: cohorts(VISITS, USERS, "month"), ["No month", "2025-03-12"]),
        (lambda: cohorts(NOBODY, USERS), ["no user in common"]),
        (lambda: cohort_average(VISITS), ["no column 'period'"]),
        (lambda: activity(VISITS, observed_until="2025-02-01"), ["before the log begins on 2025-03-01"]),
        (lambda: activity(NOBODY, USERS), ["no user in common"]),
        (lambda: proportion_interval(5, 4), ["1 of 1", "5 of 4"]),
        (lambda: proportion_interval(pd.Series([1.0]), [4, 5]), ["successes is a Series of 1", "n has 2"]),
        (lambda: proportion_interval(1, 4, confidence=5e-324), ["confidence is 5e-324"]),
        (lambda: proportion_interval([1, -1], 4), ["1 of 2", "-1 of 4"]),
        (lambda: proportion_interval(float("nan"), 4), ["nan of 4"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)


def test_a_published_pass_rate_has_its_interval():
    # Q30: 81 and 90 of 92 probes.
    before, after = proportion_interval(81, 92), proportion_interval(90, 92)
    assert [round(bound, 3) for bound in (*before, *after)] == [0.798, 0.932, 0.924, 0.994]
    z = 1.959963984540054
    centre, half = (81 + z**2 / 2) / (92 + z**2), z / (92 + z**2) * (81 * 11 / 92 + z**2 / 4) ** 0.5
    assert before == pytest.approx((centre - half, centre + half), abs=1e-12)


@given(st.integers(0, 50), st.integers(1, 50), st.sampled_from(["wilson", "beta", "agresti_coull"]))
def test_an_interval_holds_the_rate_and_grows_with_confidence(successes, more, method):
    n = successes + more
    low, high = proportion_interval(successes, n, method)
    wide_low, wide_high = proportion_interval(successes, n, method, confidence=0.99)
    assert 0 <= wide_low <= low <= successes / n + 1e-12
    assert successes / n - 1e-12 <= high <= wide_high <= 1


def test_an_interval_has_the_form_of_what_was_given():
    rates = pd.Series([1, 0], index=["a", "b"])
    low, high = proportion_interval(rates, 4)
    assert low.index.tolist() == high.index.tolist() == ["a", "b"]
    low, high = proportion_interval(np.array([0, 1, 0]), np.array([5, 1, 0]))
    assert low[0] == 0
    assert high[1] == 1
    assert np.isnan([low[2], high[2]]).all()
