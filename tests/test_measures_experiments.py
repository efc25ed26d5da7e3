"""A/B tests: what somebody who decides on one needs to be true."""

import math

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import (
    power_proportions_2indep,
    proportion_effectsize,
    proportions_chisquare,
    samplesize_proportions_2indep_onetail,
)

from opscourse import load, truth
from opscourse.errors import ArgumentError
from opscourse.experiments import (
    beta_binomial,
    cuped,
    detectable,
    peeking,
    ratio_metric,
    sequential_interval,
    srm,
)
from opscourse.sequential import _ever_beyond, _mixture_bound


def users(seed=1, per_arm=400, arms=("control", "new", "old")):
    """Users in arms, with sessions, orders that depend on them, and the same of the weeks before."""
    random = np.random.default_rng(seed)
    n = per_arm * len(arms)
    keen = random.gamma(2, 1, n)
    sessions = 1 + random.poisson(2 * keen)
    return pd.DataFrame(
        {
            "user_id": np.arange(n),
            "arm": np.resize(arms, n),
            "sessions": sessions,
            "orders": random.binomial(sessions, np.clip(0.1 * keen, 0, 1)),
            "before": random.poisson(keen),
        }
    ).sample(frac=1, random_state=seed)


def test_a_mismatch_by_hand():
    # 60 instead of 50 and 40 instead of 50: 100 / 50 + 100 / 50.
    assert srm([60, 40]) == pytest.approx((4.0, stats.chi2.sf(4.0, 1)))
    assert srm([20, 60, 20], planned=[1, 2, 1]) == pytest.approx((4.0, stats.chi2.sf(4.0, 2)))
    counts = pd.Series({"b": 47, "a": 53})
    assert srm(counts, planned={"a": 0.53, "b": 0.47}) == pytest.approx((0, 1))


def test_of_the_24_tests_of_the_company_only_the_planted_one_has_a_mismatch():
    assignments, planned = load("assignments"), truth("experiments").set_index(["exp_id", "arm"])["planned"]
    suspicious = [
        exp_id
        for exp_id, rows in assignments.groupby("exp_id")
        if srm(rows["arm"].value_counts(), planned.loc[exp_id])[1] < 0.001
    ]
    real = truth("experiments").query("planned != real")["exp_id"].unique()
    assert suspicious == real.tolist()
    assert len(real) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_adjusted_comparison_is_welchs_test_of_the_residuals(kind):
    table = users()
    answer = measured(kind, cuped, table, metric_col="orders", covariate_col="before")
    assert answer["arm"].tolist() == ["new", "old"]
    for row in answer.itertuples():
        pair = table[table["arm"].isin(["control", row.arm])]
        theta = np.cov(pair["orders"], pair["before"])[0, 1] / pair["before"].var()
        left = pair["orders"] - theta * (pair["before"] - pair["before"].mean())
        treated, rest = left[pair["arm"] == row.arm], left[pair["arm"] == "control"]
        welch = stats.ttest_ind(treated, rest, equal_var=False)
        low, high = welch.confidence_interval()
        expected = (800, rest.mean(), treated.mean(), treated.mean() - rest.mean(), low, high, welch.pvalue)
        found = (row.units, row.control, row.treatment, row.difference, row.low, row.high, row.p_value)
        assert found == pytest.approx(expected, rel=1e-9)
        assert row.difference / row.standard_error == pytest.approx(welch.statistic)
        raw = stats.ttest_ind(*(pair["orders"][pair["arm"] == arm] for arm in (row.arm, "control")), equal_var=False)
        raw_error = np.ptp(raw.confidence_interval()) / stats.t.ppf(0.975, raw.df) / 2
        assert 1 - row.variance_removed == pytest.approx((row.standard_error / raw_error) ** 2)


