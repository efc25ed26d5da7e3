"""What the users of a channel were worth: the two readings of ROI that rank channels differently (FL10)."""

from __future__ import annotations

from typing import Any

__all__ = ["ranks"]

_COMPARED = ("dy", "xhs", "paid_search")


def ranks(company: Any) -> tuple[dict[str, int], dict[str, int]]:
    """Ranks of the three compared channels by 30-day revenue and by 365-day margin, per CNY spent on users until June 2024.

    `company["table"]` gives tables. Revenue is what was paid for orders and memberships; margin takes off what goods cost
    and what was given back.
    """
    users, spend = company["users"], company["ad_spend_daily"]
    users = users[users["signup_ts"] < "2024-07-01"]
    channel = company["channels"].set_index("channel_id")["channel"]
    goods = company["order_items"].merge(company["products"][["sku", "unit_cost_cny"]], on="sku")
    cost = (goods["quantity"] * goods["unit_cost_cny"]).groupby(goods["order_id"]).sum()
    orders = company["orders"]
    orders = orders[orders["paid"] & ~orders["refunded"]]
    margin = orders["net_cny"] - orders["order_id"].map(cost)
    bought = orders[["user_id", "ts"]].assign(revenue=orders["net_cny"], margin=margin)
    paid = company["memberships"][["user_id", "start", "price_cny"]].rename(columns={"start": "ts", "price_cny": "revenue"})
    both = [users[["user_id", "signup_ts", "channel_id"]].merge(part, on="user_id") for part in (bought, paid)]
    both[1]["margin"] = both[1]["revenue"]
    spent = spend[spend["date"] < "2024-07-01"].groupby("channel_id")["cost_cny"].sum()
    ranked = []
    for days, column in ((30, "revenue"), (365, "margin")):
        early = [part[(part["ts"] - part["signup_ts"]).dt.days < days] for part in both]
        gained = sum(part.groupby("channel_id")[column].sum().reindex(spent.index).fillna(0) for part in early)
        per_cny = (gained / spent).rename(channel)[list(_COMPARED)]
        ranked.append(per_cny.rank(ascending=False).astype(int).to_dict())
    return ranked[0], ranked[1]
