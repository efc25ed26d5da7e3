"""Creators, what they ask, and what their posts bring (TP09)."""

from __future__ import annotations

from math import comb

import numpy as np

from opscourse.company.build.calendar import FIRST_DAY, day_index
from opscourse.company.build.channels import CHANNELS
from opscourse.company.tables.content import PLATFORMS
from opscourse.company.world import Columns, World, builds, optional

__all__ = ["collabs", "creators"]

_KINDS = (  # kind, tier, how many, median followers
    ("KOL", "head", 10, 1_500_000), ("KOL", "mid", 30, 200_000), ("KOL", "tail", 50, 30_000), ("KOC", "tail", 60, 4_000),
)  # fmt: skip
_LIKES = 0.03  # likes a real follower
_REACH = {"KOL": 0.25, "KOC": 0.35}  # plays a follower
_CLICK_RATE = {"KOL": 0.004, "KOC": 0.05}  # clicks a play
_GUARANTEED = 0.6  # share of contracts with KOLs that have a guarantee
_BASKET = 120.0  # CNY


@builds("_creators")
def traits(world: World) -> Columns:
    """One row a creator: what is seen, and the bought followers and conversion that are not."""
    stream = world.stream("creators")
    known = world.parameters.creator
    kinds, tiers, counts, medians = (np.array(values, dtype=object) for values in zip(*_KINDS, strict=True))
    kind, tier = (np.repeat(values, counts.astype(int)) for values in (kinds, tiers))
    size = kind.size
    followers = (
        (np.repeat(medians, counts.astype(int)).astype(float) * stream.lognormal(0, 0.45, size)).round(-1).astype(np.int64)
    )
    fake = np.where(stream.random(size) < known.fake, stream.beta(6, 5, size), stream.beta(1, 30, size))
    koc = np.flatnonzero(kind == "KOC")
    panel = np.zeros(size, dtype=bool)
    panel[stream.choice(koc, known.panel, replace=False)] = True
    return {
        "platform": stream.choice(np.array(PLATFORMS, dtype=object), size, p=[0.30, 0.30, 0.08, 0.08, 0.10, 0.04, 0.10]),
        "kind": kind,
        "tier": tier,
        "followers": followers,
        "likes": (followers * (1 - fake) * _LIKES * stream.lognormal(0, 0.3, size)).round().astype(np.int64),
        "fee": (0.9 * followers**0.55 * stream.lognormal(0, 0.2, size)).round(-1),
        "fake": fake,
        "panel": panel,
        "rate": np.where(panel, known.panel_rate, stream.beta(known.rate_a, known.rate_b, size)),
    }


@builds("creators")
def creators(world: World) -> Columns:
    """One row a creator."""
    made = world["_creators"]
    return {
        "creator_id": np.arange(1, made["kind"].size + 1),
        **{name: made[name] for name in ("platform", "kind", "tier", "followers")},
        "avg_likes": made["likes"],
        "quoted_fee_cny": made["fee"],
    }


@builds("_truth_creators")
def truth_creators(world: World) -> Columns:
    """The hidden table as it is written beside the company."""
    made = world["_creators"]
    return {
        "creator_id": np.arange(1, made["kind"].size + 1),
        "fake_share": made["fake"].round(4),
        "conversion": made["rate"].round(4),
    }


@builds("collabs")
def collabs(world: World) -> Columns:
    """One row a post, in order of time: each campaign of the channels kol and koc hires creators until its budget is spent."""
    stream = world.stream("collabs")
    known, made = world.parameters.creator, world["_creators"]
    creator, campaign, day, fee, panel = _hired(world, stream)
    kind, size = made["kind"][creator], creator.size
    guaranteed = (kind == "KOL") & (stream.random(size) < _GUARANTEED)
    reach, click_rate = (np.array([rates[k] for k in kind]) for rates in (_REACH, _CLICK_RATE))
    promised = np.maximum((made["followers"][creator] * reach).round(-2), 100)
    wide = np.where(guaranteed, promised * (1 + stream.exponential(0.3, size)), promised * stream.lognormal(-0.1, 0.5, size))
    doubt = np.where(guaranteed, made["fake"][creator] + stream.normal(0, 0.15, size), -np.inf)
    short = np.zeros(size, dtype=bool)
    short[np.argsort(-doubt)[: round(known.shortfall * guaranteed.sum())]] = True
    plays = np.where(short, promised * stream.uniform(0.5, 0.95, size), wide).astype(np.int64)
    clicks = np.where(panel, known.panel_clicks, stream.binomial(plays, click_rate * (1 - made["fake"][creator])))
    plays = np.maximum(plays, 4 * clicks)
    orders = stream.binomial(clicks, made["rate"][creator])
    orders[panel] = stream.permutation(_even(known.panel_clicks, known.panel_rate, int(panel.sum())))
    refunds = stream.binomial(orders, known.refunded)
    gmv = stream.gamma(np.maximum(2.5 * orders, 1e-9), _BASKET / 2.5) * (orders > 0)
    return {
        "collab_id": np.arange(1, size + 1),
        "creator_id": creator + 1,
        "campaign_id": campaign,
        "date": FIRST_DAY + day,
        "panel": panel,
        "fee_cny": fee,
        "guaranteed_plays": optional(promised.astype(np.int64), guaranteed),
        "plays": plays,
        "clicks": clicks,
        "orders": orders,
        "gmv_cny": gmv.round(2),
        "refunds_cny": (gmv * refunds / np.maximum(orders, 1)).round(2),
    }


def _hired(world: World, stream: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Creator, campaign, day, fee and whether it was for the panel, of each post, in order of time."""
    made, campaigns, spend = world["_creators"], world["campaigns"], world["ad_spend_daily"]
    cost = np.bincount(spend["campaign_id"] - 1, spend["cost_cny"], minlength=campaigns["campaign_id"].size).round(2)
    names = [channel.name for channel in CHANNELS]
    panel_at = None
    rows = []
    for kind, channel in (("KOL", names.index("kol") + 1), ("KOC", names.index("koc") + 1)):
        able = np.flatnonzero(made["kind"] == kind)
        wish = 1 / made["fee"][able]
        mine = np.flatnonzero(campaigns["channel_id"] == channel)
        for at in mine:
            budget = campaigns["budget_cny"][at]
            if kind == "KOC" and at == mine[np.argmax(campaigns["budget_cny"][mine])]:
                panel_at = at
                hired = np.flatnonzero(made["panel"])
            else:
                most = int(2 * budget / (able.size / wish.sum())) + 2
                hired = stream.choice(able, most, p=wish / wish.sum())
                hired = hired[: max(1, np.searchsorted(np.cumsum(made["fee"][hired]), budget))]
            fee = made["fee"][hired] * stream.lognormal(0, 0.1, hired.size)
            fee = (fee * cost[at] / fee.sum()).round(2)
            fee[0] = round(fee[0] + cost[at] - fee.sum(), 2)
            first, last = (int(day_index(campaigns[edge][at])) for edge in ("start", "end"))
            rows.append((hired, np.full(hired.size, at), stream.integers(first, last + 1, hired.size), fee))
    creator, at, day, fee = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.argsort(day, kind="stable")
    return creator[order], campaigns["campaign_id"][at[order]], day[order], fee[order], at[order] == panel_at


def _even(trials: int, rate: float, size: int) -> np.ndarray:
    """Binomial counts at evenly spaced ranks: what `size` draws give, without their chance."""
    share = [comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(trials + 1)]
    return np.searchsorted(np.cumsum(share), (np.arange(size) + 0.5) / size)
