"""The money of the company follows from the rest of it, and what the lessons find in it is there on every variant."""

import math
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opscourse.company import calibrate, store, truths
from opscourse.company.generate import generate
from opscourse.company.parameters import varied
from opscourse.company.parquet import arrow_table
from opscourse.company.tables import TABLES, money
from opscourse.company.tables.hidden import HIDDEN
from opscourse.company.tables.relations import MESSAGE_CHANNELS
from opscourse.company.world import TALLIES, World

NEEDED = [
    *(table.name for table in money.TABLES),
    *("ad_spend_daily", "calendar", "channels", "content_items", "daily_activity", "events", "live_classes", "memberships"),
    *("order_items", "orders", "products", "tickets", "users"),
    *("ad_auctions", "collabs", "employees", "messages", "ops_log", "points_ledger", "referrals"),
]
SEEDS = range(1, 21)
KEY = ["month", "dept", "account"]


class Company(dict):
    """The tables of one company, each read once."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.known = folder, store.parameters(folder)

    def __missing__(self, name):
        self[name] = store.table_of(self.folder, TABLES[name])
        return self[name]

    def truth(self, name):
        return truths.truth(self.folder, name)


def variant(folder, seed):
    made = {"seed": seed, "variant": True, "workers": 1, "progress": False}
    return Company(generate(folder, users=2_000, tables=NEEDED, **made))


@pytest.fixture(scope="module", params=SEEDS)
def company(request, tmp_path_factory):
    """Twenty variants of 2,000 users."""
    return variant(tmp_path_factory.mktemp("money") / "company", request.param)


@pytest.fixture(scope="module", params=["whole", "parts"])
def any_company(request, tmp_path_factory):
    """A company of one block of users, and one of nine."""
    folder = tmp_path_factory.mktemp(request.param) / "company"
    if request.param == "whole":
        return variant(folder, 21)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("opscourse.company.world.SINGLE_BLOCK", 100)
        patch.setattr("opscourse.company.world.BLOCK_USERS", 100)
        return Company(generate(folder, users=900, workers=1, progress=False, tables=NEEDED))


def reference(seed, name):
    """A table that does not depend on users, of a variant, without any file."""
    return arrow_table(TABLES[name], World(varied(seed), seed=seed)[name]).to_pandas()


def month(times):
    return times.dt.to_period("M").dt.to_timestamp()


def largest(invoices):
    revenue = invoices.groupby("account_id")["amount_cny"].sum().sort_values(ascending=False)
    return revenue / revenue.sum()


# corporate accounts


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32))
def test_the_five_largest_accounts_print_as_published_and_hide_how_large_the_largest_is(seed):
    share = largest(reference(seed, "b2b_invoices"))
    assert f"{share.iloc[:5].sum():.1%}" == "53.4%"
    hhi = 10_000 * (share**2).sum()
    equal, giant = 10_000 * 0.534**2 / 5, 10_000 * 0.534**2
    assert equal < hhi < giant / 2
    assert 0.10 < share.iloc[0] < 0.30
    assert share.iloc[5] < share.iloc[4]


def test_the_shipped_company_has_the_published_five_shares():
    invoices = arrow_table(TABLES["b2b_invoices"], World()["b2b_invoices"]).to_pandas()
    assert [f"{share:.1%}" for share in largest(invoices).iloc[:5]] == ["19.3%", "13.5%", "9.4%", "6.6%", "4.6%"]
    assert 1_200 < len(invoices) < 1_620


def test_the_truth_has_shares_and_concentration(company):
    share = largest(company["b2b_invoices"])
    told = company.truth("accounts").set_index("account_id")["share"]
    assert np.allclose(share, told[share.index], atol=1e-4)
    assert company.truth("corporate.hhi") == pytest.approx(10_000 * (share**2).sum(), abs=0.5)


def test_an_account_is_invoiced_every_month_from_its_start_at_one_price(company):
    invoices = company["b2b_invoices"].merge(company["b2b_accounts"], on="account_id", suffixes=("", "_first"))
    price = (invoices["amount_cny"] / invoices["seats"]).groupby(invoices["account_id"])
    assert (price.max() - price.min()).max() < 0.005
    by_account = invoices.groupby("account_id")["month"]
    begun = month(company["b2b_accounts"].set_index("account_id")["start"]).clip(lower=pd.Timestamp("2024-01-01"))
    assert (by_account.min() == begun).all()
    assert (by_account.max() == pd.Timestamp("2025-06-01")).all()
    assert (by_account.size() == (2025 - begun.dt.year) * 12 + 6 - begun.dt.month + 1).all()
    first = invoices.sort_values("month").groupby("account_id").first()
    assert (first["seats"] == first["seats_first"]).all()
    issued = invoices["month"] + pd.offsets.MonthEnd()
    assert (invoices["due_on"] - issued == pd.Timedelta("30D")).all()
    assert (invoices["paid_on"].dropna() > issued[invoices["paid_on"].notna()]).all()


def test_the_largest_pay_last_so_that_growth_costs_cash(company):
    invoices = company["b2b_invoices"][company["b2b_invoices"]["month"] < "2025-01-01"]
    took = (invoices["paid_on"] - invoices["month"]).dt.days
    five = invoices["account_id"].isin(largest(company["b2b_invoices"]).index[:5])
    assert took[five].median() > took[~five].median() + 10


def test_a_pilot_promises_more_than_the_roll_out_keeps(company):
    seats = company["b2b_invoices"].pivot_table(index="account_id", columns="month", values="seats").dropna()
    accounts = company["b2b_accounts"].set_index("account_id").loc[seats.index]

    def growth(rows, start, end):
        start, end = pd.Timestamp(start), pd.Timestamp(end)
        months = (end.year - start.year) * 12 + end.month - start.month
        return math.log(seats.loc[rows, end].sum() / seats.loc[rows, start].sum()) * 12 / months

    pilot, others = accounts.index[accounts["pilot"]], accounts.index[~accounts["pilot"]]
    assert len(pilot) == company.known.corporate.pilots
    half = ("2024-07-01", "2025-01-01")
    effect = company.known.corporate.pilot_effect
    assert growth(pilot, *half) - growth(others, *half) > 1.5 * effect
    kept = growth(others, "2025-01-01", "2025-06-01") - growth(others, "2024-01-01", "2025-01-01")
    assert kept == pytest.approx(effect, abs=0.02)


def test_a_bundle_takes_more_than_its_two_lines_apart(company):
    accounts = company["b2b_accounts"]

    def best(values):
        return max(price * (values >= price).mean() for price in values)

    courses, coaching = accounts["wtp_line1"], accounts["wtp_line2"]
    assert np.corrcoef(courses, coaching)[0, 1] < -0.3
    assert best(courses + coaching) > 1.1 * (best(courses) + best(coaching))


# partners


def test_settlements_add_up_to_the_users_and_orders_of_the_channel(any_company):
    rows, users = any_company["partner_settlements"], any_company["users"]
    channel = any_company["channels"].set_index("channel")["channel_id"]["partner_brand"]
    ours = users[users["channel_id"] == channel]
    came = month(ours["signup_ts"]).value_counts()
    by_month = rows.groupby("month")[["new_users", "gmv_cny"]].sum()
    assert (by_month["new_users"] == came.reindex(by_month.index).fillna(0)).all()
    orders = any_company["orders"].query("paid")
    orders = orders[orders["user_id"].isin(ours["user_id"])]
    spent = orders["net_cny"].groupby(month(orders["ts"])).sum()
    assert np.allclose(by_month["gmv_cny"], spent.reindex(by_month.index).fillna(0), atol=0.005)
    joined = rows.merge(any_company["partners"], on="partner_id")
    assert (joined["kind"] != "vendor").all()
    assert (joined["month"] >= joined["start"]).all()
    assert (joined["users_received"] >= joined["new_users"]).all()
    assert np.allclose(joined["share_cny"], joined["gmv_cny"] * joined["rev_share"], atol=0.0051)


# ledger and budget


def booked(company, account):
    rows = company["ledger"][company["ledger"]["account"] == account]
    return rows.set_index("month").groupby(level=0)[["actual_units", "actual_cny"]].sum()


def total(values, months):
    return pd.DataFrame(values).groupby(months).sum()


def points_used(company):
    """Paid orders with the points that were redeemed for them: all of a user's day, by the first of its orders."""
    orders = company["orders"].query("paid and pay_method == 'points'").assign(date=lambda rows: rows["ts"].dt.normalize())
    moves = company["points_ledger"].query("reason == 'redeem'").assign(points=lambda rows: -rows["delta"])
    first = orders.drop_duplicates(["user_id", "date"]).merge(moves[["user_id", "date", "points"]], on=["user_id", "date"])
    assert len(first) == len(orders.drop_duplicates(["user_id", "date"]))
    worth = company.known.point.worth
    points = np.minimum(first["points"], np.floor(first["net_cny"] / worth + 1e-6)).astype(int)
    return first.assign(points=points, off=(worth * points).round(2))


