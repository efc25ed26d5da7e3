"""Rates of small groups: what somebody who ranks creators or agents needs to be true."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opscourse.errors import ArgumentError
from opscourse.marketing import shrink_rates


def test_of_twenty_equal_creators_the_best_is_brought_back():
    # Q21, FL09: 20 creators who all convert 12% of 100 clicks; the best shows 18.4% on average.
    random = np.random.default_rng(1)
    samples = [random.binomial(100, 0.12, 20) for _ in range(400)]
    assert np.mean([sample.max() / 100 for sample in samples]) == pytest.approx(0.184, abs=0.004)
    best = [shrink_rates(sample, 100)["shrunken"].max() for sample in samples]
    assert np.mean(best) < 0.14


def test_shrunken_rates_are_nearer_to_the_truth_and_their_intervals_hold_it():
    random = np.random.default_rng(2)
    truth = random.beta(6, 44, 2000)
    n = random.integers(5, 200, 2000)
    rates = shrink_rates(random.binomial(n, truth), n)
    assert ((rates["shrunken"] - truth) ** 2).mean() < 0.6 * ((rates["rate"] - truth) ** 2).mean()
    assert rates["low"].le(truth).mul(rates["high"].ge(truth)).mean() == pytest.approx(0.95, abs=0.02)
    strength = (n * (1 - rates["weight"]) / rates["weight"]).mean()
    assert strength == pytest.approx(50, rel=0.15)


def test_by_hand():
    # Two groups of 10 with 2 and 8: m = 0.5, S = 1.8, rho = (1.8 / 0.25 - 1) / (20 - 10 - 1).
    rates = shrink_rates([2, 8], [10, 10])
    rho = 6.2 / 9
    weight = 10 / (10 + 1 / rho - 1)
    assert rates["weight"].tolist() == pytest.approx([weight] * 2)
    assert rates["shrunken"].tolist() == pytest.approx([0.5 - 0.3 * weight, 0.5 + 0.3 * weight])


GROUPS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=15).filter(
    lambda pairs: (
        sum(n + m > 0 for n, m in pairs) > 1
        and any(n + m > 1 for n, m in pairs)
        and any(n for n, _ in pairs)
        and any(m for _, m in pairs)
    )
)


@given(GROUPS, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_an_estimate_lies_between_the_own_rate_and_that_of_all(pairs, random):
    good, bad = map(np.array, zip(*pairs, strict=True))
    names = [f"creator {at}" for at in range(len(pairs))]
    x, n = pd.Series(good, names), pd.Series(good + bad, names)
    rates = shrink_rates(x, n)
    assert rates.index.tolist() == names
    m = good.sum() / (good + bad).sum()
    own = rates["rate"].fillna(m)
    assert rates["shrunken"].between(np.minimum(own, m) - 1e-9, np.maximum(own, m) + 1e-9).all()
    assert rates["weight"].between(0, 1).all()
    assert rates["rate"].isna().tolist() == (n == 0).tolist()
    assert not (rates["low"] > rates["high"]).any()
    order = random.sample(names, len(names))
    shuffled = shrink_rates(x[order], n[order]).loc[names]
    pd.testing.assert_frame_equal(shuffled, rates)


def test_groups_that_differ_by_chance_only_are_taken_as_equal_without_an_interval():
    rates = shrink_rates([5, 5, 5], [50, 50, 50])
    assert rates["shrunken"].tolist() == pytest.approx([0.1] * 3)
    assert rates[["low", "high"]].isna().all(axis=None)
    apart = shrink_rates([0, 50], [50, 50])
    assert apart["shrunken"].tolist() == pytest.approx([0, 1], abs=0.02)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: shrink_rates([5, 3], [4, 9]), ["1 of 2 groups", "5 of 4"]),
        (lambda: shrink_rates([0.5, 3], [4, 9]), ["1 of 2 groups", "0.5 of 4"]),
        (lambda: shrink_rates([np.nan, 3], [4, 9]), ["1 of 2 groups"]),
        (lambda: shrink_rates([-1, 3], [4, 9]), ["-1 of 4"]),
        (lambda: shrink_rates([3], [9]), ["1 groups with 3 successes of 9"]),
        (lambda: shrink_rates([0, 0], [4, 9]), ["0 successes"]),
        (lambda: shrink_rates([4, 9], [4, 9]), ["13 successes of 13"]),
        (lambda: shrink_rates([0, 1], [1, 1]), ["more than one"]),
        (lambda: shrink_rates([1, 2, 3], [4, 9]), ["successes 3, n 2"]),
        (lambda: shrink_rates([1, 2], [4, 9], confidence=95), ["confidence is 95"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
