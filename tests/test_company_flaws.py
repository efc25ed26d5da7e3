"""Each "find the flaw" has the data it needs, and what is wrong with the claim shows in twenty companies.

Here are those whose data are not tested beside their own pack: FL07, FL08 and FL15 are in `test_company_outside`, FL09 in
`test_company_relations`, FL11 in `test_company_search`, FL16 in `test_company_money`, FL18, FL20 and FL21 in
`test_company_work`. FL17 is about the dates of a résumé and needs no table.
"""

import numpy as np
import pandas as pd
import pytest
from made_company import Company
from scipy.optimize import minimize_scalar

from opscourse.company import dirt
from opscourse.company.worth import ranks
from opscourse.service import erlang_c

SEEDS = range(20)
DAY = pd.Timedelta("1D")
WEEKS = (("2025-05-25", "2025-05-31"), ("2025-06-24", "2025-06-30"))


@pytest.fixture(scope="module", params=SEEDS)
def company(request):
    return Company(request.param)


def daily(company, dates):
    return dates.dt.normalize().value_counts().reindex(company["calendar"]["date"], fill_value=0)


def test_fl01_new_users_are_a_small_part_of_active_ones(company):
    active = daily(company, company["daily_activity"]["date"])
    new = daily(company, company["users"]["signup_ts"]) / active
    assert new.iloc[0] == 1
    assert new["2025-06-01":].max() < 1 / (1 + 0.3 + 6 * 0.2 + 23 * 0.1)


def test_fl02_active_users_say_little_about_the_day_after_installs_stop(company):
    """Who had registered by the end of May: active in the last week of that month, and of June."""
    days, users = company["daily_activity"], company["users"]
    earlier = days[days["user_id"].isin(users["user_id"][users["signup_ts"] < "2025-06-01"])]
    before, after = (earlier["date"].between(first, last).sum() for first, last in WEEKS)
    assert 0.6 < after / before < 0.85


def test_fl03_a_thousand_are_enough_for_few_tests(company):
    """n = 16 p (1 - p) / (0.1 p)^2 a group for a tenth more."""
    units = company["assignments"]
    base = units[units["arm"] == "control"].groupby("exp_id")["outcome"].mean()
    needed = 16 * (1 - base) / (0.01 * base)
    assert needed.min() < 1_000 < 10_000 < needed.max()
    assert (needed > 1_000).mean() > 0.7


def test_fl04_conversion_rose_by_22_per_cent_not_by_22_points(company):
    known = company.known.checkout
    events = (
        company["events"].merge(company["users"][["user_id", "city_id"]], on="user_id").merge(company["cities"], on="city_id")
    )
    carts = events[(events["name"] == "cart_add") & events["checkout_treated"]].drop_duplicates("session_id")
    paid = carts["session_id"].isin(events["session_id"][events["name"] == "order_pay"])
    before, after = (paid[when].mean() for when in (carts["ts"] < known.launch, carts["ts"] >= known.launch))
    assert before < after
    assert abs(after - 1.22 * before) < abs(after - before - 0.22)
    assert after < 0.48


def test_fl05_form_and_video_can_be_told_apart_only_by_four_arms(company):
    units = company["assignments"]
    rate = units[units["exp_id"] == 1].groupby("arm")["outcome"].mean()
    lift = rate / rate["control"]
    assert lift["both"] > lift["short_form"] > lift["guide_video"] > 1
    assert lift["both"] == pytest.approx(lift["short_form"] * lift["guide_video"], abs=0.03)  # no interaction


def test_fl06_a_date_in_the_name_makes_many_events_of_one(company):
    clean = company["events"].iloc[::10].astype({"name": "str", "page": "str"})
    dirty = dirt.spoiled("events", clean, company.seed, company.known.dirt)
    assert clean["name"].nunique() < 30
    assert dirty["name"].nunique() > 20 * clean["name"].nunique()
    dated = dirty["name"].str.contains(r"_\d{8}$")
    assert dated.mean() == pytest.approx(company.known.dirt.dated, abs=0.002)


def test_fl10_the_first_channel_by_early_revenue_is_not_the_first_by_margin(company):
    early, late = ranks(company)
    assert early["dy"] == 1
    assert early["paid_search"] == 3
    assert late["paid_search"] < late["dy"]


def test_fl12_dragon_head_is_seen_on_its_lunar_date_only(company):
    """Items seen on three days in a row: the middle one beside its neighbours, since interest falls evenly."""
    seen = company["content_daily"].pivot_table(index=["content_id", "platform"], columns="date", values="impressions")

    def uplift(day):
        day = pd.Timestamp(day)
        around = seen[[day - DAY, day, day + DAY]].dropna().sum()
        return around[day] / np.sqrt(around[day - DAY] * around[day + DAY]) - 1

    assert uplift("2024-03-01") < uplift("2024-03-11")
    assert uplift("2024-03-01") < 0.1 < uplift("2025-03-01")


def test_fl13_the_mean_of_completion_rates_is_not_the_completion_rate(company):
    counts = company["content_daily"].query("platform == 'dy' and views > 0")
    mean_of_rates = (counts["completions"] / counts["views"]).mean()
    assert abs(mean_of_rates - counts["completions"].sum() / counts["views"].sum()) > 0.05


