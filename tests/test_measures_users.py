"""RFM: what somebody who sends a coupon to a segment needs to be true of it."""

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st

from opscourse.errors import ArgumentError
from opscourse.users import SEGMENTS, rfm, rfm_segments

# Ten orders of five customers, worked out by hand for the evening of 30 June.
ORDERS = pd.DataFrame(
    [
        (1, "2025-06-30 23:50", 50.0),  # customer 1: 0 days, 3 orders, 100
        (1, "2025-06-01 10:00", 30.0),
        (1, "2025-05-01 10:00", 20.0),
        (2, "2025-06-20 00:10", 10.0),  # customer 2: 10 days, 2 orders, 30
        (2, "2025-01-20 10:00", 20.0),
        (3, "2025-06-20 22:00", 300.0),  # customer 3: 10 days, 1 order, 300
        (4, "2025-03-22 12:00", 15.0),  # customer 4: 100 days, 2 orders, 30
        (4, "2025-03-20 12:00", 15.0),
        (5, "2025-06-29 09:00", 5.0),  # customer 5: 1 day, 1 order, 5
        (1, "2025-07-02 09:00", 999.0),  # after the snapshot: does not exist yet
    ],
    columns=["user_id", "ts", "net_cny"],
)
ORDERS["ts"] = pd.to_datetime(ORDERS["ts"])


@pytest.mark.parametrize("kind", KINDS)
def test_ten_orders_give_the_scores_worked_out_by_hand(kind):
    scored = measured(kind, rfm, ORDERS, snapshot="2025-06-30")
    assert list(scored) == ["user_id", "recency_days", "frequency", "monetary", "r", "f", "m"]
    assert scored.to_numpy().tolist() == [
        # Strictly worse of 5: recency 4, 1, 1, 0, 3; frequency 4, 2, 0, 2, 0; money 3, 1, 4, 1, 0.
        [1, 0, 3, 100, 5, 5, 4],
        [2, 10, 2, 30, 2, 3, 2],
        [3, 10, 1, 300, 2, 1, 5],
        [4, 100, 2, 30, 1, 3, 2],
        [5, 1, 1, 5, 4, 1, 1],
    ]


def test_the_last_order_is_the_snapshot_unless_another_is_given():
    assert rfm(ORDERS)["recency_days"].tolist() == [0, 12, 12, 102, 3]


@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_kind_of_frame_gives_the_same_scores_and_segments(kind):
    random = np.random.default_rng(2)
    orders = pd.DataFrame(
        {
            "user_id": random.integers(1, 300, 1000),
            "ts": np.datetime64("2025-01-01", "us") + random.integers(0, 180 * 86_400, 1000).astype("timedelta64[s]"),
            "net_cny": random.integers(0, 30_000, 1000) / 100,
        }
    )
    expected = rfm(orders, snapshot="2025-05-31", scores=5)
    same(measured(kind, rfm, orders, snapshot="2025-05-31", scores=5), expected)
    same(measured(kind, rfm_segments, expected), rfm_segments(expected))


def bought(rows):
    """Orders from drawn (customer, day, fen)."""
    orders = pd.DataFrame(rows, columns=["user_id", "day", "fen"])
    return orders.assign(ts=pd.Timestamp("2025-01-01") + pd.to_timedelta(orders["day"], unit="D"), net_cny=orders["fen"] / 100)


LOGS = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 9), st.integers(0, 10**6)), min_size=1, max_size=40).map(bought)
FEW = settings(max_examples=25)


@FEW
@given(LOGS, st.integers(2, 10), st.randoms(use_true_random=False))
def test_better_customers_never_score_lower_and_equal_ones_never_differ(orders, scores, random):
    scored = rfm(orders, scores=scores)
    assert scored["frequency"].sum() == len(orders)
    assert scored["monetary"].sum() == pytest.approx(orders["net_cny"].sum())
    for score, measure, sign in (("r", "recency_days", -1), ("f", "frequency", 1), ("m", "monetary", 1)):
        assert scored[score].between(1, scores).all()
        by_value = scored.assign(value=sign * scored[measure]).groupby("value")[score]
        assert (by_value.nunique() == 1).all()
        assert by_value.first().is_monotonic_increasing
    shuffled = orders.iloc[random.sample(range(len(orders)), len(orders))]
    same(rfm(shuffled, scores=scores), scored)


def test_the_same_amounts_in_another_order_are_the_same_sum():
    assert 0.1 + 0.2 + 0.3 != 0.3 + 0.2 + 0.1
    scored = rfm(bought([(1, 0, 10), (1, 0, 20), (1, 0, 30), (2, 0, 30), (2, 0, 20), (2, 0, 10)]))
    assert scored["m"].tolist() == [1, 1]


@FEW
@given(st.integers(1, 8), st.integers(2, 10), st.randoms(use_true_random=False))
def test_without_ties_the_scores_are_tiles_of_equal_size(size, scores, random):
    customers = size * scores
    amounts = random.sample(range(10**6), customers)
    scored = rfm(bought([(user, 0, fen) for user, fen in enumerate(amounts)]), scores=scores)
    assert scored["m"].value_counts().to_dict() == dict.fromkeys(range(1, scores + 1), size)


def test_every_cell_has_exactly_one_segment():
    cells = [cell for cells in SEGMENTS.values() for cell in cells]
    assert sorted(cells) == [10 * r + f for r in range(1, 6) for f in range(1, 6)]
    grid = pd.DataFrame([(r, f) for r in range(1, 6) for f in range(1, 6)], columns=["r", "f"])
    named = rfm_segments(grid)
    assert named["segment"].notna().all()
    assert named.loc[(named.r == 5) & (named.f == 1), "segment"].tolist() == ["new"]
    assert named.loc[(named.r == 1) & (named.f == 5), "segment"].tolist() == ["cannot lose"]


def test_the_table_in_the_docstring_is_the_rule():
    rows = [
        line.strip("| \n").split(" | ")
        for line in rfm_segments.__doc__.splitlines()
        if line.strip()[:3] in {f"| {r}" for r in range(6)}
    ]
    shown = {(int(r), f): name for r, *names in rows for f, name in enumerate(names, 1)}
    assert shown == {divmod(cell, 10): name for name, cells in SEGMENTS.items() for cell in cells}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rfm(ORDERS, scores=1), ["scores is 1"]),
        (lambda: rfm(ORDERS, scores=5.5), ["scores is 5.5"]),
        (lambda: rfm(ORDERS.drop(columns="net_cny")), ["no column 'net_cny'", "user_id, ts"]),
        (lambda: rfm(ORDERS.assign(net_cny=-1.0)), ["'net_cny'", "-1"]),
        (lambda: rfm(ORDERS.assign(net_cny=ORDERS.net_cny.mask(ORDERS.user_id == 5))), ["'net_cny'", "1 of 10", "user_id 5"]),
        (lambda: rfm(ORDERS.assign(net_cny="12")), ["'net_cny'", "not numbers"]),
        (lambda: rfm(ORDERS, snapshot="2024-06-30"), ["2024-06-30", "first order is from 2025-01-20"]),
        (lambda: rfm(ORDERS[:0]), ["orders has no rows"]),
        (lambda: rfm_segments(ORDERS), ["no column 'r'"]),
        (lambda: rfm_segments(pd.DataFrame({"r": [1], "f": [7]})), ["'f' runs from 7 to 7"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