def test_the_ledger_follows_from_the_other_tables(any_company):
    orders, items = any_company["orders"], any_company["order_items"]
    paid, back = orders[orders["paid"]], orders[orders["refunded"]]
    sold = items.merge(paid, on="order_id").merge(any_company["products"], on="sku")
    spells = any_company["memberships"].query("~trial")
    spend, invoices, settled = (any_company[name] for name in ("ad_spend_daily", "b2b_invoices", "partner_settlements"))
    posts, bought = any_company["collabs"], any_company["ops_log"].query("bought_cny > 0")
    rewarded, won = any_company["referrals"].query("reward_cny > 0"), any_company["ad_auctions"].query("won")
    cloud = any_company["cloud_usage"]
    used, money = points_used(any_company), any_company.known.money
    items = any_company["content_items"].query("source != 'UGC' and publish_ts >= '2024-01-01'")
    commission = any_company.known.creator.commission * (posts["gmv_cny"] - posts["refunds_cny"])
    expected = {
        "shop_revenue": (month(paid["ts"]), paid["net_cny"], 1),
        "refunds": (month(back["ts"]), back["net_cny"], 1),
        "goods": (month(sold["ts"]), sold["quantity"] * sold["unit_cost_cny"], sold["quantity"]),
        "advertising": (month(spend["date"]), spend["cost_cny"], spend["signups"]),
        "corporate_revenue": (invoices["month"], invoices["amount_cny"], invoices["seats"]),
        "partner_shares": (settled["month"], settled["share_cny"], settled["new_users"]),
        **{f"membership_{plan}": (month(rows["start"]), rows["price_cny"], 1) for plan, rows in spells.groupby("plan")},
        "coaches": (month(any_company["live_classes"]["start_ts"]), money.coach, 1),
        "service_desk": (month(any_company["tickets"]["opened_ts"]), money.ticket, 1),
        "production": (month(items["publish_ts"]), money.item, 1),
        "shipping": (month(paid["ts"]), money.shipping, 1),
        "office_service": (invoices["month"], money.office * invoices["seats"], invoices["seats"]),
        "cloud": (month(cloud["date"]), cloud["fixed_plan_cny"], cloud["cpu_h"]),
        "points": (month(used["ts"]), used["off"], used["points"]),
        "commission": (month(posts["date"]), commission, posts["orders"]),
        "rewards": (month(rewarded["ts"]), rewarded["reward_cny"], 1),
        "auctions": (month(won["ts"]), won["second_price"], 1),
        "materials": (month(bought["ts"]), bought["bought_cny"], 1),
    }
    for account, (months, amounts, units) in expected.items():
        rows = pd.DataFrame({"cny": amounts, "units": units}, index=months.index).groupby(months).sum()
        found = booked(any_company, account)
        rows = rows.reindex(found.index).fillna(0)
        assert np.allclose(found["actual_cny"], rows["cny"], atol=0.011), account
        assert np.allclose(found["actual_units"], rows["units"], atol=0.5 + 1e-6), account  # whole ones


