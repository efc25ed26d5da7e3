"""The truth about the firm's own work: its people, goals, flow of work, releases, and the market it hires from."""

from __future__ import annotations

from dataclasses import dataclass

from opscourse.company.known import known

__all__ = ["Decision", "EnterpriseApp", "Flow", "Goals", "Jobs", "OpsWork", "Release", "Staff"]


@dataclass(frozen=True)
class Staff:
    """Who works here, and how long (TP29)."""

    leaving: float = known(
        0.40, "hazard of leaving, of staff who lead nobody and were not trained", unit="a year", lesson=28, varies=(0.38, 0.46)
    )
    training: float = known(0.45, "what training does to that hazard", unit="factor", lesson=28, varies=(0.38, 0.46))
    trained: float = known(0.55, "share of staff trained in their first month", lesson=28)
    hiring_median: float = known(45.0, "median time from opening a post to its first day of work", unit="days", lesson=28)
    csat_spread: float = known(0.08, "standard deviation of the agents' true satisfaction", unit="points of 5", lesson=28)
    case_mix: float = known(
        1.6, "how unevenly hard tickets go to the agents: standard deviation of the log-odds", lesson=28, varies=(1.6, 2.0)
    )
    case_skill: float = known(0.7, "correlation of an agent's share of hard tickets with what the agent can do", lesson=28)


@dataclass(frozen=True)
class Jobs:
    """What operations posts pay, beside other office posts (TP34)."""

    raw: float = known(0.18, "how much more operations posts pay, nothing adjusted", lesson=2, varies=(0.16, 0.21))
    adjusted: float = known(0.04, "the same for equal city tier and years", lesson=2, varies=(0.03, 0.05))
    city: float = known(0.10, "pay in a city one tier larger, relative", lesson=2, varies=(0.08, 0.11))
    spread: float = known(0.20, "standard deviation of the logarithm of pay, other things equal", lesson=2)


@dataclass(frozen=True)
class Goals:
    """How the firm's goals are written (FL18)."""

    gap: float = known(
        0.26, "share of dated goals whose horizon is in no class: 6 to 12 months, 2 to 3 years", lesson=2, varies=(0.2, 0.34)
    )
    missing: tuple[float, ...] = known(
        (0.20, 0.32, 0.10, 0.15), "shares of goals without metric, baseline, date, owner", lesson=2
    )
    idle: float = known(0.20, "share of goals that no action serves", lesson=2, varies=(0.15, 0.25))


@dataclass(frozen=True)
class OpsWork:
    """What the operations team does all day (lessons 1 and 2)."""

    projects: int = known(320, "pieces of work in the log", lesson=1)
    neither: float = known(0.12, "share of work that serves neither users nor the firm", lesson=1, varies=(0.08, 0.16))
    without_goal: float = known(0.30, "share of work that names no goal", lesson=2)
    no_research: float = known(0.35, "share of work that skips research", lesson=2, varies=(0.28, 0.42))
    no_review: float = known(0.45, "share of work that skips analysis and report", lesson=2, varies=(0.38, 0.52))
    reaction: float = known(
        2.5, "median time from a shift of a metric to the first action on it", unit="days", lesson=1, varies=(2.0, 3.2)
    )


@dataclass(frozen=True)
class Flow:
    """How tasks and issues move through the firm (TP28)."""

    tasks: int = known(1_470, "tasks that cross departments", lesson=28)
    waiting_departments: float = known(
        3.4,
        "mean waiting of a leg relative to the work on it, tasks by department",
        unit="factor",
        lesson=28,
        varies=(2.8, 4.0),
    )
    waiting_crossing: float = known(0.9, "the same in cross-functional teams", unit="factor", lesson=28, varies=(0.7, 1.1))
    bridge: float = known(
        1.8, "waiting at the department that joins the others, relative to elsewhere", unit="factor", lesson=28
    )
    issues: int = known(1_800, "issues of the development teams", lesson=28)
    wip: tuple[int, ...] = known((4, 5, 6, 14, 16, 18), "limits of work in progress, by team", unit="issues", lesson=28)
    load: float = known(0.70, "share of a team's time that arriving issues take", lesson=28)
    documented: float = known(0.50, "share of issues with all three documents", lesson=10)
    defect_with: float = known(
        0.18, "share of released issues with a defect, all documents written", lesson=10, varies=(0.17, 0.19)
    )
    defect_without: float = known(0.27, "the same with a document missing", lesson=10, varies=(0.265, 0.29))
    needs_change: float = known(
        0.008, "hazard that what was asked for is no longer needed", unit="a day", lesson=10, varies=(0.007, 0.010)
    )
    verified: float = known(0.35, "share of finished issues whose repair was checked", lesson=9)
    reopened_verified: float = known(0.05, "share of them that come back", lesson=9)
    reopened_unverified: float = known(
        0.20, "share that comes back of those that nobody checked", lesson=9, varies=(0.17, 0.23)
    )
    explore: float = known(0.15, "share of issues that try something new", lesson=28)


@dataclass(frozen=True)
class Release:
    """Releases of the app, and what automated tests do to them (TP28)."""

    automated: str = known("2024-10-01", "first day of automated tests", lesson=10)
    crash_rate: float = known(0.004, "sessions that crash, of a release without defects, tested by hand", lesson=10)
    crash_defect: float = known(0.10, "what each defect in a release adds to the logarithm of that", lesson=10)
    crash_automated: float = known(0.55, "what automated tests do to it", unit="factor", lesson=10, varies=(0.50, 0.60))
    taken_back: float = known(0.0085, "crash rate from which on a release is taken back", lesson=10)
    lead_by_hand: float = known(
        11.0, "median time from the first change to the release, tested by hand", unit="days", lesson=10
    )
    lead_automated: float = known(7.0, "the same with automated tests", unit="days", lesson=10)
    hours_by_hand: float = known(64.0, "hours of testing that a release takes by hand", unit="hours", lesson=10)
    hours_automated: float = known(22.0, "the same with automated tests", unit="hours", lesson=10, varies=(18.0, 26.0))
    automation_hours: float = known(520.0, "hours it took to automate the tests", unit="hours", lesson=10)


@dataclass(frozen=True)
class Decision:
    """The register of decisions (lesson 7)."""

    irreproducible: float = known(0.15, "share of decisions whose data cannot be found again", lesson=7, varies=(0.10, 0.20))
    better: tuple[float, ...] = known(
        (0.25, 0.375, 0.50), "share that made things better: by opinion, trend, comparison", lesson=7
    )


@dataclass(frozen=True)
class EnterpriseApp:
    """Apps of firms that are no internet firms: what decides whether they are used (lesson 10)."""

    interval_median: float = known(260.0, "median time between two releases", unit="days", lesson=10)
    active: float = known(
        -1.7, "log-odds of being active, of an app without a clear job that loads in 3 s, released every 260 days", lesson=10
    )
    clear_job: float = known(1.1, "what a clear job adds to them", lesson=10, varies=(0.9, 1.3))
    load: float = known(-0.7, "what loading 2.7 times as long adds to them", lesson=10, varies=(-0.9, -0.6))
    interval: float = known(-1.2, "what 2.7 times the time between releases adds to them", lesson=10)
