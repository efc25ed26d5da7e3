"""What can go wrong and what did: the risk register, incidents, backups (TP31)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.channels import USERS_AT_PLAN
from opscourse.company.build.people import DAY, START, clock, stamp
from opscourse.company.build.quota import MONTH_OF_DAY
from opscourse.company.world import Columns, World, builds, optional

__all__ = ["expected_users", "incidents", "risk_register"]


class Risk(NamedTuple):
    """One risk: events a year, and between what one event in twenty costs less and more (CNY, at 20,000 users)."""

    text: str
    kind: str
    owner: str
    events: float
    low: float
    high: float
    incident: str | None = None


RISKS = (
    Risk("tracking is down and a day's data are lost", "technology", "engineering", 2.7, 800, 9_000, "tracking"),
    Risk("scripts flood the app", "technology", "engineering", 2.0, 500, 6_000, "bots"),
    Risk("a product is shown at a wrong price", "money", "product", 2.0, 3_000, 40_000, "price_error"),
    Risk("payments fail", "technology", "product", 7.0, 500, 12_000, "payment"),
    Risk("videos do not play", "technology", "engineering", 9.0, 300, 5_000, "video"),
    Risk("nobody can log in", "technology", "engineering", 5.0, 400, 8_000, "login"),
    Risk("a faulty release goes out", "technology", "product", 6.0, 600, 15_000, "release"),
    Risk("a partner's system is down", "supply", "marketing", 4.0, 200, 4_000, "partner"),
    Risk("an employee falls for a false mail", "security", "engineering", 1.5, 500, 90_000, "phishing"),
    Risk("data are deleted by mistake", "technology", "engineering", 0.8, 1_000, 150_000, "data_loss"),
    Risk("customer data leak to the outside", "security", "engineering", 0.06, 60_000, 6_000_000),
    Risk("the data centre is lost", "technology", "engineering", 0.02, 150_000, 3_000_000),
    Risk("ransom is asked for encrypted systems", "security", "engineering", 0.05, 40_000, 2_500_000),
    Risk("an access right is abused from inside", "security", "finance", 0.3, 2_000, 250_000),
    Risk("the app is taken out of a store", "market", "product", 0.08, 50_000, 1_200_000),
    Risk("a platform changes its ranking", "market", "content", 1.2, 4_000, 60_000),
    Risk("a rival starts a price war", "market", "marketing", 0.35, 30_000, 600_000),
    Risk("an advertising account is blocked", "market", "marketing", 0.9, 3_000, 45_000),
    Risk("an influencer takes the fee and does not deliver", "market", "marketing", 3.0, 1_000, 9_000),
    Risk("a coach is hurt or hurts somebody in a live class", "legal", "content", 0.15, 8_000, 700_000),
    Risk("music or video is used without a licence", "legal", "content", 0.7, 3_000, 120_000),
    Risk("personal data are used without consent", "legal", "management", 0.12, 25_000, 1_500_000),
    Risk("an advert promises what the law forbids", "legal", "marketing", 0.8, 4_000, 70_000),
    Risk("a licence expires unnoticed", "legal", "management", 0.25, 5_000, 90_000),
    Risk("a mat or band turns out to be unsafe", "supply", "product", 0.10, 40_000, 1_800_000),
    Risk("a supplier delivers late", "supply", "product", 10.0, 300, 4_000),
    Risk("a best-seller is out of stock", "supply", "product", 12.0, 200, 3_500),
    Risk("goods stay unsold and are written off", "supply", "product", 4.0, 1_500, 14_000),
    Risk("a large corporate client leaves", "money", "finance", 0.4, 20_000, 300_000),
    Risk("customers pay late and cash runs short", "money", "finance", 0.5, 5_000, 110_000),
    Risk("coupons are stacked by mistake", "money", "product", 3.0, 800, 15_000),
    Risk("refunds are claimed by fraud", "money", "service", 40.0, 60, 900),
    Risk("a stolen card is used", "money", "finance", 25.0, 80, 1_200),
    Risk("an exchange rate moves against the firm", "money", "finance", 1.0, 1_000, 20_000),
    Risk("a key developer leaves", "people", "finance", 2.5, 6_000, 40_000),
    Risk("a star coach leaves and takes followers along", "people", "content", 0.5, 15_000, 400_000),
    Risk("half of the service team is ill", "people", "service", 0.8, 1_500, 16_000),
    Risk("a storm of angry posts", "reputation", "service", 3.3, 2_000, 110_000),
    Risk("a false rumour about the courses", "reputation", "content", 1.5, 1_000, 35_000),
    Risk("rewarded reviews are found out", "reputation", "marketing", 0.2, 8_000, 200_000),
)
_LIKELIHOODS = (0.05, 0.3, 1.5, 6.0)  # edges of the committee's classes, events a year
_IMPACTS = (1_500, 6_000, 25_000, 120_000)  # and of the middle of the losses, CNY at 20,000 users
_MISJUDGED = 0.25  # share of classes that are one off
_NORMAL_95 = 1.6449
_HIT = {"price_error": 0.5, "payment": 0.05, "video": 0.09, "login": 0.07, "release": 0.10, "partner": 0.03, "data_loss": 0.01}
_PLANTED = {"tracking": "outages", "bots": "waves", "price_error": "price_errors"}  # type -> days in `anomaly`


def expected_users(world: World) -> np.ndarray:
    """Users who may be expected to come on each day of the calendar."""
    monthly = world["_expected_days"]["before"][:, -1] / np.bincount(MONTH_OF_DAY)
    return world.users * monthly[MONTH_OF_DAY] * world["_demand"]["activity"]


@builds("risk_register")
def risk_register(world: World) -> Columns:
    """One row a risk: estimates that are near the truth, and classes that say less."""
    stream = world.stream("risk_register")
    events, low, high = (np.array([getattr(risk, name) for risk in RISKS], dtype=float) for name in ("events", "low", "high"))
    estimate = events * stream.lognormal(0, world.parameters.incident.estimate, events.size)
    classes = []
    for value, edges in ((estimate, _LIKELIHOODS), (np.sqrt(low * high), _IMPACTS)):
        off = stream.choice([-1, 0, 1], events.size, p=[_MISJUDGED / 2, 1 - _MISJUDGED, _MISJUDGED / 2])
        classes.append(np.clip(1 + np.searchsorted(edges, value) + off, 1, 5))
    scale = world.users / USERS_AT_PLAN
    return {
        "risk_id": np.arange(1, events.size + 1),
        "risk": [risk.text for risk in RISKS],
        "kind": [risk.kind for risk in RISKS],
        "incident_type": [risk.incident for risk in RISKS],
        "likelihood_class": classes[0],
        "impact_class": classes[1],
        "events_per_year": _significant(estimate),
        "loss_low_cny": _significant(low * scale),
        "loss_high_cny": _significant(high * scale),
        "owner": [risk.owner for risk in RISKS],
    }


@builds("_truth_risks")
def truth_risks(world: World) -> Columns:
    """True frequencies, and the mean loss of the log-normal with the stated ends."""
    events, low, high = (np.array([getattr(risk, name) for risk in RISKS], dtype=float) for name in ("events", "low", "high"))
    sigma = np.log(high / low) / (2 * _NORMAL_95)
    loss = np.sqrt(low * high) * np.exp(sigma**2 / 2) * world.users / USERS_AT_PLAN
    return {
        "risk_id": np.arange(1, events.size + 1),
        "events_per_year": events,
        "mean_loss_cny": loss.round(2),
        "yearly_loss_cny": (events * loss).round(2),
    }


def _significant(values: np.ndarray) -> np.ndarray:
    """Values to two significant digits."""
    return np.array([float(f"{value:.2g}") for value in values])


@builds("incidents")
def incidents(world: World) -> Columns:
    """One row an incident, in order of time: the planted days, faulty releases, and others as often as their risk says."""
    stream = world.stream("incidents")
    known, anomaly = world.parameters.incident, world.parameters.anomaly
    number = {risk.incident: k for k, risk in enumerate(RISKS) if risk.incident}
    planted = [(day, kind) for kind, days in _PLANTED.items() for day in getattr(anomaly, days)]
    planted_day = day_index(np.array([day for day, _ in planted], dtype="datetime64[D]"))
    others = [kind for kind in number if kind not in _PLANTED]
    released, restored = _releases(world)
    back = np.flatnonzero(restored > 0)
    share = np.array([RISKS[number[kind]].events for kind in others])
    share[others.index("release")] = max(share[others.index("release")] - back.size * 365.25 / DAYS, 0)
    free = np.setdiff1d(np.arange(DAYS - 4), planted_day)
    drawn = stream.choice(len(others), known.incidents - len(planted) - back.size, p=share / share.sum())
    kind = np.array([kind for _, kind in planted] + ["release"] * back.size + [others[k] for k in drawn], dtype=object)
    day = np.concatenate([planted_day, released[back] // DAY, stream.choice(free, drawn.size, replace=False)])
    second = np.where(
        np.arange(day.size) < len(planted),
        stream.integers(6 * 3600, 9 * 3600, day.size),  # a planted day is all wrong: from the early morning into the night
        clock(stream, world.parameters.arrival.hours, day.size),
    )
    start = day * DAY + second
    taken_back = len(planted) + np.arange(back.size)
    start[taken_back] = released[back]
    faulty = len(planted) + back.size + np.flatnonzero(drawn == others.index("release"))
    kept = np.flatnonzero((restored == 0) & (released > 0) & (released < (DAYS - 4) * DAY))
    start[faulty] = released[stream.choice(kept, faulty.size, replace=False)] + stream.integers(600, 6 * 3600, faulty.size)
    day = start // DAY
    watched = day >= int(day_index(np.datetime64(known.monitoring)))
    detect = known.detect_median * np.where(watched, known.monitored, 1.0)
    medians = (detect, np.full(day.size, known.respond_median), np.full(day.size, known.recover_median))
    legs = np.array([stream.lognormal(np.log(median), sigma) for median, sigma in zip(medians, (0.9, 0.7, 0.8), strict=True)])
    longest = np.where(np.arange(day.size) < len(planted), 4 * 3600, DAY)
    legs = np.clip(legs * 60, 60, longest).astype(np.int64)
    until = stream.integers(20 * 3600, 23 * 3600, len(planted)) - second[: len(planted)]
    legs[2, : len(planted)] = np.maximum(until - legs[:2, : len(planted)].sum(axis=0), 60)
    whole = restored[back] - released[back]
    legs[:, taken_back] = legs[:, taken_back] / legs[:, taken_back].sum(axis=0) * whole
    legs[2, taken_back] = whole - legs[:2, taken_back].sum(axis=0)
    share = np.array([_HIT.get(name, 0.0) for name in kind]) * stream.lognormal(0, 0.3, day.size)
    order = np.argsort(start, kind="stable")
    moments = start + np.cumsum(legs, axis=0)
    return {
        "incident_id": np.arange(1, day.size + 1),
        "risk_id": np.array([number[name] + 1 for name in kind])[order],
        "type": kind[order],
        "started_ts": stamp(start[order]),
        **{f"{name}_ts": stamp(moments[k, order]) for k, name in enumerate(("detected", "responded", "recovered"))},
        "users_hit": np.rint(expected_users(world)[day] * np.minimum(share, 1))[order].astype(np.int64),
    }


def _releases(world: World) -> tuple[np.ndarray, np.ndarray]:
    """When each release went out, and when one that was taken back inside the calendar was well again (0 for the others)."""
    table = world["app_versions"]
    released, restored = (
        np.asarray(times).astype("datetime64[s]").astype(np.int64) - START
        for times in (table["release_ts"], table["restored_ts"].to_numpy(zero_copy_only=False))
    )
    inside = table["rolled_back"] & (released >= 0) & (restored < DAYS * DAY)
    return released, np.where(inside, restored, 0)


@builds("backups")
def backups(world: World) -> Columns:
    """One row a night."""
    stream = world.stream("backups")
    known = world.parameters.backup
    taken = np.arange(DAYS) * DAY + (7_200 + stream.lognormal(np.log(3_600), 0.35, DAYS)).astype(np.int64)
    ok = stream.random(DAYS) >= known.failed
    usable = np.where(ok, taken, -1)
    before = np.concatenate([[taken[0] - DAY], np.maximum.accumulate(np.maximum(usable, taken[0] - DAY))[:-1]])
    tested = taken + stream.integers(DAY, 6 * DAY, DAYS)
    rehearsed = ok & (stream.random(DAYS) < known.rehearsed) & (tested < DAYS * DAY)
    works = stream.random(DAYS) < known.restorable
    hours = stream.lognormal(np.log(known.restore_median), 0.4, DAYS)
    return {
        "date": FIRST_DAY + np.arange(DAYS),
        "taken_ts": stamp(taken),
        "ok": ok,
        "rpo_h": ((taken - before) / 3600).round(2),
        "restored_test_ts": optional(stamp(tested), rehearsed),
        "restored_ok": optional(works, rehearsed),
        "rto_h": optional(hours.round(2), rehearsed & works),
    }
