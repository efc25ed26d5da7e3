"""Exercise 19, worked out by hand on ten orders of six customers."""

import pandas as pd
from classroom import ROOT

from opscourse.exercise import answers

MODULE = answers.modules(ROOT / "exercises" / "answers")[19]
ORDERS = pd.DataFrame(
    {
        "order_id": range(1, 11),
        "user_id": [200, 400, 200, 600, 800, 1000, 1000, 1200, 1000, 200],
        "ts": pd.to_datetime(
            [
                "2024-01-10",
                "2024-03-05",
                "2024-06-01",
                "2024-11-01",
                "2024-12-20",
                "2024-12-24",
                "2024-12-31",
                "2024-12-31",
                "2025-01-15",
                "2025-03-02",
            ]
        )
        + pd.Timedelta("23h"),
        "net_cny": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 5.0],
        "gross_cny": [10.0] * 10,
        "paid": [True] * 7 + [False] + [True] * 2,
    }
)
ARMS = pd.DataFrame(
    {"exp_id": 10, "unit_id": range(10), "arm": ["coupon"] * 5 + ["control"] * 5, "outcome": [1, 1] + [0] * 7 + [1]}
)


def load(table):
    return {"orders": ORDERS, "assignments": ARMS}[table].copy()


def right(question):
    return answers.questions(MODULE)[question].right(load)


def test_scores_by_hand():
    """Five customers paid until the end of 2024: 200 to 1000, and the last bought at eleven at night on the snapshot itself."""
    scored = right("19.2").set_index("user_id")
    assert scored["recency_days"].to_dict() == {200: 213, 400: 301, 600: 60, 800: 11, 1000: 0}
    assert scored["frequency"].to_dict() == {200: 2, 400: 1, 600: 1, 800: 1, 1000: 2}
    assert scored["monetary"].to_dict() == {200: 40, 400: 20, 600: 40, 800: 50, 1000: 130}
    assert scored["r"].to_dict() == {200: 2, 400: 1, 600: 3, 800: 4, 1000: 5}
    assert scored["f"].to_dict() == {200: 4, 400: 1, 600: 1, 800: 1, 1000: 4}
    assert scored["m"].to_dict() == {200: 2, 400: 1, 600: 2, 800: 4, 1000: 5}


def test_the_coupon_by_hand():
    """Two of five buy with a coupon, one of five without: 200 more orders, 400 coupons paid for."""
    assert right("19.5") == 1000 * (120 * 0.2 - 15 * 0.4)


def test_the_best_buy_again_by_hand():
    """Eight customers bought once, long ago; two bought twice in December, and one of the two again on 15 January."""
    days = ["2024-02-01"] * 8 + ["2024-12-01", "2024-12-24"] * 2 + ["2025-01-15"]
    customers = [*range(1, 9), 9, 9, 10, 10, 10]
    orders = pd.DataFrame({"user_id": customers, "ts": pd.to_datetime(days), "net_cny": 10.0, "paid": True})
    assert answers.questions(MODULE)["19.3"].right(lambda table: orders) == 0.5
