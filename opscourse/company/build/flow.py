"""How work moves: tasks between departments, issues through the development teams (TP28)."""

from __future__ import annotations

import heapq

import numpy as np

from opscourse.company.build.calendar import DAYS
from opscourse.company.build.people import DAY, START, stamp
from opscourse.company.build.staff import at_work, spread
from opscourse.company.tables.work import DEPARTMENTS, FORMS, MEDIA
from opscourse.company.world import Block, Columns, World, builds, coded, optional, pick

__all__ = ["SOURCES"]

_BRIDGES = ("product", "data", "service")  # one of them joins the others, in each company another one
_MEDIA_OF_FORM = ((0.15, 0.45, 0.15, 0.25), (0.20, 0.10, 0.50, 0.20))  # the medium changes nothing, the form of the team does
SOURCES = ("feedback", "data", "sales", "idea", "fault")
_SOURCE_SHARES = (0.35, 0.20, 0.15, 0.15, 0.15)
_SIZES, _SIZE_SHARES = np.array([1, 2, 3, 5, 8]), (0.25, 0.30, 0.25, 0.15, 0.05)
_HEARD = np.array([0.50, 0.65, 0.60, 0.30, 0.80])  # share of messages looked into, by entry: in_app, site, mail, social, forum
_WEEKS = 3 * 7 * DAY  # an issue answers messages of the three weeks before it


@builds("_departments")
def departments(world: World) -> Columns:
    """Who hands to whom: the bridge to everybody, the other six only within two groups of three."""
    bridge = int(DEPARTMENTS.index(world.stream("_departments").choice(_BRIDGES))) - 1
    others = [dept for dept in range(len(DEPARTMENTS) - 1) if dept != bridge]
    share = np.zeros((len(others) + 1,) * 2)
    share[bridge, others] = 1 / len(others)
    for group in (others[:3], others[3:]):
        for dept in group:
            share[dept, [other for other in group if other != dept]] = 0.275
            share[dept, bridge] = 0.45
    return {"bridge": np.arange(len(share)) == bridge, "share": share}


@builds("_truth_departments")
def truth_departments(world: World) -> Columns:
    """The hidden table as it is written beside the company."""
    bridge = world["_departments"]["bridge"]
    waiting = np.where(bridge, world.parameters.flow.bridge, 1.0)
    return {"dept": np.array(DEPARTMENTS[1:], dtype=object), "bridge": bridge, "waiting": waiting}


@builds("handoffs")
def handoffs(world: World) -> Columns:
    """One row a leg; a task walks from department to department and waits in each."""
    stream, known = world.stream("handoffs"), world.parameters.flow
    bridge, share = world["_departments"]["bridge"], world["_departments"]["share"]
    legs = np.minimum(2 + stream.poisson(1.4, known.tasks), 8)
    form = spread(stream, known.tasks) < 0.5
    task = np.repeat(np.arange(known.tasks), legs)
    first = np.cumsum(legs) - legs
    leg = np.arange(task.size) - first[task]
    asks, asked = np.empty(task.size, dtype=np.int64), np.empty(task.size, dtype=np.int64)
    for k in range(int(legs.max())):
        rows = np.flatnonzero(leg == k)
        asks[rows] = asked[rows - 1] if k else stream.integers(0, bridge.size, rows.size)
        asked[rows] = pick(stream, share, rows.size, asks[rows])
    work = stream.gamma(2, 3, task.size)  # hours
    ratio = np.where(form[task], known.waiting_crossing, known.waiting_departments) * np.where(bridge[asked], known.bridge, 1.0)
    ratio /= np.where(bridge[asked], known.bridge, 1.0).mean()
    wait = ratio * stream.gamma(1.2, 6 / 1.2, task.size)
    spent = np.bincount(task, work + wait) / 24
    begun = (np.floor(stream.random(known.tasks) * (DAYS - 1 - spent)) + stream.uniform(9, 18, known.tasks) / 24) * DAY
    until = np.cumsum(work + wait)
    done = begun[task] + (until - (until - work - wait)[first][task]) * 3600
    started = done - work * 3600
    return {
        "task_id": task + 1,
        "leg": leg + 1,
        "from_dept": coded(asks, DEPARTMENTS[1:]),
        "to_dept": coded(asked, DEPARTMENTS[1:]),
        "medium": coded(pick(stream, _MEDIA_OF_FORM, task.size, form[task].astype(int)), MEDIA),
        "team_form": coded(form[task].astype(int), FORMS),
        "asked_ts": stamp(np.where(leg == 0, begun[task], np.roll(done, 1)).astype(np.int64)),
        "started_ts": stamp(started.astype(np.int64)),
        "done_ts": stamp(done.astype(np.int64)),
    }