def test_staff_are_paid_by_the_day_and_the_band_and_have_a_desk_each(company):
    staff, ledger = company["employees"], company["ledger"]
    booked_pay = ledger[ledger["account"] == "salaries"].set_index(["month", "dept"])
    assert set(staff["dept"]) == set(money.DEPARTMENTS)
    pay = np.array(company.known.money.pay)[staff["salary_band"] - 1]
    for first in pd.date_range("2024-01-01", "2025-06-01", freq="MS"):
        last = first + pd.offsets.MonthEnd()
        here = (staff["end"].fillna(last).clip(upper=last) - staff["start"].clip(lower=first)).dt.days + 1
        share = here.clip(lower=0) / last.day
        expected = pd.DataFrame({"heads": share, "cny": pay * share}).groupby(staff["dept"]).sum()
        found = booked_pay.loc[first].loc[expected.index]
        assert np.allclose(found["actual_cny"], expected["cny"], atol=0.0051)
        assert np.allclose(found["actual_units"], expected["heads"], atol=0.5 + 1e-9)
    assert (booked(company, "rent")["actual_units"] == booked_pay.groupby("month")["actual_units"].sum()).all()


def test_messages_are_paid_by_piece_and_those_of_the_sample_are_among_them(company):
    sent = company["messages"].query("not holdout")
    price = dict(zip(MESSAGE_CHANNELS, company.known.message.price, strict=True))
    sampled = pd.DataFrame({"cny": sent["channel"].map(price).astype(float), "units": 1}).groupby(month(sent["ts"])).sum()
    found = booked(company, "messages")
    sampled = sampled.reindex(found.index).fillna(0)
    assert (found["actual_cny"] >= sampled["cny"] - 0.01).all()
    assert (found["actual_units"] >= sampled["units"]).all()
    assert found["actual_units"].sum() == pytest.approx(company.known.message.sample * len(sent), rel=0.15)


