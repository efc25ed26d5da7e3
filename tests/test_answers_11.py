"""The answers to exercise 11, against numbers worked out by hand on ten payments."""

import pandas as pd
import pytest
from classroom import ROOT

from opscourse.exercise import answers

PATH = ROOT / "exercises/answers/marketing/11_compare_channels_by_roi.py"
CHANNELS = ["dy", "kol", "paid_search", "xhs"]


def company(signups, bought, members, spend):
    """A `load` for a company.

    `signups`: user -> (channel, day). `bought`: (user, day, pieces, price), all of a piece that costs 30 CNY. `members`: (user,
    day, price). `spend`: (channel, day, cost, sign-ups). An unpaid and a refunded order are in it as well.
    """
    number = {channel: place + 1 for place, channel in enumerate(CHANNELS)}
    orders = pd.DataFrame(bought, columns=["user_id", "ts", "quantity", "net_cny"]).assign(paid=True, refunded=False)
    spoilt = orders.head(2).assign(paid=[False, True], refunded=[False, True])
    orders = pd.concat([orders, spoilt], ignore_index=True).assign(sku=1)
    orders["order_id"] = orders.index + 1
    orders["ts"] = pd.to_datetime(orders["ts"]) + pd.Timedelta("1h")
    memberships = pd.DataFrame(members, columns=["user_id", "start", "price_cny"])
    memberships["start"] = pd.to_datetime(memberships["start"])
    advertising = pd.DataFrame(spend, columns=["channel", "date", "cost_cny", "signups"])
    advertising = advertising.assign(channel_id=advertising["channel"].map(number), date=pd.to_datetime(advertising["date"]))
    tables = {
        "channels": pd.DataFrame({"channel_id": list(number.values()), "channel": list(number)}),
        "users": pd.DataFrame(
            {
                "user_id": list(signups),
                "signup_ts": pd.to_datetime([f"{day} 23:50" for _, day in signups.values()]),
                "channel_id": [number[channel] for channel, _ in signups.values()],
            }
        ),
        "orders": orders[["order_id", "user_id", "ts", "net_cny", "paid", "refunded"]],
        "order_items": orders[["order_id", "sku", "quantity"]],
        "products": pd.DataFrame({"sku": [1], "unit_cost_cny": [30.0]}),
        "memberships": memberships,
        "ad_spend_daily": advertising.drop(columns="channel").assign(installs=3 * advertising["signups"]),
    }
    return lambda table: tables[table].copy()


def worked_out(name, load):
    """The right answer and all mistakes of a question: sentence -> value."""
    question = answers.questions(PATH)[name]
    return question.right(load), {sentence: mistake(load) for sentence, mistake in question.mistakes.items()}


def by_word(mistakes, word):
    """The value of the mistake whose sentence holds a word."""
    (found,) = [value for sentence, value in mistakes.items() if word in sentence]
    return found


def of(table, channel):
    """The row of a channel as numbers."""
    return table.set_index("channel").loc[channel].to_dict()


def test_an_roi_counts_the_payments_of_the_users_that_its_money_bought():
    """Douyin, 100 CNY: 240 of revenue on day 0, 60 more on day 29, 150 later, of which two pieces a time cost 60 CNY each."""
    signups = {1: ("dy", "2024-04-01"), 2: ("dy", "2024-06-30"), 3: ("dy", "2024-07-01"), 4: ("paid_search", "2024-05-01")}
    signups |= {5: ("kol", "2024-04-10"), 6: ("xhs", "2024-04-10")}
    bought = [(1, "2024-04-01", 2, 240), (2, "2024-07-29", 1, 60), (2, "2024-07-30", 2, 100), (3, "2024-07-01", 1, 1000)]
    bought += [(4, "2024-05-01", 1, 40), (4, "2024-09-01", 1, 130), (4, "2025-05-01", 1, 5000)]
    members = [(1, "2025-03-31", 50), (5, "2024-04-10", 25), (6, "2024-04-10", 25)]
    spend = [("dy", "2024-04-01", 60, 1), ("dy", "2024-06-30", 40, 1), ("dy", "2024-07-01", 300, 1)]
    spend += [(channel, "2024-05-01", 50, 1) for channel in CHANNELS[1:]]
    right, mistakes = worked_out("11.2", company(signups, bought, members, spend))
    assert of(right, "dy") == pytest.approx({"roi_30": 2.0, "roi_365": (180 + 30 + 40 + 50) / 100 - 1})
    assert of(right, "paid_search") == pytest.approx({"roi_30": -0.2, "roi_365": 110 / 50 - 1})
    assert of(right, "kol") == pytest.approx({"roi_30": -0.5, "roi_365": -0.5})
    assert of(by_word(mistakes, "takes the CNY off"), "dy") == pytest.approx({"roi_30": 3.0, "roi_365": 3.0})
    assert of(by_word(mistakes, "divided by the spend of all"), "dy")["roi_30"] == pytest.approx(300 / 400 - 1)
    assert of(by_word(mistakes, "the users of all months"), "dy")["roi_30"] == pytest.approx(1300 / 100 - 1)
    assert of(by_word(mistakes, "users and spend of all"), "dy")["roi_30"] == pytest.approx(1300 / 400 - 1)
    assert of(by_word(mistakes, "payments made"), "dy")["roi_30"] == pytest.approx(240 / 100 - 1)
    assert of(by_word(mistakes, "users of 30 June"), "dy")["roi_30"] == pytest.approx(240 / 100 - 1)
    assert of(by_word(mistakes, "30 June is missing"), "dy")["roi_30"] == pytest.approx(240 / 60 - 1)
    assert of(by_word(mistakes, "divided by what came back"), "dy")["roi_30"] == pytest.approx((300 - 100) / 300)
    assert of(by_word(mistakes, "one day too long"), "dy")["roi_30"] == pytest.approx(400 / 100 - 1)
    assert of(by_word(mistakes, "this is margin"), "dy") == pytest.approx({"roi_30": 210 / 100 - 1})
    assert of(by_word(mistakes, "this is revenue"), "dy") == pytest.approx({"roi_365": 450 / 100 - 1})
    assert of(by_word(mistakes, "every payment"), "paid_search")["roi_365"] == pytest.approx((10 + 100 + 4970) / 50 - 1)


