"""Answers to exercise 11: what a channel brought, when it paid back, and where the next yuan goes."""

import numpy as np
import pandas as pd

from opscourse.exercise import Choice, Frame, Function, Number

FOUR = ["dy", "kol", "paid_search", "xhs"]
SPRING = ("2024-04-01", "2024-07-01")
TO_JUNE = ("2024-01-01", "2024-07-01")
SECOND_HALF = ("2024-07-01", "2025-01-01")
ALWAYS = ("2024-01-01", "2025-07-01")


def money(load):
    """What was spent: day, channel, cost, sign-ups."""
    return load("ad_spend_daily").merge(load("channels")[["channel_id", "channel"]], on="channel_id")


def payments(load):
    """Every payment that was kept: channel and sign-up of the user, days since then, revenue, margin."""
    lines = load("order_items").merge(load("products")[["sku", "unit_cost_cny"]], on="sku")
    lines["goods"] = lines["quantity"] * lines["unit_cost_cny"]
    orders = load("orders")
    orders = orders[orders["paid"] & ~orders["refunded"]].set_index("order_id")
    orders["margin"] = orders["net_cny"] - lines.groupby("order_id")["goods"].sum()
    orders = orders[["user_id", "ts", "net_cny", "margin"]].set_axis(["user_id", "ts", "revenue", "margin"], axis=1)
    fees = load("memberships")[["user_id", "start", "price_cny"]].set_axis(["user_id", "ts", "revenue"], axis=1)
    users = load("users").merge(load("channels")[["channel_id", "channel"]], on="channel_id")
    paid = pd.concat([orders, fees.assign(margin=fees["revenue"])]).merge(users, on="user_id")
    paid["age"] = (paid["ts"].dt.floor("D") - paid["signup_ts"].dt.floor("D")).dt.days
    return paid[["channel", "signup_ts", "ts", "age", "revenue", "margin"]]


def within(table, column, period):
    """The rows of a period, its end excluded."""
    return table[(table[column] >= period[0]) & (table[column] < period[1])]


# 11.2: two ROIs of the same users


def per_yuan(load, what, days, cohort=SPRING, bought=SPRING, by="signup_ts"):
    """What came back for each CNY, channel by channel."""
    paid = within(payments(load), by, cohort)
    gain = paid[paid["age"] < days].groupby("channel")[what].sum().reindex(FOUR, fill_value=0.0)
    return gain / within(money(load), "date", bought).groupby("channel")["cost_cny"].sum().reindex(FOUR)


def rois(load, of_30="revenue", of_365="margin", days=(30, 365), less=1, **how):
    """The table asked for, or with one thing done wrong."""
    both = {"roi_30": per_yuan(load, of_30, days[0], **how), "roi_365": per_yuan(load, of_365, days[1], **how)}
    return (pd.DataFrame(both) - less).rename_axis("channel").reset_index()


def less_by_gain(load):
    """(gain - cost) / gain in both columns."""
    back = rois(load, less=0).set_index("channel")
    return (1 - 1 / back).reset_index()


# 11.3: payback of one channel


def payback_days(load, what="margin", channel="xhs", cohort=SECOND_HALF, bought=SECOND_HALF, since="signup_ts"):
    """Days from the sign-up, or from a date, until the cost is back; -1 if it never is."""
    paid = within(payments(load), "signup_ts", cohort)
    paid = paid[paid["channel"].isin([channel] if channel else paid["channel"])]
    days = paid["age"] if since == "signup_ts" else (paid["ts"] - pd.Timestamp(since)).dt.days
    spent = within(money(load), "date", bought)
    cost = spent.loc[spent["channel"].isin([channel] if channel else spent["channel"]), "cost_cny"].sum()
    running = paid.groupby(days)[what].sum().sort_index().cumsum()
    return running.index[running >= cost].min() if (running >= cost).any() else -1


# 11.4: two channels, one budget

CASES = {
    "two equal channels": (1000, {"a": 1.0, "b": 0.5, "worth": 100}, {"a": 1.0, "b": 0.5, "worth": 100}),
    "more users, worth more": (1000, {"a": 2.0, "b": 0.5, "worth": 150}, {"a": 1.0, "b": 0.5, "worth": 100}),
    "one that is used up sooner": (2000, {"a": 2.0, "b": 0.6, "worth": 120}, {"a": 0.5, "b": 0.8, "worth": 110}),
    "a small budget": (300, {"a": 0.8, "b": 0.75, "worth": 60}, {"a": 1.5, "b": 0.55, "worth": 90}),
}


