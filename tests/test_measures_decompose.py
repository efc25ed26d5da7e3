"""Why a number moved: what somebody who explains it to others needs to be true."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st

from opscourse.decompose import decompose, mix_effects
from opscourse.errors import ArgumentError


def log_mean(a, b):
    return a if a == b else (b - a) / math.log(b / a)


def test_three_rules_by_hand():
    added = decompose({"new": 10, "returning": -3}, {"returning": 5, "new": 4}, "additive")
    assert added.to_numpy().tolist() == [["new", 10, 4, -6], ["returning", -3, 5, 8]]
    # Twice the visitors and the same basket: all of 100 is theirs. Twice and twice: half of 300 each.
    assert decompose({"v": 10, "b": 10}, {"v": 20, "b": 10})["contribution"].tolist() == pytest.approx([100, 0])
    assert decompose({"v": 10, "b": 10}, {"v": 20, "b": 20})["contribution"].tolist() == pytest.approx([150, 150])
    share = decompose({"quality": 9, "all": 28}, {"quality": 8, "all": 53}, "ratio")
    weight = log_mean(9 / 28, 8 / 53)
    expected = [weight * math.log(8 / 9), weight * math.log(28 / 53)]
    assert share["contribution"].tolist() == pytest.approx(expected)
    assert share["part"].tolist() == ["quality", "all"]


@given(st.lists(st.tuples(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6)), min_size=1, max_size=5))
@settings(max_examples=100)
def test_contributions_add_up_have_the_sign_of_their_part_and_know_no_order(parts):
    before, after = ({f"p{at}": part[period] for at, part in enumerate(parts)} for period in (0, 1))
    answer = decompose(before, after)
    change = math.prod(after.values()) - math.prod(before.values())
    size = max(math.prod(after.values()), math.prod(before.values()), answer["contribution"].abs().max())
    assert answer["contribution"].sum() == pytest.approx(change, abs=1e-11 * size)
    assert (np.sign(answer["contribution"]) == np.sign(np.log(answer["after"] / answer["before"]))).all()
    turned = decompose(dict(reversed(before.items())), after)
    assert turned["contribution"].tolist()[::-1] == pytest.approx(answer["contribution"].tolist(), rel=1e-9, abs=1e-12 * size)
    back = decompose(after, before)
    np.testing.assert_allclose(back["contribution"], -answer["contribution"], rtol=1e-9, atol=1e-12 * size)


@given(*(st.floats(1e-3, 1e6) for _ in range(4)))
def test_a_ratio_adds_up_and_so_does_a_sum(a, b, c, d):
    ratio = decompose({"top": a, "below": b}, {"top": c, "below": d}, "ratio")["contribution"]
    assert ratio.sum() == pytest.approx(c / d - a / b, abs=1e-11 * max(c / d, a / b, ratio.abs().max()))
    assert decompose({"x": a, "y": b}, {"x": c, "y": d}, "additive")["contribution"].sum() == pytest.approx(
        c + d - a - b, abs=1e-9
    )


def test_what_nearly_cancels_still_adds_up():
    answer = decompose({"a": 1.0, "b": 3.0}, {"a": 3.0, "b": 1.0 + 1e-15})["contribution"]
    assert answer.sum() == pytest.approx(3e-15, abs=2e-15)
    assert answer[0] == pytest.approx(3 * math.log(3))


def test_with_small_changes_it_is_what_changing_one_after_the_other_gives_on_average():
    before, after = (
        {"visitors": 1000, "conversion": 0.05, "basket": 120},
        {"visitors": 1010, "conversion": 0.0507, "basket": 119},
    )
    steps = dict.fromkeys(before, 0.0)
    for order in itertools.permutations(before):
        now = dict(before)
        for part in order:
            moved = now | {part: after[part]}
            steps[part] += (math.prod(moved.values()) - math.prod(now.values())) / 6
            now = moved
    assert decompose(before, after).set_index("part")["contribution"].to_dict() == pytest.approx(steps, rel=1e-4)


def test_rows_of_a_table_of_weeks_are_matched_by_name():
    weeks = pd.DataFrame({"visitors": [1000, 1200], "conversion": [0.05, 0.04]}, index=["w1", "w2"])
    answer = decompose(weeks.loc["w1"], weeks.loc["w2"][::-1])
    assert answer["part"].tolist() == ["visitors", "conversion"]
    assert answer["after"].tolist() == [1200, 0.04]


def test_gmv_up_15_per_cent_with_conversion_up_22_means_visitors_and_basket_fell():
    # Q10: the other factors together are 1.15 / 1.22 = 0.943.
    before = {"conversion": 0.05, "visitors x basket": 120_000}
    answer = decompose(before, {"conversion": 0.05 * 1.22, "visitors x basket": 120_000 * 1.15 / 1.22})
    conversion, rest = answer["contribution"] / 6000
    assert conversion + rest == pytest.approx(0.15)
    assert (conversion, rest) == pytest.approx((0.2134, -0.0634), abs=5e-5)


BEFORE = pd.DataFrame({"os": ["web", "ios", "ios"], "orders": [10.0, 20.0, 10.0], "visits": [100, 60, 40]})
AFTER = pd.DataFrame({"os": ["ios", "web", "tv"], "orders": [16.0, 18.0, 2.0], "visits": [50, 150, 50]})
WHOLE = (36 / 250, 40 / 200)


@pytest.mark.parametrize("kind", KINDS)
def test_mix_and_rate_effects_by_hand(kind):
    answer = measured(kind, mix_effects, BEFORE, AFTER, by="os", numerator_col="orders", denominator_col="visits")
    middle = (WHOLE[0] + WHOLE[1]) / 2
    expected = pd.DataFrame(
        {
            "os": ["ios", "tv", "web"],
            "weight_before": [0.5, 0.0, 0.5],
            "weight_after": [0.2, 0.2, 0.6],
            "rate_before": [0.3, np.nan, 0.1],
            "rate_after": [0.32, 0.04, 0.12],
            "rate_effect": [0.35 * 0.02, 0.0, 0.55 * 0.02],
            "mix_effect": [-0.3 * (0.31 - middle), 0.2 * (0.04 - middle), 0.1 * (0.11 - middle)],
        }
    )
    same(answer.astype({"os": object}), expected.astype({"os": object}))
    assert answer[["rate_effect", "mix_effect"]].sum(axis=None) == pytest.approx(WHOLE[0] - WHOLE[1])


@pytest.mark.parametrize("kind", KINDS)
def test_segments_may_be_categories_or_numbers_of_any_width(kind):
    columns = {"by": "os", "numerator_col": "orders", "denominator_col": "visits"}
    plain = mix_effects(BEFORE, AFTER, **columns)
    tables = (table.assign(os=table["os"].astype("category")) for table in (BEFORE, AFTER))
    same(measured(kind, mix_effects, *tables, **columns).astype({"os": object}), plain.astype({"os": object}))
    number = {"ios": 3, "tv": 7, "web": 12}
    before, after = (table.assign(os=table["os"].map(number)) for table in (BEFORE, AFTER.astype({"visits": "int32"})))
    answer = measured(kind, mix_effects, before, after.astype({"os": "int32"}), **columns)
    same(answer, plain.assign(os=plain["os"].map(number)))


segment = st.tuples(st.sampled_from("abcd"), st.integers(-50, 1000), st.integers(1, 1000))


@given(st.lists(segment, min_size=1, max_size=8), st.lists(segment, min_size=1, max_size=8))
@settings(max_examples=40)
def test_both_effects_add_up_to_the_change_of_the_whole_rate(before, after):
    before, after = (pd.DataFrame(rows, columns=["os", "orders", "visits"]) for rows in (before, after))
    answer = mix_effects(before, after, "os", "orders", "visits")
    change = after["orders"].sum() / after["visits"].sum() - before["orders"].sum() / before["visits"].sum()
    size = max(1, answer[["rate_before", "rate_after"]].abs().max(axis=None))
    assert answer[["rate_effect", "mix_effect"]].sum(axis=None) == pytest.approx(change, abs=1e-11 * size)
    there_once = answer["rate_before"].isna() | answer["rate_after"].isna()
    assert (answer.loc[there_once, "rate_effect"] == 0).all()


def test_rates_that_all_rise_under_a_whole_that_falls_are_a_mix():
    answer = mix_effects(BEFORE, AFTER[:2], "os", "orders", "visits")
    assert (answer["rate_effect"] > 0).all()
    assert (answer["mix_effect"] < 0).all()
    assert answer["mix_effect"].sum() == pytest.approx(-0.05)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: decompose({}, {}), ["parts []"]),
        (lambda: decompose({"a": 1}, {"b": 1}), ["['a']", "['b']"]),
        (lambda: decompose(pd.Series([1, 2], ["a", "a"]), pd.Series([1, 2], ["a", "a"])), ["'a' more than once"]),
        (lambda: decompose(BEFORE, AFTER), ["before is a DataFrame", "mapping"]),
        (lambda: decompose({"a": 1e200, "b": 1e200}, {"a": 1e201, "b": 1e200}), ["too large"]),
        (lambda: decompose({"a": 1}, {"a": 0}), ["'a' goes from 1 to 0", "above 0"]),
        (lambda: decompose({"a": 1, "b": -2}, {"a": 1, "b": 3}), ["'b' goes from -2 to 3"]),
        (lambda: decompose({"a": 1}, {"a": 2}, "ratio"), ["numerator and a denominator"]),
        (lambda: decompose({"a": 1}, {"a": 2}, "mix"), ["rule is 'mix'", "'multiplicative'"]),
        (lambda: decompose({"a": None}, {"a": 2}), ["before", "1 of 1"]),
        (lambda: decompose({"a": "many"}, {"a": 2}), ["before", "not a number"]),
        (lambda: decompose({"a": 1}, {"a": math.inf}), ["after", "inf"]),
        (lambda: mix_effects(BEFORE, AFTER, "oss", "orders", "visits"), ["no column 'oss'", "'os'"]),
        (lambda: mix_effects(BEFORE, AFTER.assign(visits=-1), "os", "orders", "visits"), ["'visits' of after", "-1"]),
        (lambda: mix_effects(BEFORE.assign(visits=0), AFTER, "os", "orders", "visits"), ["'visits' of before", "sums to 0"]),
        (lambda: mix_effects(BEFORE, AFTER.assign(visits=[0, 1, 1]), "os", "orders", "visits"), ["'ios'", "no visits"]),
        (lambda: mix_effects(BEFORE.assign(os=1), AFTER, "os", "orders", "visits"), ["'os'", "in before", "in after"]),
        (lambda: mix_effects(BEFORE[:0], AFTER, "os", "orders", "visits"), ["before has no rows"]),
        (lambda: mix_effects(BEFORE, AFTER, ["os"], "orders", "visits"), ["by is ['os']", "a text"]),
        (lambda: mix_effects(BEFORE.assign(os=None), AFTER, "os", "orders", "visits"), ["'os' of before", "3 of 3"]),
        (lambda: mix_effects(BEFORE, AFTER.assign(orders=np.nan), "os", "orders", "visits"), ["'orders' of after"]),
        (
            lambda: mix_effects(BEFORE.rename(columns={"os": "rate_effect"}), AFTER, "rate_effect", "orders", "visits"),
            ["'rate_effect'", "column of the result"],
        ),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