def test_payback_adds_up_margin_by_age_and_not_by_date():
    """100 CNY: margins of 60 on day 1, 30 on day 5, 20 on day 12, of users who came months apart."""
    signups = {1: ("xhs", "2024-07-01"), 2: ("xhs", "2024-12-31"), 3: ("dy", "2024-07-01"), 4: ("xhs", "2024-06-30")}
    bought = [(1, "2024-07-02", 1, 90), (2, "2025-01-05", 1, 60), (1, "2024-07-13", 1, 50), (3, "2024-07-01", 1, 80)]
    bought += [(4, "2024-06-30", 1, 1030), (2, "2025-06-01", 1, 40)]
    spend = [
        ("xhs", "2024-07-01", 70, 1),
        ("xhs", "2024-12-31", 30, 1),
        ("xhs", "2024-06-30", 2000, 1),
        ("dy", "2024-07-01", 50, 1),
    ]
    right, mistakes = worked_out("11.3", company(signups, bought, [(4, "2024-06-30", 0)], spend))
    assert right == 12
    assert by_word(mistakes, "by revenue") == 5  # 90, then 150
    assert by_word(mistakes, "since 1 July") == (pd.Timestamp("2025-01-05") - pd.Timestamp("2024-07-01")).days
    assert by_word(mistakes, "users of all months") == 0
    assert by_word(mistakes, "against the spend of all") == -1
    assert by_word(mistakes, "Douyin") == 0


def test_the_best_split_of_two_square_roots_goes_by_the_square_of_their_worth():
    """Margins of 300 and 100 times the root: the next yuan is equal at 9 to 1."""
    question = answers.questions(PATH)["11.4"]
    equal, richer, sooner, small = question.read(question.right)
    assert (equal, richer) == pytest.approx((500, 900))
    budget = question.cases["one that is used up sooner"][0]
    tried = max(range(budget + 1), key=lambda s: 240 * s**0.6 + 55 * (budget - s) ** 0.8)
    assert sooner == pytest.approx(tried, abs=1)
    tried = max(range(301), key=lambda s: 48 * s**0.75 + 135 * (300 - s) ** 0.55)
    assert small == pytest.approx(tried, abs=1)
    slips = {sentence: question.read(mistake) for sentence, mistake in question.mistakes.items()}
    assert by_word(slips, "sign-ups most")[1] == pytest.approx(800)
    assert by_word(slips, "all to the channel")[1] == 1000
    assert by_word(slips, "what the best split brings")[0] == pytest.approx(2 * 100 * 500**0.5)
    averages = by_word(slips, "average yuan brings the same")[2]
    assert 240 * averages**-0.4 == pytest.approx(55 * (budget - averages) ** -0.2)


def test_an_additional_sign_up_is_paid_by_the_difference_of_the_weeks():
    """Two cheap weeks, 100 CNY for 10 sign-ups each; two dear ones, 300 CNY for 20: ten more for 200 CNY."""
    weeks = [("2024-01-01", 100, 10), ("2024-01-08", 300, 20), ("2024-01-15", 100, 10), ("2024-01-22", 300, 20)]
    spend = [("dy", *week) for week in weeks] + [("xhs", "2024-01-01", 1000, 1), ("dy", "2025-06-30", 9999, 1)]
    load = company({1: ("dy", "2024-01-01")}, [(1, "2024-01-01", 1, 50)] * 2, [(1, "2024-01-01", 0)], spend)
    right, mistakes = worked_out("11.5", load)
    assert right == pytest.approx(20)
    assert by_word(mistakes, "CAC of the dearer weeks") == pytest.approx(15)
    assert by_word(mistakes, "CAC of the cheaper weeks") == pytest.approx(10)
    assert by_word(mistakes, "CAC of all weeks") == pytest.approx(800 / 60)
    assert by_word(mistakes, "difference of two averages") == pytest.approx(5)
    assert by_word(mistakes, "two averages lie apart") == pytest.approx(15 - 800 / 60)
    assert by_word(mistakes, "additional cost of a week") == pytest.approx(200)
    assert by_word(mistakes, "weeks' own CACs") == pytest.approx(15)
    assert by_word(mistakes, "installs") == pytest.approx(20 / 3)