def test_tea_tasting_says_the_same():
    # tea-tasting 1.14.0 on this table: Mean("orders", "before"), RatioOfMeans("orders", "sessions"), SampleRatio(method="norm",
    # correction=False), each analysed by "variant".
    at = np.arange(60)
    table = pd.DataFrame({"variant": (at % 3 > 0).astype(int), "sessions": 1 + at * 7 % 5, "orders": at * at % 7 % 3})
    table["before"] = at * 5 % 4 + table["orders"]
    columns = ["control", "treatment", "difference", "low", "high", "p_value"]
    found = [
        measure(table, "orders", second, arm_col="variant", control=0)[columns].iloc[0].tolist()
        for measure, second in ((cuped, "before"), (ratio_metric, "sessions"))
    ]
    adjusted = (1.1087895951332076, 1.1456052024333963, 0.036815607300188624)
    rate = (0.3666666666666667, 0.3833333333333333, 0.016666666666666607)
    assert found[0] == pytest.approx((*adjusted, -0.25413631397787834, 0.3277675285782556, 0.7997779846591205), rel=1e-9)
    assert found[1] == pytest.approx((*rate, -0.14393994079430167, 0.17727327412763488, 0.8346113351702809), rel=1e-9)
    assert srm(table["variant"].value_counts())[1] == pytest.approx(0.009823274507519249, rel=1e-9)


def test_variance_is_removed_by_the_squared_correlation_and_the_effect_stays():
    random = np.random.default_rng(4)
    before = random.normal(size=200_000)
    table = pd.DataFrame({"arm": np.resize(["control", "new"], before.size), "before": before})
    table["minutes"] = 30 + 3 * before + 4 * random.normal(size=before.size) + 0.1 * (table["arm"] == "new")
    row = cuped(table, "minutes", "before").iloc[0]
    assert row.variance_removed == pytest.approx((3 / 5) ** 2, abs=0.01)
    assert row.low < 0.1 < row.high
    useless = cuped(table.assign(before=random.normal(size=before.size)), "minutes", "before").iloc[0]
    assert abs(useless.variance_removed) < 1e-3