def variance(company, when):
    """Plan and actual of a month side by side, with volume and price relative to plan."""
    rows = company["ledger"].merge(company["budget"].drop(columns=["kind", "unit"]), on=KEY)
    rows = rows[rows["month"] == when].set_index("account")
    rows["volume"] = rows["actual_units"] / rows["planned_units"] - 1
    rows["price"] = (rows["actual_cny"] / rows["actual_units"]) / (rows["planned_cny"] / rows["planned_units"]) - 1
    return rows


def test_budget_and_ledger_have_the_same_rows(company):
    both = company["ledger"].merge(company["budget"], on=[*KEY, "kind", "unit"])
    assert len(both) == len(company["ledger"]) == len(company["budget"])
    same = both[both["unit"].isin(["seats", "paid orders"])]
    assert (same.groupby(["month", "unit"])["planned_units"].nunique() == 1).all()


def test_advertising_of_june_is_on_plan_only_because_two_shocks_cancel(company):
    june = variance(company, "2025-06-01").loc["advertising"]
    known = company.known.money
    assert abs(june["actual_cny"] / june["planned_cny"] - 1) < 0.05
    assert june["price"] == pytest.approx(known.june_ad_price, abs=0.01)
    assert june["volume"] == pytest.approx(known.june_ad_volume, abs=0.01)
    assert june["price"] > 0.15
    assert june["volume"] < -0.13


def test_shocks_of_june_are_those_of_the_parameters(company):
    june, known = variance(company, "2025-06-01"), company.known.money
    for account, volume, price in (
        ("shop_revenue", known.june_order_volume, known.june_order_price),
        ("goods", known.june_order_volume, known.june_goods_price),
        ("shipping", known.june_order_volume, known.june_shipping_price),
    ):
        assert june.loc[account, "price"] == pytest.approx(price, abs=1e-3)
        assert june.loc[account, "volume"] == pytest.approx(volume, abs=0.012)
    may = variance(company, "2025-05-01").loc["advertising"]
    assert abs(may["price"]) < 4.5 * known.plan_error


