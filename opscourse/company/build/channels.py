"""Channels and campaigns, and what a channel is really worth (TP07, TP08)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from opscourse.company.build.calendar import DAYS, FIRST_DAY
from opscourse.company.world import Columns, World, builds

__all__ = ["CHANNELS", "USERS_AT_PLAN", "Channel", "campaign_of", "campaign_plan", "channel_response", "daily_spend"]

USERS_AT_PLAN = 20_000  # budgets, tickets, places are stated for so many users, and grow in proportion


class Channel(NamedTuple):
    """One channel: its place in the market, and the truth about the users that it brings."""

    name: str
    family: str
    share: float  # of all sign-ups, by last click
    incremental: float  # share of its sign-ups that would not have come without it
    cost_per_signup: float = 0.0  # CNY at the average spend; 0 for a channel that is not paid
    exponent: float = 1.0  # sign-ups grow as spend to this power
    early: float = 1.0  # orders in a user's first 30 days, relative to the average channel
    later: float = 1.0  # orders and activity after that, relative to the average channel
    campaigns: int = 0
    audit: str = "1111"  # offer shown, same message, price clear, smooth step

    @property
    def paid(self) -> bool:
        """Costs money for each contact."""
        return self.cost_per_signup > 0


CHANNELS = (
    Channel("dy", "social", 0.38, 0.28 / 0.38, 40, 0.72, 1.35, 0.6, 26, "1101"),
    Channel("xhs", "social", 0.27, 0.20 / 0.27, 46, 0.80, 1.0, 1.15, 22, "1111"),
    Channel("paid_search", "search", 0.07, 0.60, 52, 0.62, 0.6, 2.6, 16, "1111"),
    Channel("brand_search", "search", 0.02, 0.25, 12, 0.55, 1.2, 1.4, 8, "1111"),
    Channel("retargeting", "affiliate", 0.015, 0.30, 22, 0.58, 1.4, 1.0, 8, "1001"),
    Channel("store_ads", "store", 0.02, 0.55, 38, 0.66, 0.9, 1.0, 10, "1110"),
    Channel("store_organic", "store", 0.02, 1.0, early=0.9),
    Channel("kol", "kol", 0.04, 0.85, 62, 0.85, 1.5, 0.6, 8, "1011"),
    Channel("koc", "kol", 0.02, 0.90, 30, 0.90, 1.1, 1.1, 6, "1011"),
    Channel("referral", "referral", 0.035, 0.70, early=1.1, later=1.4),
    Channel("email", "email", 0.005, 0.60),
    Channel("wechat_account", "wechat", 0.02, 0.75, later=1.3),
    Channel("wechat_ads", "wechat", 0.02, 0.65, 48, 0.70, 1.0, 0.9, 8, "0111"),
    Channel("posters", "offline", 0.008, 0.95, 88, 0.88, 0.9, 1.0, 2, "1000"),
    Channel("affiliate", "affiliate", 0.012, 0.35, 28, 0.60, 1.2, 0.7, 6, "1010"),
    Channel("partner_brand", "partner", 0.01, 0.80, later=1.2, audit="1101"),
    Channel("answers", "qa", 0.01, 0.90, later=1.2, audit="0110"),
    Channel("direct", "organic", 0.025, 1.0, later=1.2),
)

_TRUE = ("share", "incremental", "cost_per_signup", "exponent", "early", "later")  # what the hidden table tells
_STARTS = {"answers": "2024-03-01", "koc": "2024-02-01", "posters": "2025-03-01", "wechat_ads": "2024-04-01"}
_UTM = {  # family -> utm_source where it is not the channel's name, utm_medium
    "search": "cpc", "social": "feed", "store": "store", "kol": "creator", "wechat": "social", "offline": "qr",
    "affiliate": "affiliate",
}  # fmt: skip


@builds("channels")
def channels(world: World) -> Columns:
    """One row a channel."""
    audit = np.array([[mark == "1" for mark in channel.audit] for channel in CHANNELS])
    return {
        "channel_id": np.arange(1, len(CHANNELS) + 1),
        "channel": np.array([channel.name for channel in CHANNELS], dtype=object),
        "family": np.array([channel.family for channel in CHANNELS], dtype=object),
        "paid": np.array([channel.paid for channel in CHANNELS]),
        "start_date": np.array([_STARTS.get(c.name, "2023-09-01") for c in CHANNELS], dtype="datetime64[D]"),
        "req_shown": audit[:, 0],
        "req_consistent": audit[:, 1],
        "req_price_clear": audit[:, 2],
        "req_smooth": audit[:, 3],
    }


@builds("_truth_channels")
def truth_channels(world: World) -> Columns:
    """The hidden table as it is written beside the company."""
    told = {name: np.array([getattr(channel, name) for channel in CHANNELS]) for name in _TRUE}
    return {"channel_id": world["channels"]["channel_id"], "channel": world["channels"]["channel"], **told}


@builds("campaigns")
def campaigns(world: World) -> Columns:
    """One row a campaign. Each paid channel has two lanes of campaigns, one after the other, from its first day to the last."""
    stream = world.stream("campaigns")
    scale = world.users / USERS_AT_PLAN
    rows = []
    for number, channel in enumerate(CHANNELS, start=1):
        if not channel.paid:
            continue
        first = max(0, int((np.datetime64(_STARTS.get(channel.name, "2024-01-01")) - FIRST_DAY).astype(int)))
        daily = channel.cost_per_signup * channel.share * USERS_AT_PLAN / (DAYS - first) * scale
        for lane in range(2):
            count = channel.campaigns // 2 + (lane == 0) * (channel.campaigns % 2)
            cuts = first + np.cumsum(stream.dirichlet(np.full(count, 8.0))) * (DAYS - first)
            edges = np.concatenate([[first], cuts.round().astype(int)])
            edges[-1] = DAYS
            level = np.exp(stream.normal(0, 0.75, count))  # budgets differ widely: that is what makes the response visible
            level *= (DAYS - first) / (level * np.diff(edges)).sum()
            for start, end, size in zip(edges[:-1], edges[1:], level, strict=True):
                rows.append((number, int(start), int(end) - 1, daily / 2 * size * (end - start)))
    channel_id, start, end, budget = (np.array(column) for column in zip(*rows, strict=True))
    order = np.lexsort((channel_id, start))
    channel_id, start, end, budget = channel_id[order], start[order], end[order], budget[order]
    objective = stream.choice(["acquire", "activate", "retain", "brand"], start.size, p=[0.6, 0.15, 0.1, 0.15])
    names = [CHANNELS[c - 1] for c in channel_id]
    month = (FIRST_DAY + start).astype("datetime64[M]").astype(str)
    return {
        "campaign_id": np.arange(1, start.size + 1),
        "channel_id": channel_id,
        "objective": objective.astype(object),
        "kind": np.where(np.isin(objective, ["acquire", "activate"]), "promotion", "marketing").astype(object),
        "start": FIRST_DAY + start,
        "end": FIRST_DAY + end,
        "budget_cny": budget.round(2),
        "utm_source": np.array([channel.name for channel in names], dtype=object),
        "utm_medium": np.array([_UTM[channel.family] for channel in names], dtype=object),
        "utm_campaign": np.array(
            [f"{o}_{m}_{i:03d}" for i, (o, m) in enumerate(zip(objective, month, strict=True), start=1)], dtype=object
        ),
        "intrusive": stream.random(start.size) < np.where(objective == "retain", 0.5, 0.2),
    }


def campaign_plan(world: World) -> np.ndarray:
    """Planned spend in CNY of each campaign (row) on each day (column) of the calendar; 0 when it does not run."""
    table = world["campaigns"]
    start = (table["start"] - FIRST_DAY).astype(int)
    end = (table["end"] - FIRST_DAY).astype(int)
    day = np.arange(DAYS)
    runs = (day >= start[:, None]) & (day <= end[:, None])
    return runs * (table["budget_cny"] / (end - start + 1))[:, None]


def daily_spend(world: World) -> np.ndarray:
    """Planned spend in CNY of each channel (row) on each day (column)."""
    spend = np.zeros((len(CHANNELS), DAYS))
    np.add.at(spend, world["campaigns"]["channel_id"] - 1, campaign_plan(world))
    return spend


def channel_response(world: World) -> np.ndarray:
    """Expected sign-ups of each channel (row) by day (column), relative to all sign-ups of an average day.

    A paid channel follows its spend to the power of its exponent; an unpaid one is even. Multiply a column by what the
    day does to all channels (trend, season, weekday) to get who signs up on it. Rows sum to DAYS times the channel's share.
    """
    spend = daily_spend(world)
    response = np.ones((len(CHANNELS), DAYS))
    for row, channel in enumerate(CHANNELS):
        if channel.paid:
            response[row] = spend[row] ** channel.exponent
        response[row] *= channel.share / response[row].mean()
    return response


@builds("_running")
def running(world: World) -> Columns:
    """The one or two campaigns that each channel (row) runs on each day (column), 0: none; the first one's spend share."""
    plan, owner = campaign_plan(world), world["campaigns"]["channel_id"]
    first, second = (np.zeros((len(CHANNELS) + 1, DAYS), dtype=np.int64) for _ in range(2))
    share = np.ones(first.shape)
    for number in np.unique(owner):
        mine = np.flatnonzero(owner == number)
        spend = plan[mine]
        one, other = (spend > 0).argmax(axis=0), mine.size - 1 - (spend > 0)[::-1].argmax(axis=0)
        total = spend.sum(axis=0)
        first[number] = np.where(total > 0, mine[one] + 1, 0)
        second[number] = np.where(total > 0, mine[other] + 1, 0)
        share[number] = np.where(one == other, 1, spend[one, np.arange(DAYS)] / np.where(total > 0, total, 1))
    return {"first": first, "second": second, "share": share}


def campaign_of(world: World, channel_id: np.ndarray, day: np.ndarray, uniform: np.ndarray) -> pa.Array:
    """Draw the campaign behind each sign-up from those of its channel on that day, by what they spend; empty if unpaid."""
    runs = world["_running"]
    at = channel_id * DAYS + day
    chosen = np.where(uniform < runs["share"].ravel()[at], runs["first"].ravel()[at], runs["second"].ravel()[at])
    return pa.array(chosen, mask=chosen == 0)
