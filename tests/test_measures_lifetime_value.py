"""Lifetime value: what somebody who decides what a customer may cost needs to be true of the models."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from opscourse.errors import ArgumentError
from opscourse.lifetime_value import (
    BgNbd,
    GammaGamma,
    _bg_nbd,
    _gamma_gamma,
    bg_nbd,
    clv,
    clv_summary,
    gamma_gamma,
    ltv_from_retention,
)

# Ten orders of four customers, worked out by hand for the evening of 30 June.
ORDERS = pd.DataFrame(
    [
        ("a", "2025-06-01 23:50", 50.0),  # a: days 1, 2, 11: two repeats of 30 and 45
        ("a", "2025-06-02 00:10", 30.0),
        ("a", "2025-06-11 10:00", 20.0),
        ("a", "2025-06-11 18:00", 25.0),
        ("b", "2025-06-30 09:00", 10.0),  # b: the last day, twice, no repeat
        ("b", "2025-06-30 21:00", 20.0),
        ("c", "2025-05-01 12:00", 300.0),  # c: one day
        ("d", "2025-06-29 12:00", 15.0),  # d: the last two days
        ("d", "2025-06-30 12:00", 12.0),
        ("c", "2025-07-02 09:00", 999.0),  # after the last observed day: does not exist yet
    ],
    columns=["user_id", "ts", "net_cny"],
)
ORDERS["ts"] = pd.to_datetime(ORDERS["ts"])


@pytest.mark.parametrize("kind", KINDS)
def test_ten_orders_give_the_histories_worked_out_by_hand(kind):
    summary = measured(kind, clv_summary, ORDERS, observed_until="2025-06-30")
    assert list(summary) == ["user_id", "repeats", "first_to_last_days", "age_days", "repeat_value"]
    assert summary.drop(columns="repeat_value").to_numpy().tolist() == [
        ["a", 2, 10, 29],
        ["b", 0, 0, 0],
        ["c", 0, 0, 60],
        ["d", 1, 1, 1],
    ]
    assert summary["repeat_value"].tolist() == pytest.approx([37.5, np.nan, np.nan, 12], nan_ok=True)


def drawn(rows):
    """Orders from drawn (customer, hour, fen)."""
    orders = pd.DataFrame(rows, columns=["user_id", "hour", "fen"])
    return orders.assign(ts=pd.Timestamp("2025-01-01") + pd.to_timedelta(orders["hour"], unit="h"), net_cny=orders["fen"] / 100)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 300), st.integers(0, 10**6)), min_size=1, max_size=30).map(drawn))
@settings(max_examples=25)
def test_a_history_is_what_counting_by_hand_gives(orders):
    summary = clv_summary(orders).set_index("user_id")
    until = orders["ts"].max().normalize()
    assert set(summary.index) == set(orders["user_id"])
    for user, rows in orders.groupby("user_id"):
        daily = rows.groupby(rows["ts"].dt.normalize())["net_cny"].sum()
        history = summary.loc[user]
        assert history["repeats"] == len(daily) - 1
        assert history["first_to_last_days"] == (daily.index[-1] - daily.index[0]).days
        assert history["age_days"] == (until - daily.index[0]).days
        assert history["repeat_value"] == pytest.approx(
            daily.iloc[1:].mean() if len(daily) > 1 else np.nan, abs=1e-4, nan_ok=True
        )


def simulated(customers, r, alpha, a, b, days, seed):
    """Histories of customers who buy and stop as the model says, in the order of `bg_nbd`."""
    random = np.random.default_rng(seed)
    rate, stop = random.gamma(r, 1 / alpha, customers), random.beta(a, b, customers)
    age = random.uniform(days / 2, days, customers)
    repeats, last, now, alive = np.zeros(customers), np.zeros(customers), np.zeros(customers), np.ones(customers, dtype=bool)
    while alive.any():
        now = now + random.exponential(1 / rate)
        alive &= now < age
        repeats, last = repeats + alive, np.where(alive, now, last)
        alive &= random.random(customers) >= stop
    return repeats, last, age


TRUE = {"r": 0.6, "alpha": 20.0, "a": 0.9, "b": 2.5}


@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_kind_of_frame_gives_the_same_histories_and_values(kind):
    random = np.random.default_rng(2)
    orders = pd.DataFrame(
        {
            "user_id": random.integers(1, 300, 1000).astype(str),
            "ts": np.datetime64("2025-01-01", "us") + random.integers(0, 180 * 86_400, 1000).astype("timedelta64[s]"),
            "net_cny": random.integers(1, 30_000, 1000) / 100,
        }
    )
    summary = clv_summary(orders)
    same(measured(kind, clv_summary, orders), summary)
    models = {"purchases": BgNbd(**TRUE), "spend": GammaGamma(p=6.25, q=3.74, v=15.44), "discount": 0.1}
    same(measured(kind, clv, summary, **models), clv(summary, **models))


# What the model says of one customer, by integrating over rate and stopping probability instead of by its closed forms.
R, ALPHA, A, B = 0.7, 12.0, 1.4, 2.3


def over_customers(function):
    """The mean of function(rate, stop) over all customers."""
    rates, of_rate = special.roots_genlaguerre(150, R - 1)
    stops, of_stop = special.roots_jacobi(150, B - 1, A - 1)
    values = function(rates[:, None] / ALPHA, (1 + stops) / 2)
    return of_rate @ values @ of_stop / of_rate.sum() / of_stop.sum()


def alive_and_stopped(x, last, age):
    """Density of a history for given rate and stopping probability: of those still there, and of those who stopped."""
    return (
        lambda rate, stop: (1 - stop) ** x * rate**x * np.exp(-rate * age),
        lambda rate, stop: stop * (1 - stop) ** (x - 1) * rate**x * np.exp(-rate * last) if x else 0 * rate * stop,
    )


@pytest.mark.parametrize(("x", "last", "age"), [(0, 0, 30), (1, 4, 30), (3, 28, 30)])
def test_the_closed_forms_are_the_integrals_they_stand_for(x, last, age):
    alive, stopped = alive_and_stopped(x, last, age)
    there = over_customers(alive)
    density = there + over_customers(stopped)
    history = [np.array([float(number)]) for number in (x, last, age)]
    assert np.exp(_bg_nbd(np.array([R, ALPHA, A, B]), *history)) == pytest.approx(density, rel=1e-6)
    model = BgNbd(R, ALPHA, A, B)
    assert model.probability_alive(x, last, age) == pytest.approx(there / density, rel=1e-6)
    # Somebody who is there buys 1 / stop x (1 - exp(-rate x stop x days)) times on average in the next days.
    more = over_customers(lambda rate, stop: alive(rate, stop) * -np.expm1(-rate * stop * 50) / stop)
    assert model.expected_purchases("50d", x, last, age) == pytest.approx(more / density, rel=1e-6)


def test_whole_parameters_are_no_holes():
    for r, hole in ((R, 1.0), (2.0, 3.0)):
        around = [
            BgNbd(r, ALPHA, a, B).expected_purchases("50d", 99, 20, 30) for a in (hole - 1e-4, hole - 1e-8, hole, hole + 1e-4)
        ]
        assert around == pytest.approx([around[0]] * 4, rel=1e-3)
        assert around[0] > around[2] > around[3]


@given(st.floats(0.05, 3), st.floats(1, 100), st.floats(0.05, 5), st.floats(0.05, 5), st.integers(0, 300), st.floats(0, 1))
def test_expectations_grow_with_the_horizon_and_a_probability_is_one(r, alpha, a, b, repeats, share):
    model, age = BgNbd(r, alpha, a, b), 400.0
    last = max(share * age, 1) if repeats else 0
    assert 0 <= model.probability_alive(repeats, last, age) <= 1
    assert model.probability_alive(repeats, last, age) <= model.probability_alive(repeats, age if repeats else 0, age) + 1e-12
    horizons = [model.expected_purchases(f"{days}d", repeats, last, age) for days in (1, 10, 100, 1000, 100_000)]
    assert all(math.isfinite(purchases) for purchases in horizons)
    assert horizons == sorted(horizons)
    assert horizons[0] >= 0
    assert horizons[1] <= (r + repeats) / (alpha + age) * 10 * (1 + 1e-9)  # at most what would come if nobody stopped


def test_the_parameters_of_simulated_customers_are_found_again():
    repeats, last, age = simulated(20_000, **TRUE, days=400, seed=3)
    model = bg_nbd(repeats, last, age)
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx(tuple(TRUE.values()), rel=0.12)
    histories = repeats, last, age
    assert model.log_likelihood == pytest.approx(_bg_nbd(np.array([model.r, model.alpha, model.a, model.b]), *histories).sum())
    for name in TRUE:  # it is a maximum
        for factor in (0.97, 1.03):
            moved = {**{name: getattr(model, name) for name in TRUE}, name: factor * getattr(model, name)}
            assert _bg_nbd(np.array(list(moved.values())), *histories).sum() < model.log_likelihood


def test_a_fit_does_not_depend_on_the_order_of_customers_and_scales_with_time():
    repeats, last, age = simulated(1000, **TRUE, days=400, seed=4)
    model, hours = bg_nbd(repeats, last, age), bg_nbd(repeats[::-1], 24 * last[::-1], 24 * age[::-1])
    assert (hours.r, hours.alpha / 24, hours.a, hours.b) == pytest.approx((model.r, model.alpha, model.a, model.b), rel=1e-3)
    assert hours.log_likelihood == pytest.approx(model.log_likelihood - repeats.sum() * np.log(24))


def test_the_density_of_mean_amounts_is_the_integral_it_stands_for():
    p, q, v = 6.25, 3.74, 15.44
    for x, mean in ((1, 20.0), (4, 35.0)):

        def amounts(nu, x=x, mean=mean):
            return stats.gamma.pdf(mean, p * x, scale=1 / (nu * x)) * stats.gamma.pdf(nu, q, scale=1 / v)

        density = integrate.quad(amounts, 0, 5, epsabs=1e-14)[0]
        found = _gamma_gamma(np.array([p, q, v]), np.array([float(x)]), np.array([mean]))
        assert np.exp(found[0]) == pytest.approx(density, rel=1e-7)
        expected = integrate.quad(lambda nu: amounts(nu) * p / nu, 0, 5, epsabs=1e-14)[0] / density
        assert GammaGamma(p, q, v).expected_value(x, mean) == pytest.approx(expected, rel=1e-7)


def test_the_amounts_of_simulated_customers_are_found_again():
    random = np.random.default_rng(5)
    x, nu = random.integers(1, 12, 20_000), random.gamma(4.0, 1 / 60.0, 20_000)
    mean = random.gamma(3.0 * x) / nu / x
    spend = gamma_gamma(x, mean)
    assert (spend.p, spend.q, spend.v) == pytest.approx((3.0, 4.0, 60.0), rel=0.08)
    assert spend.expected_value() == pytest.approx(mean.mean(), rel=0.02)
    fen = gamma_gamma(x, 100 * mean)
    assert (fen.p, fen.q, fen.v / 100) == pytest.approx((spend.p, spend.q, spend.v), rel=1e-3)
    with_idle = gamma_gamma(np.append(x, [0, 0]), np.append(mean, [np.nan, 0]))
    assert with_idle == spend


def test_the_expected_amount_lies_between_the_customers_own_and_that_of_all():
    spend = GammaGamma(p=6.25, q=3.74, v=15.44)
    everybody = 6.25 * 15.44 / 2.74
    assert spend.expected_value() == pytest.approx(everybody)
    own = spend.expected_value([0, 1, 5, 500], [math.nan, 100, 100, 100])
    assert own[0] == pytest.approx(everybody)
    assert everybody < own[1] < own[2] < own[3] < 100
    assert GammaGamma(p=1.0, q=0.5, v=10).expected_value() == math.inf  # no mean, which is no negative amount


def cdnow():
    """Histories of 2,357 buyers of discs, in weeks, published by Fader and Hardie; equal ones are one row."""
    rows = pd.read_csv(Path(__file__).parent / "fixtures" / "cdnow.csv")
    return rows.loc[rows.index.repeat(rows["customers"])]


def test_on_published_customers_the_published_parameters_come_out():
    # Fader, Hardie and Lee (2005a), table 2, in weeks; lifetimes 0.11.3: BetaGeoFitter().fit(x, t_x, T).params_.
    buyers = cdnow()
    assert len(buyers) == 2357
    model = bg_nbd(buyers["x"], 7 * buyers["t_x"], 7 * buyers["T"])
    assert (model.r, model.alpha / 7, model.a, model.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=1e-3)
    archived = 0.24259292827982148, 4.413532265271809, 0.7928859664406578, 2.4257523826257374
    assert (model.r, model.alpha / 7, model.a, model.b) == pytest.approx(archived, abs=1e-3)
    assert model.log_likelihood + buyers["x"].sum() * np.log(7) == pytest.approx(-9582.4, abs=0.05)
    # The authors' spreadsheet: a customer with 2 repeats in the 39 weeks after week 39, and a new one after so many weeks.
    assert model.expected_purchases("273d", 2, 7 * 30.43, 7 * 38.86) == pytest.approx(1.226, abs=1e-3)
    new = [model.expected_purchases(f"{days}d") for days in (1, 7, 21, 223, 546)]
    assert new == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.8576], abs=5e-4)


def test_on_published_customers_the_published_amounts_come_out():
    # Fader, Hardie and Lee (2005b); lifetimes 0.11.3: GammaGammaFitter().fit(x[x > 0], zbar[x > 0]).params_.
    buyers = cdnow()
    spend = gamma_gamma(buyers["x"], buyers["zbar"])
    assert (spend.p, spend.q, spend.v) == pytest.approx((6.25, 3.74, 15.44), abs=1e-2)
    assert (spend.p, spend.q, spend.v) == pytest.approx((6.24880249607099, 3.7445884609237634, 15.447748064943575), abs=1e-3)


def test_the_value_of_customers_by_hand():
    summary = clv_summary(ORDERS, observed_until="2025-06-30")
    model, spend = BgNbd(**TRUE), GammaGamma(p=6.25, q=3.74, v=15.44)
    history = (summary["repeats"], summary["first_to_last_days"], summary["age_days"])
    worth = clv(summary, model, spend, "45d", margin=0.4)
    assert list(worth) == [*summary, "probability_alive", "expected_purchases", "expected_value", "clv"]
    assert worth["expected_purchases"].tolist() == pytest.approx(model.expected_purchases("45d", *history).tolist())
    assert worth["probability_alive"].tolist() == pytest.approx(model.probability_alive(*history).tolist())
    assert worth["expected_value"].tolist() == pytest.approx(spend.expected_value(history[0], summary["repeat_value"]).tolist())
    assert worth["clv"].tolist() == pytest.approx((0.4 * worth["expected_purchases"] * worth["expected_value"]).tolist())
    month = model.expected_purchases("30d", *history)
    later = month / 1.2 ** (30 / 365) + (worth["expected_purchases"] - month) / 1.2 ** (45 / 365)
    discounted = clv(summary, model, spend, "45d", discount=0.2)
    assert discounted["clv"].tolist() == pytest.approx((later * worth["expected_value"]).tolist())


@given(st.floats(0, 100), st.floats(0, 1), st.floats(0, 1), st.integers(1, 40))
def test_a_constant_retention_is_a_sum_worked_out_term_by_term(margin, retention, discount, periods):
    terms = [margin * (retention / (1 + discount)) ** k for k in range(periods)]
    assert ltv_from_retention(margin, retention, discount=discount, periods=periods) == pytest.approx(sum(terms), rel=1e-6)
    endless = ltv_from_retention(margin, retention, discount=discount)
    assert math.isnan(endless) if retention == 1 + discount else endless >= sum(terms) * (1 - 1e-6)


def test_a_constant_retention_keeps_the_form_and_without_a_discount_is_margin_by_churn():
    plans = pd.Series({"month": 0.8, "year": 0.95})
    assert ltv_from_retention(30, plans).round(9).to_dict() == {"month": 150, "year": 600}


HISTORY = pd.DataFrame({"repeats": [1], "first_to_last_days": [5], "age_days": [9], "repeat_value": [3.0]})
MODELS = BgNbd(**TRUE), GammaGamma(p=6.25, q=3.74, v=15.44)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: clv_summary(ORDERS.drop(columns="ts")), ["no column 'ts'"]),
        (lambda: clv_summary(ORDERS[:0]), ["orders has no rows"]),
        (lambda: clv_summary(ORDERS.assign(net_cny=-1.0)), ["'net_cny'", "-1"]),
        (lambda: clv_summary(ORDERS.assign(net_cny=math.inf)), ["'net_cny'", "10 of 10"]),
        (lambda: clv_summary(ORDERS.assign(user_id=None)), ["'user_id'", "10 of 10"]),
        (lambda: clv_summary(ORDERS, observed_until="2025-01-01"), ["2025-01-01", "2025-05-01"]),
        (lambda: bg_nbd([0, 0], [0, 0], [9, 9]), ["None of 2 customers has a repeat"]),
        (lambda: bg_nbd([], [], []), ["None of 0 customers"]),
        (lambda: bg_nbd([1, 2], [5, 9], [9, 8]), ["1 of 2 histories", "2 repeats", "9 days after", "age of 8"]),
        (lambda: bg_nbd([1.5], [5], [9]), ["1 of 1 histories", "1.5 repeats"]),
        (lambda: bg_nbd([0], [5], [9]), ["1 of 1 histories"]),
        (lambda: bg_nbd([1], [0], [9]), ["1 of 1 histories"]),
        (lambda: bg_nbd([1, math.nan], [5, 5], [9, 9]), ["1 of 2 histories"]),
        (lambda: bg_nbd([1, 2], [5, 6, 7], [9, 9]), ["lengths do not match"]),
        (lambda: bg_nbd([-1], [5], [9]), ["repeats", "-1"]),
        (lambda: bg_nbd([3] * 9, [9] * 9, [9] * 9), ["do not tell", "no maximum"]),
        (lambda: gamma_gamma([1, 0], [5.0, math.nan]), ["1 customers have a repeat"]),
        (lambda: gamma_gamma([1, 2], [5.0, 0.0]), ["1 of 2", "leave them out"]),
        (lambda: gamma_gamma([1, 2], [5.0, math.nan]), ["1 of 2"]),
        (lambda: gamma_gamma([1, 1], [5.0, 5.0]), ["do not tell", "no maximum"]),
        (lambda: MODELS[0].expected_purchases(90), ["horizon is 90"]),
        (lambda: MODELS[0].expected_purchases("0d"), ["longer than nothing"]),
        (lambda: clv(HISTORY, *MODELS, horizon=365), ["horizon is 365"]),
        (lambda: clv(HISTORY, *MODELS, margin=math.nan), ["margin", "nan"]),
        (lambda: clv(HISTORY, *MODELS, discount=-0.1), ["discount is -0.1"]),
        (lambda: clv(HISTORY.drop(columns="repeat_value"), *MODELS), ["no column 'repeat_value'"]),
        (lambda: clv(HISTORY.assign(age_days=1), *MODELS), ["1 of 1 histories", "age of 1"]),
        (lambda: ltv_from_retention(1, 1.5), ["retention", "1.5"]),
        (lambda: ltv_from_retention(1, 0.5, periods=0), ["periods is 0"]),
        (lambda: ltv_from_retention(1, 0.5, discount=-1), ["discount", "-1"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
