"""What seven outside platforms do with the firm's content, day by day (TP12).

A platform shows an item by its score: it weighs how far its viewers stay, how much they react and how often they save it, and
prefers lengths of its own; novelty halves in nine days. That is why items with many views are not like the others, and why
the mean of the items' rates says something else than the rate of all views (FL13).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index, node_factor
from opscourse.company.build.channels import USERS_AT_PLAN
from opscourse.company.tables.content import KINDS, PLATFORMS
from opscourse.company.world import Columns, World, builds

__all__ = ["PLATFORM_TRUTH", "Platform"]


class Platform(NamedTuple):
    """The truth about one platform."""

    reach: float  # impressions of a typical item on its first day, at 20,000 users
    best_minutes: float  # length that it shows most
    tolerance: float  # how far from that length, in natural logarithms, reach falls to 61%
    completion: float  # weight of completion in its score
    reaction: float  # weight of likes and comments
    saving: float  # weight of saves
    finish: float  # log-odds that a viewer held for 3 seconds finishes an item of the best length
    patience: float  # fall of these log-odds when the length doubles
    like: float  # likes a view
    best_kind: str  # form that opens and reacts best
    kinds: dict[str, float]  # which forms are put there, with which probability


PLATFORM_TRUTH = {
    "dy": Platform(2_000, 0.4, 0.9, 0.75, 0.30, 0.10, 1.00, 0.60, 0.045, "short_video",
                   {"short_video": 0.75, "case": 0.25, "interactive": 0.25}),
    "xhs": Platform(1_100, 1.2, 1.0, 0.20, 0.30, 0.65, 0.75, 0.50, 0.055, "infographic",
                    {"short_video": 0.5, "infographic": 0.8, "case": 0.4, "article": 0.2}),
    "wb": Platform(900, 0.8, 1.3, 0.10, 0.70, 0.10, 0.30, 0.60, 0.020, "infographic",
                   {"short_video": 0.3, "infographic": 0.5, "article": 0.3, "interactive": 0.5}),
    "wx": Platform(700, 4.0, 1.0, 0.45, 0.25, 0.30, 0.60, 0.55, 0.015, "article",
                   {"article": 0.8, "case": 0.6, "infographic": 0.3, "interactive": 0.5}),
    "bili": Platform(800, 5.0, 0.75, 0.25, 0.60, 0.20, -0.40, 1.05, 0.050, "case",
                     {"short_video": 0.40, "case": 0.6, "interactive": 0.15}),
    "zh": Platform(500, 6.0, 1.0, 0.30, 0.55, 0.30, 0.25, 0.60, 0.012, "article",
                   {"article": 0.6, "case": 0.5, "infographic": 0.15}),
    "ks": Platform(1_200, 0.5, 1.0, 0.55, 0.45, 0.10, 0.30, 0.50, 0.040, "short_video",
                   {"short_video": 0.45, "case": 0.15, "interactive": 0.15}),
}  # fmt: skip
_SHOWN_DAYS = 28


@builds("_truth_platforms")
def truth_platforms(world: World) -> Columns:
    """What each platform shows more of."""
    told = ("reach", "best_minutes", "completion", "reaction", "saving")
    columns = {name: np.array([getattr(PLATFORM_TRUTH[p], name) for p in PLATFORMS], dtype=float) for name in told}
    return {"platform": np.array(PLATFORMS, dtype=object), **columns}


@builds("_truth_content")
def truth_content(world: World) -> Columns:
    """What only the simulator knows of each item: how good it is, how much it makes people react and save."""
    stream = world.stream("_truth_content")
    items = world["content_items"]
    size = items["content_id"].size
    story, professional = items["style"] == "story", items["style"] == "professional"
    return {
        "content_id": items["content_id"],
        "quality": (0.15 * (items["source"] == "PGC") + stream.normal(0, 0.85, size)).round(4),
        "reaction": (0.35 * story + stream.normal(0, 0.8, size)).round(4),
        "saving": (0.45 * professional + stream.normal(0, 0.8, size)).round(4),
        "luck": stream.normal(0, 0.8, size).round(4),
    }


@builds("content_daily")
def content_daily(world: World) -> Columns:
    """One row an item, platform and day, for the first four weeks of the item there."""
    stream = world.stream("content_daily")
    item, platform = _placed(world, stream)
    published = day_index(world["content_items"]["publish_ts"])[item]
    rates = _rates(world, stream, item, platform)
    age = np.arange(_SHOWN_DAYS)
    day = (published[:, None] + age).ravel()
    pair = np.repeat(np.arange(item.size), _SHOWN_DAYS)
    inside = (day >= 0) & (day < DAYS)
    order = np.flatnonzero(inside)[np.lexsort((platform[pair[inside]], item[pair[inside]], day[inside]))]
    day, pair, age = day[order], pair[order], np.tile(age, item.size)[order]
    content = world.parameters.content
    mean = rates.pop("impressions")[pair] * 0.5 ** (age / content.novelty_half_life)
    mean *= _day_factor(world, day, item[pair])
    impressions = stream.poisson(mean * stream.gamma(6, 1 / 6, mean.size))
    counts = {"impressions": impressions, "opens": stream.binomial(impressions, rates["opens"][pair])}
    counts["views"] = stream.binomial(counts["opens"], rates["views"][pair])
    counts["hold_3s"] = stream.binomial(counts["views"], rates["hold_3s"][pair])
    counts["completions"] = stream.binomial(counts["hold_3s"], rates["completions"][pair])
    for name in ("likes", "saves", "approvals", "comments", "danmu", "shares", "follows", "clicks"):
        counts[name] = stream.binomial(counts["views"], rates[name][pair])
    counts["orders"] = stream.binomial(counts["clicks"], content.click_to_order)
    return {
        "date": FIRST_DAY + day,
        "content_id": item[pair] + 1,
        "platform": np.array(PLATFORMS, dtype=object)[platform[pair]],
        **counts,
    }


def _placed(world: World, stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which item is put on which platform: row of the item, index of the platform."""
    chance = np.array([[PLATFORM_TRUTH[p].kinds.get(kind, 0.0) for p in PLATFORMS] for kind in KINDS])
    kind = np.array([KINDS.index(k) for k in world["content_items"]["kind"]])
    item, platform = np.nonzero(stream.random((kind.size, len(PLATFORMS))) < chance[kind])
    return item, platform


