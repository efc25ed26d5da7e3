"""Cost, return and budget: what somebody who moves money between channels needs to be true."""

import math

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from opscourse.errors import ArgumentError
from opscourse.marketing import ResponseCurve, allocate, cac, cost_ladder, ltv, payback, response_fit, roas, roi

SPEND = pd.DataFrame(
    {
        "channel_id": [1, 1, 2, 2, 3],
        "impressions": [1000, 9000, 500, 500, 0],
        "clicks": [100, 100, 5, 15, 0],
        "installs": [10, 30, 1, 1, 0],
        "signups": [4, 16, 0, 0, 2],
        "cost_cny": [50.0, 150.0, 10.0, 30.0, 0.0],
    }
)


def test_return_and_cost_by_hand_and_in_the_form_that_was_given():
    assert roi(150, 100) == 0.5
    assert roi(-20, 100) == -1.2
    assert roas(150, 100) == 1.5
    assert cac(1000, 40) == 25
    channels = pd.Index(["search", "video"])
    gain, cost = pd.Series([150, 45], channels), pd.Series([100, 50], channels)
    answer = roi(gain, cost[::-1])
    assert isinstance(answer, pd.Series)
    assert answer.to_dict() == {"search": 0.5, "video": -0.1}
    assert roi(np.array([150, 90]), 100).tolist() == [0.5, -0.1]


def test_what_cost_nothing_has_no_return_and_what_brought_nobody_no_cost_a_head():
    assert math.isnan(roi(150, 0))
    assert math.isnan(roas(0, 0))
    assert np.isnan(cac([100, 0], 0)).all()
    organic = roi(pd.Series([10, 20], dtype="Int64"), pd.Series([5, None], dtype="Int64"))
    assert organic[0] == 1.0
    assert math.isnan(organic[1])


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e6), st.floats(0.01, 100))
def test_a_return_does_not_depend_on_the_currency(gain, cost, rate):
    assert roi(gain * rate, cost * rate) == pytest.approx(roi(gain, cost), rel=1e-9, abs=1e-9)
    assert roi(gain, cost) == pytest.approx(roas(gain, cost) - 1, rel=1e-9, abs=1e-9)


def test_lifetime_value_by_hand():
    # Four customers; 100 on day 0, a refund of 20 on day 10, 110 after a year, which at 10% is worth 100 today.
    flows, days = [100, -20, 110], [0, 10, 365]
    assert ltv(flows, days, 4, horizon="366d", discount=0.1) == pytest.approx((100 - 20 / 1.1 ** (10 / 365) + 100) / 4)
    assert ltv(flows, days, 4, horizon="366d") == 47.5
    assert ltv(flows, days, 4, horizon="365d") == 20  # days 0 to 364
    assert ltv(flows, days, 4, horizon="10d") == 25
    assert ltv([], [], 4) == 0


def test_payback_by_hand():
    flows, days = [40, 30, 50, -20, 100], [0, 12, 31, 31, 90]
    assert payback(flows, days, cost=70) == 12
    assert payback(flows, days, cost=71) == 31  # the refund of the same day counts first
    assert payback(flows, days, cost=101) == 90
    assert payback(flows[::-1], days[::-1], cost=101) == 90
    assert math.isnan(payback(flows, days, cost=201))
    assert payback([100, 110], [0, 365], cost=200, discount=0.1) == 365
    assert math.isnan(payback([100, 110], [0, 365], cost=201, discount=0.1))
    assert math.isnan(payback([], [], cost=1))
    assert payback([], [], cost=0) == 0


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 10**5)), min_size=1), st.integers(1, 10**6))
def test_the_cost_is_earned_on_the_day_of_payback_and_not_before(flows, cost):
    days, margin = (list(column) for column in zip(*flows, strict=True))
    day = payback(margin, days, cost)
    if math.isnan(day):
        assert sum(margin) < cost
    else:
        assert ltv(margin, days, 1, horizon=f"{int(day) + 1}d") >= cost
        assert day == 0 or ltv(margin, days, 1, horizon=f"{int(day)}d") < cost


@pytest.mark.parametrize("kind", KINDS)
def test_the_ladder_of_costs_is_made_of_sums_by_hand(kind):
    ladder = measured(kind, cost_ladder, SPEND, by="channel_id", customers_col="signups").set_index("channel_id")
    assert list(ladder) == [*SPEND.columns[1:], "cpm", "ctr", "cpc", "cpi", "cac"]
    assert ladder.loc[1].tolist() == [10_000, 200, 40, 20, 200, 20, 0.02, 1, 5, 10]
    assert ladder.loc[2].tolist()[:-1] == [1000, 20, 2, 0, 40, 40, 0.02, 2, 20]
    assert np.isnan(ladder.loc[2, "cac"])
    assert ladder.loc[3, ["cpm", "ctr", "cpc", "cpi"]].isna().all()
    assert ladder.loc[3, "cac"] == 0
    assert pd.api.types.is_integer_dtype(ladder["clicks"])


