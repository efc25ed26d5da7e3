"""Concentration, cash, orders and risks: what somebody who answers for the firm's money needs to be true."""

import math

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st

from opscourse.errors import ArgumentError
from opscourse.management import (
    cash_forecast,
    cash_runway,
    concentration,
    hhi_bounds,
    loss_simulation,
    newsvendor,
    spread,
)

# Ten invoices of two quarters; one refund, and one customer who only appears in the second.
INVOICES = pd.DataFrame(
    [
        ("Q1", "a", 40.0),
        ("Q1", "a", 20.0),
        ("Q1", "a", -10.0),
        ("Q1", "b", 30.0),
        ("Q1", "c", 10.0),
        ("Q1", "d", 10.0),
        ("Q2", "a", 25.0),
        ("Q2", "b", 25.0),
        ("Q2", "c", 25.0),
        ("Q2", "e", 25.0),
    ],
    columns=["quarter", "account_id", "amount_cny"],
)


@pytest.mark.parametrize("kind", KINDS)
def test_concentration_by_hand(kind):
    answer = measured(kind, concentration, INVOICES, k=2, by="quarter").set_index("quarter")
    assert list(answer) == ["customers", "total", "largest", "cr", "hhi", "hhi_low", "hhi_high"]
    # Shares of 50, 30, 10, 10%: 2500 + 900 + 100 + 100. Of CR2 = 80% alone: 2 x 40² up to 80².
    assert answer.loc["Q1"].tolist() == pytest.approx([4, 100, 0.5, 0.8, 3600, 3200, 6400])
    # Four quarters: 4 x 625. Of CR2 = 50% alone: 2 x 25² up to 50² or 4 x 25², which is the same.
    assert answer.loc["Q2"].tolist() == pytest.approx([4, 100, 0.25, 0.5, 2500, 1250, 2500])
    whole = measured(kind, concentration, INVOICES, k=9)
    assert whole[["customers", "cr", "hhi_high"]].to_numpy().tolist() == [[5, 1, 10_000]]


def test_the_largest_five_leave_the_index_between_570_and_2850():
    assert [round(bound) for bound in hhi_bounds(0.534, 5)] == [570, 2852]  # Q24
    assert [round(bound) for bound in hhi_bounds(0.6, 3)] == [1200, 3600]  # Q16
    assert hhi_bounds(0.25, 1) == pytest.approx((625, 2500))  # four firms of a quarter each
    assert hhi_bounds(1.0, 4) == pytest.approx((2500, 10_000))
    giant = [0.534 - 4e-6] + [1e-6] * 4 + [1e-6] * 466_000
    assert concentration(pd.DataFrame({"account_id": range(len(giant)), "amount_cny": giant}))["hhi"][0] == pytest.approx(
        2852, abs=1
    )


SHARES = st.lists(st.integers(1, 1000), min_size=1, max_size=12)


@given(SHARES, st.integers(1, 6), st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_index_lies_between_its_bounds_whatever_the_customers(amounts, k, random):
    invoices = pd.DataFrame({"account_id": range(len(amounts)), "amount_cny": amounts})
    answer = concentration(invoices, k).loc[0]
    shares = sorted((amount / sum(amounts) for amount in amounts), reverse=True)
    assert answer["cr"] == pytest.approx(sum(shares[:k]))
    assert answer["largest"] == pytest.approx(shares[0])
    assert answer["hhi"] == pytest.approx(10_000 * sum(share**2 for share in shares))
    assert answer["hhi_low"] - 1e-6 <= answer["hhi"] <= answer["hhi_high"] + 1e-6
    shuffled = concentration(invoices.iloc[random.sample(range(len(amounts)), len(amounts))], k).loc[0]
    assert shuffled.tolist() == pytest.approx(answer.tolist())


@given(st.floats(0.01, 1), st.integers(1, 6))
@settings(max_examples=40)
def test_no_market_with_this_share_of_the_largest_has_more_than_the_upper_bound(cr, k):
    low, high = hhi_bounds(cr, k)
    found = []
    for smallest in np.linspace(1e-3, 1, 200) * cr / k:
        if k == 1:
            smallest = cr
        whole = int((1 - cr) / smallest + 1e-9)
        market = [cr - (k - 1) * smallest, *[smallest] * (k - 1 + whole), max(1 - cr - whole * smallest, 0)]
        found.append(10_000 * sum(share**2 for share in market))
    assert low - 1e-6 <= min(found)
    assert max(found) <= high + 1e-6
    assert max(found) >= 0.9 * high  # and it is nearly reached


@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_kind_of_frame_gives_the_same_concentration(kind):
    random = np.random.default_rng(4)
    invoices = pd.DataFrame(
        {
            "quarter": random.choice(["Q1", "Q2", None], 900),
            "account_id": random.integers(1, 80, 900).astype(str),
            "amount_cny": random.integers(1, 9999, 900) / 100,
        }
    )
    same(measured(kind, concentration, invoices, by="quarter"), concentration(invoices, by="quarter"))


def test_shares_do_not_depend_on_the_currency():
    rich = concentration(INVOICES.assign(amount_cny=1e200 * INVOICES["amount_cny"]), by="quarter").drop(columns="total")
    same(rich, concentration(INVOICES, by="quarter").drop(columns="total"))


def test_nothing_sold_has_no_share():
    answer = concentration(INVOICES.assign(amount_cny=0))
    assert answer["total"][0] == 0
    assert answer[["largest", "cr", "hhi", "hhi_low", "hhi_high"]].isna().all(axis=None)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30), st.integers(1, 9), st.integers(1, 9), st.integers(0, 9))
