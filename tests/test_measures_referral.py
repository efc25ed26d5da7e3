"""Referral, diffusion and price: what somebody who plans a campaign on friends or on a discount needs to be true."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.integrate import solve_ivp

from opscourse.errors import ArgumentError
from opscourse.marketing import (
    bass,
    bass_fit,
    branching,
    breakeven_lift,
    doubling_time,
    elasticity,
    k_factor,
    total_per_seed,
)

FEW = settings(max_examples=30, deadline=None)


def test_k_and_what_follows_from_it_by_hand():
    assert k_factor(5, 0.2) == 1
    by_group = k_factor(pd.Series([2, None], ["new", "old"]), pd.Series([0.5, 0.1], ["new", "old"]))
    assert by_group["new"] == 1
    assert math.isnan(by_group["old"])
    assert total_per_seed(0.75) == 4
    assert math.isnan(total_per_seed(1))
    assert doubling_time(2, "6d") == 6
    assert doubling_time(np.sqrt(2), "12h") == pytest.approx(1)
    assert math.isnan(doubling_time(1, "6d"))


@FEW
@given(st.floats(0, 3), st.integers(0, 12), st.integers(1, 50), st.floats(0.05, 100))
def test_generations_are_powers_of_k(k, generations, seeds, dispersion):
    table = branching(k, generations, seeds=seeds, cycle="12h", dispersion=dispersion)
    assert table["generation"].tolist() == list(range(generations + 1))
    assert table["days"].tolist() == [g / 2 for g in range(generations + 1)]
    assert table["new"].to_numpy() == pytest.approx(seeds * k ** np.arange(generations + 1))
    assert table["total"].iloc[-1] == pytest.approx(seeds * sum(k**g for g in range(generations + 1)))
    assert table["extinct"].is_monotonic_increasing
    assert table["extinct"].between(0, 1).all()
    if k < 0.5:
        rest = total_per_seed(k) - branching(k, 60)["total"].iloc[-1]
        assert rest == pytest.approx(0, abs=1e-9)


def test_a_simulated_referral_has_the_mean_the_spread_and_the_end_that_are_expected():
    random, lines, k, dispersion = np.random.default_rng(1), 40_000, 0.8, 0.5
    table = branching(k, 5, seeds=3, dispersion=dispersion)
    poisson = branching(k, 5, seeds=3)
    now = just = np.full(lines, 3)
    for generation in range(1, 6):
        # A user's friends are Poisson with a gamma mean; of n users together, with a gamma of n times the shape.
        now = random.poisson(random.gamma(np.maximum(now, 1e-300) * dispersion, k / dispersion) * (now > 0))
        just = random.poisson(k * just)
        for simulated, expected in ((now, table.loc[generation]), (just, poisson.loc[generation])):
            assert simulated.mean() == pytest.approx(expected["new"], abs=5 * expected["sd"] / math.sqrt(lines))
            assert simulated.std() == pytest.approx(expected["sd"], rel=0.06)
            assert (simulated == 0).mean() == pytest.approx(expected["extinct"], abs=0.012)
    assert (table["extinct"][1:] > poisson["extinct"][1:]).all()


@FEW
@given(st.floats(0.001, 0.1), st.floats(0, 1), st.floats(1, 1e6))
def test_the_diffusion_curve_solves_its_equation(p, q, market):
    curve = bass(p, q, market, 20)
    solved = solve_ivp(lambda _, f: (p + q * f) * (1 - f), (0, 20), [0], t_eval=range(21), rtol=1e-10, atol=1e-12).y[0]
    assert curve["total"].to_numpy() == pytest.approx(market * solved[1:], rel=1e-6)
    assert curve["new"].sum() == pytest.approx(curve["total"].iloc[-1])
    assert curve["period"].tolist() == list(range(1, 21))


@FEW
@given(st.floats(0.002, 0.05), st.floats(0.2, 0.7), st.floats(10, 1e7))
def test_a_curve_without_noise_is_found_again(p, q, market):
    fit = bass_fit(bass(p, q, market, 30)["new"])
    assert fit.index.tolist() == ["p", "q", "market"]
    assert fit["estimate"].to_numpy() == pytest.approx([p, q, market], rel=1e-4)


def test_the_intervals_of_a_fit_hold_the_truth_as_often_as_they_say():
    random, curve, held = np.random.default_rng(7), bass(0.01, 0.4, 20_000, 18)["new"], []
    for _ in range(150):
        fit = bass_fit(np.maximum(curve + random.normal(0, 60, 18), 0), confidence=0.9)
        held.append((fit["low"] < [0.01, 0.4, 20_000]) & (fit["high"] > [0.01, 0.4, 20_000]))
    assert np.mean(held, axis=0) == pytest.approx([0.9] * 3, abs=0.07)


def test_a_fit_agrees_with_the_published_one_of_recorders():
    # Cowpertwait and Metcalfe, Introductory Time Series with R (2009), 3.3: sales from 1980 on, and what R's nls prints for
    # them: m 6.80e4 (3.13e3), p 6.59e-3 (1.43e-3), q 6.38e-1 (4.14e-2). It fits the density at the end of each year, we the
    # sales of the year, so that our curve is the same one half a year earlier.
    sales = [840, 1470, 2110, 4000, 7590, 10950, 10530, 9470, 7790, 5890]
    fit = bass_fit(sales)
    p, q, market = fit["estimate"]
    error = (fit["high"] - fit["low"]) / 2 / stats.t.ppf(0.975, 7)
    assert (market, error["market"]) == pytest.approx((68_000, 3130), rel=0.03)
    assert (q, error["q"]) == pytest.approx((0.638, 0.0414), rel=0.03)
    peak = math.log(0.638 / 0.00659) / (0.638 + 0.00659)
    assert math.log(q / p) / (p + q) == pytest.approx(peak - 0.5, abs=0.01)


def test_no_other_curve_is_nearer():
    sales = [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500]  # room air conditioners, from 1949 on

    def squares(p, q, market):
        return ((bass(p, q, market, 13)["new"] - sales) ** 2).sum()

    found = optimize.minimize(lambda x: squares(*np.exp(x)), np.log([0.03, 0.2, 30_000]), method="Nelder-Mead", tol=1e-10)
    assert bass_fit(sales)["estimate"].to_numpy() == pytest.approx(np.exp(found.x), rel=1e-4)


def test_breakeven_by_hand():
    assert breakeven_lift(0.15, 0.45) == pytest.approx(0.5)
    assert breakeven_lift(-0.1, 0.4) == pytest.approx(-0.2)
    assert np.isnan(breakeven_lift([0.3, 0.4], 0.3)).all()


@FEW
@given(st.floats(0.01, 1), st.floats(-0.5, 0.98), st.floats(1, 1e4), st.floats(1, 1e6))
def test_at_the_breakeven_lift_the_profit_is_the_old_one(margin, share, price, quantity):
    discount = share * margin
    sold = quantity * (1 + breakeven_lift(discount, margin))
    cost = price * (1 - margin)
    assert sold * (price * (1 - discount) - cost) == pytest.approx(quantity * (price - cost), rel=1e-6)


def test_an_elasticity_is_the_regression_of_statsmodels():
    random = np.random.default_rng(2)
    price = random.choice([10.0, 12, 15, 20], 60)
    quantity = 900 * price**-1.4 * random.lognormal(0, 0.2, 60)
    value, low, high = elasticity(price, quantity, confidence=0.9)
    peer = sm.OLS(np.log(quantity), sm.add_constant(np.log(price))).fit()
    assert value == pytest.approx(peer.params[1])
    assert (low, high) == pytest.approx(tuple(peer.conf_int(0.1)[1]))
    assert low < -1.4 < high
    assert elasticity(price * 7.2, quantity * 1000, confidence=0.9) == pytest.approx((value, low, high))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: k_factor(1, 22), ["acceptance is up to 22", "0.22"]),
        (lambda: k_factor(-1, 0.2), ["invites", "-1"]),
        (lambda: k_factor([1, 2], [0.1, 0.2, 0.3]), ["lengths"]),
        (lambda: total_per_seed(float("inf")), ["k must be finite"]),
        (lambda: doubling_time(1.2, 7), ["cycle is 7"]),
        (lambda: branching(0.5, 2.5), ["generations is 2.5"]),
        (lambda: branching(0.5, seeds=0), ["seeds is 0"]),
        (lambda: branching(-0.5), ["k is -0.5"]),
        (lambda: branching(float("nan")), ["k is nan"]),
        (lambda: branching(0.5, dispersion=0), ["dispersion is 0"]),
        (lambda: bass(0, 0.4, 100, 5), ["p is 0"]),
        (lambda: bass(0.1, 0.4, 100, 0), ["periods is 0"]),
        (lambda: bass(0.1, -0.4, 100, 5), ["q is -0.4"]),
        (lambda: bass_fit([1, 2, 3, 4]), ["4 numbers", "five"]),
        (lambda: bass_fit([0] * 9), ["somebody"]),
        (lambda: bass_fit([1, 2, np.nan, 4, 5]), ["adopters", "nan"]),
        (lambda: bass_fit([1, 2, 3, 2, 1], confidence=1), ["confidence is 1"]),
        (lambda: breakeven_lift(15, 0.45), ["discount is up to 15", "0.15"]),
        (lambda: breakeven_lift(0.15, 45), ["margin is up to 45"]),
        (lambda: elasticity([1, 2, 3], [1, 2]), ["3 and 2"]),
        (lambda: elasticity([1, 2, 3], [5, 0, 2]), ["quantity is 0 in 1 of 3"]),
        (lambda: elasticity([2, 2, 2], [5, 4, 2]), ["two different prices"]),
        (lambda: elasticity([1, 2], [5, 4]), ["2 rows"]),
        (lambda: elasticity([1, 2, 3], [5, 4, 3], confidence=2), ["confidence is 2"]),
        (lambda: elasticity([1, 2, np.nan], [5, 4, 3]), ["price", "nan"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)


@FEW
@given(st.lists(st.one_of(st.integers(0, 1000), st.floats(0, 1e12)), min_size=5, max_size=20))
def test_any_adopters_give_a_fit_that_is_finite_or_are_refused(adopters):
    try:
        fit = bass_fit(adopters)
    except ArgumentError:
        return
    assert np.isfinite(fit.to_numpy()).all()
    assert (fit["estimate"] >= 0).all()
