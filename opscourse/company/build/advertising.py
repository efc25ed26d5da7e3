"""What the campaigns cost and brought, day by day (TP07)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.channels import CHANNELS, campaign_plan
from opscourse.company.world import Block, Columns, World, builds, tallies

__all__ = ["ad_spend_daily", "campaign_signups"]

_CLICK_RATE = {  # clicks an impression, by family of the channel
    "search": 0.045, "social": 0.012, "store": 0.030, "kol": 0.018, "wechat": 0.010, "offline": 0.004, "affiliate": 0.016,
}  # fmt: skip
_CLICKS_AN_INSTALL = 2.8


@tallies("campaign_signups")
def campaign_signups(block: Block) -> np.ndarray:
    """Sign-ups of each campaign (row) on each day (column) of the calendar."""
    campaigns = block.world["campaigns"]["campaign_id"].size
    users = block["users"]
    paid = users["campaign_id"].fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    rows, day = paid[paid > 0] - 1, day_index(users["signup_ts"])[paid > 0]
    return np.bincount(rows * DAYS + day, minlength=campaigns * DAYS).reshape(campaigns, DAYS)


@builds("ad_spend_daily")
def ad_spend_daily(world: World) -> Columns:
    """One row a campaign and day: sign-ups as in `users`; a visitor behind each of them, and others who did not register."""
    stream = world.stream("ad_spend_daily")
    plan = campaign_plan(world)
    campaign, day = np.nonzero(plan)
    order = np.lexsort((campaign, day))
    campaign, day = campaign[order], day[order]
    channel = world["campaigns"]["channel_id"][campaign]
    signups = world.totals["campaign_signups"][campaign, day]
    expected = _expected_signups(world)[channel - 1, day]
    expected = expected * (plan / np.maximum(_by_channel(world, plan), 1e-9))[campaign, day]
    registered = world.parameters.arrival.registered
    installs = signups + stream.poisson(expected * (1 - registered) / registered)
    clicks = installs + stream.poisson(installs * (_CLICKS_AN_INSTALL - 1))
    rate = np.array([_CLICK_RATE.get(c.family, 0.01) for c in CHANNELS])[channel - 1]
    return {
        "date": FIRST_DAY + day,
        "campaign_id": campaign + 1,
        "channel_id": channel,
        "impressions": clicks + stream.poisson(clicks * (1 / rate - 1)),
        "clicks": clicks,
        "installs": installs,
        "signups": signups,
        "cost_cny": (plan[campaign, day] * stream.lognormal(0, 0.06, day.size)).round(2),
    }


def _by_channel(world: World, plan: np.ndarray) -> np.ndarray:
    """The plan of the whole channel, for each campaign (row) and day (column)."""
    owner = world["campaigns"]["channel_id"] - 1
    total = np.zeros((len(CHANNELS), DAYS))
    np.add.at(total, owner, plan)
    return total[owner]


def _expected_signups(world: World) -> np.ndarray:
    """Expected sign-ups of each channel (row) on each day (column)."""
    arrivals = world["_arrivals"]
    share = np.diff(arrivals["channel"], axis=2, prepend=0)  # persona, day, channel
    mixed = np.tensordot(np.array(world.parameters.persona.shares), share, axes=1)
    return (mixed * np.diff(arrivals["cumulative"])[:, None]).T * world.users
