"""One world: every table is as declared, keys join, nothing happens too early or too late, money adds up.

All of it is asked of the company that ships with the course and of a variant made from another seed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from opscourse.company import store
from opscourse.company.generate import generate
from opscourse.company.tables import TABLES
from opscourse.company.tables.hidden import HIDDEN

FIRST, LAST = pd.Timestamp("2024-01-01"), pd.Timestamp("2025-06-30")
WINDOW = pd.Timestamp("2025-03-01"), pd.Timestamp("2025-05-01")


class Company(dict):
    """The tables of one company, loaded once; `hidden` has those that only the simulator knew."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.hidden = {name: store.hidden(name, folder) for name in HIDDEN}

    def __missing__(self, name):
        self[name] = store.table_of(self.folder, TABLES[name])
        return self[name]


@pytest.fixture(scope="module", params=["shipped", "variant"])
def company(request, tmp_path_factory):
    if request.param == "shipped":
        return Company(store.shipped_folder())
    folder = tmp_path_factory.mktemp("variant") / "other"
    return Company(generate(folder, users=12_000, seed=11, variant=True, workers=1, progress=False))


DECLARED = TABLES | {f"truth/{name}": table for name, table in HIDDEN.items()}


@pytest.fixture(params=DECLARED.values(), ids=DECLARED)
def declared(request):
    return request.param


def rows_of(company, declared):
    return company[declared.name] if TABLES.get(declared.name) is declared else company.hidden[declared.name]


def test_every_table_is_as_declared(company, declared):
    rows = rows_of(company, declared)
    assert len(rows)
    assert not rows.duplicated(list(declared.key)).any()
    for column in declared.columns:
        values = rows[column.name]
        if not column.null:
            assert values.notna().all(), column.name
        present = values.dropna()
        if column.low is not None:
            assert present.min() >= column.low, column.name
        if column.high is not None:
            assert present.max() <= column.high, column.name
        if column.values:
            assert set(present) <= set(column.values), column.name
        if column.kind == "date":
            assert (present == present.dt.normalize()).all(), column.name
        if column.kind == "float":
            assert np.isfinite(present.astype("float64")).all(), column.name
        if column.kind == "str":
            assert (present.str.strip() == present).all(), column.name
            assert (present != "").all(), column.name


def test_every_reference_resolves(company, declared):
    for column in declared.columns:
        if column.reference:
            table, key = column.reference
            own = rows_of(company, declared)[column.name].dropna()
            assert own.isin(company[table][key]).all(), f"{declared.name}.{column.name} -> {table}.{key}"


def test_every_text_that_may_be_one_of_few_says_so_only_if_it_is_used(company):
    """A declared value that no row ever has is a promise that the data do not keep."""
    for name in ("users", "sessions", "events", "orders", "memberships", "marketing_touches", "devices"):
        for column in TABLES[name].columns:
            if column.values and len(column.values) < 20:
                unused = set(column.values) - set(company[name][column.name].dropna())
                assert not unused, f"{name}.{column.name}: {unused}"


def test_ids_of_a_company_of_one_block_are_dense(company):
    for name in ("users", "devices", "sessions", "events", "orders", "memberships", "marketing_touches"):
        key = TABLES[name].key[0]
        assert company[name][key].tolist() == list(range(1, len(company[name]) + 1)), name


def test_no_column_names_a_person():
    words = {"name", "phone", "mail", "email", "address", "id_card", "birthday", "ip", "imei"}
    columns = {
        column.name for table in TABLES.values() for column in table.columns if table.name not in ("experiments", "events")
    }
    assert not columns & words


def test_nobody_is_alone_in_a_group_of_age_tier_and_gender(company):
    users = company["users"].merge(company["cities"][["city_id", "tier"]], on="city_id")
    band = pd.cut(users["age"], [15, 24, 40, 70])
    assert users.groupby([band, "tier", "gender"], observed=False).size().min() >= 5


def test_every_timestamp_lies_in_the_calendar_or_the_window(company):
    users, days = company["users"], company["daily_activity"]
    assert users["signup_ts"].between(FIRST, LAST + pd.Timedelta("1D")).all()
    assert days["date"].between(FIRST, LAST).all()
    assert company["orders"]["ts"].between(FIRST, LAST + pd.Timedelta("1D")).all()
    for name, column in (("events", "ts"), ("sessions", "start_ts"), ("marketing_touches", "ts")):
        times = company[name][column]
        assert times.between(*WINDOW, inclusive="left").all(), name
        assert times.dt.normalize().nunique() == 61, name


def test_users_are_numbered_in_order_of_sign_up(company):
    assert company["users"]["signup_ts"].is_monotonic_increasing


