"""Priorities, experience and published rates: what a product manager needs to be true before arguing with them."""

import itertools
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st

from opscourse.errors import ArgumentError
from opscourse.product import common_denominators, experience_index, priority

RULES = ("additive", "multiplicative", "lexicographic")
ALL = np.array(list(itertools.product((1, 2, 3), repeat=3)))


def test_three_rules_by_hand():
    scope, severity, fixability = [3, 1, 2], [1, 3, 2], [1, 3, 2]
    assert priority(scope, severity, fixability).tolist() == [5, 7, 6]
    assert priority(scope, severity, fixability, "multiplicative").tolist() == [3, 9, 8]
    assert priority(scope, severity, fixability, "lexicographic").tolist() == [311, 133, 222]
    assert priority(2, 2, 3) == 7


@pytest.mark.parametrize("rule", RULES)
def test_worse_in_one_respect_and_equal_in_the_others_is_never_fixed_later(rule):
    score = priority(*ALL.T, rule)
    for one, other in itertools.permutations(range(len(ALL)), 2):
        if (ALL[one] >= ALL[other]).all():
            assert score[one] > score[other]


def test_the_first_factor_decides_under_the_lexicographic_rule():
    order = np.argsort(priority(*ALL.T, "lexicographic"))
    assert ALL[order].tolist() == sorted(ALL.tolist())


def test_priorities_keep_the_index_of_the_table():
    points = pd.DataFrame(ALL, columns=["scope", "severity", "fixability"], index=range(100, 127))
    answer = priority(points.scope, points.severity, points.fixability)
    assert answer.index.equals(points.index)
    assert answer.dtype.kind == "i"


POINTS = pd.DataFrame(
    {
        "stage": ["use", "use", "billing", "use", "billing"],
        "score": [80.0, 60.0, 90.0, 40.0, 70.0],
        "weight": [0.5, 0.25, 3.0, 0.25, 1.0],
    }
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_index_of_five_touchpoints_by_hand(kind):
    answer = measured(kind, experience_index, POINTS, stage_weights={"use": 35, "billing": 15})
    assert answer.to_numpy().tolist() == [["billing", 2, 85.0, 0.3, 25.5], ["use", 3, 65.0, 0.7, pytest.approx(45.5)]]


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(0.1, 10))
@settings(max_examples=20)
def test_only_the_proportions_of_weights_matter_and_parts_add_up(use, billing, scale):
    answer = experience_index(POINTS, {"use": use, "billing": billing, "never met": 9})
    scaled = experience_index(POINTS.assign(weight=POINTS.weight * scale), {"use": use * scale, "billing": billing * scale})
    pd.testing.assert_frame_equal(answer, scaled)
    assert answer["share"].sum() == pytest.approx(1)
    whole = answer["contribution"].sum()
    assert answer["index"].min() - 1e-9 <= whole <= answer["index"].max() + 1e-9


def test_without_stage_weights_every_stage_is_the_same():
    assert experience_index(POINTS)["contribution"].sum() == pytest.approx((85 + 65) / 2)
    same(experience_index(POINTS[::-1]), experience_index(POINTS))


def test_the_published_pass_rates_can_come_from_92_probes_and_for_long_only_from_multiples_of_it():
    # Q30: 88.04% and 97.83%.
    possible = common_denominators([88.04, 97.83], up_to=1100)
    assert possible == [92, 184, 276, 368, 460, 552, 644, 736, 828, 920, 1012, 1062]
    assert [round(100 * k / 1062, 2) for k in (935, 1039)] == [88.04, 97.83]


def test_the_published_complaint_shares_have_no_small_denominator_in_common():
    # Q31: 32.14% and 15.09%; the smallest fractions are 9/28 and 8/53.
    assert common_denominators(32.14)[0] == 28
    assert common_denominators(15.09)[0] == 53
    assert common_denominators([32.14, 15.09], up_to=200) == []


@given(st.lists(st.integers(0, 10**4), min_size=1, max_size=2), st.integers(0, 3))
@settings(max_examples=60)
def test_exactly_the_numbers_that_round_to_the_figure_are_possible(parts, decimals):
    digit = Decimal(1).scaleb(-decimals)
    printed = [(Decimal(part) / 100).quantize(digit) for part in parts]

    def reachable(n, figure):
        rates = (Decimal(100 * k) / n for k in range(n + 1))
        return any(figure in (rate.quantize(digit, ROUND_HALF_UP), rate.quantize(digit, ROUND_HALF_EVEN)) for rate in rates)

    expected = [n for n in range(1, 41) if all(reachable(n, figure) for figure in printed)]
    possible = common_denominators([float(figure) for figure in printed], decimals, up_to=40)
    # A tie may also be rounded down: then the figure below is possible as well.
    ties = [n for n in range(1, 41) if any(200 * 10**decimals * k % (2 * n) == n for k in range(n))]
    assert set(expected) <= set(possible)
    assert set(possible) - set(expected) <= set(ties)


@given(st.integers(1, 300), st.data())
def test_the_true_number_of_cases_is_always_among_the_possible_ones(n, data):
    k = data.draw(st.integers(0, n))
    assert n in common_denominators(round(100 * k / n, 2), up_to=300)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: priority(1, 2, 4), ["fixability must be 1, 2 or 3", "for example 4"]),
        (lambda: priority([1, 2.5], 2, 1), ["scope", "1 of 2", "2.5"]),
        (lambda: priority([1, None], 2, 1), ["scope", "nan"]),
        (lambda: priority(1, 2, 3, "best"), ["rule is 'best'", "'additive'"]),
        (lambda: experience_index(POINTS, {"use": 1}), ["no weight for ['billing']"]),
        (lambda: experience_index(POINTS, {"use": 0, "billing": 0}), ["stage_weights", "one positive weight"]),
        (lambda: experience_index(POINTS, {"use": -1, "billing": 3}), ["stage_weights", "-1", "none below 0"]),
        (lambda: experience_index(POINTS.assign(weight=0.0)), ["must not sum to 0"]),
        (lambda: experience_index(POINTS.assign(weight=-1.0)), ["'weight'", "-1"]),
        (lambda: experience_index(POINTS.rename(columns={"stage": "share"}), stage_col="share"), ["'share'"]),
        (lambda: common_denominators([0.8804]), ["0.8804", "as printed"]),
        (lambda: common_denominators([101]), ["101", "0 to 100"]),
        (lambda: common_denominators([float("nan")]), ["nan"]),
        (lambda: common_denominators("88.04%"), ["88.04%", "not a number"]),
        (lambda: common_denominators([]), ["empty"]),
        (lambda: common_denominators([88.04], decimals=-1), ["decimals is -1"]),
        (lambda: common_denominators([88.04], up_to=0), ["up_to is 0"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
