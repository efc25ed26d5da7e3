"""Attention, averages and reach: what an editor needs to be true before comparing two platforms."""

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from opscourse.content import gini, lorenz, net_reach, platform_score, ratio_of_sums
from opscourse.errors import ArgumentError

AMOUNTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any)


def test_the_lorenz_curve_of_four_items_by_hand():
    curve = lorenz([6, 0, 1, 3])
    assert curve["items"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve["total"].tolist() == pytest.approx([0, 0, 0.1, 0.4, 1])
    assert gini([6, 0, 1, 3]) == pytest.approx(2 * (0.5 - (0 + 0.1 + 0.4 + 0.5) / 4))


def test_inequality_from_none_to_nearly_all():
    assert gini([7]) == 0
    assert gini([3, 3, 3, 3]) == 0
    assert gini([0] * 99 + [5]) == pytest.approx(0.99)


@given(AMOUNTS)
def test_the_gini_is_the_mean_difference_of_all_pairs(values):
    values = np.array(values, dtype=float)
    pairs = np.abs(values[:, None] - values[None, :]).mean()
    assert gini(values) == pytest.approx(pairs / (2 * values.mean()), abs=1e-12)
    area = np.trapezoid(lorenz(values)["total"], lorenz(values)["items"])
    assert gini(values) == pytest.approx(1 - 2 * area, abs=1e-12)


@given(AMOUNTS, st.floats(1e-3, 1e6), st.randoms(use_true_random=False))
def test_inequality_knows_neither_unit_nor_order_nor_size_of_the_set(values, scale, random):
    value = gini(values)
    assert 0 <= value < 1
    assert gini(random.sample(values, len(values))) == pytest.approx(value, abs=1e-12)
    assert gini(np.array(values) * scale) == pytest.approx(value, abs=1e-9)
    assert gini(values * 3) == pytest.approx(value, abs=1e-12)
    curve = lorenz(values)
    assert curve["total"].is_monotonic_increasing
    assert (curve["total"] <= curve["items"] + 1e-12).all()
    assert curve.iloc[-1].tolist() == [1, 1]


# Ten rows: three items on some days, on two platforms.
ROWS = pd.DataFrame(
    [
        ("dy", 1, 60, 6),
        ("dy", 1, 40, 14),
        ("dy", 2, 10, 9),
        ("dy", 2, 0, 0),
        ("dy", 3, 890, 91),
        ("wx", 1, 5, 1),
        ("wx", 1, 5, 1),
        ("wx", 2, 10, 6),
        ("wx", 3, 0, 0),
        ("zh", 3, 0, 0),
    ],
    columns=["platform", "content_id", "views", "completions"],
)


@pytest.mark.parametrize("kind", KINDS)
def test_two_averages_of_ten_rows_by_hand(kind):
    board = measured(
        kind,
        ratio_of_sums,
        ROWS,
        numerator_col="completions",
        denominator_col="views",
        by="platform",
        unit_col="content_id",
    )
    board = board.set_index("platform")
    assert board.loc["dy", ["units", "numerator", "denominator"]].tolist() == [3, 120, 1000]
    assert board.loc["dy", "ratio"] == 0.12
    assert board.loc["dy", "mean_of_ratios"] == pytest.approx((20 / 100 + 9 / 10 + 91 / 890) / 3)
    # Residuals 20 - 12, 9 - 1.2, 91 - 106.8; delta method with two degrees of freedom.
    residuals = np.array([8, 7.8, -15.8])
    half = stats.t.ppf(0.975, 2) * np.sqrt((residuals**2).sum() / 2 * 3) / 1000
    assert board.loc["dy", ["low", "high"]].tolist() == pytest.approx([0.12 - half, 0.12 + half])
    # The item without a view on wx is a unit of the sums, but has no ratio of its own.
    assert board.loc["wx", ["units", "ratio", "mean_of_ratios"]].tolist() == pytest.approx([3, 0.4, (0.2 + 0.6) / 2])
    assert board.loc["zh", ["ratio", "low", "high", "mean_of_ratios"]].isna().all()
    assert pd.api.types.is_integer_dtype(board["numerator"])


def test_without_groups_and_units_every_row_is_its_own():
    board = ratio_of_sums(ROWS, "completions", "views")
    assert board[["units", "numerator", "denominator"]].to_numpy().tolist() == [[10, 128, 1020]]
    same(ratio_of_sums(ROWS[::-1], "completions", "views"), board)
    alone = ratio_of_sums(ROWS[:1], "completions", "views")
    assert alone["ratio"].tolist() == [0.1]
    assert alone[["low", "high"]].isna().all(axis=None)


def test_several_columns_make_one_group_each():
    board = ratio_of_sums(ROWS, "completions", "views", by=["platform", "content_id"])
    assert len(board) == 7
    assert board["denominator"].sum() == 1020


def test_the_interval_holds_the_truth_as_often_as_it_says():
    random = np.random.default_rng(8)
    held = []
    for _ in range(100):
        views = random.poisson(random.lognormal(4, 1, 200)) + 1
        rate = random.beta(4, 6, 200)
        board = ratio_of_sums(pd.DataFrame({"views": views, "ends": random.binomial(views, rate)}), "ends", "views")
        held.append(board["low"][0] < 0.4 < board["high"][0])
    assert 0.88 < np.mean(held) < 0.995


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 1000)), min_size=2, max_size=20), st.floats(0.01, 100))
@settings(max_examples=25)
def test_a_ratio_lies_inside_its_interval_and_both_averages_between_the_extremes(pairs, scale):
    counts = pd.DataFrame(pairs, columns=["top", "below"])
    board = ratio_of_sums(counts, "top", "below").iloc[0]
    assert board.low <= board.ratio <= board.high
    ratios = counts["top"] / counts["below"]
    for value in (board.ratio, board.mean_of_ratios):
        assert ratios.min() - 1e-12 <= value <= ratios.max() + 1e-12
    scaled = ratio_of_sums(counts * scale, "top", "below").iloc[0]
    names = ["ratio", "low", "high", "mean_of_ratios"]
    assert scaled[names].tolist() == pytest.approx(board[names].tolist(), rel=1e-6, abs=1e-9)


