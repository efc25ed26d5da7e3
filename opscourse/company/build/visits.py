"""Visits in the raw window: who came when, on which device, from where, and what was done in them (TP02, TP04, TP08, TP20)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.activity import WINDOW, launch_factor
from opscourse.company.build.calendar import day_index
from opscourse.company.build.channels import CHANNELS, campaign_of
from opscourse.company.build.experiments import STEP_TEST
from opscourse.company.build.people import DAY, EARLIEST, LATEST, clock
from opscourse.company.world import Block, Columns, builds, filled, ordered, pick

__all__ = ["DEPTHS"]

GAP = 1_801  # seconds at least between the end of a visit and the next one of the same user: more than half an hour
DEPTHS = ("nothing", "product_view", "product_detail", "cart_add", "order_pay")
_ENTRY_SHARES = (  # of tables.data.ENTRIES: users, unknown devices
    (0.62, 0.04, 0.14, 0.08, 0.08, 0.04),
    (0.22, 0.46, 0.06, 0.02, 0.10, 0.14),
)


@builds("_second")
def second(block: Block) -> Columns:
    """Users who log in on a second device, and the row of `_days` on which they do."""
    stream = block.stream("_second")
    user = block["_days"]["user"]
    rows = np.bincount(user, minlength=block.size)
    first = np.cumsum(rows) - rows
    chosen = np.flatnonzero((rows >= 3) & (stream.random(block.size) < block.parameters.arrival.second_device))
    pace = stream.random(chosen.size) ** 2  # rather early
    return {"user": chosen, "row": first[chosen] + 1 + (pace * (rows[chosen] - 1)).astype(np.int64)}


@builds("_strangers")
def strangers(block: Block) -> Columns:
    """Visits of devices on which nobody is logged in, as (device, second): before a registration, or by who never registers.

    `device` counts from 0: the users' first devices, their second ones, then those of visitors who never register.
    `reached` is how far a visit got into the registration: 0 not at all, 1 the page, 2 the phone number, 3 the profile.
    """
    stream = block.stream("_strangers")
    arrival = block.parameters.arrival
    signups, second = block["_signups"], block["_second"]
    start, end = WINDOW[0] * DAY, WINDOW[1] * DAY
    inside = np.flatnonzero((signups["day"] >= WINDOW[0]) & (signups["day"] < WINDOW[1]))
    tested = (*arrival.steps[:2], sum(arm.real * arm.rate for arm in STEP_TEST.arms), *arrival.steps[3:])
    first, last = (int(day_index(np.datetime64(day))) for day in (STEP_TEST.start, STEP_TEST.end))
    in_test = (signups["day"] >= first) & (signups["day"] <= last)
    strangers_each = 1 / np.where(in_test[inside], np.prod(tested), np.prod(arrival.steps)) - 1
    count = round(float(strangers_each.sum()))
    edges = np.cumsum(strangers_each)
    model = inside[np.searchsorted(edges, stream.random(count) * edges[-1]).clip(max=inside.size - 1)] if count else inside
    begin = signups["day"][model] * DAY + clock(stream, arrival.hours, count)
    base = block.size + second["user"].size
    reached = pick(
        stream, np.stack([_lost(steps) for steps in (arrival.steps, tested)]), count, in_test[model].astype(np.int32)
    )
    more = stream.geometric(0.72, count) - 1
    again = np.repeat(np.arange(count), more)
    later = begin[again] + (1 + (stream.random(again.size) * 9).astype(np.int64)) * DAY
    later += clock(stream, arrival.hours, again.size) - later % DAY

    early = block["_first_seen"]
    before = np.flatnonzero(early["early"])
    device = np.concatenate([base + np.arange(count), base + again, before])
    at = np.concatenate([begin, later, early["second"][before]])
    depth = np.concatenate([reached, np.zeros(again.size + before.size, dtype=reached.dtype)])
    keep = (at >= start) & (at < end)
    return {"device": device[keep], "second": at[keep], "reached": depth[keep], "devices": base + count}


def _lost(steps: tuple[float, ...]) -> np.ndarray:
    """Share of visitors who got no further than each step, of those who did not register."""
    left = np.cumprod([1.0, *steps])
    return left[:-1] - left[1:]


@builds("_first_seen")
def first_seen(block: Block) -> Columns:
    """When each device of a user was first seen if that was on an earlier day than its first login (`early`), in seconds."""
    stream = block.stream("_first_seen")
    arrival, second = block.parameters.arrival, block["_second"]
    day = np.concatenate([block["_signups"]["day"], block["_days"]["day"][second["row"]]])
    share = np.where(np.arange(day.size) < block.size, arrival.earlier_visit, arrival.earlier_visit / 2)
    back = stream.geometric(0.3, day.size)
    early = (stream.random(day.size) < share) & (day - back >= 0)
    return {"early": early, "second": (day - back) * DAY + clock(stream, arrival.hours, day.size)}


@builds("_visits")
def visits(block: Block) -> Columns:
    """All visits of the window in order of their start, one row each, with what was done in them.

    `classes` are finished in it, `tried` only begun; `before` is the part of its `seconds` that a visit spent on registering.
    `user` and `row` (of `_days`) are -1 for unknown visitors; `second` is the start, in seconds since the first day;
    `depth` says how far the shop was walked (a position in `DEPTHS`); `order` numbers the day's orders that were made in it.
    """
    stream = block.stream("_visits")
    known = _known_visits(block, stream)
    strangers = block["_strangers"]
    count = strangers["second"].size
    unknown = {name: np.full(count, -1, dtype=np.int32) for name in ("user", "row")}
    unknown |= {name: np.zeros(count, dtype=np.int16) for name in ("classes", "tried", "order", "login", "before")}
    unknown["second"] = np.minimum(strangers["second"], strangers["second"] // DAY * DAY + LATEST - 1_200)
    unknown["device"] = strangers["device"]
    unknown["reached"] = strangers["reached"]
    waits = strangers["reached"] > 0
    share = block.world["_abandonment"]["share"] * count / max((~waits).sum(), 1)
    unknown["abandoned"] = (stream.random(count) < share) & ~waits
    unknown["seconds"] = (20 + stream.exponential(150, count)).astype(np.int64).clip(max=1_100)
    both = {name: np.concatenate([known[name], unknown[name]]) for name in unknown}
    order = ordered(both["second"])
    both = {name: values[order] for name, values in both.items()}
    both["order_index"] = _order_index(block, both)
    both["depth"] = _depths(block, stream, both)
    abandoned = both["abandoned"]
    quantile = stream.integers(0, 4_096, abandoned.size)
    load = block.world["_abandonment"]
    both["load_ms"] = np.where(abandoned, load["left"][quantile], load["stayed"][quantile])
    both["channel"] = _channels(block, stream, both)
    both["campaign"] = _campaigns(block, stream, both)
    both["entry"] = pick(stream, _ENTRY_SHARES, abandoned.size, (both["user"] < 0).astype(np.int32))
    return both


def _known_visits(block: Block, stream: np.random.Generator) -> Columns:
    """Visits of registered users: each row of `_days` in the window becomes `sessions` visits that do not overlap."""
    days, second = block["_days"], block["_second"]
    inside = np.flatnonzero((days["day"] >= WINDOW[0]) & (days["day"] < WINDOW[1]))
    counts = days["sessions"][inside].astype(np.int64)
    begins = np.cumsum(counts) - counts
    owner = np.repeat(np.arange(inside.size), counts)
    slot = filled(np.zeros(inside.size, dtype=np.int64), counts)
    row = inside[owner]
    user, count = days["user"][row], counts[owner]
    new = (days["age"][row] == 0).astype(np.int64)

    # roles by slot, turned by a random number of places so that none prefers the morning; a registration comes first
    turn = (stream.random(inside.size) * (counts - new[begins]).clip(min=1)).astype(np.int64)[owner]
    role = np.where(slot < new, -1, (slot - new + turn) % np.maximum(count - new, 1))
    orders, lost = days["orders"][row], days["lost"][row]
    order = np.where((role >= 0) & (role < orders), role + 1, 0)
    abandoned = role >= count - new - lost
    signup = role < 0

    weight = np.where(abandoned, 0, 0.3 + stream.random(row.size))
    open_visits = np.cumsum(~abandoned) - np.cumsum(~abandoned)[begins][owner] + (~abandoned)[begins][owner] - 1
    classes = _shared(stream, days["classes"][inside], inside.size, begins, owner, open_visits, abandoned)
    seen = block["_watched"]
    tried = _shared(
        stream, (seen["views"] - seen["finished"])[inside].clip(0), inside.size, begins, owner, open_visits, abandoned
    )
    weight = weight + 1.4 * classes
    total = days["minutes"][inside].astype(np.int64) * 60 - stream.integers(0, 60, inside.size)
    running = np.cumsum(weight)
    start = (running - weight)[begins]
    part = (running - start[owner]) / np.maximum((running[begins + counts - 1] - start)[owner], 1e-9)
    edge = np.floor(part * total[owner] + 1e-9).astype(np.int64)
    seconds = np.where(slot == 0, edge, edge - np.roll(edge, 1))
    seconds[abandoned] = 0

    before = np.where(signup, np.minimum(60 + (stream.random(row.size) * 120).astype(np.int64), seconds * 3 // 5), 0)
    at = _starts(block, stream, days, inside, begins, counts, owner, slot, seconds - before, signup) - before
    is_login = np.zeros(days["user"].size, dtype=bool)
    is_login[second["row"]] = True
    first_open = (~abandoned) & (open_visits == 0)
    login = (is_login[row] & first_open).astype(np.int16)
    device = user.astype(np.int64)
    login_row = np.full(block.size, -1)
    number = np.full(block.size, -1)
    login_row[second["user"]], number[second["user"]] = second["row"], np.arange(second["user"].size)
    after = (login_row[user] >= 0) & (row > login_row[user]) & (stream.random(row.size) < 0.4)
    device = np.where(after | (login > 0), block.size + number[user], device)
    return {
        "user": user,
        "row": row.astype(np.int32),
        "classes": classes,
        "tried": tried,
        "order": order.astype(np.int16),
        "login": login,
        "before": before,
        "second": at,
        "device": device,
        "reached": np.where(signup, 4, 0),
        "abandoned": abandoned,
        "seconds": seconds,
    }


def _shared(
    stream: np.random.Generator,
    classes: np.ndarray,
    size: int,
    begins: np.ndarray,
    owner: np.ndarray,
    open_visits: np.ndarray,
    abandoned: np.ndarray,
) -> np.ndarray:
    """Give each class of a day to one of the day's visits that were not abandoned."""
    available = np.bincount(owner[~abandoned], minlength=size)
    shared = np.zeros(owner.size, dtype=np.int16)
    visit = np.flatnonzero(~abandoned)
    first = np.cumsum(available) - available
    for k in range(int(classes.max(initial=0))):
        rows = np.flatnonzero(classes > k)
        chosen = (stream.random(rows.size) * available[rows]).astype(np.int64)
        shared[visit[first[rows] + chosen]] += 1  # one class a day and round: no place occurs twice
    return shared