def _rates(world: World, stream: np.random.Generator, item: np.ndarray, platform: np.ndarray) -> dict[str, np.ndarray]:
    """True rates of each item on each platform, and the impressions it gets on its first day."""
    items, true = world["content_items"], world["_truth_content"]
    field = {name: np.array([getattr(PLATFORM_TRUTH[p], name) for p in PLATFORMS])[platform] for name in _NUMBERS}
    quality, reaction, saving = (
        true[name][item] + stream.normal(0, 0.3, item.size) for name in ("quality", "reaction", "saving")
    )
    longer = np.log2(items["minutes"][item] / field["best_minutes"])
    best = items["kind"][item] == np.array([PLATFORM_TRUTH[p].best_kind for p in PLATFORMS], dtype=object)[platform]
    gain = np.where(best, 1.35, 1.0)
    hold = np.array([world.parameters.content.hold[hook] for hook in items["hook_type"][item]])
    score = field["completion"] * quality + field["reaction"] * reaction + field["saving"] * saving
    fit = np.exp(-0.5 * (longer * np.log(2) / field["tolerance"]) ** 2)
    on = {name: platform == PLATFORMS.index(name) for name in ("zh", "bili")}
    scale = world.users / USERS_AT_PLAN
    like = field["like"] * gain * np.exp(0.55 * reaction)
    return {
        "impressions": scale * field["reach"] * (0.05 + 0.95 * fit) * np.exp(1.1 * score + true["luck"][item] - 1.1),
        "opens": _share(np.log(0.16 / 0.84) + 0.25 * reaction + 0.5 * np.log(gain)),
        "views": np.full(item.size, 0.88),
        "hold_3s": _share(np.log(hold / (1 - hold)) + 0.2 * (quality - quality.mean())),
        "completions": _share(field["finish"] + 0.75 * quality - field["patience"] * longer),
        "likes": like.clip(0, 0.5),
        "saves": (0.014 * gain * np.exp(0.7 * saving)).clip(0, 0.4),
        "approvals": np.where(on["zh"], (0.035 * np.exp(0.5 * reaction)).clip(0, 0.4), 0),
        "comments": (0.12 * like).clip(0, 0.2),
        "danmu": np.where(on["bili"], (0.03 * np.exp(0.4 * reaction)).clip(0, 0.4), 0),
        "shares": (0.008 * np.exp(0.4 * saving + 0.3 * reaction)).clip(0, 0.3),
        "follows": (0.004 * np.exp(0.5 * quality)).clip(0, 0.1),
        "clicks": (world.parameters.content.click_rate * np.exp(0.3 * saving)).clip(0, 0.2),
    }


_NUMBERS = [name for name in Platform._fields if name not in ("best_kind", "kinds")]


def _share(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-log_odds))


def _day_factor(world: World, day: np.ndarray, item: np.ndarray) -> np.ndarray:
    """What the day does to what is shown: weekends, and nodes, more so for an item that uses the node's keyword."""
    content, calendar, items = world.parameters.content, world["calendar"], world["content_items"]
    plain = node_factor(content.node_uplift())
    themed = 1 + (plain - 1) * content.keyword_gain
    keyword = np.array(calendar["theme_keyword"].to_pylist(), dtype=object)
    uses = np.array(items["theme_keyword"].to_pylist(), dtype=object)[item]
    fits = (uses == keyword[day]) & np.array([k is not None for k in keyword])[day]
    weekend = np.where(day % 7 >= 5, 1.15, 0.94)
    return weekend * np.where(fits, themed[day], plain[day])