@given(st.floats(0.01, 100), st.floats(-1e6, 1e6), st.floats(0.01, 100), st.floats(-1e6, 1e6))
@settings(max_examples=20)
def test_units_and_origins_of_metric_and_covariate_do_not_matter(scale, shift, past_scale, past_shift):
    table, columns = users(), ["difference", "standard_error", "low", "high"]
    plain = cuped(table, "orders", "before")
    moved = table.assign(orders=table["orders"] * scale + shift, before=table["before"] * past_scale + past_shift)
    answer = cuped(moved, "orders", "before")
    np.testing.assert_allclose(answer[columns], plain[columns] * scale, rtol=1e-5, atol=1e-7 * scale)
    np.testing.assert_allclose(answer[["control", "treatment"]], plain[["control", "treatment"]] * scale + shift, rtol=1e-6)
    np.testing.assert_allclose(answer[["p_value", "variance_removed"]], plain[["p_value", "variance_removed"]], rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_ratio_is_compared_over_users_by_the_delta_method(kind):
    table = users()
    answer = measured(kind, ratio_metric, table, numerator_col="orders", denominator_col="sessions")
    assert answer["arm"].tolist() == ["new", "old"]
    for row in answer.itertuples():
        parts = []
        for arm in (row.arm, "control"):
            own = table[table["arm"] == arm]
            value = own["orders"].sum() / own["sessions"].sum()
            linear = (own["orders"] - value * own["sessions"]) / own["sessions"].mean()
            parts += [value, linear.std(), len(own)]
        welch = stats.ttest_ind_from_stats(*parts, equal_var=False)
        assert (row.treatment, row.control, row.p_value) == pytest.approx((parts[0], parts[3], welch.pvalue), rel=1e-9)
        assert row.difference / row.standard_error == pytest.approx(welch.statistic)
        assert row.low + row.high == pytest.approx(2 * row.difference)


@pytest.mark.parametrize("kind", KINDS)
def test_sessions_of_a_user_are_added_up_first(kind):
    table = users(per_arm=60)
    sessions = table.loc[table.index.repeat(table["sessions"])].assign(one=1)
    place = sessions.groupby("user_id").cumcount()
    sessions["ordered"] = (place < sessions["orders"]).astype(int)
    answer = measured(kind, ratio_metric, sessions, numerator_col="ordered", denominator_col="one", unit_col="user_id")
    same(answer, ratio_metric(table, "orders", "sessions"))
    naive = ratio_metric(sessions, "ordered", "one")
    assert (naive["standard_error"] < 0.9 * answer["standard_error"]).all()


def test_the_standard_error_of_a_ratio_is_how_much_it_really_varies():
    arms = [f"arm {at}" for at in range(400)]
    answer = ratio_metric(users(per_arm=200, arms=arms), "orders", "sessions", control="arm 0")
    assert answer["treatment"].std() * math.sqrt(2) == pytest.approx(answer["standard_error"].mean(), rel=0.15)


@pytest.mark.parametrize("measure", [cuped, ratio_metric])
def test_huge_numbers_do_not_overflow_and_constant_ones_have_no_error(measure):
    table = users(per_arm=50)
    plain, huge = (measure(t, "orders", "sessions") for t in (table, table.assign(orders=table["orders"] * 1e250)))
    np.testing.assert_allclose(huge["difference"], plain["difference"] * 1e250, rtol=1e-9)
    np.testing.assert_allclose(huge["p_value"], plain["p_value"], rtol=1e-9)
    constant = measure(table.assign(orders=2, sessions=4), "orders", "sessions")
    assert (constant[["difference", "standard_error"]] == 0).all(axis=None)
    assert constant[["low", "high", "p_value"]].isna().all(axis=None)


good = st.tuples(st.sampled_from(["control", "new", "old"]), st.floats(-100, 100), st.sampled_from([0.0, 1.0, 7.0, 1e300]))
bad = st.sampled_from([(None, 1.0, 1.0), ("new", math.inf, 1.0), ("new", 1.0, math.nan), ("old", 1.0, -1.0)])


@given(st.lists(good, max_size=12), st.lists(bad, max_size=1))
@settings(max_examples=40, derandomize=True)
def test_whatever_the_table_every_engine_gives_the_same_numbers_or_says_why_not(rows, wrong):
    table = pd.DataFrame(rows + wrong, columns=["arm", "orders", "sessions"]).astype(
        {"arm": object, "orders": float, "sessions": float}
    )
    for measure, second in ((cuped, "covariate_col"), (ratio_metric, "denominator_col")):
        columns = {"metric_col" if measure is cuped else "numerator_col": "orders", second: "sessions"}
        answers = []
        for kind in KINDS:
            try:
                answers.append(measured(kind, measure, table, **columns))
            except ArgumentError as error:
                answers.append(str(error).split(",")[0])
        for answer in answers[1:]:
            if isinstance(answer, str):
                assert answer == answers[0]
            else:
                found, first = (table.iloc[:, 1:].astype(float) for table in (answer, answers[0]))
                np.testing.assert_allclose(found, first, rtol=1e-6, atol=1e-9 * max(first.abs().max(axis=None), 1))


def test_arms_may_be_numbers_and_the_control_any_of_them():
    table = users(arms=(0, 1))
    forth, back = (ratio_metric(table, "orders", "sessions", control=arm).iloc[0] for arm in (0, 1))
    assert (forth.arm, back.arm) == (1, 0)
    assert forth.difference == pytest.approx(-back.difference)
    assert forth.p_value == pytest.approx(back.p_value)


def test_always_valid_intervals_are_those_of_growthbook():
    # packages/stats/tests/frequentist/test_tests.py of GrowthBook, rounded there to 5 decimals.
    low, high = sequential_interval(0.50336, 0.33341, n=6461, tuned_for=1000)
    assert (low, high) == pytest.approx((-0.55844, 1.56516), abs=3e-5)
    low, high = sequential_interval(0.50386, 0.03386, n=6461, tuned_for=5000)
    assert (low, high) == pytest.approx((0.40098, 0.60675), abs=3e-5)


def test_two_hundred_looks_leave_the_always_valid_interval_below_its_error_and_the_usual_one_far_above():
    looks = np.arange(1, 201)
    for tuned_for in (20, 200):
        assert 0.01 < _ever_beyond(looks, _mixture_bound(looks / tuned_for, 0.05)) < 0.05
    assert peeking(200) > 0.4


def test_the_always_valid_interval_is_nearest_to_the_usual_one_where_it_is_tuned_for():
    n = pd.Series(np.arange(100, 5000, 100), name="users")
    low, high = sequential_interval(0 * n, 1.0, n, tuned_for=2000)
    assert isinstance(low, pd.Series)
    assert low.tolist() == (-high).tolist()
    assert n[high.idxmin()] == pytest.approx(2000, rel=0.15)
    usual = stats.norm.ppf(0.975)
    assert 1.4 < high.min() / usual < 1.6


def test_looking_several_times_costs_what_the_tables_say():
    # Armitage, McPherson and Rowe (1969), table 2.
    published = {1: 0.050, 2: 0.083, 3: 0.107, 4: 0.126, 5: 0.142, 10: 0.193, 20: 0.248, 50: 0.320, 100: 0.374, 1000: 0.530}
    for looks, share in published.items():
        assert peeking(looks) == pytest.approx(share, abs=6e-4)
    # Pocock (1977): nominal levels that keep 5%.
    for looks, level in {2: 0.0294, 5: 0.0158, 10: 0.0106}.items():
        assert optimize.brentq(lambda alpha, k=looks: peeking(k, alpha) - 0.05, 1e-4, 0.05) == pytest.approx(level, abs=6e-5)


def test_seven_daily_looks_find_a_sixth_of_all_tests_without_an_effect_significant():
    # Q07: 16.6% of 20,000 simulated tests; here with visitors who convert, seven days of 400 in each arm.
    assert peeking(7) == pytest.approx(0.166, abs=5e-4)
    random = np.random.default_rng(7)
    orders = random.binomial(400, 0.1, (2, 20_000, 7)).cumsum(axis=2)
    n = 400 * np.arange(1, 8)
    pooled = orders.sum(axis=0) / (2 * n)
    z = (orders[1] - orders[0]) / n / np.sqrt(pooled * (1 - pooled) * 2 / n)
    stopped = (np.abs(z) > stats.norm.ppf(0.975)).any(axis=1).mean()
    assert stopped == pytest.approx(peeking(7), abs=0.01)


@given(st.floats(0.05, 0.95), st.floats(0.001, 0.5))
@settings(max_examples=20)
def test_two_looks_are_a_bivariate_normal(first, alpha):
    bound, correlation = stats.norm.isf(alpha / 2), math.sqrt(first)
    inside = stats.multivariate_normal(cov=[[1, correlation], [correlation, 1]])
    never = inside.cdf([bound, bound], lower_limit=[-bound, -bound])
    assert peeking([first, 1.0], alpha) == pytest.approx(1 - never, abs=1e-5)
    assert peeking([first * 800, 800], alpha) == pytest.approx(peeking([first, 1.0], alpha), abs=1e-9)


def better_by_sum(k0, n0, k1, n1):
    """Probability that the treatment is better with the prior (1, 1): the finite sum of Miller (2015)."""
    a0, b0, a1, b1 = k0 + 1, n0 - k0 + 1, k1 + 1, n1 - k1 + 1
    i = np.arange(a1)
    return np.exp(special.betaln(a0 + i, b0 + b1) - np.log(b1 + i) - special.betaln(1 + i, b1) - special.betaln(a0, b0)).sum()


@given(st.data(), st.integers(1, 3000), st.integers(1, 3000))
@settings(max_examples=25)
def test_the_probability_to_be_better_is_that_of_the_exact_sum(data, n0, n1):
    k0, k1 = data.draw(st.integers(0, n0)), data.draw(st.integers(0, n1))
    result, mirrored = beta_binomial([k0, k1], [n0, n1]), beta_binomial([k1, k0], [n1, n0])
    assert result.better == pytest.approx(better_by_sum(k0, n0, k1, n1), abs=1e-9)
    assert result.better + mirrored.better == pytest.approx(1, abs=1e-9)
    assert result.low == pytest.approx(-mirrored.high, abs=1e-7)
    assert mirrored.loss - result.loss == pytest.approx(result.difference, abs=1e-9)  # E(x+) - E(x-) = E(x)
    assert result.low < result.high
    assert result.loss >= 0


def test_loss_and_interval_are_the_double_integral():
    result = beta_binomial([8, 14], [40, 50], prior=(0.5, 0.5), confidence=0.9)
    control, treatment = stats.beta(8.5, 32.5), stats.beta(14.5, 36.5)

    def integral(weight, low, high):
        return integrate.dblquad(lambda y, x: weight(x, y) * control.pdf(x) * treatment.pdf(y), 0, 1, low, high)[0]

    assert result.loss == pytest.approx(integral(lambda x, y: x - y, 0, lambda x: x), abs=1e-7)
    assert result.better == pytest.approx(integral(lambda x, y: 1, lambda x: x, 1), abs=1e-7)
    for bound, below in ((result.low, 0.05), (result.high, 0.95)):
        share = integral(lambda x, y: 1, 0, lambda x, d=bound: min(max(x + d, 0), 1))
        assert share == pytest.approx(below, abs=1e-7)


def test_arms_of_very_different_size_are_compared_as_well():
    result = beta_binomial([5, 1_000_000], [10, 2_000_000])
    assert result.better == pytest.approx(stats.beta(6, 6).cdf(0.5), abs=1e-6)
    assert beta_binomial([0, 0], [0, 0]).better == pytest.approx(0.5, abs=1e-12)
    assert beta_binomial([0, 10**6], [10**6, 10**6]).better == pytest.approx(1, abs=1e-12)


def test_units_for_a_test_differ_by_the_formula_and_ours_is_the_pooled_one():
    # Q06: 30 to 33%, 10 to 11%, 5 to 5.5%, 2 to 2.4%.
    needed = {(0.30, 0.03): 3_760, (0.10, 0.01): 14_750, (0.05, 0.005): 31_200, (0.02, 0.004): 21_100}
    for (rate, rise), n in needed.items():
        exact = samplesize_proportions_2indep_onetail(rise, rate, 0.8, alternative="two-sided")
        assert exact == pytest.approx(n, rel=2e-3)
        assert detectable(rate, exact) == pytest.approx(rise, rel=1e-4)
    pooled = samplesize_proportions_2indep_onetail(0.01, 0.10, 0.8, alternative="two-sided")
    arcsine = NormalIndPower().solve_power(proportion_effectsize(0.11, 0.10), alpha=0.05, power=0.8)
    spread = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) ** 2 / 0.01**2
    unpooled, short = spread * (0.1 * 0.9 + 0.11 * 0.89), spread * 2 * 0.1 * 0.9
    assert [math.ceil(n) for n in (pooled, arcsine, unpooled, short)] == [14_751, 14_745, 14_749, 14_128]