def _starts(
    block: Block,
    stream: np.random.Generator,
    days: Columns,
    inside: np.ndarray,
    begins: np.ndarray,
    counts: np.ndarray,
    owner: np.ndarray,
    slot: np.ndarray,
    seconds: np.ndarray,
    signup: np.ndarray,
) -> np.ndarray:
    """Second (since the first day) at which each visit starts: in slot order on its day, at least half an hour apart.

    The visit of a registration gets the second of the registration itself; events lay out what came before it.
    """
    wanted = clock(stream, block.parameters.arrival.hours, owner.size)
    registered = block["_signups"]["second"][days["user"][inside]]
    floor = np.where(signup[begins], registered, EARLIEST)[owner]
    wanted = np.where(signup[begins][owner], floor + (stream.random(owner.size) * (LATEST - floor)).astype(np.int64), wanted)
    key = np.sort(owner * np.int64(DAY) + wanted)
    start = key - owner * np.int64(DAY)
    start[signup] = floor[signup]
    most = int(counts.max(initial=0))
    for k in range(1, most):
        here = begins[counts > k] + k
        start[here] = np.maximum(start[here], start[here - 1] + seconds[here - 1] + GAP)
    for k in range(most - 1, -1, -1):
        here = begins[counts > k] + k
        following = np.where(counts[owner[here]] > k + 1, start[np.minimum(here + 1, start.size - 1)] - GAP, DAY - 1)
        latest = following - seconds[here]
        start[here] = np.where(signup[here], start[here], np.minimum(start[here], latest))
    return days["day"][inside][owner].astype(np.int64) * DAY + start


