"""What the firm wants, and what its operations team does all day (FL18; lessons 1 and 2)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.people import DAY, stamp
from opscourse.company.build.staff import POSTS, at_work, spread
from opscourse.company.tables.work import FACETS, PILLARS
from opscourse.company.world import Columns, World, builds, coded, optional, pick

__all__ = ["KINDS", "METRICS", "Kind", "Metric"]


class Metric(NamedTuple):
    """A metric that goals name: its value when goals were set, a good year's change, decimals, the department that owns it."""

    name: str
    baseline: float
    change: float
    places: int
    dept: str


METRICS = (
    Metric("retention on day 1 (%)", 30.0, 0.15, 1, "product"),
    Metric("retention on day 30 (%)", 10.0, 0.20, 1, "product"),
    Metric("new users who pay within 60 days (%)", 3.0, 0.20, 2, "marketing"),
    Metric("carts paid in the same visit (%)", 30.0, 0.20, 1, "product"),
    Metric("probes passed (%)", 88.0, 0.04, 1, "service"),
    Metric("complaints about quality (% of all)", 32.1, -0.40, 1, "service"),
    Metric("median time to the first answer (minutes)", 60.0, -0.25, 0, "service"),
    Metric("sessions that crash (%)", 0.6, -0.40, 2, "engineering"),
    Metric("days between releases", 9.0, -0.20, 0, "engineering"),
    Metric("views that last 3 seconds (%)", 57.0, 0.12, 0, "content"),
    Metric("cost of a sign-up (CNY)", 40.0, -0.15, 0, "marketing"),
    Metric("staff who leave in a year (%)", 25.0, -0.30, 0, "finance"),
)
_WISHES = (
    "Improve the user experience clearly", "Become the first choice of busy families", "Make the community lively",
    "Raise the brand to a new level", "Work closer together", "Let data speak", "Be there for our users at all times",
    "Lead the industry in quality", "Build a complete ecosystem", "Create lasting value",
)  # fmt: skip
_HORIZONS = {True: (7, 8, 9, 10, 11, 26, 28, 30, 33), False: (3, 3, 6, 6, 6, 12, 12, 18, 24, 24, 36, 48)}
_GOALS = 60


@builds("goals")
def goals(world: World) -> Columns:
    """One row a goal; what is missing, and what falls between the classes, has exact shares in chance places."""
    stream, known = world.stream("goals"), world.parameters.goals
    no_metric, no_baseline, no_date, no_owner = (spread(stream, _GOALS) < share for share in known.missing)
    no_baseline |= no_metric
    kind = stream.integers(0, len(METRICS), _GOALS)
    metric = [METRICS[k] for k in kind]
    months = np.zeros(_GOALS, dtype=np.int64)
    dated = np.flatnonzero(~no_date)
    gap = spread(stream, dated.size) < known.gap
    for group, rows in ((True, dated[gap]), (False, dated[~gap])):
        months[rows] = stream.choice(_HORIZONS[group], rows.size)
    month, day = FIRST_DAY.astype("datetime64[M]") + stream.integers(-2, 13, _GOALS), stream.integers(0, 28, _GOALS)
    set_on, due = (start.astype("datetime64[D]") + day for start in (month, month + months))
    reach = 1 + np.array([m.change for m in metric]) * (np.maximum(months, 6) / 12) ** 0.5 * stream.uniform(0.7, 1.3, _GOALS)
    baseline = np.array([m.baseline for m in metric])
    target = np.array([round(value, m.places) for value, m in zip(baseline * reach, metric, strict=True)])
    wish = stream.integers(0, len(_WISHES), _GOALS)
    texts = []
    for k, m in enumerate(metric):
        way = f" from {baseline[k]:g}" * (not no_baseline[k]) + f" to {target[k]:g}"
        text = _WISHES[wish[k]] if no_metric[k] else f"Bring {m.name}{way}"
        texts.append(text + ("" if no_date[k] else f" within {months[k]} months"))
    return {
        "goal_id": np.arange(1, _GOALS + 1),
        "text": np.array(texts, dtype=object),
        "metric": pa.array([None if no else m.name for m, no in zip(metric, no_metric, strict=True)], pa.string()),
        "baseline": optional(baseline, ~no_baseline),
        "target": optional(target, ~no_metric),
        "set_on": set_on,
        "horizon_months": optional(months, ~no_date),
        "due": optional(due, ~no_date),
        "owner_id": optional(_owners(world, [m.dept for m in metric]), ~no_owner),
    }