def balance(budget, first, second, factor=lambda channel: channel["worth"] * channel["a"] * channel["b"]):
    """The spend on the first channel at which factor x spend ** (b - 1) is the same in both, by halving."""
    low, high = 0.0, float(budget)
    for _ in range(60):
        spend = (low + high) / 2
        ours = factor(first) * spend ** (first["b"] - 1)
        low, high = (spend, high) if ours > factor(second) * (budget - spend) ** (second["b"] - 1) else (low, spend)
    return low


def alone(budget, channel):
    """What the whole budget would bring in one channel."""
    return channel["worth"] * channel["a"] * budget ** channel["b"]


def by_shares(budget, first, second, weigh):
    """The budget in proportion to something."""
    return budget * weigh(first) / (weigh(first) + weigh(second))


def brought(budget, first, second):
    """What the best split brings."""
    spend = balance(budget, first, second)
    return alone(spend, first) + alone(budget - spend, second)


# 11.5: what an additional sign-up costs


def halves(load, channel="dy", of="signups"):
    """Cost and sign-ups of the cheaper and the dearer weeks, as means; then of all weeks, and the dearer weeks one by one."""
    spent = money(load)
    spent = spent[spent["channel"].isin([channel] if channel else spent["channel"]) & (spent["date"] < "2025-06-30")]
    weeks = spent.groupby(pd.Grouper(key="date", freq="W"))[["cost_cny", of]].sum()
    dear = weeks["cost_cny"] > weeks["cost_cny"].median()
    return weeks[~dear].mean(), weeks[dear].mean(), weeks.mean(), weeks[dear]


def additional(load, **how):
    """Cost of an additional sign-up between the cheaper and the dearer weeks."""
    cheap, dear, *_ = halves(load, **how)
    cost, signups = dear - cheap
    return cost / signups


def cac(means):
    """Cost of a sign-up on average."""
    cost, signups = means
    return cost / signups