@pytest.mark.parametrize("seed", SEEDS)
def test_memberships_of_june_lose_by_volume_and_by_mix_and_not_by_price(seed):
    """In a company with so many memberships a day that they are no chance."""
    world = World(varied(seed), users=500, seed=seed)
    world.totals = {name: count(world.block(0)) for name, count in TALLIES.items()}
    world.totals["spells"] = np.tile([[7], [3], [2]], 547)
    ledger, budget = (arrow_table(TABLES[name], world[name]).to_pandas() for name in ("ledger", "budget"))
    plans = ledger.merge(budget, on=KEY).astype({"month": "str"})
    plans = plans[(plans["month"] == "2025-06-01") & plans["account"].str.startswith("membership_")].set_index("account")
    assert (plans["planned_units"] > 0).all()
    price = dict(zip(("membership_month", "membership_quarter", "membership_year"), (25, 68, 218), strict=True))
    assert (plans["planned_cny"] / plans["planned_units"]).to_dict() == pytest.approx(price)
    came, planned = (plans[name] / plans[name].sum() for name in ("actual_units", "planned_units"))
    assert plans["actual_units"].sum() < 0.98 * plans["planned_units"].sum()
    assert came["membership_year"] < planned["membership_year"]


# cash


def test_every_day_closes_where_it_opened_plus_what_came_less_what_went(any_company):
    cash = any_company["cash_daily"]
    assert np.allclose(cash["opening_cny"] + cash["receipts_cny"] - cash["payments_cny"], cash["closing_cny"], atol=0.011)
    assert np.allclose(cash["opening_cny"].iloc[1:], cash["closing_cny"].iloc[:-1], atol=0.011)
    for side, prefix in (("receipts_cny", "from_"), ("payments_cny", "to_")):
        assert np.allclose(cash.filter(regex=f"^{prefix}").sum(axis=1), cash[side], atol=0.011)
    assert cash["closing_cny"].min() > 0


def test_what_is_on_the_bank_came_from_orders_memberships_and_invoices(any_company):
    cash, known = any_company["cash_daily"].set_index("date"), any_company.known.money
    orders, used = any_company["orders"].query("paid"), points_used(any_company)
    received = orders["net_cny"] - orders["order_id"].map(used.set_index("order_id")["off"]).fillna(0)
    shop = received.groupby(orders["ts"].dt.normalize()).sum() * (1 - known.payment_fee)
    shop.index += pd.Timedelta(days=known.payout_days)
    assert np.allclose(cash["from_shop_cny"], shop.reindex(cash.index).fillna(0), atol=0.0051)
    spells = any_company["memberships"].query("~trial")
    fees = spells["price_cny"].groupby(spells["start"]).sum() * (1 - known.payment_fee)
    fees.index += pd.Timedelta(days=known.payout_days)
    assert np.allclose(cash["from_members_cny"], fees.reindex(cash.index).fillna(0), atol=0.0051)
    paid = any_company["b2b_invoices"].groupby("paid_on")["amount_cny"].sum().reindex(cash.index).fillna(0)
    later = cash.index >= "2024-07-01"
    assert np.allclose(cash["from_corporate_cny"][later], paid[later], atol=0.0051)
    assert (cash["from_corporate_cny"] >= paid - 0.0051).all()
    cost = any_company["products"].set_index("sku")["unit_cost_cny"]
    stock = any_company["inventory_daily"]
    delivered = (stock["received"] * stock["sku"].map(cost)).groupby(stock["date"]).sum()
    delivered.index += pd.Timedelta(days=known.supplier_days)
    assert np.allclose(cash["to_suppliers_cny"], delivered.reindex(cash.index).fillna(0), atol=0.0051)
    back = orders[orders["refunded"]]
    returned = back["net_cny"].groupby(back["ts"].dt.normalize()).sum()
    returned.index += pd.Timedelta(days=known.refund_days)
    assert np.allclose(cash["to_users_cny"], returned.reindex(cash.index).fillna(0), atol=0.0051)
    spend = any_company["ad_spend_daily"].groupby("date")["cost_cny"].sum()
    assert np.allclose(cash["to_advertising_cny"], spend.reindex(cash.index).fillna(0), atol=0.0051)