def _owners(world: World, departments: list[str]) -> np.ndarray:
    """Somebody who leads others, or stays anyway, in each department."""
    staff = world["employees"]
    manager = np.isin(staff["emp_id"], np.asarray(staff["manager_id"].drop_null()))
    return np.array([staff["emp_id"][manager & (staff["dept"] == dept)][-1] for dept in departments])


class Kind(NamedTuple):
    """Its facet and pillar ("" for none), label, share of projects, owner, hours an action, margin a project."""

    facet: str
    pillar: str
    label: str
    share: float
    role: str
    hours: float
    margin: float


KINDS = (
    Kind("brand building", "", "broad", 0.08, "marketing planner", 9.0, 2_000),
    Kind("website", "user", "narrow", 0.13, "product operations specialist", 5.0, 6_000),
    Kind("website", "activity", "narrow", 0.09, "marketing specialist", 7.0, 9_000),
    Kind("social media", "activity", "narrow", 0.15, "marketing specialist", 8.0, 7_000),
    Kind("social media", "content", "narrow", 0.08, "editor", 8.0, 4_000),
    Kind("content", "content", "narrow", 0.15, "editor", 10.0, 5_000),
    Kind("data analysis", "data", "narrow", 0.08, "data analyst", 4.0, 24_000),
    Kind("customer service", "user", "narrow", 0.07, "CRM specialist", 6.0, 6_000),
    Kind("customer service", "", "broad", 0.09, "service manager", 6.0, 3_000),
    Kind("", "", "neither", 0.08, "operations director", 5.0, 0),
)
_RATE = 110.0  # CNY an hour


@builds("ops_log")
def ops_log(world: World) -> Columns:
    """One row a step of a project: the seven in order, some skipped, some gone through again."""
    from scipy.special import ndtri

    stream, known = world.stream("ops_log"), world.parameters.ops_work
    size = known.projects
    kind = np.searchsorted(np.cumsum([k.share for k in KINDS]), spread(stream, size)).clip(0, len(KINDS) - 1)
    researched, reviewed = spread(stream, size) >= known.no_research, spread(stream, size) >= known.no_review
    rounds = stream.geometric(0.7, size)  # of planning, listening and improving
    neither = spread(stream, size) < known.neither
    firm = ~neither & (stream.random(size) < 0.7)
    users = ~neither & (~firm | (stream.random(size) < 0.6))
    trigger = _triggers(world, stream, size)
    reacting = np.flatnonzero(trigger >= 0)
    reaction = np.zeros(size)
    reaction[reacting] = np.minimum(known.reaction * np.exp(0.8 * ndtri(spread(stream, reacting.size))), 30)
    begun = np.where(trigger >= 0, trigger / DAY + reaction, stream.uniform(0, DAYS - 12, size))
    goal = _served(world, stream, begun)
    project, step = [], []
    for k, (research, again, review) in enumerate(np.column_stack([researched, rounds - 1, reviewed]).tolist()):
        steps = [1] + [2] * research + [3, 4, 5, 6] + [3, 4, 6] * again + [7] * review
        project += [k] * len(steps)
        step += steps
    project, step = np.array(project), np.array(step)
    first = np.flatnonzero(np.diff(project, prepend=-1))
    place = np.arange(project.size) - first[project]
    length = np.diff(np.append(first, project.size))
    wait = np.minimum(5.0, (DAYS - begun - 0.5) / length)  # days from step to step, fewer near the end of the calendar
    moment = begun[project] + (place + stream.random(project.size) * 0.9 * (place > 0)) * wait[project]
    order = np.argsort(moment, kind="stable")
    project, step, moment, place = project[order], step[order], moment[order], place[order]
    sort = kind[project]
    hours = np.array([k.hours for k in KINDS])[sort] * stream.gamma(4, 1 / 4, project.size)
    bought = np.where(step == 3, stream.gamma(1.2, 900, project.size), 0.0).round(0)
    margin = np.array([k.margin for k in KINDS])[sort] * stream.gamma(3, 1 / 3, project.size) * firm[project]
    return {
        "action_id": np.arange(1, project.size + 1),
        "project_id": project + 1,
        "ts": stamp((at_work(moment) * DAY).astype(np.int64)),
        "step": step,
        "owner_role": _on_duty(world, np.array([k.role for k in KINDS], dtype=object)[sort], np.floor(moment)),
        "facet": coded(np.array([FACETS.index(k.facet) if k.facet else -1 for k in KINDS])[sort], FACETS),
        "pillar": coded(np.array([PILLARS.index(k.pillar) if k.pillar else -1 for k in KINDS])[sort], PILLARS),
        "label": np.array([k.label for k in KINDS], dtype=object)[sort],
        "goal_id": optional(goal[project], goal[project] > 0),
        "serves_users": users[project],
        "serves_firm": firm[project],
        "hours": hours.round(1),
        "cost_cny": (hours * _RATE).round(0) + bought,
        "bought_cny": bought,
        "margin_cny": optional(margin.round(0), step == 7),
        "triggered_by_metric_ts": optional(stamp(trigger[project].clip(0)), (trigger[project] >= 0) & (place == 0)),
    }


