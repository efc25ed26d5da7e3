"""The people: when they sign up, who they are, how long they stay (TP01, TP02, TP03, TP23)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index, node_factor
from opscourse.company.build.channels import CHANNELS, campaign_of, channel_response
from opscourse.company.tables.content import TOPICS
from opscourse.company.world import Block, Columns, World, builds, coded, optional, pick

__all__ = ["DAY", "EARLIEST", "GOLDEN", "LATEST", "START", "clock", "stamp"]

DAY = 86_400
START = FIRST_DAY.astype("datetime64[s]").astype(np.int64)  # seconds from 1970 to the first day of the calendar
EARLIEST, LATEST = 1_810, 85_500  # visits start between these seconds of the day, so that a day's visits end on it
NEVER = 100_000
GOLDEN = (5**0.5 - 1) / 2
_MOST = 5.0  # nobody orders more often than this, relative to the mean

_FEMALE, _MALE, _UNSTATED = 0.55, 0.35, 0.10
_OCCUPATIONS = ("employee", "manager", "freelance", "parent", "student", "retired")
_AGE_BANDS = (25, 41, 55)  # under 25, 25-40, 41-54, 55 and older
_OCCUPATION_BY_AGE = (
    (0.34, 0.02, 0.09, 0.04, 0.51, 0.00),
    (0.55, 0.16, 0.12, 0.16, 0.01, 0.00),
    (0.50, 0.20, 0.13, 0.17, 0.00, 0.00),
    (0.22, 0.10, 0.10, 0.06, 0.00, 0.52),
)
_OCCUPATION_BY_PERSONA = (
    (1.0, 1.5, 1.2, 0.8, 0.6, 1.2),
    (1.2, 1.3, 0.9, 1.2, 0.5, 0.6),
    (0.8, 0.4, 1.0, 1.0, 1.9, 1.1),
    (0.9, 0.7, 1.2, 0.9, 1.3, 1.5),
)
_INCOME_BY_OCCUPATION = ((30, 55, 15), (5, 40, 55), (35, 45, 20), (30, 50, 20), (75, 22, 3), (50, 42, 8))
_INCOME_BY_PERSONA = ((0.7, 1.0, 1.5), (0.9, 1.1, 1.0), (1.6, 0.9, 0.4), (1.0, 1.0, 1.0))
_GOALS = ("lose_weight", "get_fit", "relax", "recover", "company")
_GOALS_BY_PERSONA = ((22, 48, 14, 12, 4), (34, 26, 28, 9, 3), (46, 28, 14, 8, 4), (20, 22, 20, 6, 32))


def clock(stream: np.random.Generator, hours: tuple[float, ...], size: int) -> np.ndarray:
    """Draw seconds of the day that follow the weights of the 24 hours, between `EARLIEST` and `LATEST`."""
    cumulative = np.concatenate([[0.0], np.cumsum(hours)]) / np.sum(hours)
    share = np.interp(stream.random(size), cumulative, np.arange(25) / 24)
    return (EARLIEST + share * (LATEST - EARLIEST)).astype(np.int64)


def stamp(seconds: np.ndarray) -> np.ndarray:
    """Timestamps from seconds since the first moment of the calendar."""
    return (seconds + START).astype("datetime64[s]")


@builds("_arrivals")
def arrivals(world: World) -> Columns:
    """How sign-ups spread over the days, and the channel of each day's sign-ups by persona (cumulative shares)."""
    arrival, persona = world.parameters.arrival, world.parameters.persona
    day = np.arange(DAYS)
    response = channel_response(world)
    opened = day_index(world["channels"]["start_date"])
    response = np.where(day >= opened[:, None], response, 0.0)
    level = response.sum(axis=0) * (1 + arrival.growth * day / (DAYS - 1)) * world["calendar"]["season_factor"]
    level *= np.where(day % 7 >= 5, arrival.weekend, 1.0) * node_factor({"shopping": 0.25, "Spring Festival": -0.3})
    level *= world.stream("_arrivals").lognormal(0, arrival.noise, DAYS)
    tilt = np.array([[_tilt(k, c.early, c.later) for c in CHANNELS] for k in range(4)])
    share = response.sum(axis=1) / response.sum()
    for _ in range(50):  # scale rows and columns in turn until both personas and channels keep their shares
        tilt /= (tilt * share).sum(axis=1, keepdims=True)
        tilt /= (np.array(persona.shares)[:, None] * tilt).sum(axis=0)
    by_day = response.T[None] * tilt[:, None]  # persona, day, channel
    return {
        "cumulative": np.concatenate([[0.0], np.cumsum(level)]) / level.sum(),
        "channel": np.cumsum(by_day, axis=2) / by_day.sum(axis=2, keepdims=True),
    }


