"""Alarms on a daily figure: what somebody who is woken by them needs to be true."""

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.tsa.seasonal import STL

from opscourse import load, truth
from opscourse.errors import ArgumentError
from opscourse.monitoring import stl_residual, trailing_z, weekday_ratio

RULES = (weekday_ratio, trailing_z, stl_residual)


def series(days=70, seed=3, level=1000.0):
    random = np.random.default_rng(seed)
    weekday = np.array([1.0, 0.95, 0.95, 1.0, 1.1, 1.3, 1.25])
    date = pd.date_range("2025-03-03", periods=days)
    value = (level * weekday[np.arange(days) % 7] * (1 + 0.02 * random.standard_normal(days))).round()
    return pd.DataFrame({"date": date, "value": value})


def numbers(answer, column):
    return answer[column].to_numpy(dtype=float)


@pytest.mark.parametrize("kind", KINDS)
def test_the_weekday_rule_by_hand(kind):
    daily = series()
    answer = measured(kind, weekday_ratio, daily, tolerance=0.04, weeks=3)
    assert answer.columns.tolist() == ["date", "value", "expected", "score", "alarm"]
    assert (answer["value"] == daily["value"]).all()
    expected = [np.median(daily["value"][[at - 7, at - 14, at - 21]]) if at >= 21 else np.nan for at in range(70)]
    assert numbers(answer, "expected") == pytest.approx(np.array(expected), nan_ok=True)
    assert numbers(answer, "score") == pytest.approx(daily["value"] / expected, nan_ok=True)
    assert answer["alarm"].tolist() == (np.abs(daily["value"] / expected - 1) > 0.04).tolist()
    assert answer["alarm"].any()


@pytest.mark.parametrize("kind", KINDS)
def test_the_trailing_rule_is_that_of_pandas(kind):
    daily = series()
    answer = measured(kind, trailing_z, daily, threshold=1.5, days=14)
    before = daily["value"].rolling(14)
    mean, spread = before.mean().shift(1), before.std().shift(1)
    assert numbers(answer, "expected") == pytest.approx(mean.to_numpy(), nan_ok=True)
    assert numbers(answer, "score") == pytest.approx(((daily["value"] - mean) / spread).to_numpy(), nan_ok=True)
    assert answer["alarm"].tolist() == ((daily["value"] - mean).abs() > 1.5 * spread).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_the_residual_is_that_of_statsmodels(kind):
    daily = series()
    answer = measured(kind, stl_residual, daily, threshold=2.5)
    fit = STL(daily.set_index("date")["value"].asfreq("D"), robust=True).fit()
    assert numbers(answer, "expected") == pytest.approx((fit.trend + fit.seasonal).to_numpy(), rel=1e-9)
    score = fit.resid / stats.median_abs_deviation(fit.resid, center=lambda x, axis: 0.0, scale="normal")
    assert numbers(answer, "score") == pytest.approx(score.to_numpy(), rel=1e-4)
    assert answer["alarm"].tolist() == (score.abs() > 2.5).tolist()