@builds("rnd_issues")
def rnd_issues(world: World) -> Columns:
    """One row an issue; each team works as a queue with as many servers as its limit, each with that part of its time."""
    stream, known = world.stream("rnd_issues"), world.parameters.flow
    size = known.issues
    created = at_work(np.sort(stream.uniform(0, DAYS, size)))
    team = stream.permutation(np.arange(size) % len(known.wip))
    points = _SIZES[pick(stream, _SIZE_SHARES, size)]
    work = points * stream.gamma(4, 1 / 4, size)
    work *= known.load * DAYS * len(known.wip) / size / work.mean()
    started, done = np.empty(size), np.empty(size)
    for number, limit in enumerate(known.wip):
        free = [0.0] * limit
        for k in np.flatnonzero(team == number):
            started[k] = max(created[k], free[0])
            done[k] = started[k] + work[k] * limit
            heapq.heapreplace(free, done[k])
    begun, finished = started < DAYS, done < DAYS
    changed = finished & (spread(stream, size) < 1 - np.exp(-known.needs_change * (done - created)))
    releases = (world["_releases"]["release_ts"].astype("datetime64[s]").astype(np.int64) - START) / DAY
    release = np.searchsorted(releases, done)
    released = finished & ~changed & (release < releases.size)
    complete = spread(stream, size) < known.documented
    written = np.where(complete, 7, stream.integers(0, 7, size))  # three documents as three bits
    defect = _exact(stream, [(released & complete, known.defect_with), (released & ~complete, known.defect_without)])
    verified = _exact(stream, [(released, known.verified)])
    reopened = _exact(
        stream,
        [(released & verified, known.reopened_verified), (released & ~verified, known.reopened_unverified)],
    )
    explore = spread(stream, size) < known.explore
    hit = _exact(stream, [(released & explore, 0.3)])
    gain = np.where(explore, hit * stream.gamma(3, 30, size), stream.gamma(4, 4.5, size))
    source = pick(stream, _SOURCE_SHARES, size)
    pain, failure = world["_touchpoints"]["pain"], world["_touchpoints"]["failure"]
    felt = np.where(pain, world.parameters.feedback.pain_weight, 1.0) * np.maximum(failure, 1)
    heard = np.isin(source, [SOURCES.index("feedback"), SOURCES.index("fault")])
    tp = pick(stream, [np.ones(pain.size), felt], size, heard.astype(int))
    return {
        "issue_id": np.arange(1, size + 1),
        "team": team + 1,
        "team_form": coded((team < 3).astype(int), FORMS),
        "source": coded(source, SOURCES),
        "tp_id": tp.astype(np.int64) + 1,
        "size": points,
        "explore": explore,
        "has_mrd": written & 1 > 0,
        "has_prd": written & 2 > 0,
        "has_usability": written & 4 > 0,
        "created_ts": _moment(created),
        "started_ts": optional(_moment(started), begun),
        "done_ts": optional(_moment(done), finished),
        "work_days": work.round(2),
        "needs_changed": changed,
        "version": coded(np.where(released, release, -1), world["_releases"]["version"]),
        "defect": optional(defect, released),
        "verified": optional(verified, released),
        "reopened": optional(reopened, released),
        "gain_kcny": optional(gain.round(1), released),
    }


def _moment(days: np.ndarray) -> np.ndarray:
    return stamp((days * DAY).astype(np.int64))


def _exact(stream: np.random.Generator, shares: list[tuple[np.ndarray, float]]) -> np.ndarray:
    """True for the given share of each group of rows, in chance places."""
    chosen = np.zeros(shares[0][0].size, dtype=bool)
    for group, share in shares:
        chosen[group] = spread(stream, int(group.sum())) < share
    return chosen


@builds("issue_feedback")
def issue_feedback(block: Block) -> Columns:
    """One row a message that led to an issue: the next about its touchpoint, if it came soon and fits the closing."""
    stream = block.stream("issue_feedback")
    messages, issues = block["feedback"], block.world["rnd_issues"]
    entry = messages["entry"].indices.to_numpy()
    sent, closed = (_seconds(messages[name]) for name in ("ts", "closed_ts"))
    asked = np.flatnonzero(issues["source"].indices.to_numpy() == SOURCES.index("feedback"))
    created, done = _seconds(issues["created_ts"])[asked], _seconds(issues["done_ts"])[asked]
    span = 2 * DAYS * DAY  # longer than the calendar: one line for each touchpoint
    order = np.argsort(issues["tp_id"][asked] * span + created)
    asked, created, done = asked[order], created[order], done[order]
    line = issues["tp_id"][asked] * span + created
    place = np.searchsorted(line, messages["tp_id"] * span + sent)
    inside = place < line.size
    place = np.where(inside, place, 0)
    fits = inside & (line[place] - messages["tp_id"] * span - sent < _WEEKS) & (stream.random(sent.size) < _HEARD[entry])
    fits &= (closed < 0) | ((done[place] >= 0) & (done[place] <= closed))
    return {"feedback_id": messages["feedback_id"][fits], "issue_id": issues["issue_id"][asked[place[fits]]]}


def _seconds(moments: object) -> np.ndarray:
    """Seconds since the first moment of the calendar; -1 where there is none."""
    values = moments if isinstance(moments, np.ndarray) else moments.to_numpy(zero_copy_only=False)
    return np.where(np.isnat(values), -1, values.astype("datetime64[s]").astype(np.int64) - START)