def test_an_inviter_was_there_before_and_still_when_inviting(company):
    users = company["users"].set_index("user_id")
    invited = users.dropna(subset=["inviter_id"])
    assert len(invited) > 50
    assert (users.loc[invited["inviter_id"], "signup_ts"].to_numpy() <= invited["signup_ts"].to_numpy()).all()
    last = company.hidden["people"].set_index("user_id")["last_alive"]
    assert (last[invited["inviter_id"]].to_numpy() >= invited["signup_ts"].dt.normalize().to_numpy()).all()
    assert set(users.loc[invited.index, "channel_id"].map(company["channels"].set_index("channel_id")["family"])) == {
        "referral"
    }


def test_channels_and_campaigns_run_when_they_bring_users(company):
    users = company["users"].merge(company["channels"], on="channel_id")
    assert (users["signup_ts"] >= users["start_date"]).all()
    paid = company["users"].dropna(subset=["campaign_id"]).merge(company["campaigns"], on="campaign_id", suffixes=("", "_of"))
    assert (paid["channel_id"] == paid["channel_id_of"]).all()
    assert paid["signup_ts"].dt.normalize().between(paid["start"], paid["end"]).all()
    assert (users["paid"] == users["campaign_id"].notna()).all()


@pytest.mark.parametrize("table", ["daily_activity", "orders", "memberships", "sessions", "events", "marketing_touches"])
def test_nobody_does_anything_before_signing_up_or_after_leaving(company, table):
    time = {"daily_activity": "date", "memberships": "start", "sessions": "start_ts"}.get(table, "ts")
    rows = company[table].dropna(subset=["user_id"])
    users = company["users"].set_index("user_id")["signup_ts"]
    last = company.hidden["people"].set_index("user_id")["last_alive"]
    begin = users[rows["user_id"]]
    day = rows[time].dt.normalize()
    if table in ("daily_activity", "memberships", "sessions"):
        assert (day.to_numpy() >= begin.dt.normalize().to_numpy()).all()
    elif table != "marketing_touches":  # a contact may come before: the user is known later
        assert (rows[time].to_numpy() >= begin.to_numpy()).all()
    if table != "marketing_touches":  # advertising reaches those who have gone, too
        assert (day.to_numpy() <= last[rows["user_id"]].to_numpy()).all()


def test_everyone_is_active_on_the_day_of_signing_up(company):
    first = company["daily_activity"].groupby("user_id")["date"].min()
    signup = company["users"].set_index("user_id")["signup_ts"].dt.normalize()
    assert first.reindex(signup.index).equals(signup.rename("date"))


@pytest.fixture(scope="module")
def user_days(company):
    """Each user-day of the window: what daily_activity says and what sessions and events add up to."""
    days = company["daily_activity"]
    days = days[days["date"].between(WINDOW[0], WINDOW[1], inclusive="left")].set_index(["user_id", "date"])
    sessions = company["sessions"].dropna(subset=["user_id"]).astype({"user_id": "int64"})
    sessions["date"] = sessions["start_ts"].dt.normalize()
    made = sessions.groupby(["user_id", "date"]).agg(n=("session_id", "size"), seconds=("seconds", "sum"))
    finished = company["events"].query("name == 'class_complete'").groupby("session_id").size()
    made["finished"] = sessions.assign(c=sessions["session_id"].map(finished).fillna(0)).groupby(["user_id", "date"])["c"].sum()
    return days.join(made, how="outer")


def test_sessions_classes_and_minutes_add_up_to_daily_activity(user_days):
    assert (user_days["sessions"] == user_days["n"]).all()
    assert (user_days["classes"] == user_days["finished"]).all()
    assert (user_days["minutes"] == np.ceil(user_days["seconds"] / 60).clip(lower=1)).all()


def test_visits_of_a_user_are_more_than_half_an_hour_apart(company):
    known = company["sessions"].dropna(subset=["user_id"]).sort_values(["user_id", "start_ts"])
    end = known["start_ts"] + pd.to_timedelta(known["seconds"], unit="s")
    gap = known["start_ts"] - end.groupby(known["user_id"]).shift()
    assert gap.min() > pd.Timedelta("30min")


def test_events_belong_to_their_session(company):
    events, sessions = company["events"], company["sessions"].set_index("session_id")
    assert sessions["device_id"].loc[events["session_id"]].to_numpy().tolist() == events["device_id"].tolist()
    by_session = events.groupby("session_id")
    made = by_session["ts"].agg(["min", "max"]).join(by_session["page"].agg(["first", "last"])).join(sessions)
    assert len(made) == len(sessions)
    assert (made["min"] == made["start_ts"]).all()
    assert ((made["max"] - made["min"]).dt.total_seconds() == made["seconds"]).all()
    assert (made["first"] == made["entry_page"]).all()
    assert (made["last"] == made["exit_page"]).all()
    assert by_session["name"].first().eq("app_open").all()
    later = by_session["ts"].diff().dropna()
    assert (later > pd.Timedelta(0)).all()
    assert (by_session.size()[made.index[made["abandoned"]]] == 1).all()
    assert (by_session.size()[made.index[~made["abandoned"]]] > 1).all()


