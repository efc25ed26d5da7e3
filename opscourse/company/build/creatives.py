"""What the ads of a campaign look like, and how users tire of them (lesson 21)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import FIRST_DAY, day_index
from opscourse.company.build.channels import CHANNELS
from opscourse.company.tables.content import HOOKS, STYLES
from opscourse.company.tables.market import FORMATS
from opscourse.company.world import Columns, World, builds, coded, filled, pick

__all__ = ["creative_daily", "creatives"]

_POSTS = "kol"  # family of the channels whose ads are posts: `collabs`
_SHARES = {  # shares of `FORMATS`, by family of the channel
    "search": (0, 0, 0, 0, 0, 1), "social": (0.2, 0.5, 0.2, 0.1, 0, 0), "store": (0.3, 0, 0.7, 0, 0, 0),
    "wechat": (0.4, 0.2, 0.3, 0.1, 0, 0), "offline": (1, 0, 0, 0, 0, 0), "affiliate": (0.5, 0, 0.2, 0.3, 0, 0),
}  # fmt: skip


@builds("_creatives")
def schedule(world: World) -> Columns:
    """Campaign, first and last day (counted from the first of the calendar) and appeal of each creative, in order of time.

    A campaign gets a new one every so often; those it starts with have been in use before.
    """
    stream, known = world.stream("creatives"), world.parameters.creative
    campaigns = world["campaigns"]
    family = np.array([channel.family for channel in CHANNELS])[campaigns["channel_id"] - 1]
    start, end = day_index(campaigns["start"]), day_index(campaigns["end"])
    before = int(known.life // known.every) + 1
    counts = np.where(family == _POSTS, 0, before + np.ceil((end - start + 1) / known.every)).astype(np.int64)
    campaign = np.repeat(np.arange(counts.size), counts)
    turn = filled(np.full(counts.size, -before), counts) + stream.uniform(-0.3, 0.3, campaign.size)
    first = start[campaign] + np.floor(turn * known.every).astype(np.int64)
    last = np.minimum(first + np.int64(known.life), end[campaign])
    rows = np.flatnonzero((last >= start[campaign]) & (first <= end[campaign]))
    rows = rows[np.lexsort((campaign[rows], first[rows]))]
    return {
        "campaign": campaign[rows],
        "family": family[campaign[rows]],
        "first": first[rows],
        "last": last[rows],
        "appeal": stream.lognormal(0, known.spread, campaign.size)[rows],
    }


@builds("creatives")
def creatives(world: World) -> Columns:
    """One row a creative; only the campaigns that intrude have pop-ups, every other one of theirs."""
    stream, made = world.stream("_creatives"), world["_creatives"]
    size = made["campaign"].size
    families = list(_SHARES)
    form = pick(stream, list(_SHARES.values()), size, np.array([families.index(name) for name in made["family"]]))
    popup = world["campaigns"]["intrusive"][made["campaign"]] & (stream.random(size) < 0.5)
    return {
        "creative_id": np.arange(1, size + 1),
        "campaign_id": made["campaign"] + 1,
        "format": coded(np.where(popup, FORMATS.index("popup"), form), FORMATS),
        "style": coded(pick(stream, (0.5, 0.2, 0.3), size), STYLES),
        "hook_type": coded(pick(stream, (0.25, 0.3, 0.25, 0.2), size), HOOKS),
        "first_day": FIRST_DAY + made["first"],
    }


@builds("creative_daily")
def creative_daily(world: World) -> Columns:
    """One row a creative and day: a campaign's impressions go to its creatives alike, its clicks to those that still appeal."""
    stream, made, spend = world.stream("creative_daily"), world["_creatives"], world["ad_spend_daily"]
    campaign, day = spend["campaign_id"] - 1, day_index(spend["date"])
    parts = []
    for at in np.unique(made["campaign"]):
        mine, rows = np.flatnonzero(made["campaign"] == at), np.flatnonzero(campaign == at)
        age = day[rows][:, None] - made["first"][mine]
        runs = (age >= 0) & (day[rows][:, None] <= made["last"][mine])
        draw = runs * made["appeal"][mine] * 0.5 ** (age / world.parameters.creative.half_life)
        clicks = stream.multinomial(spend["clicks"][rows], draw / draw.sum(axis=1, keepdims=True))
        others = spend["impressions"][rows] - spend["clicks"][rows]
        shown = clicks + stream.multinomial(others, runs / runs.sum(axis=1, keepdims=True))
        which, column = np.nonzero(runs)
        parts.append((day[rows][which], mine[column], shown[runs], clicks[runs]))
    day, creative, shown, clicks = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((creative, day))
    return {
        "date": FIRST_DAY + day[order],
        "creative_id": creative[order] + 1,
        "impressions": shown[order],
        "clicks": clicks[order],
    }