def _depths(block: Block, stream: np.random.Generator, visits: Columns) -> np.ndarray:
    """How far each visit got in the shop. Orders are given; who looked without buying is drawn so that steps keep their rates.

    The rate of carts is what the paid orders without the launch imply; the launch shows in payments only, as it should.
    """
    view, detail, cart = block.parameters.checkout.steps
    depth = np.zeros(visits["user"].size, dtype=np.int16)
    bought = visits["order"] > 0
    if not bought.any():
        return depth
    paid = bought & block["_payments"]["paid"][visits["order_index"]]
    day = visits["second"] // DAY
    launch = int(day_index(np.datetime64(block.parameters.checkout.launch)))
    launched = (day >= launch) & (visits["user"] >= 0)
    launched &= block["_treated"]["treated"][visits["user"]]
    open_visits = ~visits["abandoned"]
    demand = block.world["_demand"]["orders"][day]
    period = (day >= launch).astype(np.int64)
    others = ~launched
    rate = np.bincount(period[paid & others], minlength=2) / np.maximum(
        np.bincount(period, demand * (open_visits & others), minlength=2), 1e-9
    )
    carts = rate[period] * demand / cart
    pays = cart * np.where(launched, launch_factor(block.world), 1.0)
    unpaid = (bought & ~paid).sum() / max(open_visits.sum(), 1)
    free = open_visits & ~bought
    scale = open_visits.sum() / max(free.sum(), 1)
    only_cart = np.maximum(carts * (1 - pays) - unpaid, 0) * scale
    only_detail = carts * (1 / detail - 1) * scale
    only_view = carts / detail * (1 / view - 1) * scale
    drawn = stream.random(depth.size)
    depth[free & (drawn < only_cart + only_detail + only_view)] = 1
    depth[free & (drawn < only_cart + only_detail)] = 2
    depth[free & (drawn < only_cart)] = 3
    depth[bought] = 3
    depth[paid] = 4
    return depth