def test_cash_may_or_may_not_last_the_next_year(company):
    assert 0.03 < company.truth("cash.ruin") < 0.6


def test_the_probability_of_ruin_is_that_of_months_drawn_by_hand(company):
    cash = company["cash_daily"]
    net = (cash["receipts_cny"] - cash["payments_cny"]).groupby(month(cash["date"])).sum().tolist()[-12:]
    draws, ruined, years = random.Random(1), 0, 4_000
    for _ in range(years):
        left = cash["closing_cny"].iloc[-1]
        for change in draws.choices(net, k=12):
            left += change
            if left < 0:
                ruined += 1
                break
    assert company.truth("cash.ruin") == pytest.approx(ruined / years, abs=4 * 0.5 / math.sqrt(years))


def test_without_its_table_the_probability_of_ruin_is_no_number(tmp_path):
    folder = generate(tmp_path / "few", users=200, tables=["users"], workers=1, progress=False)
    assert math.isnan(truths.truth(folder, "cash.ruin"))


# cloud and lines


def test_the_mixed_tariff_is_cheapest_and_the_one_in_use_dearest(company):
    cost = company["cloud_usage"].filter(like="_plan_cny").sum()
    assert cost["mixed_plan_cny"] < 0.95 * cost["usage_plan_cny"] < 0.95 * cost["fixed_plan_cny"]


def test_each_tariff_can_be_worked_out_from_the_usage_as_its_card_says(company):
    use = company["cloud_usage"]
    both = 0.004 * use["storage_gb"] + 0.5 * use["egress_gb"]
    reserved = 0.6 * use["cpu_h"].median()
    assert np.allclose(use["usage_plan_cny"], 0.9 * use["cpu_h"] + both, atol=0.0051)
    assert np.allclose(use["fixed_plan_cny"], 0.9 * 0.6 * use["cpu_h"].max() + both, atol=0.0051)
    beyond = (use["cpu_h"] - reserved).clip(lower=0)
    assert np.allclose(use["mixed_plan_cny"], 0.9 * (0.55 * reserved + beyond) + both, atol=0.0051)


def test_lines_add_up_to_the_ledger(any_company):
    lines = any_company["product_lines"].groupby("line")["revenue_cny"].sum()
    orders = any_company["orders"].query("paid and ts < '2025-06-30'")
    spells = any_company["memberships"].query("not trial and start < '2025-06-30'")
    invoiced = any_company["b2b_invoices"].groupby("month")["amount_cny"].sum()
    assert lines["shop"] == pytest.approx(orders["net_cny"].sum(), abs=0.5)
    assert lines["membership"] == pytest.approx(spells["price_cny"].sum(), abs=0.5)
    assert lines["corporate"] == pytest.approx(invoiced.sum() - invoiced.iloc[-1] / 30, abs=0.5)
    audio = booked(any_company, "audio_revenue")["actual_cny"].sum()
    last = any_company["product_lines"].query("line == 'audio'")["revenue_cny"].iloc[-1]
    assert lines["audio"] == pytest.approx(audio, abs=last / 4)


def test_active_users_of_a_line_are_those_of_its_week(any_company):
    weeks = any_company["product_lines"].pivot(index="week", columns="line", values="active_users")
    monday = weeks.index[40]
    sunday = monday + pd.Timedelta("6D")
    orders, spells = any_company["orders"].query("paid"), any_company["memberships"].query("not trial")
    buyers = orders[orders["ts"].dt.normalize().between(monday, sunday)]["user_id"].nunique()
    members = spells[(spells["start"] <= sunday) & (spells["end"] >= monday)]["user_id"].nunique()
    assert weeks.loc[monday, ["shop", "membership"]].tolist() == [buyers, members]