def test_fl14_publishing_follows_activity_a_week_later_and_not_the_other_way_round(company):
    """Publishing of a week, in logarithms, on what activity was a week before and a week after, its growth taken off."""
    active = daily(company, company["daily_activity"]["date"]).astype(float)
    anomaly, calendar = company.known.anomaly, company["calendar"].set_index("date")
    odd = [*anomaly.outages, *anomaly.waves, *anomaly.campaigns, *anomaly.price_errors]
    active[calendar["node"].notna() | calendar.index.isin(pd.to_datetime(odd))] = np.nan
    active = np.exp(np.log(active).interpolate(limit_direction="both")).rolling(7).sum().iloc[6:]
    published = daily(company, company["content_items"]["publish_ts"]).rolling(7).sum().iloc[6:]
    week = np.log(np.arange(1, active.size + 1))
    grown = np.polynomial.Polynomial.fit(week[60:], np.log(active)[60:], 3)
    rest = (np.log(active) - grown(week)).to_numpy()
    rows = np.arange(90, active.size - 30)
    known_of = np.column_stack([np.ones(rows.size), rest[rows - 7], rest[rows + 7]])
    _, earlier, later = np.linalg.lstsq(known_of, np.log1p(published.to_numpy()[rows]), rcond=None)[0]
    assert earlier > later


def test_fl19_the_pass_rate_rose_everywhere_and_the_share_of_quality_halved_while_complaints_grew(company):
    probes = company["dial_tests"].merge(company["cities"], on="city_id")
    waves = probes.groupby("wave")["passed"].agg(["sum", "size"])
    assert waves.to_numpy().tolist() == [[81, 92], [90, 92]]
    late = probes["date"] >= company.known.quality.start
    rate = probes.groupby([probes["quality_treated"], late])["passed"].mean()
    rise = rate.xs(True, level=1) - rate.xs(False, level=1)
    assert rise[True] > rise[True] - rise[False] + 0.02  # before/after beside the difference in differences
    assert rise[True] > rise[False]
    complaints = company["tickets"].query("category == 'complaint'")
    months = complaints.groupby(complaints["opened_ts"].dt.to_period("M"))["quality_related"].agg(["sum", "size"])
    assert months.loc[["2024-10", "2025-04"]].to_numpy().tolist() == [[90, 280], [80, 530]]


def test_fl22_two_queues_wait_longer_than_one(company):
    special = company["tickets"]["special"].mean()
    assert special == pytest.approx(0.2, abs=0.02)
    pooled = erlang_c(agents=7, arrivals_per_hour=20, handling_min=company.known.service.handling).mean_wait_min
    split = erlang_c(
        agents=[5, 2], arrivals_per_hour=[20 * (1 - special), 20 * special], handling_min=company.known.service.handling
    ).mean_wait_min
    assert np.average(split, weights=[1 - special, special]) > 2 * pooled


def test_a_wrong_price_shows_in_five_tables(company):
    """Orders a visit, pieces sold, public talk, the log of incidents and what the operations team reacts to."""
    orders, visits = (daily(company, company[name][column]) for name, column in (("orders", "ts"), ("daily_activity", "date")))
    sold = company["inventory_daily"].groupby("date")["sold"].sum()
    mentions = company["mentions_hourly"].set_index("ts")[["positive", "negative"]].resample("D").sum()
    incidents, actions = company["incidents"].query("type == 'price_error'"), company["ops_log"]["triggered_by_metric_ts"]
    errors = pd.to_datetime(list(company.known.anomaly.price_errors))
    assert incidents["started_ts"].dt.normalize().tolist() == errors.tolist()
    for day in errors:
        before = slice(day - 28 * DAY, day - DAY)
        for seen, factor in ((orders / visits, 1.5), (sold, 1.5), (mentions["positive"], 1.2), (mentions["negative"], 2)):
            assert seen[day] > factor * seen[before].mean()
    assert set(errors) <= set(actions.dt.normalize())


def test_creatives_tire_as_the_truth_says_where_they_are_compared_on_the_same_day(company):
    """Clicks of a campaign's day fall on its creatives by 0.5 ** (age / half-life): the likeliest half-life."""
    days = company["creative_daily"].merge(company["creatives"], on="creative_id")
    age, clicks = (days["date"] - days["first_day"]).dt.days.to_numpy(), days["clicks"].to_numpy()
    day = days.groupby(["date", "campaign_id"]).ngroup().to_numpy()

    def surprise(half_life):
        draw = 0.5 ** (age / half_life)
        return -clicks @ np.log(draw / np.bincount(day, draw)[day])

    found = minimize_scalar(surprise, bounds=(5, 100), method="bounded").x
    assert found == pytest.approx(company.known.creative.half_life, rel=0.25)


def test_a_button_further_up_is_seen_and_clicked_more(company):
    known = company.known.search
    clicks = company["page_clicks"].groupby("version")["on_button"].mean()
    seen = [(company["page_clicks"]["scroll_depth"] >= height).mean() for height in known.button]
    assert clicks["b"] > 2 * clicks["a"]
    assert (clicks[["a", "b"]] <= known.pressed * np.array(seen) + 0.01).all()