def test_a_user_is_known_from_the_login_of_the_device_on(company):
    devices = company["devices"].set_index("device_id")
    events = company["events"]
    known = events.dropna(subset=["user_id"])
    assert (devices["user_id"].loc[known["device_id"]].to_numpy() == known["user_id"].to_numpy()).all()
    assert (known["ts"].to_numpy() >= devices["login_ts"].loc[known["device_id"]].to_numpy()).all()
    unknown = events[events["user_id"].isna()]
    login = devices["login_ts"].loc[unknown["device_id"]]
    assert (login.isna().to_numpy() | (unknown["ts"].to_numpy() < login.to_numpy())).all()
    assert (events["ts"].to_numpy() >= devices["first_seen"].loc[events["device_id"]].to_numpy()).all()
    assert (devices["login_ts"].isna() == devices["user_id"].isna()).all()
    assert (devices["login_ts"].isna() | (devices["first_seen"] <= devices["login_ts"])).all()


def test_every_user_has_the_device_of_the_registration(company):
    devices, users = company["devices"], company["users"]
    first = devices.dropna(subset=["user_id"]).sort_values("login_ts").groupby("user_id").first()
    assert first["login_ts"].to_numpy().tolist() == users["signup_ts"].to_numpy().tolist()
    assert first["os"].tolist() == users["os"].tolist()
    per_user = len(devices) / len(users)
    assert 1.3 < per_user < 1.9  # counting devices counts people too often


def test_a_registration_in_the_window_leaves_its_four_steps(company):
    users = company["users"]
    new = users[users["signup_ts"].between(*WINDOW, inclusive="left")].set_index("user_id")
    steps = company["events"][company["events"]["name"].str.startswith("signup_")]
    goal = steps[steps["name"] == "signup_goal"].astype({"user_id": "int64"}).set_index("user_id")
    assert goal["ts"].sort_index().equals(new["signup_ts"].rename("ts"))
    depth = steps.groupby("session_id")["name"].agg(tuple)
    order = ("signup_page", "signup_phone", "signup_profile", "signup_goal")
    assert all(names == order[: len(names)] for names in depth)
    assert (depth.str.len() == 4).sum() == len(new)
    session = company["sessions"].set_index("session_id").loc[goal["session_id"]]
    channel = new.loc[goal.index, "channel_id"].map(company["channels"].set_index("channel_id")["channel"])
    opened = session["channel_id"].astype("float64").to_numpy()
    expected = new.loc[goal.index, "channel_id"].where(channel != "direct").astype("float64").to_numpy()
    assert np.array_equal(opened, expected, equal_nan=True)


def test_every_paid_order_of_the_window_was_walked_to(company):
    events, orders = company["events"], company["orders"]
    shop = ("product_view", "product_detail", "cart_add", "order_pay")
    walked = events[events["name"].isin(shop)].groupby("session_id")["name"].agg(tuple)
    assert all(names == shop[: len(names)] for names in walked)
    paid = orders[orders["paid"] & orders["ts"].between(*WINDOW, inclusive="left")].set_index("order_id")
    pays = events.dropna(subset=["order_id"]).astype({"order_id": "int64"}).set_index("order_id").sort_index()
    assert (pays["name"] == "order_pay").all()
    assert pays["ts"].equals(paid["ts"])
    assert pays["user_id"].tolist() == paid["user_id"].tolist()
    items = company["order_items"]
    first = items[items["line"] == 1].set_index("order_id")["sku"]
    assert first.loc[pays.index].tolist() == pays["sku"].tolist()


def test_money_adds_up(company):
    orders, items = company["orders"].set_index("order_id"), company["order_items"]
    value = (items["quantity"] * items["price_cny"]).groupby(items["order_id"]).sum()
    assert np.allclose(value.loc[orders.index], orders["gross_cny"], atol=0.005)
    assert np.allclose(orders["gross_cny"] - orders["discount_cny"], orders["net_cny"], atol=0.005)
    assert ((orders["discount_cny"] > 0) <= orders["coupon"]).all()
    assert (orders["refunded"] <= orders["paid"]).all()
    assert (items.groupby("order_id")["line"].max() == items.groupby("order_id").size()).all()
    list_price = company["products"].set_index("sku")["list_price_cny"]
    assert (list_price.loc[items["sku"]].to_numpy() == items["price_cny"].to_numpy()).all()