def test_the_week_in_which_audio_turns_can_be_found_to_the_week_and_it_loses_money_in_the_end(company):
    audio = company["product_lines"].query("line == 'audio'").reset_index(drop=True)
    logs = np.log(audio["active_users"])

    def misfit(turn):
        left = np.column_stack([np.ones(len(audio)), (np.arange(len(audio)) - turn + 1).clip(min=0)])
        return np.linalg.lstsq(left, logs, rcond=None)[1][0]

    found = min(range(20, 70), key=misfit)
    truth = pd.Timestamp(company.truth("lines.turn"))
    assert audio["week"][found] == truth
    assert audio["revenue_cny"].iloc[0] > audio["spend_cny"].iloc[0]
    assert audio["revenue_cny"].iloc[-1] < audio["spend_cny"].iloc[-1]


# the shop


def test_stock_is_what_it_was_and_what_came_less_what_was_sold(any_company):
    stock = any_company["inventory_daily"].sort_values(["sku", "date"])
    before = stock.groupby("sku")["on_hand"].shift()
    known = before.notna()
    assert (stock["on_hand"] == before + stock["received"] - stock["sold"])[known].all()
    items = any_company["order_items"].merge(any_company["orders"].query("paid"), on="order_id")
    sold = items.groupby([items["sku"], items["ts"].dt.normalize().rename("date")])["quantity"].sum()
    assert stock.set_index(["sku", "date"])["sold"].loc[sold.index].equals(sold.rename("sold"))
    assert stock["sold"].sum() == sold.sum()
    lost = stock[stock["lost_sales"] > 0]
    assert (lost["on_hand"] == 0).all()
    assert (lost["sold"] == 0).all()


def test_products_from_afar_run_out_because_the_buyer_does_not_ask_how_long_they_take(company):
    stock = company["inventory_daily"].merge(company["products"], on="sku")
    out = (stock["on_hand"] == 0).groupby(stock["supplier_lead_days"]).mean()
    assert out.index.to_series().corr(out, method="spearman") > 0.5
    assert stock["lost_sales"].sum() > 0


def test_the_page_has_every_position_once_and_no_product_twice(any_company):
    slots = any_company["page_slots_daily"]
    by_day = slots.groupby("date")
    assert (by_day["position"].nunique() == 12).all()
    assert (by_day["sku"].nunique() == 12).all()
    assert (slots["orders"] <= slots["clicks"]).all()
    assert (slots["clicks"] <= slots["impressions"]).all()
    launch = any_company["products"].set_index("sku")["launch_date"]
    assert (slots["date"] >= slots["sku"].map(launch)).all()


def test_orders_through_a_slot_are_orders_and_views_of_the_page_are_events(any_company):
    slots, items = any_company["page_slots_daily"], any_company["order_items"]
    items = items.merge(any_company["orders"].query("paid"), on="order_id").merge(any_company["products"], on="sku")
    at = [items["ts"].dt.normalize().rename("date"), items["sku"]]
    lines = items.groupby(at).size()
    value = (items["quantity"] * items["list_price_cny"]).groupby(at).sum()
    through = slots[slots["orders"] > 0].set_index(["date", "sku"])
    assert (through["orders"] <= lines.loc[through.index]).all()
    assert (through["revenue_cny"] <= value.loc[through.index] + 0.005).all()
    assert ((slots["orders"] > 0) == (slots["revenue_cny"] > 0)).all()
    events = any_company["events"].query("name == 'product_view'")
    opened = events["ts"].dt.normalize().value_counts()
    inside = slots[slots["date"].isin(opened.index)].drop_duplicates("date").set_index("date")["impressions"]
    assert len(inside) == 61
    assert (inside == opened.loc[inside.index]).all()