def _on_duty(world: World, role: np.ndarray, day: np.ndarray) -> np.ndarray:
    """The role of each action, or the one that it reports to while nobody is in it."""
    staff, above = world["employees"], {post.role: post.reports_to for post in POSTS}
    end = staff["end"].to_numpy(zero_copy_only=False)
    first, last = day_index(staff["start"]), np.where(np.isnat(end), DAYS, day_index(end))
    found = role.copy()
    for name in np.unique(role):
        mine, rows = staff["role"] == name, np.flatnonzero(role == name)
        there = (first[mine] <= day[rows, None]) & (day[rows, None] <= last[mine])
        found[rows[~there.any(axis=1)]] = above[name]
    return found


def _triggers(world: World, stream: np.random.Generator, size: int) -> np.ndarray:
    """The second at which a metric shifted that the project reacts to, on one of the days that were unlike others; -1: none."""
    known = world.parameters.anomaly
    days = [*known.outages, *known.waves, *known.campaigns, *known.price_errors]
    second = day_index(np.array(days, dtype="datetime64[D]"))[pick(stream, np.ones(len(days)), size)] * DAY
    second = second + stream.integers(8 * 3600, 12 * 3600, size)
    return np.where(stream.random(size) < 0.22, second, -1)


def _served(world: World, stream: np.random.Generator, begun: np.ndarray) -> np.ndarray:
    """The goal each project names, 0 for none: one that is set and not yet due; each goal by somebody, some by nobody."""
    goals = world["goals"]
    start, due = day_index(goals["set_on"]), goals["due"].to_numpy(zero_copy_only=False)
    stop = np.where(np.isnat(due), DAYS, day_index(due))
    idle = spread(stream, _GOALS) < world.parameters.goals.idle
    open_ = ~idle & (start <= begun[:, None]) & (begun[:, None] < stop)
    named = np.where(open_.any(axis=1), 1 + np.argmax(open_ * stream.random(open_.shape), axis=1), 0)
    named[spread(stream, begun.size) < world.parameters.ops_work.without_goal] = 0
    for goal in np.flatnonzero(~idle & ~np.isin(np.arange(1, _GOALS + 1), named)):
        named[np.flatnonzero(open_[:, goal] & (named == 0))[:1]] = goal + 1
    return named
