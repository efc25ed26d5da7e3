"""What surrounds the company holds together, and what a lesson is to find in it is there on every one of twenty seeds."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opscourse.company.build  # noqa: F401 - registers the builders
from opscourse.company.build.mentions import crisis_posts
from opscourse.company.build.risks import expected_users
from opscourse.company.parameters import Crisis, varied
from opscourse.company.parquet import arrow_table
from opscourse.company.tables import TABLES, market, risk
from opscourse.company.tables.hidden import HIDDEN
from opscourse.company.world import BUILDERS, TALLIES, World

SEEDS = range(20)


class Company(dict):
    """A variant of the company; each table is made when it is asked for."""

    def __init__(self, seed, users=20_000):
        super().__init__()
        self.world = World(varied(seed), users, seed)
        self.known = self.world.parameters

    @property
    def blocks(self):
        """Nothing made in them yet, so that nothing of twenty companies is kept."""
        return [self.world.block(index) for index in range(self.world.n_blocks)]

    def __missing__(self, name):
        table = TABLES.get(name) or HIDDEN[name]
        builder = name if name in BUILDERS else f"_truth_{name}"
        if table.scope == "summary" and not self.world.totals:
            tallies = ("campaign_signups", "store_signups", "stars", "sales_cny")
            counts = [{tally: TALLIES[tally](block) for tally in tallies} for block in self.blocks]
            self.world.totals = {tally: sum(count[tally] for count in counts) for tally in tallies}
        makers = self.blocks if table.scope == "block" else [self.world]
        self[name] = pd.concat([arrow_table(table, maker[builder]).to_pandas() for maker in makers], ignore_index=True)
        return self[name]


@pytest.fixture(scope="module")
def companies():
    return [Company(seed) for seed in SEEDS]


@pytest.fixture(scope="module", params=SEEDS)
def company(request, companies):
    return companies[request.param]


def test_keys_are_unique_values_are_in_bounds_and_references_resolve(company):
    for table in (*risk.TABLES, *market.TABLES, *(HIDDEN[name] for name in ("risks", "crises", "reviews_felt"))):
        rows = company[table.name]
        assert len(rows)
        assert not rows.duplicated(list(table.key)).any(), table.name
        for column in table.columns:
            values = rows[column.name].dropna()
            assert column.null or len(values) == len(rows), f"{table.name}.{column.name}"
            assert not column.values or set(values) <= set(column.values), f"{table.name}.{column.name}"
            assert column.low is None or values.min() >= column.low, f"{table.name}.{column.name}"
            assert column.high is None or values.max() <= column.high, f"{table.name}.{column.name}"
            if column.reference:
                other, key = column.reference
                assert values.isin(company[other][key]).all(), f"{table.name}.{column.name}"


@pytest.mark.parametrize(
    ("table", "rows"),
    [("risk_register", 40), ("role_grants", 200), ("access_log", 30_000), ("phishing_drills", 700), ("incidents", 60),
     ("backups", 547), ("mentions_hourly", 13_128), ("competitors", 24), ("competitor_prices", 312), ("markets", 54),
     ("netizens_stylised", 31), ("reviews", 5_000), ("store_daily", 2_188), ("ad_auctions", 50_000)],
)  # fmt: skip
def test_tables_have_the_rows_that_were_announced(companies, table, rows):
    assert len(companies[0][table]) == rows


def test_what_grows_with_users_does(companies):
    small, large = Company(3, users=2_000), companies[3]
    for table in ("reviews", "ad_auctions"):
        assert len(small[table]) * 10 == len(large[table])
    for column in ("positive", "neutral", "negative"):
        assert small["mentions_hourly"][column].sum() / large["mentions_hourly"][column].sum() == pytest.approx(0.1, rel=0.15)
    assert small["store_daily"]["installs"].sum() / large["store_daily"]["installs"].sum() == pytest.approx(0.1, rel=0.1)


def test_the_reviews_of_a_large_company_come_in_blocks_that_add_up():
    large = Company(3, users=50_000)
    assert len(large.blocks) > 1
    assert len(large["reviews"]) == 12_500
    assert large["reviews"]["review_id"].is_unique


# Risks, incidents, backups


def test_the_committees_matrix_ranks_many_risks_wrongly(company):
    register = company["risk_register"]
    matrix = (register["likelihood_class"] * register["impact_class"]).rank(ascending=False)
    expected = company["risks"]["yearly_loss_cny"].rank(ascending=False)
    assert ((matrix - expected).abs() >= 5).sum() >= 15
    assert len(set(matrix.nsmallest(5).index) & set(expected.nsmallest(5).index)) <= 3
    assert expected[register["risk"].str.startswith("customer data leak")].item() <= 3


def test_the_register_is_near_the_truth(company):
    register, true = company["risk_register"], company["risks"]
    sigma = np.log(register["loss_high_cny"] / register["loss_low_cny"]) / (2 * 1.6449)
    mean = np.sqrt(register["loss_low_cny"] * register["loss_high_cny"]) * np.exp(sigma**2 / 2)
    assert mean.to_numpy() == pytest.approx(true["mean_loss_cny"].to_numpy(), rel=0.2)
    assert np.log(register["events_per_year"] / true["events_per_year"]).abs().max() < 4.5 * company.known.incident.estimate


def test_incidents_happen_as_often_as_the_register_says_and_in_order(company):
    incidents = company["incidents"]
    moments = incidents[["started_ts", "detected_ts", "responded_ts", "recovered_ts"]]
    assert (moments.diff(axis=1).iloc[:, 1:] > pd.Timedelta(0)).all(axis=None)
    assert moments.max().max() < pd.Timestamp("2025-07-01")
    named = incidents.merge(company["risk_register"], on="risk_id")
    assert (named["type"].astype(str) == named["incident_type"].astype(str)).all()
    logged = company["risk_register"].dropna(subset="incident_type").merge(company["risks"], on="risk_id")
    expected = logged.set_index("incident_type")["events_per_year_y"] * 547 / 365.25
    counted = incidents["type"].value_counts().reindex(expected.index, fill_value=0)
    assert ((counted - expected).abs() <= 4 * np.sqrt(expected)).all()


def test_the_planted_days_are_among_the_incidents_and_end_on_their_day(company):
    anomaly, incidents = company.known.anomaly, company["incidents"]
    for kind, days in (("tracking", anomaly.outages), ("bots", anomaly.waves), ("price_error", anomaly.price_errors)):
        rows = incidents[incidents["type"] == kind]
        assert sorted(rows["started_ts"].dt.strftime("%Y-%m-%d")) == sorted(days)
        assert (rows["started_ts"].dt.date == rows["recovered_ts"].dt.date).all()
    hit = incidents.groupby("type")["users_hit"].mean()
    assert hit["tracking"] == hit["bots"] == 0 < hit["price_error"]


def test_alarms_shorten_the_time_until_an_incident_is_noticed_not_the_repair(companies):
    ratios = []
    for company in companies:
        incidents = company["incidents"][~company["incidents"]["type"].isin(["tracking", "bots", "price_error"])]
        later = incidents["started_ts"] >= company.known.incident.monitoring
        waits = pd.DataFrame(
            {
                "detect": incidents["detected_ts"] - incidents["started_ts"],
                "repair": incidents["recovered_ts"] - incidents["responded_ts"],
            }
        ).apply(lambda wait: np.log(wait / pd.Timedelta("1min")))
        ratios.append(np.exp(waits[later].mean() - waits[~later].mean()))
        assert ratios[-1]["detect"] < 0.8
    mean = pd.DataFrame(ratios).mean()
    assert mean["detect"] == pytest.approx(np.mean([c.known.incident.monitored for c in companies]), abs=0.08)
    assert mean["repair"] == pytest.approx(1, abs=0.15)


def test_a_backup_that_says_ok_may_not_keep_the_promise(company):
    backups, known = company["backups"], company.known.backup
    usable = backups["taken_ts"].where(backups["ok"]).ffill().shift()
    lost = (backups["taken_ts"] - usable).dt.total_seconds().iloc[1:] / 3600
    assert backups["rpo_h"].iloc[1:][usable.iloc[1:].notna()].to_numpy() == pytest.approx(lost.dropna().to_numpy(), abs=0.006)
    tested = backups[backups["restored_test_ts"].notna()]
    assert tested["ok"].all()
    assert (tested["restored_test_ts"] > tested["taken_ts"]).all()
    assert (tested["rto_h"].notna() == tested["restored_ok"].astype(bool)).all()
    kept = (tested["rpo_h"] <= known.rpo_target) & (tested["rto_h"] <= known.rto_target)
    assert kept.mean() < 0.8 < 0.9 < backups["ok"].mean()


# Rights


def test_unused_grants_refusals_and_violations_are_as_many_as_were_planted(company):
    access, grants, log = company.known.access, company["role_grants"], company["access_log"]
    known = log.merge(grants, on=["role", "resource"], how="left", suffixes=("", "_granted"))
    levels = {level: k for k, level in enumerate(risk.LEVELS)}
    covered = known["level"].map(levels).astype(int) <= known["level_granted"].map(levels).astype(float)
    assert (~known["allowed"]).sum() == access.refused
    assert not covered[~known["allowed"]].any()
    violations = known[known["allowed"] & ~covered]
    assert len(violations) == access.violations
    assert violations["login_id"].nunique() <= access.violators
    used = grants.merge(log[log["allowed"]].drop_duplicates(["role", "resource"]), on=["role", "resource"])
    assert 1 - len(used) / len(grants) == pytest.approx(access.unused)
    assert used["role"].nunique() == grants["role"].nunique()
    night = violations["ts"].dt.hour.isin([22, 23, 0, 1, 2, 3, 4]).mean()
    assert night > 5 * known["ts"].dt.hour.isin([22, 23, 0, 1, 2, 3, 4]).mean()


def test_each_employee_has_one_role_and_a_number_that_is_known(company):
    log = company["access_log"]
    assert (log.groupby("login_id")["role"].nunique() == 1).all()
    for table in ("access_log", "phishing_drills"):
        assert set(company[table]["login_id"]) == set(range(1, company.known.access.employees + 1))
    assert log["ts"].is_monotonic_increasing
    assert log["ts"].between(company.known.access.start, "2025-07-01").all()
    required = log.merge(company["role_grants"].query("mfa_required"), on=["role", "resource"])
    assert required["mfa"].mean() == pytest.approx(company.known.access.second_factor, abs=0.015)


def test_clicking_falls_from_drill_to_drill(companies):
    slopes = []
    for company in companies:
        clicked = company["phishing_drills"].groupby("drill")["clicked"].mean()
        assert clicked[5] < 0.6 * clicked[1]
        slopes.append(np.polyfit(clicked.index, np.log(clicked), 1)[0] - np.log(1 - company.known.access.learned))
    assert np.mean(slopes) == pytest.approx(0, abs=0.07)


# Mentions and crises


@settings(deadline=None)
@given(st.floats(0.3, 1.0), st.floats(0.1, 0.5), st.integers(0, 60), st.integers(0, 60), st.booleans())
def test_an_earlier_answer_and_an_apology_never_make_a_crisis_larger(spread, fade, one, other, apology):
    crisis = replace(Crisis(), spread=spread, fade=fade)
    early, late = (crisis_posts(crisis, hours, apology).sum() for hours in sorted((one, other)))
    assert early <= late * (1 + 1e-9)
    assert crisis_posts(crisis, one, True).sum() <= crisis_posts(crisis, one, False).sum() * (1 + 1e-9)
    assert late <= crisis_posts(crisis, np.inf, False).sum() * (1 + 1e-9)
    assert late <= crisis.audience


def test_an_apology_in_time_halves_the_spread_and_one_that_is_late_does_nothing():
    crisis = Crisis()
    in_time, plain = (crisis_posts(crisis, 6, apology) for apology in (True, False))
    assert in_time[7] == pytest.approx(plain[7] * (1 - crisis.apology))
    assert (crisis_posts(crisis, 7, True) == crisis_posts(crisis, 7, False)).all()


def test_crises_are_seen_within_hours_and_small_where_the_answer_came_in_time(company):
    mentions, crises = company["mentions_hourly"].set_index("ts"), company["crises"]
    usual = mentions["negative"].rolling("28D", closed="left").mean()
    totals, alarms = [], []
    for onset in crises["onset_ts"]:
        window = mentions["negative"][onset : onset + pd.Timedelta("72h")]
        alarms.append((window > usual[onset] + 4 * np.sqrt(usual[onset]) + 1)[:8].any())
        totals.append(window.sum())
        assert mentions["crisis_true"][onset]
        assert not mentions["crisis_true"][onset - pd.Timedelta("1h")]
    in_time = crises["apology"] & (crises["response_h"] <= company.known.crisis.in_time)
    assert in_time.sum() == 2
    assert np.array(alarms)[~in_time].all()
    assert 2 * np.mean(np.array(totals)[in_time]) < np.array(totals)[~in_time].min()
    assert mentions["crisis_true"].mean() < 0.03


def test_a_wrong_price_shows_in_the_mentions_of_its_day(company):
    by_day = company["mentions_hourly"].groupby(company["mentions_hourly"]["ts"].dt.normalize())[["positive", "negative"]].sum()
    for day in company.known.anomaly.price_errors:
        near = by_day[pd.Timestamp(day) - pd.Timedelta("28D") : pd.Timestamp(day) - pd.Timedelta("1D")]
        assert (by_day.loc[day] > near.mean() + 2 * near.std()).all()


def test_negative_mentions_grow_with_complaints(company):
    from opscourse.company.build.service import monthly_tickets

    mentions = company["mentions_hourly"]
    calm = mentions[~mentions["crisis_true"]]
    monthly = calm.groupby(calm["ts"].dt.to_period("M"))["negative"].mean()
    assert np.corrcoef(monthly, monthly_tickets(company.world)["complaints"])[0, 1] > 0.7


def test_brand_campaigns_are_talked_about_for_days(companies):
    halves = []
    for company in companies:
        campaigns, spend = company["campaigns"], company["ad_spend_daily"]
        brand = spend[spend["campaign_id"].isin(campaigns.loc[campaigns["objective"] == "brand", "campaign_id"])]
        daily = brand.groupby("date")["cost_cny"].sum().reindex(spend["date"].unique(), fill_value=0)
        neutral = company["mentions_hourly"].groupby(company["mentions_hourly"]["ts"].dt.normalize())["neutral"].sum()
        usual = expected_users(company.world)
        fit = {half: np.corrcoef(daily.ewm(halflife=half, adjust=False).mean(), neutral / usual)[0, 1] for half in (0.5, 7, 40)}
        assert fit[7] > 0.3
        halves.append(fit)
    assert pd.DataFrame(halves).mean().idxmax() == 7


# Markets, rivals, history


def test_fl07_a_rate_cannot_grow_by_120_per_cent_a_year(company):
    home = company["markets"].query("market == 'home'").set_index("year")["penetration"]
    growth = home[2024] / home[2023]
    assert growth == pytest.approx(2.2)
    assert np.log(1 / 0.05) / np.log(growth) == pytest.approx(3.8, abs=0.05)
    naive = home[2023] * growth ** (home.index - 2023)
    assert naive[-1] > 1 > company.known.market.ceiling > home.max()
    assert home.is_monotonic_increasing
    own = company["competitors"].query("firm == 'Jiadong'")[["d1", "d7", "d30"]].mean()
    assert (own - 0.35 < 0).all()  # 35 points ahead is impossible
    rivals = company["competitors"].query("firm != 'Jiadong'").groupby("quarter")[["d1", "d7", "d30"]].mean()
    for quarter in rivals.index:
        assert rivals.loc[quarter].round(3).tolist() == [0.222, 0.148, 0.074]


def test_fl08_people_spend_less_each_while_the_market_grows(company):
    home = company["markets"].query("market == 'home'").set_index("year")
    assert home["spend_usd"][2024] / home["spend_usd"][2023] - 1 == pytest.approx(-0.182, abs=0.0005)
    assert home["size_usd_m"][2023] == 1200.0
    assert home["size_usd_m"][2028] < 0.4 * home["size_usd_m"][2023] * 1.8**5


def test_the_best_country_is_not_the_largest(company):
    def value(country):
        profit = country["size_usd_m"] * 0.02 * 0.3 * (1 - country["tax"]) - country["local_law_cost_usd_m"]
        return (profit / 1.12 ** (country["year"] - 2024)).sum() - country["language_cost_usd_m"].iloc[0]

    abroad = company["markets"].query("market != 'home' and forecast")
    values = pd.Series({name: value(country) for name, country in abroad.groupby("market")})
    assert values.idxmax() == "Corvany"
    assert abroad.groupby("market")["size_usd_m"].sum().idxmax() == "Dormund"
    assert values["Corvany"] > values.nlargest(2).iloc[1] * 1.5


def test_three_rivals_hold_sixty_per_cent_and_more_from_quarter_to_quarter(company):
    shares = company["competitors"].pivot(index="quarter", columns="firm", values="share")
    assert shares.iloc[-1][["X", "Y", "Z"]].tolist() == [0.28, 0.19, 0.13]
    assert shares[["X", "Y", "Z"]].sum(axis=1).is_monotonic_increasing
    sales = company["orders"].query("paid and not refunded").set_index("ts")["net_cny"]["2025-04-01":].sum()
    members = company["memberships"].assign(start=pd.to_datetime(company["memberships"]["start"]))
    sales += members[members["start"] >= "2025-04-01"]["price_cny"].sum()
    size = company["markets"].query("market == 'home' and year == 2025")["size_usd_m"].item() * 1e6 / 4
    assert shares["Jiadong"].iloc[-1] == pytest.approx(sales / company.known.market.cny_per_usd / size, abs=5.1e-6)


def test_prices_of_a_quarter_are_those_of_its_weeks_and_the_cut_can_be_seen(company):
    weekly = company["competitor_prices"]
    weekly["quarter"] = pd.to_datetime(weekly["week"]).dt.to_period("Q").astype(str)
    mean = weekly.groupby(["firm", "quarter"])["price_month_cny"].mean().round(2)
    assert company["competitors"].set_index(["firm", "quarter"])["price_month_cny"].sort_index().to_numpy() == pytest.approx(
        mean.sort_index().to_numpy(), abs=0.011
    )
    y = weekly[weekly["firm"] == "Y"].set_index("week")["price_month_cny"]
    cut = y[y < 0.85 * y.median()]
    assert len(cut) == company.known.market.cut_weeks
    assert str(cut.index[0])[:10] == company.known.market.cut_from


def test_the_history_bends_in_2010_and_attention_slows_after(company):
    years = company["netizens_stylised"].set_index("year")
    assert years["users_m"].diff().rolling(2).mean().idxmax() in (2009, 2010, 2011, 2012)
    attention = (years["users_m"] * years["minutes_per_day"]).pct_change()
    assert 2015 <= attention.index[attention < 0.05][0] <= 2022


# App stores


def test_fl15_rewarded_stars_say_nothing_about_satisfaction(company):
    reviews = company["reviews"].assign(felt=company["reviews_felt"]["felt"])
    rewarded, free = (reviews[reviews["incentivised"] == flag] for flag in (True, False))
    true = sum(star * share for star, share in enumerate(company.known.app_store.stars, start=1))
    assert free["stars"].mean() < true < rewarded["stars"].mean()  # those who write unasked are angrier than all users
    assert rewarded["felt"].mean() == pytest.approx(true, abs=0.15)
    running = reviews[reviews["ts"].between(*company.known.app_store.reward)]
    assert running["stars"].mean() > running["felt"].mean() + 0.4
    daily = company["store_daily"].query("store == 'android_c'")  # its title stays as it is
    rank = daily["keyword_rank"].groupby(pd.to_datetime(daily["date"]).dt.to_period("M")).mean()
    assert rank["2025-01"] < rank["2024-08"]
    five = reviews[reviews["stars"] == 5].groupby("incentivised")["refund_later"].mean()
    assert five[True] > 1.5 * five[False]


def test_the_rating_on_show_is_the_mean_of_the_reviews(company):
    daily, reviews = company["store_daily"], company["reviews"]
    assert daily.groupby("store")["rating_n"].max().sum() == len(reviews)
    some = daily[(daily["date"].astype(str) == "2024-12-15")].set_index("store")
    until = reviews[reviews["ts"] < "2024-12-16"].groupby("store")["stars"].agg(["mean", "size"])
    assert some["rating_mean"].sort_index().to_numpy() == pytest.approx(until["mean"].sort_index().to_numpy(), abs=0.0051)
    assert (some["rating_n"].sort_index() == until["size"].sort_index()).all()
    last = company["competitors"].query("firm == 'Jiadong' and quarter == '2025Q2'")["rating"].item()
    assert last == pytest.approx(reviews["stars"].mean(), abs=0.0051)


def test_store_counts_fit_one_another_and_the_other_tables(company):
    daily = company["store_daily"]
    steps = daily[["impressions", "page_views", "installs"]]
    assert (steps.diff(axis=1).iloc[:, 1:] <= 0).all(axis=None)
    spend, channels = company["ad_spend_daily"], pd.DataFrame(company.world["channels"]).set_index("channel")
    ads = spend[spend["channel_id"] == channels["channel_id"]["store_ads"]].groupby("date")["installs"].sum()
    assert (daily.groupby("date")["ad_installs"].sum().reindex(ads.index) == ads).all()
    assert daily["ad_installs"].sum() == ads.sum()
    assert (daily.groupby("date")["installs"].sum().to_numpy() >= company.world.totals["store_signups"].sum(axis=0)).all()


def test_the_second_title_lifts_installs(companies):
    lifts = []
    for company in companies:
        daily = company["store_daily"].query("not featured")
        after = daily["date"].astype(str) >= company.known.app_store.titles[0]
        change = daily[after].groupby("store")["installs"].mean() / daily[~after].groupby("store")["installs"].mean()
        lifts.append((change["ios"] / change["android_c"], company.known.app_store))
        assert lifts[-1][0] > 1.1
    true = np.mean([s.title_rank**-s.rank_effect * s.title_install for _, s in lifts])
    assert np.mean([lift for lift, _ in lifts]) == pytest.approx(true, abs=0.05)


def test_a_placement_by_the_editors_is_seen_most_on_its_first_day(company):
    daily = company["store_daily"]
    relative = daily["impressions"] / daily.groupby(["store", "title_version"], observed=True)["impressions"].transform(
        "median"
    )
    age = daily.groupby("store", observed=True)["featured"].transform(lambda on: on.groupby((~on).cumsum()).cumsum())
    by_age = relative.groupby(age).mean()
    assert by_age[1] > 2
    assert 1 < by_age[7] < by_age[1] - 0.8


def test_ads_in_the_store_take_installs_that_would_have_come_anyway(companies):
    slopes = []
    for company in companies:
        daily = company["store_daily"].groupby("date")[["installs", "ad_installs"]].sum()
        level = company.world["_inflow"]["level"]
        design = np.column_stack([daily["ad_installs"], level, level * (np.arange(547) > 287), np.ones(547)])
        slopes.append(np.linalg.lstsq(design, daily["installs"].to_numpy(), rcond=None)[0][0])
    assert np.mean(slopes) == pytest.approx(-0.45, abs=0.2)


# Auctions


def test_auctions_follow_the_rules(company):
    auctions = company["ad_auctions"]
    assert (auctions["won"] == (auctions["bid"] > auctions["second_price"])).all()
    assert auctions["clicked"][auctions["converted"]].all()
    assert auctions["won"][auctions["clicked"]].all()
    assert auctions["bid"].to_numpy() == pytest.approx(
        (auctions["pctr"] * auctions["pcvr"] * auctions["value_cny"]).to_numpy(), abs=0.00051
    )
    assert auctions["ts"].is_monotonic_increasing
    assert auctions["ts"].between("2025-03-01", "2025-05-01").all()


def test_the_model_is_right_about_clicks_and_too_sure_of_conversions_so_lower_bids_earn_more(company):
    auctions, known = company["ad_auctions"], company.known.auction
    won = auctions[auctions["won"]]
    assert won["clicked"].sum() / won["pctr"].sum() == pytest.approx(known.clicks, abs=0.02)
    clicked = won[won["clicked"]]
    found = clicked.groupby("segment")[["converted", "pcvr"]].sum()
    expected = found["pcvr"][list(market.SEGMENTS)] * known.optimism * np.array(known.segments)
    assert ((found["converted"] - expected).abs() <= 1).all()

    def profit(factor):
        kept = auctions[auctions["bid"] * factor > auctions["second_price"]]
        return (kept["value_cny"] * kept["converted"]).sum() - kept["second_price"].sum()

    assert profit(0.8) > profit(1.0)
    assert profit(0.8) > profit(0.3)


def test_right_answers_differ_between_variants(companies):
    for answer in (
        lambda c: c.known.market.spend_trend,
        lambda c: c["markets"]["size_usd_m"].sum(),
        lambda c: c["phishing_drills"]["clicked"].sum(),
        lambda c: c["mentions_hourly"]["negative"].sum(),
        lambda c: c["backups"]["rto_h"].mean(),
        lambda c: c["netizens_stylised"]["users_m"].sum(),
        lambda c: c["reviews"]["stars"].mean(),
        lambda c: c["ad_auctions"]["converted"].sum(),
        lambda c: c["risk_register"]["events_per_year"].sum(),
    ):
        assert len({answer(company) for company in companies}) >= 10