def _order_index(block: Block, visits: Columns) -> np.ndarray:
    """For each visit with an order the order's place in `_payments` (by row of `_days`); 0 where there is none."""
    counts = block["_days"]["orders"].astype(np.int64)
    first = np.cumsum(counts) - counts
    return np.where(visits["order"] > 0, first[visits["row"]] + visits["order"] - 1, 0)


def _channels(block: Block, stream: np.random.Generator, visits: Columns) -> np.ndarray:
    """Channel of each visit, 0 where it was opened directly; Douyin and Xiaohongshu have exactly their share of the others."""
    source = block.parameters.source
    size = visits["user"].size
    direct = np.array([c.family == "organic" for c in CHANNELS])
    shares = np.array([0.0 if d else c.share for c, d in zip(CHANNELS, direct, strict=True)])
    named = np.array([c.name in ("dy", "xhs") for c in CHANNELS])
    shares[~named] *= (1 - source.dy - source.xhs) / shares[~named].sum()
    shares[[c.name == "dy" for c in CHANNELS]] = source.dy
    shares[[c.name == "xhs" for c in CHANNELS]] = source.xhs
    channel = np.zeros(size, dtype=np.int16)
    signup = visits["reached"] == 4
    channel[signup] = block["users"]["channel_id"][visits["user"][signup]]
    channel[signup & direct[channel - 1]] = 0
    sourced = stream.random(size) < np.where(visits["user"] < 0, source.new, source.returning)
    rows = np.flatnonzero(sourced & ~signup)
    given = np.bincount(channel[signup], minlength=len(CHANNELS) + 1)[1:]
    quota = np.maximum(shares * (given.sum() + rows.size) - given, 0)
    edges = np.rint(np.cumsum(quota) / max(quota.sum(), 1) * rows.size).astype(np.int64)
    channel[stream.permutation(rows)] = np.repeat(np.arange(1, len(CHANNELS) + 1), np.diff(edges, prepend=0))
    return channel


def _campaigns(block: Block, stream: np.random.Generator, visits: Columns) -> np.ndarray:
    """The paid campaign behind each visit, 0 if there is none; a registration has the user's."""
    channel = visits["channel"].astype(np.int64)
    rows = np.flatnonzero(channel > 0)
    campaign = np.zeros(channel.size, dtype=np.int64)
    day = visits["second"][rows] // DAY
    campaign[rows] = campaign_of(block.world, channel[rows], day, stream.random(rows.size)).fill_null(0).to_numpy()
    signup = np.flatnonzero((visits["reached"] == 4) & (channel > 0))
    campaign[signup] = block["users"]["campaign_id"].fill_null(0).to_numpy()[visits["user"][signup]]
    return campaign
