"""What the public says, hour by hour: ordinary talk, incidents, and crises that spread until they are answered (TP31)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.channels import USERS_AT_PLAN, campaign_plan
from opscourse.company.build.quota import MONTH_OF_DAY
from opscourse.company.build.risks import expected_users
from opscourse.company.build.service import monthly_tickets
from opscourse.company.parameters import Crisis
from opscourse.company.world import Columns, World, builds

__all__ = ["crisis_posts", "mentions_hourly"]

_HOURS = DAYS * 24
_LENGTH = 240  # hours after which every crisis is over
_FAINT = 0.5  # expected posts an hour (at 20,000 users) below which a crisis is over


def crisis_posts(crisis: Crisis, response_h: float, apology: bool) -> np.ndarray:
    """Expected negative posts in each hour of a crisis, at 20,000 users.

    Each post that people see makes `spread` others post in an hour, as far as they have not posted yet; a share `fade` of
    posts is out of sight an hour later. From hour `response_h` on (infinite: never) the company's answer lowers the spread.

    >>> from opscourse.company.parameters import Crisis
    >>> [round(crisis_posts(Crisis(), hours, True).sum()) for hours in (2, 6, 12, float("inf"))]
    [21, 54, 276, 345]
    """
    posts = np.zeros(_LENGTH)
    seen, left = crisis.seeds, crisis.audience - crisis.seeds
    posts[0] = seen
    for hour in range(1, _LENGTH):
        spread = crisis.spread
        if hour > response_h:
            spread *= 1 - crisis.response
            if apology and response_h <= crisis.in_time:
                spread *= 1 - crisis.apology
        posts[hour] = min(spread * seen * left / crisis.audience, left)
        left -= posts[hour]
        seen = seen * (1 - crisis.fade) + posts[hour]
    return posts


@builds("_crises")
def crises(world: World) -> Columns:
    """Expected posts of all crises in each hour of the calendar, and whether an hour belongs to one."""
    crisis = world.parameters.crisis
    posts, belongs = np.zeros(_HOURS + _LENGTH), np.zeros(_HOURS + _LENGTH, dtype=bool)
    for onset, response_h, apology in zip(_onset_hours(crisis), crisis.response_h, crisis.apologies, strict=True):
        path = crisis_posts(crisis, response_h, apology)
        posts[onset : onset + _LENGTH] += path
        belongs[onset : onset + int(np.flatnonzero(path >= _FAINT)[-1]) + 1] = True
    return {"posts": posts[:_HOURS], "crisis": belongs[:_HOURS]}


def _onset_hours(crisis: Crisis) -> np.ndarray:
    return (np.array(crisis.onsets, dtype="datetime64[h]") - FIRST_DAY.astype("datetime64[h]")).astype(int)


@builds("_truth_crises")
def truth_crises(world: World) -> Columns:
    """One row a crisis: what it was, what was done, and what it would have been without."""
    crisis, scale = world.parameters.crisis, world.users / USERS_AT_PLAN
    answers = list(zip(crisis.response_h, crisis.apologies, strict=True))
    return {
        "crisis_id": np.arange(1, len(answers) + 1),
        "onset_ts": np.array(crisis.onsets, dtype="datetime64[s]"),
        "cause": list(crisis.causes),
        "response_h": np.array(crisis.response_h),
        "apology": np.array(crisis.apologies),
        "posts": np.array([crisis_posts(crisis, *answer).sum() * scale for answer in answers]).round(1),
        "posts_unanswered": np.full(len(answers), round(crisis_posts(crisis, np.inf, False).sum() * scale, 1)),
    }


@builds("mentions_hourly")
def mentions_hourly(world: World) -> Columns:
    """One row an hour; more is said as more users are active, and negative posts follow what went wrong."""
    stream = world.stream("mentions_hourly")
    mention, scale = world.parameters.mention, world.users / USERS_AT_PLAN
    hours = np.array(world.parameters.arrival.hours)
    users = expected_users(world)
    active = np.outer(users / users.mean(), hours / hours.mean()).ravel()
    complaints = (monthly_tickets(world)["complaints"] / np.bincount(MONTH_OF_DAY))[MONTH_OF_DAY]
    angry = np.outer(complaints / complaints.mean(), hours / hours.mean()).ravel()
    usual = (1 - mention.complaints) * active + mention.complaints * angry
    hit, bargains = _talk(world)
    means = {
        "positive": mention.positive * active * scale + mention.bargain * bargains,
        "neutral": mention.neutral * active * scale * np.repeat(_brand(world), 24),
        "negative": (mention.negative * usual + world["_crises"]["posts"]) * scale + mention.incident * hit,
    }
    return {
        "ts": FIRST_DAY.astype("datetime64[s]") + np.arange(_HOURS) * 3600,
        **{name: stream.poisson(mean) for name, mean in means.items()},
        "crisis_true": world["_crises"]["crisis"],
    }


def _brand(world: World) -> np.ndarray:
    """What brand campaigns do to neutral mentions on each day: mean 1 over the calendar."""
    from scipy.signal import lfilter

    mention = world.parameters.mention
    spend = campaign_plan(world)[world["campaigns"]["objective"] == "brand"].sum(axis=0)
    stock = lfilter([1.0], [1.0, -(0.5 ** (1 / mention.brand_half_life))], spend)
    return 1 - mention.brand + mention.brand * stock / stock.mean() if spend.any() else np.ones(DAYS)


def _talk(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Users hit by incidents, and those of them who saw a wrong price, spread over the hours in which they talk about it."""
    incidents = world["incidents"]
    start = incidents["started_ts"]
    first = day_index(start) * 24 + (start - start.astype("datetime64[D]")).astype(int) // 3600
    talk = np.exp(-np.arange(48) / world.parameters.mention.fade)
    hit = np.zeros((2, _HOURS + talk.size))
    for hour, users, kind in zip(first, incidents["users_hit"], incidents["type"], strict=True):
        hit[:, hour : hour + talk.size] += np.outer([1, kind == "price_error"], users * talk / talk.sum())
    return hit[0, :_HOURS], hit[1, :_HOURS]
