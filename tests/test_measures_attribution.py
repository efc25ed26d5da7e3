"""Attribution: what somebody who moves budget by a channel's credit needs to be true of it."""

from collections import Counter
from itertools import pairwise, permutations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from engines import EXAMPLES, KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from opscourse.attribution import RULES
from opscourse.errors import ArgumentError
from opscourse.marketing import attribution, incremental, shapley2


def log(rows, **columns):
    frame = pd.DataFrame(rows, columns=["user_id", "ts", "channel_id"][: len(rows[0])])
    return frame.assign(ts=pd.to_datetime(frame["ts"]).astype("datetime64[us]"), **columns)


TOUCHES = log(
    [
        ("a", "2025-03-01 10:00", "search"),
        ("a", "2025-03-02 10:00", "video"),
        ("a", "2025-03-03 10:00", "direct"),
        ("b", "2025-03-01 10:00", "video"),  # at the same instant as the next: search sorts first, so it is earlier
        ("b", "2025-03-01 10:00", "search"),
        ("c", "2025-01-01 10:00", "video"),  # more than 30 days before the order
        ("d", "2025-03-01 10:00", "direct"),
        ("e", "2025-03-01 10:00", "email"),
        ("e", "2025-03-02 10:00", "search"),
    ]
)
ORDERS = log(
    [
        ("a", "2025-03-04 10:00"),
        ("b", "2025-03-01 10:00"),  # the instant of the touches: they count
        ("b", "2025-03-31 10:00"),  # 30 days later to the instant: they count again
        ("c", "2025-03-04 10:00"),
        ("d", "2025-03-04 10:00"),
        ("f", "2025-03-04 10:00"),
    ]
)
BY_HAND = {  # direct, email, search, video
    "first_touch": [1, 0, 3, 0],
    "last_touch": [2, 0, 0, 2],
    "last_non_direct": [1, 0, 0, 3],
    "linear": [4 / 3, 0, 4 / 3, 4 / 3],
    "position_based": [1.4, 0, 1.4, 1.2],
    "time_decay": [11 / 7, 0, 8 / 7, 9 / 7],  # of a: 4/7, 1/7, 2/7
    "shapley": [4 / 3, 0, 4 / 3, 4 / 3],
    # Paths: search video direct, twice search video, direct; to nothing: video, email search. P = 4/6.
    # P - P(without), in 96ths: direct 64 - 32, email 64 - 55, search 64 - 28, video 64 - 16; 125 in all.
    "markov": [4 * 32 / 125, 4 * 9 / 125, 4 * 36 / 125, 4 * 48 / 125],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", RULES)
def test_nine_touches_give_the_credit_worked_out_by_hand(kind, rule):
    answer = measured(kind, attribution, TOUCHES, ORDERS, rule=rule, half_life="1d")
    assert list(answer) == ["channel_id", "credit", "share", "conversions", "untouched"]
    assert answer["channel_id"].tolist() == ["direct", "email", "search", "video"]
    assert answer["credit"].to_numpy() == pytest.approx(BY_HAND[rule], abs=1e-12)
    assert answer["share"].to_numpy() == pytest.approx(answer["credit"].to_numpy() / 4)
    assert answer["conversions"].tolist() == [4] * 4
    assert answer["untouched"].tolist() == [2] * 4


def test_the_lookback_is_counted_to_the_instant():
    assert attribution(TOUCHES, ORDERS, lookback="29d")["untouched"][0] == 3
    assert attribution(TOUCHES, ORDERS, lookback="62d")["untouched"][0] == 1
    assert attribution(TOUCHES, ORDERS, lookback=pd.Timedelta(days=61, hours=23))["untouched"][0] == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rule", RULES)
def test_touches_that_name_their_conversion_need_no_table_of_conversions(kind, rule):
    once = ORDERS.drop(2)  # each touch leads to one order at most
    named = TOUCHES.assign(converted_order_id=[7, 7, 7, 8, 8, np.nan, 9, np.nan, np.nan])
    answer = measured(kind, attribution, named, rule=rule)
    assert list(answer) == ["channel_id", "credit", "share", "conversions"]
    same(answer, attribution(TOUCHES, once, rule=rule).drop(columns="untouched"))
    if rule != "markov":
        same(measured(kind, attribution, named.drop(columns="user_id"), rule=rule), answer)


def test_every_row_is_a_touch_and_only_shapley_does_not_count_repeats():
    often = pd.concat([TOUCHES, TOUCHES.iloc[[0, 0]]])
    assert attribution(often, ORDERS, "linear").set_index("channel_id")["credit"]["search"] == pytest.approx(3 / 5 + 1)
    same(attribution(often, ORDERS, "shapley"), attribution(TOUCHES, ORDERS, "shapley"))
    same(attribution(often, ORDERS, "markov"), attribution(TOUCHES, ORDERS, "markov"))  # to come again changes no probability


# Brute force, by the definitions: lists of channels, one for each path.


def walked(touches, orders, lookback):
    """The paths to a conversion, and those to nothing."""
    touches = touches.sort_values(["ts", "channel_id"])
    led, used = [], set()
    for order in orders.itertuples():
        ago = order.ts - touches["ts"]
        path = touches[(touches["user_id"] == order.user_id) & (ago >= pd.Timedelta(0)) & (ago <= lookback)]
        used |= set(path.index)
        if len(path):
            led.append(list(zip(path["channel_id"], path["ts"], strict=True)))
    rest = touches.drop(index=list(used))
    return led, [list(path["channel_id"]) for _, path in rest.groupby("user_id")]


def weights(rule, path):
    length = len(path)
    if rule == "first_touch":
        return [1] + [0] * (length - 1)
    if rule == "last_touch":
        return [0] * (length - 1) + [1]
    if rule == "last_non_direct":
        last = max((at for at, (channel, _) in enumerate(path) if channel != "direct"), default=length - 1)
        return [at == last for at in range(length)]
    if rule == "linear":
        return [1 / length] * length
    if rule == "position_based":
        return [[1], [0.5, 0.5]][length - 1] if length < 3 else [0.4, *[0.2 / (length - 2)] * (length - 2), 0.4]
    decayed = [2 ** (-(path[-1][1] - ts) / pd.Timedelta("7D")) for _, ts in path]
    return [weight / sum(decayed) for weight in decayed]


def shapley_by_permutations(led):
    """The mean over all orders of arrival of what each channel adds to the conversions that are covered."""
    players = sorted({channel for path in led for channel, _ in path})
    covers = [{channel for channel, _ in path} for path in led]
    credit = Counter()
    for order in permutations(players):
        for at, player in enumerate(order):
            before, after = set(order[:at]), set(order[: at + 1])
            credit[player] += sum(cover <= after for cover in covers) - sum(cover <= before for cover in covers)
    return {player: total / factorial(len(players)) for player, total in credit.items()}


def chain(paths):
    """Next-step probabilities of a list of paths that begin at "start" and end at "won" or "lost"."""
    steps = Counter(step for path in paths for step in pairwise(path))
    leaving = Counter()
    for (here, _), times in steps.items():
        leaving[here] += times
    return {(here, there): times / leaving[here] for (here, there), times in steps.items()}


def reached(probability, without=None):
    """The probability to be at "won" in the end: after 4096 steps, where who goes to the removed channel is lost."""
    states = ["won", "lost", *sorted({here for here, _ in probability})]
    matrix = np.zeros((len(states), len(states)))
    matrix[0, 0] = matrix[1, 1] = 1
    for (here, there), share in probability.items():
        matrix[states.index(here), states.index("lost" if there == without else there)] += share
    return np.linalg.matrix_power(matrix, 4096)[states.index("start"), 0]


def markov_by_steps(led, idle):
    paths = [["start", *(channel for channel, _ in path), "won"] for path in led]
    probability = chain(paths + [["start", *path, "lost"] for path in idle])
    channels = sorted({channel for path in paths for channel in path} | {channel for path in idle for channel in path})
    whole = reached(probability)
    effect = {c: 1 - reached(probability, c) / whole for c in channels if c not in ("start", "won")}
    return {channel: len(led) * value / sum(effect.values()) for channel, value in effect.items()}


CHANNELS = ("direct", "email", "search", "video")
HOUR = pd.Timestamp("2025-03-01")
TIMES = st.integers(0, 60).map(lambda at: HOUR + pd.Timedelta(hours=12 * at))
USERS = st.integers(1, 4)
TOUCHED = st.lists(st.tuples(USERS, TIMES, st.sampled_from(CHANNELS)), min_size=1, max_size=25)
ORDERED = st.lists(st.tuples(USERS, TIMES), min_size=1, max_size=8)


@settings(max_examples=20)
@given(TOUCHED, ORDERED, st.sampled_from(("1d", "7d", "30d")))
def test_all_rules_follow_their_definition(touches, orders, lookback):
    touches, orders = log([*touches, (9, HOUR, "direct")]), log([*orders, (9, HOUR)])
    led, idle = walked(touches, orders, pd.Timedelta(lookback.upper()))
    for rule in RULES:
        if rule == "shapley":
            expected = shapley_by_permutations(led)
        elif rule == "markov":
            expected = markov_by_steps(led, idle)
        else:
            expected = Counter()
            for path in led:
                for (channel, _), weight in zip(path, weights(rule, path), strict=True):
                    expected[channel] += weight
        answer = attribution(touches, orders, rule, lookback).set_index("channel_id")
        assert set(answer.index) == set(touches["channel_id"])
        for channel, row in answer.iterrows():
            assert row["credit"] == pytest.approx(expected.get(channel, 0), abs=1e-9), (rule, channel)
        assert answer["credit"].sum() == pytest.approx(len(led))
        assert answer["share"].sum() == pytest.approx(1)
        assert (answer["conversions"] == len(led)).all()
        assert (answer["untouched"] == len(orders) - len(led)).all()


def test_the_removal_effects_of_a_published_example():
    # "Markov Chain Attribution: simple explanation of removal effect" (S. Puzyrov, 2019): google twice alone, mailing alone,
    # google then mailing, all converted; google alone once more, not converted. Removal effects 0.75 and 0.5.
    paths = [("google",), ("google",), ("mailing",), ("google", "mailing"), ("google",)]
    rows = [
        (user, f"2025-03-0{day}", channel, user if user < 4 else np.nan)
        for user, path in enumerate(paths)
        for day, channel in enumerate(path, 1)
    ]
    touches = pd.DataFrame(rows, columns=["user_id", "ts", "channel_id", "converted_order_id"])
    answer = attribution(touches.assign(ts=pd.to_datetime(touches["ts"])), rule="markov")
    assert answer["credit"].to_numpy() == pytest.approx([4 * 0.75 / 1.25, 4 * 0.5 / 1.25])


def drawn(touches=3000, orders=400, users=200, seed=4):
    """A log with ties, a zone, rows in any order and text for ids, where some channels convert better."""
    random = np.random.default_rng(seed)

    def rows(size):
        minutes = random.integers(0, 4 * 90, size) * 360
        moment = pd.Series(pd.Timestamp("2025-03-01") + pd.to_timedelta(minutes, unit="m")).astype("datetime64[us]")
        return pd.DataFrame({"user_id": np.char.add("u", random.integers(1, users, size).astype(str)), "ts": moment})

    names = np.array([*CHANNELS, "affiliate", "微信"])
    return rows(touches).assign(channel_id=names[random.integers(0, 6, touches)]), rows(orders)


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.parametrize("rule", RULES)
def test_every_kind_of_frame_gives_the_same_credit(kind, rule):
    touches, orders = drawn()
    expected = attribution(touches, orders, rule, "5d")
    assert 0 < expected["untouched"][0] < len(orders)
    same(measured(kind, attribution, touches, orders, rule=rule, lookback="5d"), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_touch_is_the_later_channel_of_its_instant_whatever_the_users_are_and_the_orders_far(kind):
    instants = ["2025-03-01", "2025-03-01", "2025-03-02", "2025-03-02"]
    touches = pd.DataFrame({"user_id": [1, 1, 2, 2], "channel_id": list("abba"), "ts": pd.to_datetime(instants)})
    days = ["2025-03-01", "2025-03-31", "2025-04-02", "1800-01-01", "2200-01-01"]
    orders = pd.DataFrame({"user_id": [1, 1, 2, 2, 2], "ts": pd.to_datetime(days, format="ISO8601").astype("datetime64[us]")})
    for users in ("int64", "int32"):
        answer = measured(kind, attribution, touches.astype({"user_id": users}), orders)
        assert answer[["channel_id", "credit"]].to_numpy().tolist() == [["a", 0], ["b", 2]]
        assert answer["untouched"].tolist() == [3, 3]


@pytest.mark.parametrize("rule", RULES)
def test_order_of_rows_and_time_zone_do_not_matter(rule):
    touches, orders = drawn(600, 80)
    expected = attribution(touches, orders, rule)
    same(attribution(touches.sample(frac=1, random_state=1), orders.sample(frac=1, random_state=2), rule), expected)
    local = [frame.assign(ts=frame["ts"].dt.tz_localize("Asia/Shanghai")) for frame in (touches, orders)]
    same(attribution(*local, rule), expected)


def test_removal_effects_are_where_a_long_simulation_settles():
    touches, orders = drawn(2000, 300, 100, seed=8)
    exact = attribution(touches, orders, "markov", "3d").set_index("channel_id")
    led, idle = walked(touches, orders, pd.Timedelta("3D"))
    paths = [["start", *(channel for channel, _ in path), "won"] for path in led]
    probability = chain(paths + [["start", *path, "lost"] for path in idle])
    states = ["start", *exact.index, "won", "lost"]
    bounds = np.cumsum([[probability.get((here, there), 0) for there in states] for here in states[:-2]], axis=1)
    random, walkers = np.random.default_rng(3), 100_000
    at, met = np.zeros(walkers, dtype=int), np.zeros((walkers, len(states)), dtype=bool)
    while (walking := np.flatnonzero(at < len(states) - 2)).size:
        draw = random.random(walking.size)
        at[walking] = np.minimum((draw[:, None] >= bounds[at[walking]]).sum(axis=1), len(states) - 1)
        met[walking, at[walking]] = True
    won = at == len(states) - 2
    # Who converts without the channel is who converts and never met it; its share of all walkers has a binomial error.
    lost = np.array([(won & met[:, column]).mean() for column in range(1, len(exact) + 1)])
    simulated = len(led) * lost / lost.sum()
    error = len(led) * np.sqrt(lost / walkers) / lost.sum()
    assert (np.abs(simulated - exact["credit"]) < 4 * error).all()
    assert won.mean() == pytest.approx(len(led) / (len(led) + len(idle)), abs=0.01)  # as many as in the log


def test_a_log_of_the_course_is_attributed_as_it_is():
    from opscourse import load

    touches = load("marketing_touches")
    answer = attribution(touches, rule="last_touch")
    by_id = touches.dropna(subset="converted_order_id").sort_values(["ts", "channel_id"])
    expected = by_id.groupby("converted_order_id")["channel_id"].last().value_counts()
    assert answer.set_index("channel_id")["credit"].to_dict() == {
        c: expected.get(c, 0) for c in sorted(set(touches["channel_id"]))
    }
    removed = attribution(touches, rule="markov", user_col="device_id")
    assert removed["credit"].sum() == pytest.approx(answer["conversions"][0])


NAMED = TOUCHES.assign(converted_order_id=np.nan)


def test_where_nothing_was_touched_the_credit_is_nothing_and_a_share_of_it_empty():
    late = TOUCHES.assign(ts=TOUCHES["ts"] + pd.Timedelta("120D"))
    for rule in RULES:
        answer = attribution(late, ORDERS, rule)
        assert (answer["credit"] == 0).all()
        assert answer["share"].isna().all()
        assert (answer["untouched"] == 6).all()
        assert (attribution(NAMED, rule=rule)["conversions"] == 0).all()


def test_one_touch_has_all_the_credit_and_huge_windows_do_no_harm():
    touch, order = TOUCHES.iloc[[6]], ORDERS.iloc[[4]]
    for rule in RULES:
        assert attribution(touch, order, rule, "36500d", half_life="1s")["credit"].tolist() == [1]
        old = attribution(TOUCHES.assign(ts=TOUCHES["ts"] - pd.Timedelta("20000D")), ORDERS, rule, "36500d", half_life="1s")
        assert old["credit"].sum() == pytest.approx(5)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: attribution(TOUCHES, ORDERS, "last_click"), ["rule is 'last_click'", "'last_touch'"]),
        (lambda: attribution(TOUCHES, ORDERS, lookback=30), ["lookback is 30", "'7d'"]),
        (lambda: attribution(TOUCHES, ORDERS, lookback="0d"), ["lookback", "longer than nothing"]),
        (lambda: attribution(TOUCHES, ORDERS, half_life="-1d"), ["half_life is '-1d'"]),
        (lambda: attribution(TOUCHES, ORDERS, ends=0.6), ["ends is 0.6", "0.5"]),
        (lambda: attribution(TOUCHES, ORDERS, ends=float("nan")), ["ends is nan"]),
        (lambda: attribution(TOUCHES, ORDERS, ends="half"), ["ends", "not a number"]),
        (lambda: attribution(TOUCHES, ORDERS, lookback="9999999999999d"), ["lookback", "must be shorter"]),
        (lambda: attribution(NAMED, lookback="7d"), ["lookback is '7d'", "'converted_order_id'"]),
        (lambda: attribution(TOUCHES), ["no column 'converted_order_id'"]),
        (lambda: attribution(TOUCHES, ORDERS.drop(columns="ts")), ["conversions has no column 'ts'"]),
        (lambda: attribution(TOUCHES.drop(columns="channel_id"), ORDERS), ["touches has no column 'channel_id'"]),
        (
            lambda: attribution(TOUCHES.assign(channel_id=TOUCHES.channel_id.mask(TOUCHES.user_id == "d")), ORDERS),
            ["1 of 9", "d"],
        ),
        (
            lambda: attribution(TOUCHES.assign(ts=TOUCHES.ts.mask(TOUCHES.user_id == "a")), ORDERS),
            ["'ts' of touches", "3 of 9"],
        ),
        (lambda: attribution(TOUCHES.assign(ts="2025-03-01"), ORDERS), ["'ts' of touches", "not dates"]),
        (lambda: attribution(TOUCHES[:0], ORDERS), ["touches has no rows"]),
        (lambda: attribution(TOUCHES, ORDERS[:0]), ["conversions has no rows"]),
        (lambda: attribution(TOUCHES, ORDERS.assign(user_id="z")), ["no user in common"]),
        (lambda: attribution(TOUCHES, ORDERS.assign(user_id=1)), ["'user_id'", "convert one"]),
        (lambda: attribution(TOUCHES, ORDERS.assign(ts=ORDERS.ts.dt.tz_localize("UTC"))), ["time zone None", "UTC"]),
        (lambda: attribution(TOUCHES, ORDERS, "last_non_direct", direct="none"), ["direct='none'", "'email', 'search'"]),
        (
            lambda: attribution(TOUCHES.rename(columns={"channel_id": "share"}), ORDERS, channel_col="share"),
            ["'share'", "rename"],
        ),
        (lambda: attribution(TOUCHES.assign(channel_id=[1, "a"] * 4 + [2]), ORDERS), ["'channel_id'", "several types"]),
        (lambda: attribution([1, 2], ORDERS), ["touches is a list"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)


ANY_TOUCHES = st.lists(
    st.tuples(USERS, TIMES, st.one_of(st.sampled_from(CHANNELS), st.text("aé微 '%", max_size=2))), max_size=9
)
ANY_ORDERS = st.lists(st.tuples(USERS, TIMES), max_size=4)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=EXAMPLES)
@given(ANY_TOUCHES, ANY_ORDERS, st.sampled_from(RULES), st.sampled_from(("user_id", "ts", "channel_id", None, None, None)))
def test_spoilt_logs_are_refused_and_others_give_away_each_touched_conversion_once(kind, touches, orders, rule, spoilt):
    types = {"user_id": "Int64", "ts": "datetime64[us]", "channel_id": "str"}
    touches, orders = (pd.DataFrame(rows, columns=list(types)[:width]) for rows, width in ((touches, 3), (orders, 2)))
    touches, orders = (frame.astype({name: types[name] for name in frame}) for frame in (touches, orders))
    if spoilt:
        touches.loc[:0, spoilt] = None
    try:
        answer = measured(kind, attribution, touches, orders, rule=rule)
    except ArgumentError:
        assert (
            spoilt
            or touches.empty
            or orders.empty
            or rule == "last_non_direct"
            or not set(touches.user_id) & set(orders.user_id)
        )
        return
    assert not spoilt
    assert answer["credit"].sum() == pytest.approx(answer["conversions"][0])
    assert answer["conversions"][0] + answer["untouched"][0] == len(orders)
    assert answer["credit"].ge(0).all()


def test_times_that_do_not_fit_into_one_number_are_refused():
    ids = pd.DataFrame({"user_id": 1, "channel_id": range(5000), "ts": pd.Timestamp("2025-03-01").as_unit("us")})
    ids.loc[0, "ts"] = pd.Timestamp("0001-01-01").as_unit("us")
    with pytest.raises(ArgumentError, match="2,026 years"):
        attribution(ids, ids.loc[:0, ["user_id", "ts"]])


# Incremental


def test_incremental_by_hand():
    answer = incremental(
        credited=[300, 50], treated=10_000, treated_conversions=[500, 400], holdout=5000, holdout_conversions=[205, 200]
    )
    assert answer["incremental"].tolist() == pytest.approx([90, 0])
    assert answer["share"].tolist() == pytest.approx([0.3, 0])
    for row, x, x0 in ((0, 500, 205), (1, 400, 200)):  # Newcombe's interval from Wilson's two
        (low, high), (low0, high0) = (
            proportion_confint(x, 10_000, method="wilson"),
            proportion_confint(x0, 5000, method="wilson"),
        )
        p, p0 = x / 10_000, x0 / 5000
        assert answer["low"][row] == pytest.approx(10_000 * (p - p0 - np.hypot(p - low, high0 - p0)))
        assert answer["high"][row] == pytest.approx(10_000 * (p - p0 + np.hypot(high - p, p0 - low0)))
        assert answer["share_low"][row] == pytest.approx(answer["low"][row] / answer["credited"][row])


def test_incremental_keeps_names_and_leaves_the_share_of_nothing_empty():
    index = pd.Index(["search", "video"])
    answer = incremental(pd.Series([0, 10], index), 100, pd.Series([20, 20], index), 100, 10)
    assert answer.index.equals(index)
    assert np.isnan(answer.loc["search", ["share", "share_low", "share_high"]].astype(float)).all()
    assert answer.loc["video", "share"] == pytest.approx(1)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    random, n, p, p0 = np.random.default_rng(9), 2000, 0.05, 0.035
    answer = incremental(60, n, random.binomial(n, p, 4000), n, random.binomial(n, p0, 4000), confidence=0.9)
    held = answer["low"].le(n * (p - p0)) & answer["high"].ge(n * (p - p0))
    assert held.mean() == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"treated": 0}, ["treated", "from 1 on", "0"]),
        ({"holdout_conversions": 101}, ["101 of 100 held out"]),
        ({"treated_conversions": -1}, ["treated_conversions", "-1"]),
        ({"credited": np.nan}, ["lack a number"]),
        ({"credited": "many"}, ["credited", "not a number"]),
        ({"holdout": [100, 100], "treated": [1, 2, 3]}, ["lengths"]),
        ({"confidence": 95}, ["confidence is 95"]),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(change, says):
    given = {"credited": 5, "treated": 100, "treated_conversions": 10, "holdout": 100, "holdout_conversions": 5}
    with pytest.raises(ArgumentError) as caught:
        incremental(**given | change)
    for words in says:
        assert words in str(caught.value)


