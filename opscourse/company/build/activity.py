"""What users do on which day, over the whole calendar (TP01, TP35)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index, node_factor
from opscourse.company.build.channels import CHANNELS
from opscourse.company.build.people import DAY
from opscourse.company.world import Block, Columns, World, builds, filled, pick

__all__ = ["WINDOW", "abandonment", "launch_factor"]

WINDOW = (int(day_index(np.datetime64("2025-03-01"))), int(day_index(np.datetime64("2025-04-30"))) + 1)

_MOST_SESSIONS = 9
_SESSION_SPACE = 5_400  # on the day of sign-up there is one more session at most for each such span of seconds left


def abandonment(world: World) -> dict[str, np.ndarray | float]:
    """Share of visits abandoned while the first page loads, and the load times (ms) of both kinds as 4,096 quantiles."""
    patience = world.parameters.patience
    edge = np.linspace(0.05, 25.0, 20_000)
    density = np.exp(-0.5 * (np.log(edge / patience.load_median) / patience.load_spread) ** 2) / edge
    density /= density.sum()
    stays = np.exp(-((edge / patience.scale) ** patience.shape))
    share = float((density * (1 - stays)).sum())
    at = (np.arange(4_096) + 0.5) / 4_096
    quantiles = [
        np.interp(at, np.cumsum(weight) / weight.sum(), edge) * 1000 for weight in (density * stays, density * (1 - stays))
    ]
    return {"share": share, "stayed": quantiles[0].astype(np.int32), "left": quantiles[1].astype(np.int32)}


@builds("_abandonment")
def _abandonment(world: World) -> Columns:
    return abandonment(world)


def launch_factor(world: World) -> float:
    """What the new checkout does to the step from cart to payment."""
    return world.parameters.checkout.saved_address * world.parameters.checkout.timed_discount


@builds("_demand")
def demand(world: World) -> Columns:
    """What each day does to activity, to orders of an active user (the launch aside), and to sessions (further ones)."""
    purchase, anomaly = world.parameters.purchase, world.parameters.anomaly
    day = np.arange(DAYS)
    weekday = np.array(world.parameters.presence.weekday)[day % 7]
    orders = world["calendar"]["season_factor"] * node_factor({**purchase.nodes, "Double 11": 0.0})
    double11 = int(day_index(np.datetime64("2024-11-11")))
    orders[double11] *= purchase.double11
    after = slice(double11 + 1, double11 + 15)
    orders[after] *= 1 - purchase.pulled_forward * (purchase.double11 - 1) / 14
    activity = weekday / np.mean(world.parameters.presence.weekday) * world["_freshness"]["activity"]
    outages, waves, campaigns, price_errors = (
        day_index(np.array(days, dtype="datetime64[D]"))
        for days in (anomaly.outages, anomaly.waves, anomaly.campaigns, anomaly.price_errors)
    )
    activity[outages] *= anomaly.outage
    activity[campaigns] *= anomaly.campaign
    activity[price_errors] *= anomaly.price_error
    orders[price_errors] *= anomaly.price_error_orders
    return {"activity": activity, "orders": orders, "sessions": anomaly.wave * np.isin(day, waves)}


@builds("_treated")
def treated(block: Block) -> Columns:
    """Whether each user's city got the new checkout."""
    return {"treated": block.world["cities"]["checkout_treated"][block["users"]["city_id"] - 1]}


