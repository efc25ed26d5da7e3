"""The 46 touchpoints, which of them really hurt (TP16), and the probes that should have found out (TP17)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.tables.product import STAGES
from opscourse.company.world import Columns, World, builds

__all__ = ["FIRST_PROBE", "TOUCHPOINTS", "failure_share"]

TOUCHPOINTS = {
    "awareness": (
        "advert on dy", "post on xhs", "search result", "app store page", "friend's invitation", "poster", "press article",
    ),
    "acquisition": (
        "landing page", "download", "first start", "sign-up form", "phone code", "profile page", "goal question",
        "guide video", "first class offer", "trial start",
    ),
    "use": (
        "home page", "course list", "search in the app", "course page", "video start", "video quality", "live class entry",
        "live class", "coach's answers", "progress page", "schedule", "reminder", "community feed", "shop list",
        "product page", "cart",
    ),
    "billing": (
        "membership offer", "checkout", "payment", "invoice", "renewal notice", "coupon", "delivery", "return of goods",
    ),
    "unsubscribe": ("cancel page", "cancel call", "refund", "data export", "farewell mail"),
}  # fmt: skip
_STAGE_OF = np.repeat(np.arange(5), [len(TOUCHPOINTS[stage]) for stage in STAGES])
_PAINS_OF_STAGE = (1, 3, 4, 2, 2)
_REACH = np.array([0.60, 0.16, 0.17, 0.045, 0.02])  # people who are in the stage in May 2025, of all users

FIRST_PROBE = int(day_index(np.datetime64("2024-07-01")))
_PROBES_A_DAY = 6  # in each of the 12 cities


@builds("_touchpoints")
def truth_of_touchpoints(world: World) -> Columns:
    """What only the simulator knows: which touchpoints hurt, what users feel there, how often a probe fails there."""
    quality = world.parameters.quality
    stream = world.stream("_touchpoints")
    size = _STAGE_OF.size
    pain = np.zeros(size, dtype=bool)
    for stage, count in enumerate(_PAINS_OF_STAGE):
        pain[stream.choice(np.flatnonzero(stage == _STAGE_OF), count, replace=False)] = True
    target = stream.integers(74, 94, size).astype(float)
    gap = np.where(pain, stream.uniform(6, 14, size), stream.uniform(-6, 4, size))
    # A probe tests what is easy to test: some touchpoints that hurt pass it, some that nobody minds fail it.
    green = _some(stream, pain, quality.green_pains)
    strict = _some(stream, ~pain, 5)
    failure = np.where(pain, stream.uniform(1.5, 2.2, size), stream.uniform(0.5, 1.0, size))
    failure = np.where(green, stream.uniform(0.10, 0.25, size), np.where(strict, stream.uniform(1.8, 2.6, size), failure))
    return {
        "tp_id": np.arange(1, size + 1),
        "pain": pain,
        "green_but_hated": green,
        "target": target,
        "score": (target - gap).round(1),
        "csat": (4.05 - 0.115 * np.maximum(gap, 0) - 0.25 * green + stream.normal(0, 0.08, size)).round(3),
        "failure": (failure / failure.mean()).round(4),  # share of failed probes relative to all touchpoints
    }


def _some(stream: np.random.Generator, among: np.ndarray, count: int) -> np.ndarray:
    chosen = np.zeros(among.size, dtype=bool)
    chosen[stream.choice(np.flatnonzero(among), count, replace=False)] = True
    return chosen


@builds("_truth_touchpoints")
def truth_touchpoints(world: World) -> Columns:
    """The hidden table as it is written beside the company."""
    return {name: values for name, values in world["_touchpoints"].items() if name != "target"}


@builds("touchpoints_cx")
def touchpoints_cx(world: World) -> Columns:
    """One row a touchpoint, as the firm measured it."""
    true = world["_touchpoints"]
    stream = world.stream("touchpoints_cx")
    size = _STAGE_OF.size
    odds = stream.lognormal(0, 0.9, size)  # of meeting the touchpoint, for somebody in its stage
    reach = _REACH[_STAGE_OF] * odds / (1 + odds)
    rank = reach.argsort().argsort() / size
    expert1, expert2 = (
        np.where(np.where(true["pain"], stream.random(size) < hit, stream.random(size) < false), "pain", "fine")
        for hit, false in ((0.80, 0.12), (0.75, 0.10))
    )
    return {
        "tp_id": true["tp_id"],
        "touchpoint": np.array([name for stage in STAGES for name in TOUCHPOINTS[stage]], dtype=object),
        "stage": np.array(STAGES, dtype=object)[_STAGE_OF],
        "traffic": (reach * world.users).round().astype(np.int64),
        "weight": _weights(stream),
        "target": true["target"],
        "score": np.clip(true["score"] + stream.normal(0, world.parameters.quality.score_noise, size), 0, 100).round(1),
        "expert1": expert1.astype(object),
        "expert2": expert2.astype(object),
        "scope": 1 + (rank > 0.4).astype(int) + (rank > 0.75),
        "severity": 1 + stream.binomial(2, np.where(true["pain"], 0.72, 0.28)),
        "fixability": stream.integers(1, 4, size),
    }


def _weights(stream: np.random.Generator) -> np.ndarray:
    weight = np.zeros(_STAGE_OF.size)
    for stage in range(5):
        mine = np.flatnonzero(stage == _STAGE_OF)
        weight[mine] = stream.dirichlet(np.full(mine.size, 4.0)).round(3)
        weight[mine[0]] = round(1 - weight[mine[1:]].sum(), 3)
    return weight


def failure_share(world: World, day: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """True share of failed probes over all touchpoints, by day and kind of city: a straight common trend, then a step."""
    quality = world.parameters.quality
    start = int(day_index(np.datetime64(quality.start)))
    middle_before = (FIRST_PROBE + start - 1) / 2
    half_years = (day - middle_before) / ((DAYS - FIRST_PROBE) / 2)
    return quality.failure - quality.trend * half_years - quality.effect * (treated & (day >= start))


@builds("dial_tests")
def dial_tests(world: World) -> Columns:
    """One row a probe: six a day in each of 12 cities from July 2024, and the two published waves of exactly 92."""
    quality, true, cities = world.parameters.quality, world["_touchpoints"], world["cities"]
    stream = world.stream("dial_tests")
    probed = np.flatnonzero(cities["quality_probed"])
    treated = cities["quality_treated"][probed]
    level = stream.normal(0, 0.008, probed.size).clip(-0.015, 0.015)
    shape = (DAYS - FIRST_PROBE, probed.size, _PROBES_A_DAY)
    day = np.broadcast_to(np.arange(FIRST_PROBE, DAYS)[:, None, None], shape).ravel()
    city = np.broadcast_to(np.arange(probed.size)[None, :, None], shape).ravel()
    tp = stream.integers(0, _STAGE_OF.size, day.size)
    failed = stream.random(day.size) < (failure_share(world, day, treated[city]) + level[city]) * true["failure"][tp]
    wave = np.zeros(day.size, dtype=np.int64)
    for number, first, passed in (
        (1, quality.first_wave, quality.first_passed),
        (2, quality.second_wave, quality.second_passed),
    ):
        wave_tp = np.resize(np.arange(_STAGE_OF.size), quality.wave_probes)
        wave_failed = np.zeros(wave_tp.size, dtype=bool)
        weight = true["failure"][wave_tp] / true["failure"][wave_tp].sum()
        wave_failed[stream.choice(wave_tp.size, wave_tp.size - passed, replace=False, p=weight)] = True
        day = np.append(day, int(day_index(np.datetime64(first))) + stream.integers(0, 5, wave_tp.size))
        city = np.append(city, stream.permutation(np.resize(np.arange(probed.size), wave_tp.size)))
        tp, failed = np.append(tp, wave_tp), np.append(failed, wave_failed)
        wave = np.append(wave, np.full(wave_tp.size, number))
    order = np.argsort(day, kind="stable")
    return {
        "probe_id": np.arange(1, day.size + 1),
        "date": FIRST_DAY + day[order],
        "wave": pa.array(wave[order], mask=wave[order] == 0),
        "tp_id": tp[order] + 1,
        "city_id": probed[city[order]] + 1,
        "passed": ~failed[order],
    }