@pytest.mark.parametrize("rule", RULES)
@given(scale=st.floats(1e-3, 1e200), shift=st.integers(-400, 400), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_neither_unit_nor_calendar_nor_order_of_rows_matters(rule, scale, shift, seed):
    daily = series(days=49)
    plain = rule(daily)
    moved = daily.assign(date=daily["date"] + pd.Timedelta(7 * shift, "D"), value=daily["value"] * scale)
    answer = rule(moved.sample(frac=1, random_state=seed))
    assert answer["date"].tolist() == moved["date"].tolist()
    np.testing.assert_allclose(answer["score"], plain["score"], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_times_count_as_their_day_and_other_names_are_taken(rule):
    daily = series()
    hours = daily.assign(date=daily["date"] + pd.Timedelta(hours=23))
    same(rule(hours), rule(daily))
    same(rule(daily.rename(columns={"date": "day", "value": "dau"}), date_col="day", value_col="dau"), rule(daily))


def test_what_cannot_be_known_yet_is_empty_and_no_alarm():
    daily = series()
    assert weekday_ratio(daily, weeks=4)["score"].isna().sum() == 28
    assert trailing_z(daily, days=28)["expected"].isna().sum() == 28
    flat = daily.assign(value=[5.0] * 69 + [6.0])
    assert trailing_z(flat)["score"].isna().all()
    assert not trailing_z(flat)["alarm"].any()
    assert stl_residual(daily.assign(value=0))["score"].isna().all()
    zero = weekday_ratio(daily.assign(value=[0.0] * 69 + [6.0]))
    assert zero["score"].isna().all()
    assert zero["expected"][69] == 0


def test_trouble_does_not_hide_the_next_from_the_weekday_rule_as_it_does_from_the_trailing_one():
    daily = series(days=140)
    daily.loc[70, "value"] *= 0.5
    daily.loc[77, "value"] *= 0.7
    assert weekday_ratio(daily).query("alarm").index.tolist() == [70, 77]
    assert trailing_z(daily).query("alarm").index.tolist() == [70]


def test_on_the_companys_days_the_trailing_rule_finds_least_and_stl_gives_most_false_alarms():
    # TP35, once the company has half a year behind it; scripts (waves) open sessions and leave the number of users alone. What
    # is asked here held on each of 20 variants of the company.
    days = load("daily_activity").query("date >= '2024-06-03'").groupby("date")
    users, sessions = days.size().reset_index(name="value"), days["sessions"].sum().reset_index(name="value")
    kinds = ("outages", "campaigns", "price_errors", "waves")
    known = set(users["date"][28:])  # the rules need four weeks before they say anything
    *planted, waves = (set(pd.to_datetime(truth(f"anomaly.{kind}"))) & known for kind in kinds)
    outages, planted = planted[0], set().union(*planted)

    def alarms(rule, daily=users):
        return set(rule(daily).query("alarm")["date"]) & known

    weekday, trailing, stl = map(alarms, RULES)
    assert outages <= weekday & trailing & stl
    assert len(trailing & planted) <= len(weekday & planted) <= len(stl & planted)
    assert len(weekday & planted) > len(planted) / 2
    assert len(weekday - planted) < len(planted)
    assert len(stl - planted) > 2 * len(planted)
    assert waves <= alarms(weekday_ratio, sessions)


DAILY = series(days=40)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: weekday_ratio(DAILY, tolerance=0), ["tolerance is 0"]),
        (lambda: weekday_ratio(DAILY, tolerance=10**400), ["tolerance is 1000"]),
        (lambda: weekday_ratio(DAILY, weeks=0), ["weeks is 0", "from 1"]),
        (lambda: weekday_ratio(DAILY, weeks=2.5), ["weeks is 2.5"]),
        (lambda: weekday_ratio(DAILY, weeks=6), ["40 days", "more than 42"]),
        (lambda: weekday_ratio(DAILY.assign(value=-1)), ["'value'", "-1"]),
        (lambda: weekday_ratio(DAILY.drop(index=[5, 6])), ["lacks 2 days", "2025-03-08"]),
        (lambda: weekday_ratio(pd.concat([DAILY, DAILY[3:4]])), ["1 rows more", "2025-03-06"]),
        (lambda: weekday_ratio(DAILY.assign(date="2025-03-03")), ["'date'", "not dates"]),
        (lambda: weekday_ratio(DAILY.assign(value=[None, *DAILY["value"][1:]])), ["'value'", "1 of 40"]),
        (lambda: weekday_ratio(DAILY, value_col="dau"), ["no column 'dau'"]),
        (lambda: weekday_ratio(DAILY[:0]), ["no rows"]),
        (lambda: trailing_z(DAILY, threshold=-3), ["threshold is -3"]),
        (lambda: trailing_z(DAILY, threshold=float("nan")), ["threshold is nan"]),
        (lambda: trailing_z(DAILY, days=1), ["days is 1", "from 2"]),
        (lambda: trailing_z(DAILY[:28]), ["28 days", "more than 28"]),
        (lambda: trailing_z(DAILY.assign(value=np.inf)), ["'value'", "40 of 40"]),
        (lambda: stl_residual(DAILY[:13]), ["13 days"]),
        (lambda: stl_residual(DAILY, threshold="3"), ["threshold is '3'"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