QUESTIONS = {
    "11.1": Choice(
        right="b",
        options={
            "a": "that is what an average yuan brought; compare what the step from 800 to 1,000 CNY brought in each channel",
            "b": "the last 200 CNY brought 300 in B and only 100 in A; an average is a report on the past",
            "c": "a high ROI says what all the money brought; look at what the last 200 CNY of each channel brought",
            "d": "look again at both steps from 800 to 1,000 CNY: in one channel they brought more than 200",
        },
    ),
    "11.2": Frame(
        keys=["channel"],
        columns={"roi_30": 0.01, "roi_365": 0.01},
        partial=True,
        right=lambda load: rois(load),
        praise="the same users and the same money: only gain and horizon differ",
        mistakes={
            "this is what came back for each CNY; an ROI takes the CNY off again": lambda load: rois(load, less=0),
            "divided by the spend of all eighteen months; these users were bought in three of them": (
                lambda load: rois(load, bought=ALWAYS)
            ),
            "these are the users of all months; asked are the sign-ups of April to June 2024": (
                lambda load: rois(load, cohort=ALWAYS)
            ),
            "users and spend of all eighteen months; asked are April to June 2024, for both": (
                lambda load: rois(load, cohort=ALWAYS, bought=ALWAYS)
            ),
            "users and spend of January to June; asked are April to June": (
                lambda load: rois(load, cohort=TO_JUNE, bought=TO_JUNE)
            ),
            "the users of three months against the spend of six; take the spend of April to June": (
                lambda load: rois(load, bought=TO_JUNE)
            ),
            'the users of 30 June are missing: `<= "2024-06-30"` ends at midnight; write `< "2024-07-01"`': (
                lambda load: rois(load, cohort=(SPRING[0], "2024-06-30"))
            ),
            "30 June is missing, users and spend; it belongs to the three months": (
                lambda load: rois(load, cohort=(SPRING[0], "2024-06-30"), bought=(SPRING[0], "2024-06-30"))
            ),
            "divided by what came back; an ROI divides by the cost": lambda load: less_by_gain(load),
            "you chose payments made from April to June; choose users by their sign-up, and payments by age": (
                lambda load: rois(load, by="ts")
            ),
            "this is revenue; take off what the goods cost (`margin`)": lambda load: rois(load, of_365="revenue")[
                ["channel", "roi_365"]
            ],
            "this is margin; the board's ROI of 30 days is by revenue": lambda load: rois(load, of_30="margin")[
                ["channel", "roi_30"]
            ],
            "every payment is counted, whenever it was made; keep those of the first days (`age`)": (
                lambda load: rois(load, days=(9999, 9999))
            ),
            "this is one day too long: 30 days are the ages 0 to 29": lambda load: rois(load, days=(31, 366)),
        },
    ),
    "11.3": Number(
        right=lambda load: payback_days(load),
        tolerance=1,
        unit="days",
        praise="by margin, and by the age of the user",
        mistakes={
            "this is by revenue; the goods must be paid from it: add up `margin`": lambda load: payback_days(load, "revenue"),
            "these are days since 1 July, not since each user's sign-up: add up by `age`": (
                lambda load: payback_days(load, since=SECOND_HALF[0])
            ),
            "these are the users and the spend of January to June 2024; asked are July to December": (
                lambda load: payback_days(load, cohort=TO_JUNE, bought=TO_JUNE)
            ),
            "these are the users and the spend of all months; asked are July to December 2024": (
                lambda load: payback_days(load, cohort=ALWAYS, bought=ALWAYS)
            ),
            "the users of all months against the spend of six; choose users by their sign-up": (
                lambda load: payback_days(load, cohort=ALWAYS)
            ),
            "the users of six months against the spend of all; take the spend of July to December": (
                lambda load: payback_days(load, bought=ALWAYS)
            ),
            "`idxmax` of a condition that never holds gives the first row; add the margins up first (`cumsum`)": lambda load: 0,
            "these are all channels; asked is Xiaohongshu": lambda load: payback_days(load, channel=None),
            "this is Douyin; asked is Xiaohongshu": lambda load: payback_days(load, channel="dy"),
        },
    ),
    "11.4": Function(
        right=balance,
        result=Number(tolerance=1, unit="CNY for the first channel"),
        cases=CASES,
        praise="the next yuan brings the same in both",
        mistakes={
            "half for each, whatever they bring; compare what the next yuan brings": lambda budget, first, second: budget / 2,
            "all to the channel that would bring more with all of it; its last yuan brings less than the other's first": (
                lambda budget, first, second: budget * (alone(budget, first) >= alone(budget, second))
            ),
            "here the average yuan brings the same in both; make the next yuan equal, which is b times the average": (
                lambda *case: balance(*case, factor=lambda channel: channel["worth"] * channel["a"])
            ),
            "this makes sign-ups most; their worth differs, so make the margin most": (
                lambda *case: balance(*case, factor=lambda channel: channel["a"] * channel["b"])
            ),
            "this is the spend on the second channel; asked is the first": lambda *case: case[0] - balance(*case),
            "this is in proportion to what half of the budget brings in each channel; that is an average": (
                lambda *case: by_shares(*case, weigh=lambda channel: alone(case[0] / 2, channel))
            ),
            "this is in proportion to `worth`; the curves count as well": (
                lambda *case: by_shares(*case, weigh=lambda channel: channel["worth"])
            ),
            "this is what the best split brings; asked is what the first channel gets": brought,
            "next to nothing: a share, not CNY? or all to the other channel, whose last yuan brings less": lambda *case: (
                balance(*case) / case[0]
            ),
        },
    ),
    "11.5": Number(
        right=lambda load: additional(load),
        tolerance=0.3,
        unit="CNY for each additional sign-up",
        praise="the report averaged over users whom the cheaper weeks brought as well",
        mistakes={
            "this is the CAC of the dearer weeks: an average over all of their users": lambda load: cac(halves(load)[1]),
            "this is the CAC of all weeks; compare the dearer weeks with the cheaper ones": lambda load: cac(halves(load)[2]),
            "this is the CAC of the cheaper weeks; compare the dearer ones with them": lambda load: cac(halves(load)[0]),
            "this is the difference of two averages; divide additional cost by additional sign-ups": (
                lambda load: cac(halves(load)[1]) - cac(halves(load)[0])
            ),
            "this is how far the report's two averages lie apart; divide additional cost by additional sign-ups": (
                lambda load: cac(halves(load)[1]) - cac(halves(load)[2])
            ),
            "this is the additional cost of a week; divide it by the additional sign-ups": (
                lambda load: (halves(load)[1] - halves(load)[0])["cost_cny"]
            ),
            "this is the mean of the weeks' own CACs; divide additional cost by additional sign-ups": (
                lambda load: np.mean(halves(load)[3]["cost_cny"] / halves(load)[3]["signups"])
            ),
            "this is upside down: sign-ups for each CNY": lambda load: 1 / additional(load),
            "this is by installs; asked are sign-ups": lambda load: additional(load, of="installs"),
            "these are all channels; the report is about Douyin (`weeks`)": lambda load: additional(load, channel=None),
        },
    ),
}