def _tilt(persona: int, early: float, later: float) -> float:
    """How much likelier a channel brings this persona: committed where users stay, bargain where they buy at once."""
    return (later**0.6, 1.0, early**0.8 / later**0.6, 1.0)[persona]


@builds("_signups")
def signups(block: Block) -> Columns:
    """Day of the calendar and second of the day of each sign-up, in order: user k of N is the k-th N-th of the inflow."""
    rank = block.first_user - 1 + np.arange(block.size)
    share = (rank + block.stream("_signups").random(block.size)) / block.world.users
    cumulative = block.world["_arrivals"]["cumulative"]
    day = np.clip(np.searchsorted(cumulative, share, side="right") - 1, 0, DAYS - 1)
    within = np.clip((share - cumulative[day]) / (cumulative[day + 1] - cumulative[day]), 0, 1)
    hours = block.parameters.arrival.hours
    of_day = np.interp(within, np.concatenate([[0.0], np.cumsum(hours)]) / np.sum(hours), np.arange(25) / 24)
    return {"day": day, "second": (EARLIEST + of_day * (LATEST - EARLIEST)).astype(np.int64)}


@builds("_people")
def people(block: Block) -> Columns:
    """What nobody in the company can see: persona, dropout probability, last day alive, price sensitivity, taste.

    `last_day` counts from the first day of the calendar and may lie after its end. The dropout probability follows the Beta
    of the parameters exactly; the persona hangs on its rank, so the personas differ and their mixture does not.
    """
    stream = block.stream("_people")
    lifetime, persona = block.parameters.lifetime, block.parameters.persona
    size = block.size
    dropout = np.maximum(stream.beta(lifetime.dropout_a, lifetime.dropout_b, size), 1e-12)
    order = np.argsort(dropout, kind="stable")
    latent = np.empty(size)
    latent[order] = np.sort(stream.standard_normal(size))
    rho = persona.rank_correlation
    latent = rho * latent + np.sqrt(1 - rho**2) * stream.standard_normal(size)
    committed, busy, bargain, social = persona.shares
    kind = np.empty(size, dtype=np.int8)
    rank = np.argsort(latent, kind="stable")
    low, high = round(committed * size), round((1 - bargain) * size)
    kind[rank[:low]] = 0
    kind[rank[low:high]] = np.where(stream.random(high - low) < social / (busy + social), 3, 1)
    kind[rank[high:]] = 2
    fortune = np.empty(size)
    fortune[order] = (np.arange(size) * GOLDEN + stream.random()) % 1  # evenly spread over users of like probability
    stayed = np.floor(np.log1p(-fortune) / np.log1p(-dropout))
    taste = stream.standard_exponential((size, 8), dtype=np.float32) * np.array(persona.taste, dtype=np.float32)[kind]
    spread = block.parameters.purchase.spread
    return {
        "user_id": block.first_user + np.arange(size),
        "persona": kind,
        "dropout": dropout,
        "last_day": block["_signups"]["day"] + np.minimum(stayed, NEVER).astype(np.int64),
        "price_elasticity": np.array(persona.elasticity)[kind] * stream.lognormal(0, 0.2, size),
        "order_rate": np.minimum(stream.lognormal(-(spread**2) / 2, spread, size), _MOST),
        "taste": taste / taste.sum(axis=1, keepdims=True),
    }