def test_the_position_explains_the_clicks_as_the_truth_says(company):
    """The bias with which clicks of a product are the same at every position, found by maximum likelihood."""
    from scipy.optimize import minimize_scalar

    slots = company["page_slots_daily"]

    def misfit(bias):
        seen = slots["impressions"] / (1 + bias * (slots["position"] - 1))
        rate = slots["clicks"].groupby(slots["sku"]).sum() / seen.groupby(slots["sku"]).sum()
        expected = seen * slots["sku"].map(rate)
        return (expected - slots["clicks"] * np.log(expected.where(expected > 0, 1))).sum()

    found = minimize_scalar(misfit, bounds=(0.01, 2), method="bounded").x
    assert found == pytest.approx(company.known.shelf.bias, abs=0.12)


def test_slots_rank_differently_once_their_position_is_taken_off(company):
    slots = company["page_slots_daily"]
    seen = slots["impressions"] / (1 + company.known.shelf.bias * (slots["position"] - 1))
    revenue = slots["revenue_cny"].groupby(slots["slot"]).sum()
    raw = (revenue / slots["impressions"].groupby(slots["slot"]).sum()).rank()
    corrected = (revenue / seen.groupby(slots["slot"]).sum()).rank()
    place = slots.groupby("slot")["position"].mean()
    assert (raw - corrected).abs().max() >= 2
    assert raw.corr(place) < corrected.corr(place)


# price tests


def demand(offers, people):
    """Elasticity of each persona: slope of the logarithm of the share that buys, by the logarithm of the price."""
    offers = offers.merge(people, on="user_id")
    rate = offers.groupby(["persona", "price_cny"])["bought"].mean().unstack()
    return {persona: np.polyfit(np.log(rate.columns), np.log(row), 1)[0] for persona, row in rate.iterrows()}


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32))
def test_each_persona_answers_to_the_price_as_the_truth_says(seed):
    block = World(varied(seed), users=8_000, seed=seed).block(0)
    offers = arrow_table(TABLES["price_tests"], block["price_tests"]).to_pandas()
    people = arrow_table(HIDDEN["people"], block["_truth_people"]).to_pandas()
    found = demand(offers, people)
    for persona, tolerance in (("committed", 0.15), ("busy", 0.15), ("bargain", 0.45), ("social", 0.5)):
        truth = people.loc[people["persona"] == persona, "price_elasticity"].mean()
        assert found[persona] == pytest.approx(truth, abs=tolerance), persona
    assert found["committed"] > -1 > found["bargain"]


def test_a_user_sees_one_price_once_while_the_test_runs_and_on_a_day_of_activity(company):
    offers, test = company["price_tests"], company.known.price_test
    assert offers["user_id"].is_unique
    day = offers["ts"].dt.normalize()
    assert day.between(test.start, test.end).all()
    came = company["daily_activity"].set_index(["user_id", "date"]).index
    assert pd.MultiIndex.from_arrays([offers["user_id"], day]).isin(came).all()
    signup = company["users"].set_index("user_id")["signup_ts"]
    assert (offers["ts"] >= offers["user_id"].map(signup)).all()
    assert np.allclose(offers["discount"], 1 - offers["price_cny"] / 49, atol=0.0006)
    assert offers["price_cny"].value_counts().agg(["min", "max"]).diff().iloc[-1] <= 1
    active = company["daily_activity"].query("@test.start <= date <= @test.end")["user_id"].nunique()
    assert len(offers) == active


# figures and truths


@pytest.mark.parametrize("number", ["Q24", "Q25", "Q54"])
def test_the_figures_of_these_tables_are_in_every_company(company, number):
    for row in calibrate.FIGURES[number](calibrate.Company(company.folder)):
        assert row.ok, row


def test_variants_differ_in_what_a_student_finds(company):
    shipped = store.parameters(store.shipped_folder())
    for topic in ("corporate", "money", "lines", "cloud", "stock", "shelf"):
        assert getattr(company.known, topic) != getattr(shipped, topic), topic