def test_no_other_order_would_have_earned_more(demand, over, margin, salvage):
    price, cost = salvage + over + margin, salvage + over

    def profit(order):
        return sum(price * min(order, wanted) + salvage * max(order - wanted, 0) - cost * order for wanted in demand)

    assert profit(newsvendor(demand, price, cost, salvage)) == pytest.approx(max(map(profit, range(51))))


def test_cash_lasts_as_long_as_its_mean_says_and_runs_out_earlier_by_chance():
    flows = [-30, 10, -10]
    assert cash_runway(120, flows) == 12
    assert cash_runway(120, [10, -5]) == math.inf
    assert cash_runway(0, [-1]) == 0
    forecast = cash_forecast(120, flows, 12, paths=4000)
    assert list(forecast) == ["period", "p5", "p50", "p95", "ruin", "low", "high"]
    assert forecast["period"].tolist() == list(range(1, 13))
    assert forecast["ruin"].is_monotonic_increasing
    assert 0 < forecast["ruin"][7] < 0.5 < forecast["ruin"][11] + 0.1
    assert forecast["low"].le(forecast["ruin"] + 1e-12).all()
    assert forecast["high"].ge(forecast["ruin"]).all()
    same(cash_forecast(120, flows, 12, paths=4000), forecast)
    assert not cash_forecast(120, flows, 12, paths=4000, seed=1).equals(forecast)


def test_the_simulated_ruin_is_the_one_worked_out_exactly():
    # 3 in hand, each period one more or one less with equal chance: by counting all 2 ** 9 futures of 9 periods.
    futures = np.cumsum(1 - 2 * ((np.arange(512)[:, None] >> np.arange(9)) & 1), axis=1)
    exact = (3 + np.minimum.accumulate(futures, axis=1) < 0).mean(axis=0)
    forecast = cash_forecast(3, [1, -1], 9, paths=40_000, confidence=0.9999)
    assert (forecast["low"] <= exact).all()
    assert (exact <= forecast["high"]).all()
    assert forecast["p50"].tolist() == pytest.approx(np.median(3 + futures, axis=0), abs=1)


def test_blocks_keep_bad_times_together():
    year = [-10] * 6 + [12] * 6
    whole = cash_forecast(30, year, 12, block=12, paths=4000)
    assert set(np.round(whole[["p5", "p50", "p95"]].iloc[-1])) == {42}  # every future has each month once
    # Of the 12 months to start from, 5 bring four bad ones, or six after at most two good ones.
    assert whole["ruin"].iloc[-1] == pytest.approx(5 / 12, abs=0.03)
    assert cash_forecast(30, year, 12, paths=4000)["ruin"].iloc[-1] < 0.35


def test_simulated_losses_are_those_of_the_stated_ranges():
    p, low, high = np.array([0.1, 0.4]), np.array([1e5, 2e3]), np.array([1e6, 4e4])
    losses = loss_simulation(p, low, high, years=200_000)
    sigma = np.log(high / low) / 3.2897
    expected = (p * np.sqrt(low * high) * np.exp(sigma**2 / 2)).sum()
    assert losses.mean() == pytest.approx(expected, rel=0.02)
    assert (losses == 0).mean() == pytest.approx(0.9 * 0.6, abs=0.005)
    one = loss_simulation(1, 1e5, 1e6, years=100_000)
    assert np.quantile(one, [0.05, 0.95]) == pytest.approx([1e5, 1e6], rel=0.03)
    assert (loss_simulation(1, 1e5, 1e6, years=9) == loss_simulation(1, 1e5, 1e6, years=9)).all()


