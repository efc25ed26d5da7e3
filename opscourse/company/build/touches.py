"""Contacts of devices with channels in the raw window (TP08)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.activity import WINDOW
from opscourse.company.build.channels import CHANNELS, campaign_of
from opscourse.company.build.orders import SPAN
from opscourse.company.build.people import DAY, stamp
from opscourse.company.world import Block, Columns, builds, coded, optional, ordered

__all__ = ["LOOKBACK"]

LOOKBACK = 7 * DAY  # a contact may lead to an order within a week


@builds("marketing_touches")
def marketing_touches(block: Block) -> Columns:
    """One row a contact, in order of time: a click opens each visit with a source; before it, contacts that were only seen."""
    stream = block.stream("marketing_touches")
    visits, source = block["_visits"], block.parameters.source
    clicked = np.flatnonzero(visits["channel"] > 0)
    seen = np.repeat(clicked, stream.poisson(source.seen, clicked.size))
    shares = np.cumsum([channel.share for channel in CHANNELS])
    other = np.searchsorted(shares / shares[-1], stream.random(seen.size)) + 1
    same = stream.random(seen.size) < 0.4
    at = visits["second"][seen] - 1 - (stream.random(seen.size) * LOOKBACK).astype(np.int64)
    channel = np.where(same, visits["channel"][seen], other)
    keep = at >= WINDOW[0] * DAY
    seen, at, channel = seen[keep], at[keep], channel[keep].astype(np.int64)
    campaign = campaign_of(block.world, channel, at // DAY, stream.random(seen.size)).fill_null(0).to_numpy()

    device = np.concatenate([visits["device"][clicked], visits["device"][seen]])
    second = np.concatenate([visits["second"][clicked], at])
    channel = np.concatenate([visits["channel"][clicked].astype(np.int64), channel])
    campaign = np.concatenate([visits["campaign"][clicked], campaign])
    click = np.arange(device.size) < clicked.size
    order = ordered(second)
    device, second, channel, campaign, click = (x[order] for x in (device, second, channel, campaign, click))
    user = block["devices"]["user_id"].fill_null(0).to_numpy()[device]
    converted = _converted(block, user, second)
    table = block.world["campaigns"]
    tags = [f"utm_source={channel.name}&utm_medium={channel.family}" for channel in CHANNELS]
    tags += [
        f"utm_source={source}&utm_medium={medium}&utm_campaign={name}"
        for source, medium, name in zip(table["utm_source"], table["utm_medium"], table["utm_campaign"], strict=True)
    ]
    tag = np.where(campaign > 0, len(CHANNELS) + campaign - 1, channel - 1)
    return {
        "touch_id": block.first_id + np.arange(device.size),
        "ts": stamp(second),
        "device_id": block.first_id + device,
        "user_id": optional(user, user > 0),
        "channel_id": channel,
        "campaign_id": optional(campaign, campaign > 0),
        "utm": coded(np.where(click, tag, -1), tags),
        "kind": coded(click.astype(np.int64), ("view", "click")),
        "converted_order_id": optional(converted, converted > 0),
    }


def _converted(block: Block, user: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The user's first paid order within a week of each contact, 0 if there is none."""
    paid = block["_paid"]
    known = np.flatnonzero(user > 0)
    wanted = (user[known] - block.first_user) * SPAN + second[known]
    place = np.searchsorted(paid["key"], wanted)
    soon = np.append(paid["key"], np.iinfo(np.int64).max)[place] - wanted <= LOOKBACK
    converted = np.zeros(user.size, dtype=np.int64)
    converted[known] = np.where(soon, np.append(paid["order_id"], 0)[place], 0)
    return converted