@given(*[st.floats(-1e6, 1e6)] * 4)
def test_two_players_get_the_mean_of_what_each_adds_over_both_orders(neither, first, second, both):
    worth = {"": neither, "1": first, "2": second, "12": both}
    gains = [worth[after] - worth[before] for before, after in [("", "1"), ("2", "12"), ("", "2"), ("1", "12")]]
    one, two = shapley2(neither, first, second, both)
    assert (one, two) == pytest.approx((sum(gains[:2]) / 2, sum(gains[2:]) / 2), abs=1e-6)
    assert one + two == pytest.approx(both - neither, abs=1e-6)  # nothing is left over
    assert shapley2(neither, second, first, both) == pytest.approx((two, one), abs=1e-6)  # names do not matter
    assert shapley2(neither, first, neither, first)[1] == pytest.approx(0, abs=1e-6)  # who adds nothing gets nothing


def test_two_players_in_the_form_that_was_given():
    partners = pd.DataFrame({"neither": [0, 10], "first": [10, 40], "second": [10, 30], "both": [30, 80]}, index=["a", "b"])
    one, two = shapley2(**partners)
    assert one.to_dict() == {"a": 15, "b": 40}
    assert two.to_dict() == {"a": 15, "b": 30}
    with pytest.raises(ArgumentError, match="both holds something that is not a number"):
        shapley2(1, 2, 3, "x")


STORED = ("int64", "Int64", "int32", "int64[pyarrow]"), ("str", "object", "string[pyarrow]", "category")


@pytest.mark.parametrize("kinds", STORED, ids=["numbers", "text"])
@pytest.mark.parametrize("rule", ["last_touch", "linear"])
def test_users_may_be_stored_in_other_ways_in_the_two_tables(kinds, rule):
    touches = pd.DataFrame({"user_id": [1, 1, 2], "ts": pd.to_datetime(["2025-03-01", "2025-03-02", "2025-03-02"])})
    touches, goals = touches.assign(channel_id=["search", "video", "video"]), touches.iloc[1:].assign(user_id=[1, 3])
    expected = attribution(touches, goals, rule)
    if kinds[0] == "str":
        touches, goals = (table.astype({"user_id": str}) for table in (touches, goals))
    for one in kinds:
        for other in kinds:
            found = attribution(touches.astype({"user_id": one}), goals.astype({"user_id": other}), rule)
            pd.testing.assert_frame_equal(found, expected)