def test_each_hour_of_delay_costs_a_constant_factor():
    reached = [spread(f"{hours}h", growth=0.4, fade=0.2)["reached"].iloc[-1] for hours in (5, 6, 7)]
    assert reached[1] / reached[0] == pytest.approx(1.2, rel=0.05)
    assert reached[2] / reached[1] == pytest.approx(1.2, rel=0.05)
    never = spread(None, hours=500)
    assert never["reached"].iloc[-1] > reached[2]
    assert never["talking"].iloc[-1] < 10 < never["talking"].max()


def test_the_first_hours_of_a_crisis_by_hand():
    course = spread("1h", hours=2, audience=100, first=10, growth=0.5, fade=0.2, effect=1)
    assert course.to_numpy().tolist() == [pytest.approx([1, 4.5, 12.5, 14.5]), pytest.approx([2, 0, 10, 14.5])]


@given(st.floats(1, 100), st.floats(0, 20), st.floats(0, 1))
def test_a_crisis_never_reaches_more_than_there_are(first, growth, fade):
    course = spread(None, hours=30, audience=100, first=first, growth=growth, fade=fade)
    assert course["reached"].is_monotonic_increasing
    assert course["reached"].max() <= 100 * (1 + 1e-12)
    assert (course["talking"] >= 0).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: concentration(INVOICES.drop(columns="amount_cny")), ["no column 'amount_cny'"]),
        (lambda: concentration(INVOICES[:0]), ["invoices has no rows"]),
        (lambda: concentration(INVOICES.assign(account_id=None)), ["'account_id'", "10 of 10"]),
        (lambda: concentration(INVOICES.assign(amount_cny=math.inf)), ["'amount_cny'", "10 of 10"]),
        (lambda: concentration(INVOICES.assign(amount_cny=-1.0)), ["5 customers have a negative sum", "account_id"]),
        (lambda: concentration(INVOICES, k=0), ["k is 0"]),
        (lambda: concentration(INVOICES, k=2.0), ["k is 2.0"]),
        (lambda: concentration(INVOICES, by="cr"), ["'cr'", "column of the result"]),
        (lambda: hhi_bounds(53.4, 5), ["cr is 53.4"]),
        (lambda: hhi_bounds(0.5, 0), ["k is 0"]),
        (lambda: newsvendor([], 5, 2), ["demand is empty"]),
        (lambda: newsvendor([1, -2], 5, 2), ["demand", "-2"]),
        (lambda: newsvendor([1], 5, 5), ["cost is 5"]),
        (lambda: newsvendor([1], 5, 2, salvage=3), ["cost is 2", "salvage, 3"]),
        (lambda: cash_runway(-1, [1]), ["cash", "-1"]),
        (lambda: cash_runway(1, []), ["flows is empty"]),
        (lambda: cash_forecast(1, [math.nan], 3), ["flows", "nan"]),
        (lambda: cash_forecast(1, [1], 0), ["periods is 0"]),
        (lambda: cash_forecast(1, [1], 3, block=0), ["block is 0"]),
        (lambda: cash_forecast(1, [1], 3, paths=2.5), ["paths is 2.5"]),
        (lambda: cash_forecast(1, [1], 3, confidence=2), ["confidence is 2"]),
        (lambda: loss_simulation([0.1, 2], 1, 2), ["1 of 2 risks", "p_year 2"]),
        (lambda: loss_simulation(0.1, 5, 2), ["5 to 2"]),
        (lambda: loss_simulation(0.1, math.nan, 2), ["1 of 1 risks"]),
        (lambda: loss_simulation(-0.1, 1, 2), ["p_year", "-0.1"]),
        (lambda: loss_simulation(0.1, 1, 2, years=0), ["years is 0"]),
        (lambda: spread(6), ["response_delay is 6"]),
        (lambda: spread("6h", first=0.5, audience=0.1), ["first is 0.5"]),
        (lambda: spread("6h", fade=1.5), ["fade is 1.5"]),
        (lambda: spread("6h", growth=-1), ["growth is -1"]),
        (lambda: spread("6h", fade="a fifth"), ["fade", "not a number"]),
        (lambda: spread("6h", hours=0), ["hours is 0"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