ITEMS = pd.DataFrame({"content_id": [1, 2, 3, 4], "completion": [0.2, 0.6, 0.4, 0.4], "saves": [0.02, 0.01, 0.0, 0.03]})


@pytest.mark.parametrize("kind", KINDS)
def test_the_score_of_four_items_by_hand(kind):
    # Places: completion 1/8, 7/8, and the two equal ones 1/2; saves 5/8, 3/8, 1/8, 7/8.
    scored = measured(kind, platform_score, ITEMS, weights={"completion": 3, "saves": 1}).set_index("content_id")
    assert scored["score"].sort_index().tolist() == pytest.approx([0.25, 0.75, 0.40625, 0.59375])
    rated = measured(kind, platform_score, ITEMS, weights={"completion": 3, "saves": 1}, scale="rate").set_index("content_id")
    assert rated["score"].sort_index().tolist() == pytest.approx([0.155, 0.4525, 0.3, 0.3075])


def test_by_rank_a_change_of_unit_changes_no_score():
    weights = {"completion": 1, "saves": 5}
    percent = ITEMS.assign(saves=100 * ITEMS.saves)
    assert platform_score(percent, weights)["score"].tolist() == platform_score(ITEMS, weights)["score"].tolist()
    assert platform_score(percent, weights, "rate")["score"].rank().tolist() != (
        platform_score(ITEMS, {"completion": 5, "saves": 1}, "rate")["score"].rank().tolist()
    )


def test_net_reach_by_hand_and_by_counting_people():
    assert net_reach([400, 400, 100], 1000).tolist() == pytest.approx([400, 640, 676])
    random = np.random.default_rng(9)
    people = random.random((3, 200_000)) < np.array([[0.4], [0.4], [0.1]])
    assert people.any(axis=0).mean() == pytest.approx(0.676, abs=0.005)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=10))
def test_more_accounts_never_reach_fewer_nor_more_than_there_are(reach):
    net = net_reach(reach, 1000)
    assert (np.diff(net) >= -1e-9).all()
    assert max(reach) - 1e-9 <= net[-1] <= min(1000, sum(reach)) + 1e-9
    assert net[-1] == pytest.approx(net_reach(reach[::-1], 1000)[-1])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: gini([]), ["0 values"]),
        (lambda: gini([0, 0]), ["sum of 0"]),
        (lambda: gini([1, -1]), ["values", "1 of 2", "-1"]),
        (lambda: lorenz([1, None]), ["values", "nan"]),
        (lambda: lorenz(["a"]), ["values", "not a number"]),
        (lambda: ratio_of_sums(ROWS, "ends", "views"), ["no column 'ends'"]),
        (lambda: ratio_of_sums(ROWS, "completions", "views", by="rate"), ["no column 'rate'"]),
        (lambda: ratio_of_sums(ROWS.rename(columns={"platform": "units"}), "completions", "views", by="units"), ["'units'"]),
        (lambda: ratio_of_sums(ROWS, "platform", "views"), ["'platform'", "not numbers"]),
        (lambda: ratio_of_sums(ROWS.assign(views=-1), "completions", "views"), ["'views'", "-1"]),
        (lambda: ratio_of_sums(ROWS, "completions", "views", confidence=1), ["confidence is 1"]),
        (lambda: ratio_of_sums(ROWS[:0], "completions", "views"), ["no rows"]),
        (lambda: platform_score(ITEMS, {}), ["weights is {}"]),
        (lambda: platform_score(ITEMS, {"saves": -1, "completion": 2}), ["none below 0"]),
        (lambda: platform_score(ITEMS, {"danmu": 1}), ["no column 'danmu'"]),
        (lambda: platform_score(ITEMS, {"saves": 1}, "log"), ["scale is 'log'"]),
        (lambda: platform_score(ITEMS.assign(saves=[0.1, None, 0, 0]), {"saves": 1}), ["'saves'", "1 of 4"]),
        (lambda: net_reach([], 10), ["reach is empty"]),
        (lambda: net_reach([11], 10), ["audience is 10", "11"]),
        (lambda: net_reach([-1], 10), ["reach", "-1"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