def test_the_ladder_is_not_a_mean_of_daily_ratios():
    whole = cost_ladder(SPEND)
    assert len(whole) == 1
    assert whole["ctr"][0] == 220 / 11_000
    assert whole["ctr"][0] != (SPEND["clicks"] / SPEND["impressions"]).mean()
    same(cost_ladder(SPEND.sample(frac=1, random_state=3), by="channel_id"), cost_ladder(SPEND, by="channel_id"))


@pytest.mark.parametrize("method", ["nonlinear", "log_log"])
def test_a_curve_is_found_again_and_its_interval_holds_it(method):
    random = np.random.default_rng(5)
    spend = random.uniform(50, 5000, 400)
    response = 3.0 * spend**0.65
    exact = response_fit(spend, response, method)
    assert (exact.a, exact.b) == pytest.approx((3.0, 0.65), rel=1e-6)
    curve = response_fit(spend, response * random.lognormal(0, 0.1, 400), method)
    assert curve.b_low < 0.65 < curve.b_high
    assert curve.b_low < curve.b < curve.b_high
    wider = response_fit(spend, response * random.lognormal(0, 0.1, 400), method, confidence=0.999)
    assert wider.b_high - wider.b_low > 1.2 * (curve.b_high - curve.b_low)


def test_days_without_a_response_bend_only_the_line_through_logarithms():
    random = np.random.default_rng(6)
    spend = random.uniform(1, 400, 2000)
    installs = random.poisson(0.1 * spend**0.7)
    assert (installs == 0).mean() > 0.05
    assert abs(response_fit(spend, installs).b - 0.7) < 0.04
    assert response_fit(spend, installs, "log_log").b < 0.62


@given(st.floats(0.1, 100), st.floats(0.1, 0.95), st.floats(0.001, 1000))
@settings(max_examples=25)
def test_the_exponent_does_not_depend_on_the_currency(a, b, rate):
    spend = np.array([1.0, 2.0, 5.0, 9.0, 20.0])
    curve = response_fit(spend * rate, a * spend**b)
    assert curve.b == pytest.approx(b, rel=1e-6)
    assert curve.response(5.0 * rate) == pytest.approx(a * 5.0**b, rel=1e-6)
    step = 1e-6 * rate
    slope = (curve.response(5 * rate + step) - curve.response(5 * rate - step)) / (2 * step)
    assert curve.marginal(5 * rate) == pytest.approx(slope, rel=1e-4)


def curve(a, b):
    return ResponseCurve(a, b, b, b)


CURVES = {"search": curve(9.0, 0.55), "video": curve(2.0, 0.8), "store": curve(4.0, 0.6)}


def test_the_best_split_is_the_one_a_general_optimiser_finds():
    value, low, high = [1.0, 1.5, 0.7], [0, 0, 300], [80, 5000, 5000]
    split = allocate(
        CURVES,
        2000,
        value=dict(zip(CURVES, value, strict=True)),
        at_least={"search": 0, "video": 0, "store": 300},
        at_most={"search": 80, "video": 5000, "store": 5000},
    )

    def loss(spend):
        return -sum(v * c.response(x) for v, c, x in zip(value, CURVES.values(), spend, strict=True))

    total = {"type": "eq", "fun": lambda spend: spend.sum() - 2000}
    found = minimize(loss, [70, 1100, 830], bounds=list(zip(low, high, strict=True)), constraints=total, tol=1e-12)
    assert split["spend"].to_numpy() == pytest.approx(found.x, abs=0.5)
    assert split["limit"].tolist() == ["at_most", "none", "at_least"]
    assert split["marginal"][0] > split["marginal"][1] > split["marginal"][2]


def test_without_limits_the_last_yuan_brings_the_same_everywhere_though_the_averages_differ():
    split = allocate(CURVES, 1000).set_index("channel")
    assert split["spend"].sum() == pytest.approx(1000, rel=1e-12)
    assert np.ptp(split["marginal"]) < 1e-9
    assert np.ptp(split["average"]) > 0.1
    assert (split["limit"] == "none").all()
    for name, row in split.iterrows():
        assert row.response == pytest.approx(CURVES[name].response(row.spend))
        assert row.average == pytest.approx(row.response / row.spend)


