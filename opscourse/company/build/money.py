"""What is booked, what was planned, what is on the bank: all of it follows from the other tables (TP30)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, LAST_DAY, day_index
from opscourse.company.build.corporate import FIRST_OF_MONTH, LENGTH_OF_MONTH
from opscourse.company.build.memberships import PLANS
from opscourse.company.build.quota import MONTH_OF_DAY, MONTHS
from opscourse.company.world import Columns, World, builds

__all__ = ["Posting", "budget", "cash_daily", "flows", "ledger", "postings"]

_DUE = {  # account -> months later, day of the month on which it is paid
    "salaries": (0, 25), "rent": (0, 1), "audio_costs": (0, 28), "cloud": (1, 5), "shipping": (1, 10), "coaches": (1, 10),
    "production": (1, 12), "service_desk": (1, 10), "office_service": (1, 10), "partner_shares": (1, 20),
    "audio_revenue": (1, 15), "commission": (1, 15), "rewards": (1, 15), "messages": (1, 10), "auctions": (1, 5),
    "materials": (1, 10),
}  # fmt: skip
_FIXED = ("salaries", "rent", "audio_costs")  # planned as they came


class Posting(NamedTuple):
    """One account of one department: what its units are, how many there were and what they came to, by month."""

    kind: str
    unit: str
    units: np.ndarray
    cny: np.ndarray


@builds("_flows")
def flows(world: World) -> Columns:
    """Amounts in CNY that arise on each day, and the numbers behind them."""
    money, totals = world.parameters.money, world.totals
    orders, net, refunded, back, points, off = totals["takings"] * np.array([1, 0.01, 1, 0.01, 1, 0.01])[:, None]
    pieces = totals["sold"][0]
    members = totals["spells"] * np.array(world.parameters.membership.prices)[:, None]
    spend, items = world["ad_spend_daily"], world["content_items"]
    made = day_index(items["publish_ts"][items["source"] != "UGC"])
    classes = np.bincount(day_index(world["live_classes"]["start_ts"]), minlength=DAYS)
    produced = np.bincount(made[made >= 0], minlength=DAYS)
    advertised = day_index(spend["date"])
    return {
        "orders": orders,
        "shop": net,
        "refunded": refunded,
        "refunds": back,
        "pieces": pieces.sum(axis=0),
        "goods": world["products"]["unit_cost_cny"] @ pieces,
        "shipping": money.shipping * orders,
        "points": points,
        "off": off,
        "received": net - off,
        "shop_fees": money.payment_fee * (net - off),
        "members": members,
        "member_fees": money.payment_fee * members.sum(axis=0),
        "classes": classes,
        "coaches": money.coach * classes,
        "items": produced,
        "production": money.item * produced,
        "signups": np.bincount(advertised, spend["signups"], minlength=DAYS),
        "advertising": np.bincount(advertised, spend["cost_cny"], minlength=DAYS),
        "delivered": world["products"]["unit_cost_cny"] @ world["_stock"]["received"],
    }


def _monthly(by_day: np.ndarray) -> np.ndarray:
    return np.bincount(MONTH_OF_DAY, by_day, minlength=MONTHS)


def _staff(world: World) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Staff of each department and what they cost, by month: everybody counts for the share of its days as an employee."""
    staff = world["employees"]
    pay = np.array(world.parameters.money.pay)[staff["salary_band"] - 1]
    end = staff["end"].to_numpy(zero_copy_only=False)
    last = day_index(np.where(np.isnat(end), LAST_DAY, end))
    here = (day_index(staff["start"])[:, None] <= np.arange(DAYS)) & (np.arange(DAYS) <= last[:, None])
    counted = {dept: staff["dept"] == dept for dept in dict.fromkeys(staff["dept"])}
    return {
        dept: tuple(_monthly(weight[rows] @ here[rows]) / LENGTH_OF_MONTH for weight in (np.ones(pay.size), pay))
        for dept, rows in counted.items()
    }