@builds("_truth_people")
def truth_people(block: Block) -> Columns:
    """The hidden table as it is written beside the company."""
    hidden = block["_people"]
    taste = hidden["taste"].round(2)
    return {
        "user_id": hidden["user_id"],
        "persona": coded(hidden["persona"], block.parameters.persona.names),
        "dropout": hidden["dropout"].round(6),
        "last_alive": FIRST_DAY + hidden["last_day"],
        "price_elasticity": hidden["price_elasticity"].round(3),
        "order_rate": hidden["order_rate"].round(3),
        **{f"taste_{topic}": taste[:, k] for k, topic in enumerate(TOPICS)},
    }


@builds("users")
def users(block: Block) -> Columns:
    """One row a user."""
    stream = block.stream("users")
    world, size = block.world, block.size
    day, second = block["_signups"]["day"], block["_signups"]["second"]
    persona = block["_people"]["persona"]
    cumulative = world["_arrivals"]["channel"]
    channel = (stream.random(size)[:, None] > cumulative[persona, day]).sum(axis=1) + 1
    age = _ages(stream, size)
    band = np.searchsorted(_AGE_BANDS, age, side="right")
    mixed = np.array(_OCCUPATION_BY_AGE)[:, None] * np.array(_OCCUPATION_BY_PERSONA)
    occupation = pick(stream, mixed.reshape(-1, 6), size, band * 4 + persona)
    incomes = np.array(_INCOME_BY_OCCUPATION)[:, None] * np.array(_INCOME_BY_PERSONA)
    city = pick(stream, world["cities"]["population"], size) + 1
    return {
        "user_id": block["_people"]["user_id"],
        "signup_ts": stamp(day * DAY + second),
        "channel_id": channel,
        "campaign_id": campaign_of(world, channel, day, stream.random(size)),
        "inviter_id": _inviters(block, stream, channel),
        "city_id": city,
        "gender": coded(pick(stream, (_FEMALE, _MALE, _UNSTATED), size), ("f", "m", "unstated")),
        "age": age,
        "occupation": coded(occupation, _OCCUPATIONS),
        "income_band": coded(pick(stream, incomes.reshape(-1, 3), size, occupation * 4 + persona), ("low", "middle", "high")),
        "goal": coded(pick(stream, _GOALS_BY_PERSONA, size, persona), _GOALS),
        "os": coded(pick(stream, (0.42, 0.50, 0.08), size), ("ios", "android", "web")),
        "consent_marketing": stream.random(size) < 0.62,
        "consent_share": stream.random(size) < 0.27,
    }


def _ages(stream: np.random.Generator, size: int) -> np.ndarray:
    """Ages of which 70% lie between 25 and 40, both included; a log-normal shape inside each part, cut at 16 and 70."""
    age = np.arange(16, 71)
    shape = np.exp(-0.5 * ((np.log(age) - np.log(31)) / 0.30) ** 2) / age
    core = (age >= 25) & (age <= 40)
    young, old = age < 25, age > 40
    shares = np.where(core, 0.70 * shape / shape[core].sum(), 0.0)
    shares += np.where(young, 0.12 * shape / shape[young].sum(), 0.0) + np.where(old, 0.18 * shape / shape[old].sum(), 0.0)
    return pick(stream, shares, size).astype(np.int64) + 16


def _inviters(block: Block, stream: np.random.Generator, channel: np.ndarray) -> pa.Array:
    """For users who came by referral an earlier user of the block who was still there; empty where none was found."""
    invited = np.flatnonzero(np.array([c.family == "referral" for c in CHANNELS])[channel - 1])
    last_day, day = block["_people"]["last_day"], block["_signups"]["day"]
    inviter = np.full(block.size, -1)
    for _ in range(12):
        candidate = (stream.random(invited.size) * invited).astype(np.int64)
        fits = (candidate < invited) & (last_day[candidate] >= day[invited])
        inviter[invited[fits]] = candidate[fits]
        invited = invited[~fits]
    return optional(block.first_user + inviter, inviter >= 0)