@given(
    st.lists(st.tuples(st.floats(0.01, 100), st.floats(0.05, 0.98)), min_size=1, max_size=6),
    st.floats(1, 1e7),
    st.floats(0, 0.15),
    st.floats(0.2, 1),
)
@settings(max_examples=60)
def test_a_split_spends_the_budget_keeps_the_limits_and_no_move_is_better(parameters, budget, low, high):
    curves = {f"c{at}": curve(a, b) for at, (a, b) in enumerate(parameters)}
    high = max(high, 1 / len(curves))
    split = allocate(curves, budget, at_least=low * budget, at_most=high * budget)
    assert split["spend"].sum() == pytest.approx(budget, rel=1e-9)
    assert (split["spend"] >= low * budget * (1 - 1e-9)).all()
    assert (split["spend"] <= high * budget * (1 + 1e-9)).all()
    step = 1e-6 * budget
    given = [curves[row.channel].marginal(row.spend - step) for row in split.itertuples() if row.spend - step >= low * budget]
    taken = [curves[row.channel].marginal(row.spend + step) for row in split.itertuples() if row.spend + step <= high * budget]
    assert max(taken, default=0) <= min(given, default=float("inf")) * (1 + 1e-9)


def test_equal_shares_as_limits_fit_the_budget_though_three_thirds_are_not_one():
    split = allocate(CURVES, 451747.0, at_most=451747.0 / 3 * (1 - 1e-15))
    assert split["spend"].tolist() == pytest.approx([451747 / 3] * 3)
    assert allocate(CURVES, 300, at_least=100)["spend"].tolist() == [100, 100, 100]


ONE = pd.Series([1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: roi(1, -5), ["cost", "-5"]),
        (lambda: roi("many", 5), ["gain", "not a number"]),
        (lambda: roi(float("inf"), 5), ["gain", "inf"]),
        (lambda: roi([1, 2, 3], [1, 2]), ["gain 3, cost 2"]),
        (lambda: roi(ONE, ONE.rename(index={0: "a"})), ["gain and cost have different indexes"]),
        (lambda: cac(1, -1), ["customers", "-1"]),
        (lambda: ltv([1], [0], 0), ["customers is 0"]),
        (lambda: ltv([1], [-1], 1), ["age_days", "-1"]),
        (lambda: ltv([1, 2], [0], 1), ["2 margins and 1 ages"]),
        (lambda: ltv([1, None], [0, 1], 1), ["margin", "1 of 2", "nan"]),
        (lambda: ltv([1], [0], 1, horizon=365), ["horizon is 365"]),
        (lambda: ltv([1], [0], 1, discount=-0.1), ["discount is -0.1"]),
        (lambda: payback([1], [0], -1), ["cost", "-1"]),
        (lambda: cost_ladder(SPEND.drop(columns="clicks")), ["no column 'clicks'"]),
        (lambda: cost_ladder(SPEND.assign(clicks=-1)), ["'clicks'", "-1"]),
        (lambda: cost_ladder(SPEND, by="cpm"), ["'cpm'", "column of the result"]),
        (lambda: cost_ladder(SPEND, customers_col=[]), ["column of spend is []", "a text"]),
        (lambda: cost_ladder(SPEND, by="campaign_id"), ["no column 'campaign_id'"]),
        (lambda: response_fit([1, 2, 3], [1, 2]), ["3 and 2"]),
        (lambda: response_fit([1, 2, 2], [1, 2, 2]), ["three different spends"]),
        (lambda: response_fit([1, 2, 3], [0, 0, 0]), ["three different spends"]),
        (lambda: response_fit([1, 2, 3], [1, 2, 3], "cubic"), ["'cubic'", "'log_log'"]),
        (lambda: response_fit([1, 2, 3], [1, 2, 3], confidence=95), ["confidence is 95"]),
        (lambda: CURVES["video"].response(-1), ["spend", "-1"]),
        (lambda: allocate({}, 100), ["curves is {}"]),
        (lambda: allocate({"up": curve(1, 1.2)}, 100), ["'up'", "b = 1.2"]),
        (lambda: allocate(CURVES, 0), ["budget of 0"]),
        (lambda: allocate(CURVES, 100, at_least=40), ["at least 120"]),
        (lambda: allocate(CURVES, 100, at_most=10), ["at most 30"]),
        (lambda: allocate(CURVES, 100, at_least=20, at_most=10), ["does not fit"]),
        (lambda: allocate(CURVES, 100, value={"search": 1}), ["value names ['search']", "'video'"]),
        (lambda: allocate(CURVES, 100, value=0), ["value must be above 0"]),
        (lambda: allocate(CURVES, 100, value="much"), ["value", "not a number"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