@builds("_postings")
def postings(world: World) -> dict[tuple[str, str], Posting]:
    """All accounts, by (department, account)."""
    day, money, cloud = world["_flows"], world.parameters.money, world["cloud_usage"]
    invoices, partners = world["_invoices"], world["_partner_months"]
    inside = invoices["month"] >= 0
    staff = _staff(world)
    desks = sum(np.rint(heads) for heads, _ in staff.values())
    tickets, spells, rewards, sent = (world.totals[name] for name in ("tickets_opened", "spells", "rewards", "messages_sent"))
    posts, actions, auctions = world["collabs"], world["ops_log"], world["ad_auctions"]
    post_month, action_month, auction_month = (
        MONTH_OF_DAY[day_index(table[name])] for table, name in ((posts, "date"), (actions, "ts"), (auctions, "ts"))
    )
    commission = world.parameters.creator.commission * (posts["gmv_cny"] - posts["refunds_cny"])

    def daily(kind: str, unit: str, units: np.ndarray, cny: np.ndarray) -> Posting:
        return Posting(kind, unit, _monthly(units), _monthly(cny))

    def by_month(month: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.bincount(month, values, minlength=MONTHS)

    seats, billed = (by_month(invoices["month"][inside], invoices[name][inside]) for name in ("seats", "amount"))
    listeners = _monthly(np.repeat(world["_audio"]["customers"], 7)[:DAYS]) / LENGTH_OF_MONTH
    posted = {
        ("product", "shop_revenue"): daily("revenue", "paid orders", day["orders"], day["shop"]),
        ("product", "refunds"): daily("cost", "refunded orders", day["refunded"], day["refunds"]),
        ("product", "goods"): daily("cost", "pieces", day["pieces"], day["goods"]),
        ("product", "shipping"): daily("cost", "paid orders", day["orders"], day["shipping"]),
        **{
            ("product", f"membership_{plan}"): daily("revenue", "spells", spells[k], day["members"][k])
            for k, (plan, _) in enumerate(PLANS)
        },
        ("product", "payment_fees"): daily(
            "cost", "payments", day["orders"] + spells.sum(axis=0), day["shop_fees"] + day["member_fees"]
        ),
        ("product", "points"): daily("cost", "points", day["points"], day["off"]),
        ("product", "audio_revenue"): Posting("revenue", "customers", listeners, _monthly(world["_audio"]["revenue"])),
        ("product", "audio_costs"): daily("cost", "days", np.ones(DAYS), world["_audio"]["cost"]),
        ("content", "coaches"): daily("cost", "live classes", day["classes"], day["coaches"]),
        ("content", "production"): daily("cost", "items", day["items"], day["production"]),
        ("marketing", "advertising"): daily("cost", "sign-ups", day["signups"], day["advertising"]),
        ("marketing", "partner_shares"): Posting(
            "cost", "new users", *(by_month(partners["month"], partners[name]) for name in ("new", "share"))
        ),
        ("marketing", "commission"): Posting(
            "revenue", "platform orders", *(by_month(post_month, values) for values in (posts["orders"], commission))
        ),
        ("marketing", "rewards"): Posting("cost", "rewards", rewards[0], 0.01 * rewards[1]),
        ("marketing", "messages"): Posting("cost", "messages", sent.sum(axis=0), world.parameters.message.price @ sent),
        ("marketing", "auctions"): Posting(
            "cost", "auctions won", *(by_month(auction_month, auctions["won"] * v) for v in (1, auctions["second_price"]))
        ),
        ("marketing", "materials"): Posting(
            "cost", "actions", *(by_month(action_month, v) for v in (actions["bought_cny"] > 0, actions["bought_cny"]))
        ),
        ("engineering", "cloud"): daily("cost", "CPU hours", cloud["cpu_h"], cloud["fixed_plan_cny"]),
        ("service", "service_desk"): Posting("cost", "tickets", tickets, money.ticket * tickets),
        ("marketing", "corporate_revenue"): Posting("revenue", "seats", seats, billed),
        ("service", "office_service"): Posting("cost", "seats", seats, money.office * seats),
        ("finance", "rent"): Posting("cost", "desks", desks, money.desk * desks),
    }
    for dept, paid in staff.items():
        posted[dept, "salaries"] = Posting("cost", "heads", *paid)
    return {
        name: Posting(p.kind, p.unit, np.rint(p.units).astype(np.int64), p.cny.round(2)) for name, p in sorted(posted.items())
    }


def _rows(world: World, amounts: dict[str, list[np.ndarray]]) -> Columns:
    """Month by month, the accounts in the order of `_postings`."""
    posted = world["_postings"]

    def texts(values: list[str]) -> np.ndarray:
        return np.tile(np.array(values, dtype=object), MONTHS)

    return {
        "month": np.repeat(FIRST_OF_MONTH, len(posted)),
        "dept": texts([dept for dept, _ in posted]),
        "account": texts([account for _, account in posted]),
        "kind": texts([p.kind for p in posted.values()]),
        "unit": texts([p.unit for p in posted.values()]),
        **{name: np.array(by_account).T.ravel() for name, by_account in amounts.items()},
    }


@builds("ledger")
def ledger(world: World) -> Columns:
    """One row a month, department and account."""
    posted = world["_postings"].values()
    return _rows(world, {"actual_units": [p.units for p in posted], "actual_cny": [p.cny for p in posted]})


@builds("budget")
def budget(world: World) -> Columns:
    """The same rows. What came differs from the plan by chance; in June 2025 by what the parameters say."""
    stream, posted = world.stream("budget"), world["_postings"]
    volume, price = _june(world)
    counted = dict.fromkeys(posting.unit for posting in posted.values())
    by_unit = {unit: _errors(world, stream) for unit in counted}  # what counts the same is planned the same
    units, amounts = [], []
    for name, posting in posted.items():
        exact, listed = name[1] in _FIXED, posting.unit == "spells"
        more = np.ones(MONTHS) if exact else by_unit[posting.unit].copy()
        dearer = np.ones(MONTHS) if exact or listed else _errors(world, stream)
        more[-1] = 1 + volume.get(name, more[-1] - 1)
        dearer[-1] = 1 + price.get(name, dearer[-1] - 1)
        planned = np.rint(posting.units / more).astype(np.int64)
        units.append(planned)
        amounts.append((planned * posting.cny / np.maximum(posting.units, 1) / dearer).round(2))
    return _rows(world, {"planned_units": units, "planned_cny": amounts})


def _errors(world: World, stream: np.random.Generator) -> np.ndarray:
    return stream.lognormal(0, world.parameters.money.plan_error, MONTHS)


def _june(world: World) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    """How far volumes and prices of June 2025 are from the plan, by account."""
    money, posted = world.parameters.money, world["_postings"]
    price = {
        ("product", "shop_revenue"): money.june_order_price,
        ("product", "goods"): money.june_goods_price,
        ("product", "shipping"): money.june_shipping_price,
        ("marketing", "advertising"): money.june_ad_price,
    }
    volume = dict.fromkeys([*price, ("product", "payment_fees")], money.june_order_volume)
    volume["marketing", "advertising"] = money.june_ad_volume
    plans = [("product", f"membership_{plan}") for plan, _ in PLANS]
    came = np.array([posted[plan].units[-1] for plan in plans])
    share = came * np.array([1, 1, money.june_member_mix])
    planned = came.sum() / (1 + money.june_member_volume) * share / max(share.sum(), 1)
    volume |= {plan: n / p - 1 for plan, n, p in zip(plans, came, planned, strict=True) if p > 0}
    return volume, price


@builds("cash_daily")
def cash_daily(world: World) -> Columns:
    """One row a day. The owners had put in what leaves, at the end, the stated comfort; and enough for every day before."""
    day, money, posted = world["_flows"], world.parameters.money, world["_postings"]
    invoices = world["_invoices"]
    due = {account: np.zeros(DAYS) for account in _DUE}
    for (_, account), posting in posted.items():
        if account in _DUE:
            due[account] += _paid_later(posting.cny, *_DUE[account])
    arrived = invoices["paid"] < DAYS
    staff, audio, commission = (due.pop(account) for account in ("salaries", "audio_revenue", "commission"))
    receipts = {
        "from_shop_cny": _later(day["received"] - day["shop_fees"], money.payout_days),
        "from_members_cny": _later(day["members"].sum(axis=0) - day["member_fees"], money.payout_days),
        "from_corporate_cny": np.bincount(
            invoices["paid"][arrived].clip(0), invoices["amount"][arrived] * (invoices["paid"][arrived] >= 0), minlength=DAYS
        ),
        "from_audio_cny": audio,
        "from_platforms_cny": commission,
    }
    payments = {
        "to_staff_cny": staff,
        "to_suppliers_cny": _later(day["delivered"], money.supplier_days),
        "to_advertising_cny": day["advertising"],
        "to_users_cny": _later(day["refunds"], money.refund_days),
        "to_others_cny": sum(due.values()),
    }
    parts = {name: values.round(2) for name, values in (receipts | payments).items()}
    came, went = (sum(parts[name] for name in side).round(2) for side in (receipts, payments))
    closing = (_opening(world, came - went) + np.cumsum(came - went)).round(2)
    return {
        "date": FIRST_DAY + np.arange(DAYS),
        "opening_cny": (closing - came + went).round(2),
        **parts,
        "receipts_cny": came,
        "payments_cny": went,
        "closing_cny": closing,
    }


def _opening(world: World, net: np.ndarray) -> float:
    year = _monthly(net)[-12:]
    spread = year.std() * np.sqrt(12)
    closing = max(-year.sum(), 0) + world.parameters.money.comfort * spread
    return max(closing - net.sum(), 0.2 * spread - np.cumsum(net).min())


def _later(by_day: np.ndarray, days: int) -> np.ndarray:
    return np.concatenate([np.zeros(days), by_day[:-days]])


def _paid_later(by_month: np.ndarray, months: int, day: int) -> np.ndarray:
    """Monthly amounts on the day they are paid; what is due for December 2023 is taken to be what January came to."""
    owed = np.concatenate([by_month[:months], by_month])[:MONTHS]
    return np.bincount(day_index(FIRST_OF_MONTH) + day - 1, owed, minlength=DAYS)