def test_a_thousand_an_arm_is_enough_only_for_a_large_rise_of_a_common_event():
    # Q06: with 1,000 an arm, 20% at a base of 30%, 41% at 10%, 62% at 5%, 108% at 2%.
    base = pd.Series([0.30, 0.10, 0.05, 0.02])
    assert (detectable(base, 1000) / base).round(2).tolist() == pytest.approx([0.20, 0.41, 0.62, 1.08], abs=0.0101)
    power = [power_proportions_2indep(0.2 * rate, rate, 1000).power for rate in base]
    assert power == pytest.approx([0.82, 0.30, 0.17, 0.09], abs=0.012)
    assert math.isnan(detectable(0.99, 20))


def test_the_detectable_rise_is_found_as_often_as_said():
    rate, n = 0.1, 2000
    rise = detectable(rate, n, power=0.7, alpha=0.1)
    random = np.random.default_rng(11)
    orders = random.binomial(n, [[rate], [rate + rise]], (2, 4000))
    found = [proportions_chisquare(pair, [n, n])[1] < 0.1 for pair in orders.T[:1000]]
    assert np.mean(found) == pytest.approx(0.7, abs=0.06)


TABLE = users(per_arm=5)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: srm([10]), ["1 arms"]),
        (lambda: srm([0, 0]), ["0 units"]),
        (lambda: srm([5, -1]), ["units", "-1"]),
        (lambda: srm({"a": 5, "b": 5}, planned={"a": 1, "c": 1}), ["['a', 'b']", "['a', 'c']"]),
        (lambda: srm([5, 5], planned=[1, 0]), ["above 0"]),
        (lambda: srm(["many", "few"]), ["units", "not a number"]),
        (lambda: srm(TABLE), ["units is a DataFrame"]),
        (lambda: cuped(TABLE, "orders", "befor"), ["no column 'befor'", "'before'"]),
        (lambda: cuped(TABLE.assign(before=None), "orders", "before"), ["'before'"]),
        (lambda: cuped(TABLE.assign(orders=np.inf), "orders", "before"), ["'orders'", "15 of 15"]),
        (lambda: cuped(TABLE, "orders", "before", control="kontrol"), ["'kontrol'", "'control'"]),
        (lambda: cuped(TABLE[TABLE["arm"] == "new"], "orders", "before", control="new"), ["one other arm"]),
        (lambda: cuped(TABLE.rename(columns={"arm": "low"}), "orders", "before", arm_col="low"), ["'low'"]),
        (lambda: cuped(TABLE, "orders", "before", confidence=95), ["confidence is 95"]),
        (lambda: cuped(TABLE[:0], "orders", "before"), ["no rows"]),
        (lambda: cuped(TABLE.drop_duplicates("arm"), "orders", "before"), ["one unit only"]),
        (lambda: cuped(TABLE.assign(arm=[None, *TABLE["arm"][1:]]), "orders", "before"), ["'arm'", "1 of 15"]),
        (lambda: ratio_metric(TABLE, "arm", "sessions"), ["'arm'", "not numbers"]),
        (lambda: ratio_metric(TABLE.assign(sessions=-1), "orders", "sessions"), ["'sessions'", "-1"]),
        (
            lambda: ratio_metric(TABLE.assign(user_id=1), "orders", "sessions", unit_col="user_id"),
            ["1 units", "one arm", "user_id 1"],
        ),
        (lambda: sequential_interval(1, -1, 10, tuned_for=10), ["standard_error", "-1"]),
        (lambda: sequential_interval(1, 1, 0, tuned_for=10), ["n must be", "0"]),
        (lambda: sequential_interval(1, 1, 10, tuned_for=0), ["tuned_for", "0"]),
        (lambda: sequential_interval([1, 2], 1, [1, 2, 3], tuned_for=9), ["difference 2", "n 3"]),
        (lambda: sequential_interval(1, 1, 10, tuned_for=10, confidence=1.0), ["confidence is 1.0"]),
        (lambda: peeking(0), ["looks is 0"]),
        (lambda: peeking(1001), ["1001", "1 to 1,000"]),
        (lambda: peeking(7.0), ["looks is 7.0"]),
        (lambda: peeking([]), ["looks is []"]),
        (lambda: peeking([2, 1]), ["growing"]),
        (lambda: peeking([1, math.nan]), ["looks", "nan"]),
        (lambda: peeking([10**8, 10**8 + 1]), ["nearly the same"]),
        (lambda: peeking(7, alpha=0), ["alpha is 0"]),
        (lambda: beta_binomial([1, 2], [10]), ["two numbers each"]),
        (lambda: beta_binomial([11, 2], [10, 10]), ["from 0 to n"]),
        (lambda: beta_binomial([-1, 2], [10, 10]), ["successes", "-1"]),
        (lambda: beta_binomial([1, 2], [10, 10], prior=(0, 1)), ["at least 0.1"]),
        (lambda: beta_binomial([1, 2], [10, math.inf]), ["n must", "inf"]),
        (lambda: detectable(0, 1000), ["rate", "0"]),
        (lambda: detectable([0.1, 1.0], 1000), ["rate", "1 of 2"]),
        (lambda: detectable(0.1, 0), ["n must", "0"]),
        (lambda: detectable(0.1, 100, power=0.04), ["power 0.04"]),
        (lambda: detectable(0.1, 100, power="high"), ["power is 'high'"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
