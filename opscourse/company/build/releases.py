"""Releases of the app, and the apps of firms that release once a year (TP28)."""

from __future__ import annotations

import math

import numpy as np

from opscourse.company.build.calendar import DAYS, day_index
from opscourse.company.build.events import RELEASE_DAYS
from opscourse.company.build.people import DAY, START, stamp
from opscourse.company.build.staff import spread
from opscourse.company.tables.work import APP_KINDS, AUDIENCES, FAILURES
from opscourse.company.world import Columns, World, builds, coded, optional, pick

__all__: list[str] = []

_INDUSTRIES = ("factory", "bank", "retail chain", "transport", "hospital", "energy")
_AUDIENCE_OF_KIND = ((0.9, 0.1, 0.0), (0.8, 0.2, 0.0), (0.5, 0.4, 0.1), (0.0, 0.1, 0.9), (0.3, 0.4, 0.3))  # as APP_KINDS
_USUAL_LOAD_MS = 3_000
_GIVEN_UP = 0.15  # an app with a smaller share of active users is given up


@builds("_releases")
def schedule(world: World) -> Columns:
    """Version and moment of each release: in the stores one or two days before `events` uses it from midnight on."""
    stream = world.stream("_releases")
    number = np.arange(DAYS // RELEASE_DAYS + 1)
    days = number * RELEASE_DAYS - stream.integers(1, 3, number.size) + stream.uniform(10, 20, number.size) / 24
    return {
        "version": np.array([f"3.{k + 1}" for k in number], dtype=object),
        "release_ts": stamp((days * DAY).astype(np.int64)),
    }


@builds("app_versions")
def app_versions(world: World) -> Columns:
    """One row a release; it crashes by the defects of its issues, and is taken back if it crashes too much."""
    from scipy.special import ndtri

    stream, known = world.stream("app_versions"), world.parameters.release
    version, released = world["_releases"]["version"], world["_releases"]["release_ts"]
    second = released.astype(np.int64) - START
    size = version.size
    issues = world["rnd_issues"]
    went_out = issues["version"].indices.fill_null(size).to_numpy()
    shipped = np.bincount(went_out, minlength=size + 1)[:size]
    defect = np.asarray(issues["defect"].fill_null(False)).astype(float)
    defects = np.bincount(went_out, defect, size + 1)[:size]
    automated = second >= day_index(np.datetime64(known.automated)) * DAY
    chance = 0.25 * ndtri(spread(stream, size))
    crash = known.crash_rate * np.exp(known.crash_defect * defects + chance) * np.where(automated, known.crash_automated, 1.0)
    back = crash > known.taken_back
    lead = np.where(automated, known.lead_automated, known.lead_by_hand) * stream.lognormal(0, 0.25, size)
    hours = np.where(automated, known.hours_automated, known.hours_by_hand) * stream.lognormal(0, 0.12, size)
    repaired = second + (np.minimum(stream.lognormal(math.log(6), 0.6, size), 36) * 3600).astype(np.int64)
    return {
        "version": version,
        "commit_ts": stamp(second - (lead * DAY).astype(np.int64)),
        "release_ts": released,
        "kind": coded((np.roll(back, 1) & (np.arange(size) > 0) | (stream.random(size) < 0.2)).astype(int), ("feature", "fix")),
        "automated_tests": automated,
        "test_hours": hours.round(1),
        "issues": shipped,
        "crash_rate": crash.round(5),
        "rolled_back": back,
        "restored_ts": optional(stamp(repaired), back),
    }


@builds("enterprise_apps")
def enterprise_apps(world: World) -> Columns:
    """One row an app; whether it is used hangs on its job, its speed and its rhythm."""
    stream, known = world.stream("enterprise_apps"), world.parameters.enterprise_app
    size = 120
    kind = stream.permutation(np.arange(size) % len(APP_KINDS))
    load = _USUAL_LOAD_MS * np.exp(0.5 * stream.standard_normal(size))
    interval = np.clip(known.interval_median * np.exp(0.3 * stream.standard_normal(size)), 180, 365)
    clear = spread(stream, size) < 0.45
    outsourced = spread(stream, size) < 0.5
    effects = {
        "poor experience": known.load * np.log(load / _USUAL_LOAD_MS),
        "slow development": known.interval * np.log(interval / known.interval_median),
        "built for its own sake": known.clear_job * (clear - 0.5),
    }
    odds = known.active + known.clear_job / 2 + sum(effects.values()) + stream.normal(0, 0.3, size)
    installed = np.ceil(stream.lognormal(math.log(2_000), 0.8, size)).astype(np.int64)
    active = stream.binomial(installed, 1 / (1 + np.exp(-odds))) / installed
    harm = np.cumsum([np.maximum(-effects[name], 0) + 0.1 for name in FAILURES], axis=0)
    cause = (harm < stream.random(size) * harm[-1]).sum(axis=0)
    chance = stream.lognormal(0, 0.2, (2, size))
    return {
        "app_id": np.arange(1, size + 1),
        "industry": coded(stream.permutation(np.arange(size) % len(_INDUSTRIES)), _INDUSTRIES),
        "audience": coded(pick(stream, _AUDIENCE_OF_KIND, size, kind), AUDIENCES),
        "kind": coded(kind, APP_KINDS),
        "load_ms": load.round().astype(np.int64),
        "release_interval_days": interval.round().astype(np.int64),
        "has_clear_job": clear,
        "outsourced": outsourced,
        "build_kcny": (np.where(outsourced, 560, 900) * chance[0]).round(0),
        "yearly_kcny": (np.where(outsourced, 390, 260) * chance[1]).round(0),
        "installed": installed,
        "active_rate": active.round(4),
        "failure": coded(np.where(active < _GIVEN_UP, cause, -1), FAILURES),
    }