@builds("_days")
def days(block: Block) -> Columns:
    """One row a user and active day, by user and day: what `daily_activity` shows, and orders and abandoned sessions.

    `user` counts from 0 in the block, `day` from the first day of the calendar, `age` from the user's sign-up.
    """
    stream = block.stream("_days")
    hidden, world = block["_people"], block.world
    signup = block["_signups"]["day"].astype(np.int32)
    span = np.minimum(hidden["last_day"], DAYS - 1).astype(np.int32) - signup + 1
    first = np.cumsum(span) - span
    factor = world["_demand"]["activity"].astype(np.float32) * np.float32(world.parameters.lifetime.active)
    all_days = filled(signup, span)
    seen = stream.random(all_days.size, dtype=np.float32) < factor[all_days]
    seen[first] = True
    at = np.flatnonzero(seen)
    user = np.repeat(np.arange(block.size, dtype=np.int32), np.add.reduceat(seen, first, dtype=np.int32))
    day = all_days[at].astype(np.int32)
    age = day - signup[user]
    persona = hidden["persona"][user]
    left = np.where(age == 0, DAY - block["_signups"]["second"][user], 10 * DAY)  # seconds left of the day of sign-up
    room = np.minimum(1 + left // _SESSION_SPACE, _MOST_SESSIONS)

    orders = np.minimum(_orders(block, stream, user, day, age), room - 1)
    opened = 1 + _poisson(stream, block.parameters.presence.sessions, persona, less=1.0) + world["_demand"]["sessions"][day]
    sessions = np.clip(opened, orders + (age == 0), room).astype(np.int16)
    lost = np.zeros(user.size, dtype=np.int16)
    loseable = sessions - orders - (age == 0)  # whoever orders or registers has waited; the others leave the more often
    share = world["_abandonment"]["share"] * sessions.sum() / max(loseable.sum(), 1)
    for k in range(_MOST_SESSIONS):  # a binomial draw, one possible session at a time
        lost += (loseable > k) & (stream.random(user.size, dtype=np.float32) < share) if (loseable > k).any() else 0
    used = lost < sessions
    minutes, classes = _minutes(block, stream, persona, sessions, left, used)
    features = 1 + pick(stream, _binomials(block.parameters.presence.features), user.size, persona)
    return {
        "user": user,
        "day": day,
        "age": age,
        "orders": orders,
        "sessions": sessions,
        "lost": lost,
        "classes": classes,
        "minutes": minutes,
        "features": np.where(used, np.minimum(features + (orders > 0), 8), 1),
    }


def _orders(block: Block, stream: np.random.Generator, user: np.ndarray, day: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Orders of each user-day: a user's own rate, more in the first days, more or less by channel, season and checkout."""
    world, hidden, purchase = block.world, block["_people"], block.parameters.purchase
    own = hidden["order_rate"] * np.array(block.parameters.persona.orders)[hidden["persona"]]
    channel = block["users"]["channel_id"] - 1
    early = (own * np.array([c.early for c in CHANNELS])[channel]).astype(np.float32)
    later = (own * np.array([c.later for c in CHANNELS])[channel]).astype(np.float32)
    welcome = 1 + purchase.welcome * np.exp(-np.arange(DAYS) / purchase.welcome_days)
    rate = np.where(age < 30, early[user], later[user]) * (welcome * purchase.rate).astype(np.float32)[age]
    rate *= world["_demand"]["orders"].astype(np.float32)[day]
    launched = int(day_index(np.datetime64(block.parameters.checkout.launch)))
    treated = block["_treated"]["treated"][user]
    rate *= np.where((day >= launched) & treated, np.float32(launch_factor(world)), np.float32(1))
    month = (np.arange(DAYS) + FIRST_DAY).astype("datetime64[M]").astype(np.int16)
    return _counts(stream, rate, 2 * month[day] + treated)


def _counts(stream: np.random.Generator, rate: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Random counts with the given means whose sum over each stratum is the sum of the means, to the next whole number.

    Rows are put in random order within their stratum and counted off along the sum of their means: who gets a count is
    chance, how many there are is not.
    """
    order = stream.permutation(rate.size)
    order = order[np.argsort(stratum[order], kind="stable")]
    due = np.floor(np.cumsum(rate[order], dtype=np.float64) + stream.random())
    counts = np.empty(rate.size, dtype=np.int16)
    counts[order] = np.diff(due, prepend=0.0)
    return counts


def _poisson(stream: np.random.Generator, means: tuple[float, ...], row: np.ndarray, less: float = 0.0) -> np.ndarray:
    """Poisson counts with mean `means[row] - less`."""
    k = np.arange(_MOST_SESSIONS + 3)
    log_factorial = np.cumsum(np.log(np.maximum(k, 1)))
    mean = np.array(means)[:, None] - less
    return pick(stream, np.exp(k * np.log(mean) - mean - log_factorial), row.size, row)


def _binomials(means: tuple[float, ...]) -> np.ndarray:
    """Shares of 0 to 7 further features, by persona, around a mean of `means` features."""
    k = np.arange(8)
    choose = np.array([1, 7, 21, 35, 35, 21, 7, 1])
    p = (np.array(means)[:, None] - 1) / 7
    return choose * p**k * (1 - p) ** (7 - k)


def _minutes(
    block: Block,
    stream: np.random.Generator,
    persona: np.ndarray,
    sessions: np.ndarray,
    left: np.ndarray,
    used: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Minutes in the app and classes finished on each user-day; what fits into the day, nothing where no page was seen."""
    presence = block.parameters.presence
    classes = np.minimum(_poisson(stream, presence.classes, persona), 4)
    room = (left * 0.4 / 60).astype(np.int32)
    classes = np.where(used & (room >= 60), classes, 0).astype(np.int16)
    noise = np.exp(0.45 * stream.standard_normal(persona.size, dtype=np.float32))
    beside = np.array(presence.minutes, dtype=np.float32)[persona] * noise
    beside = np.where(left < DAY, np.minimum(beside, 18), beside)
    course = presence.class_minutes * classes * (0.8 + 0.4 * stream.random(persona.size, dtype=np.float32))
    minutes = np.ceil(2 * sessions + beside + course).astype(np.int32)
    return np.where(used, np.clip(minutes, 1, room), 1), classes


@builds("daily_activity")
def daily_activity(block: Block) -> Columns:
    """One row a user and active day."""
    rows = block["_days"]
    return {
        "user_id": rows["user"] + np.int64(block.first_user),
        "date": FIRST_DAY + rows["day"],
        "sessions": rows["sessions"],
        "minutes": rows["minutes"],
        "classes": rows["classes"],
        "features_used": rows["features"],
    }