def test_nothing_is_sold_before_it_is_on_sale(company):
    launch = company["products"].set_index("sku")["launch_date"]
    when = company["orders"].set_index("order_id")["ts"]
    items = company["order_items"]
    assert (when.loc[items["order_id"]].to_numpy() >= launch.loc[items["sku"]].to_numpy()).all()


def test_spells_of_a_member_do_not_overlap(company):
    spells = company["memberships"].sort_values(["user_id", "start"])
    previous = spells.groupby("user_id")["end"].shift()
    assert (spells["start"] > previous.fillna(FIRST - pd.Timedelta("1D"))).all()
    assert (spells["end"] > spells["start"]).all()
    assert (spells["trial"] == (spells["price_cny"] == 0)).all()
    assert (spells["trial"].groupby(spells["user_id"]).sum() <= 1).all()
    renewed = spells["user_id"].duplicated(keep="last")
    assert spells.loc[renewed, "cancel_reason"].isna().all()


def test_a_contact_leads_to_the_next_paid_order_of_the_week(company):
    touches, orders = company["marketing_touches"], company["orders"]
    led = touches.dropna(subset=["converted_order_id"]).merge(
        orders, left_on="converted_order_id", right_on="order_id", suffixes=("", "_order")
    )
    assert (led["user_id"] == led["user_id_order"]).all()
    assert led["paid"].all()
    assert (led["ts_order"] - led["ts"]).between(pd.Timedelta(0), pd.Timedelta("7D")).all()
    assert ((touches["kind"] == "click") == touches["utm"].notna()).all()
    clicks = touches[touches["kind"] == "click"]
    sourced = company["sessions"].dropna(subset=["channel_id"])
    assert len(clicks) == len(sourced)


def test_every_test_of_the_world_agrees_with_the_world(company):
    """Outcomes that other tables show are what they show: a registration, an order, a day of activity."""
    tests = company["experiments"].set_index("name")
    rows = company["assignments"]
    assert set(rows["exp_id"]) == set(tests["exp_id"])
    devices = company["devices"].set_index("device_id")
    for name in ("signup_form", "landing_page"):
        units = rows[rows["exp_id"] == tests["exp_id"][name]]
        registered = devices["user_id"].loc[units["unit_id"]].notna()
        assert (registered.to_numpy() == (units["outcome"] == 1).to_numpy()).all(), name
    coupon = rows[rows["exp_id"] == tests["exp_id"]["coupon"]]
    start, end = tests.loc["coupon", "start"] + pd.Timedelta("10h"), tests.loc["coupon", "end"] + pd.Timedelta("34h")
    orders = company["orders"].query("paid")
    spent = orders[orders["ts"].between(start, end, inclusive="left")].groupby("user_id")["net_cny"].sum()
    assert np.allclose(coupon["value"].fillna(0), spent.reindex(coupon["unit_id"]).fillna(0), atol=0.01)
    assert ((coupon["outcome"] == 1) == coupon["value"].notna()).all()
    before = set(orders[orders["ts"] < tests.loc["coupon", "start"]]["user_id"])
    assert set(coupon["unit_id"]) == before


def test_units_are_assigned_in_the_test_and_to_its_arms(company):
    rows = company["assignments"].merge(company["experiments"], on="exp_id")
    assert (rows["ts"].dt.normalize() >= rows["start"]).all()
    assert (rows["ts"].dt.normalize() <= rows["end"]).all()
    assert (rows.groupby("exp_id")["arm"].nunique() == company["experiments"].set_index("exp_id")["arms"]).all()
    truth = company.hidden["experiments"]
    assert set(zip(rows["exp_id"], rows["arm"], strict=True)) == set(zip(truth["exp_id"], truth["arm"], strict=True))


def test_personas_have_their_shares_and_differ(company):
    people = company.hidden["people"]
    shares = people["persona"].value_counts(normalize=True)
    assert shares[["committed", "busy", "bargain", "social"]].tolist() == pytest.approx([0.20, 0.45, 0.25, 0.10], abs=0.015)
    dropout = people.groupby("persona")["dropout"].mean()
    assert dropout["committed"] < dropout["busy"] < dropout["bargain"]
    orders = company["orders"].merge(people[["user_id", "persona"]], on="user_id")
    coupons = orders.groupby("persona")["coupon"].mean()
    assert coupons["bargain"] > 2 * coupons["committed"]


def test_true_lifetimes_follow_the_stated_distribution(company):
    """Survival to day 1, 7 and 30 as the Beta-geometric law says, whatever personas and channels do."""
    people, users = company.hidden["people"], company["users"]
    stayed = (people["last_alive"] - users["signup_ts"].dt.normalize()).dt.days
    for day, alive in ((1, 0.9067), (7, 0.6041), (30, 0.3022)):
        assert (stayed >= day).mean() == pytest.approx(alive, abs=4 * np.sqrt(alive * (1 - alive) / len(people)))
