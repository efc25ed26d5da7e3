"""How fast submissions are graded, by us and by others: `make bench-grading [ARGS="TOOLS:SIZES:WORKERS:ROUNDS …"]`.

Every case that is named is measured as many times as it has rounds; within a round all cases take turns, so that a machine
that is busy for a while slows all of them. No size is extrapolated: what was not measured is not in the table.
Marks are compared with what the students deserve before a time counts.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from measure import Cost, measured
from students import Student, classroom
from tools import ROOT, TOOLS, Bench, Marks, share

PLAN = ("ours,fork,kernel,nbval,nbgrader,otter:12:1,2:2", "ours,fork:120:2:1", "ours:1000:2:1")
FOLDER = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "opscourse" / "bench-grading"
COLOURS = {
    "ours": "#0072B2",
    "fork": "#999999",
    "kernel": "#56B4E9",
    "nbval": "#E69F00",
    "nbgrader": "#D55E00",
    "otter": "#CC79A7",
}


class Case(NamedTuple):
    """What is measured: a tool, on so many submissions, with so many workers."""

    tool: str
    size: int
    workers: int


Found = dict[Case, dict[int, Cost]]  # round -> cost


def cases(texts: list[str]) -> dict[Case, int]:
    """Cases and their rounds from TOOLS:SIZES:WORKERS:ROUNDS. Raises ValueError."""
    found = {}
    for text in texts:
        tools, sizes, workers, rounds = text.split(":")
        for size in map(int, sizes.split(",")):
            for count in map(int, workers.split(",")):
                for tool in tools.split(","):
                    if tool not in TOOLS or min(size, count, int(rounds)) < 1 or count > size:
                        raise ValueError(f"there is no case {tool}:{size}:{count}:{rounds}; tools are {', '.join(TOOLS)}")
                    found[Case(tool, size, count)] = int(rounds)
    return found


def once(case: Case, bench: Bench, students: list[Student]) -> Cost:
    """Measure one case in a fresh folder. Raises RuntimeError if a mark is not what the student deserves."""
    tool, shares = TOOLS[case.tool], share(students, case.workers)
    folder = Path(tempfile.mkdtemp(prefix="opscourse-bench-"))
    try:
        tool.ready(bench, folder, shares)
        cost = measured(tool.jobs(bench, folder, shares), folder / "log")
        wrong = differing(students, tool.marks(bench, folder, shares))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if wrong:
        raise RuntimeError(f"{tool.title} gave other marks than deserved, so its time does not count: {'; '.join(wrong[:5])}")
    return cost


def differing(students: list[Student], marks: Marks) -> list[str]:
    """The marks that are not as deserved, in words."""
    pairs = [(student, number, points) for student in students for number, points in student.points.items()]
    given = {(student.id, number): marks.get(student.id, {}).get(number) for student, number, _ in pairs}
    return [
        f"{student.id} {number}: {given[student.id, number]} for {points}"
        for student, number, points in pairs
        if given[student.id, number] != points
    ]


# what was found


def runs(case: Case) -> int:
    """How many times a notebook was run."""
    return case.size * TOOLS[case.tool].runs


def ratio(found: Found, above: Case, below: Case, what: str = "wall") -> float | None:
    """Median over the rounds of seconds a notebook run in one case by those in the other, in the same round."""
    both = set(found.get(above, {})) & set(found.get(below, {}))
    times = [getattr(found[above][one], what) / getattr(found[below][one], what) for one in both]
    return statistics.median(times) * runs(below) / runs(above) if times else None


def table(found: Found) -> str:
    """All cases as a Markdown table."""
    head = (
        *("tool", "submissions", "workers", "rounds", "s a submission, best", "median", "s a notebook run, best", "median"),
        *("CPU s a run, median", "peak PSS MB", "times the fork, a run", "CPU", "nbgrader by it, a run", "CPU"),
    )
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for case in sorted(found, key=lambda case: (case.size, case.workers, list(TOOLS).index(case.tool))):
        costs = list(found[case].values())
        walls, cpus = [cost.wall for cost in costs], [cost.cpu for cost in costs]
        pairs = ((case, case._replace(tool="fork")), (case._replace(tool="nbgrader"), case))
        ratios = [ratio(found, *pair, what) for pair in pairs for what in ("wall", "cpu")]
        cells = [TOOLS[case.tool].title, f"{case.size:,}", case.workers, len(costs)]
        cells += [f"{pick(walls) / count:.2f}" for count in (case.size, runs(case)) for pick in (min, statistics.median)]
        cells += [f"{statistics.median(cpus) / runs(case):.2f}", f"{max(cost.peak_mb for cost in costs):,.0f}"]
        cells += ["-" if each is None else f"{each:.2f}" for each in ratios]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def targets(found: Found) -> list[str]:
    """What was to be reached, what was, in sentences; nothing about what was not measured."""
    lines = []
    for case in sorted(found):
        if case.tool != "ours":
            continue
        at = f"at {case.size:,} submissions, {case.workers} worker{'s' * (case.workers > 1)}"
        if (times := ratio(found, case, case._replace(tool="fork"))) is not None:
            cpu = ratio(found, case, case._replace(tool="fork"), "cpu")
            text = f"at most 1.5 times the warm fork a notebook run: {times:.2f} (CPU {cpu:.2f})"
            lines.append(f"{said(times <= 1.5)}: {text}, {at}")
        if (times := ratio(found, case._replace(tool="nbgrader"), case)) is not None:
            cpu = ratio(found, case._replace(tool="nbgrader"), case, "cpu")
            text = f"at least 5 times nbgrader's runs a second: {times:.1f} (CPU {cpu:.1f})"
            lines.append(f"{said(times >= 5)}: {text}, {at}")
    ours = {
        workers: [case for case in sorted(found) if case.tool == "ours" and case.workers == workers] for _, _, workers in found
    }
    for workers, measured_cases in sorted(ours.items()):
        if len(measured_cases) > 1:
            first, last = measured_cases[0], measured_cases[-1]
            costs = [min(found[case].values(), key=lambda cost: cost.wall) for case in (first, last)]
            slower = costs[1].wall / last.size / (costs[0].wall / first.size)
            larger = max(cost.peak_mb for cost in found[last].values()) / max(cost.peak_mb for cost in found[first].values())
            at = f"{last.size:,} submissions beside {first.size:,}, {workers} workers"
            lines.append(f"{said(slower <= 1.1)}: linear: {slower:.2f} times the seconds a submission, {at}")
            lines.append(f"{said(larger <= 1.2)}: memory flat: {larger:.2f} times the peak, {at}")
    left = [f"{TOOLS[case.tool].title} ({cost.left})" for case in found for cost in found[case].values() if cost.left]
    return lines + ([f"Processes left running after the end: {', '.join(left)}"] if left else [])


def further(found: Found) -> list[str]:
    """What one more notebook run costs, and the start, from the smallest and the largest size of each tool that has two."""
    lines = []
    for tool, workers in sorted({(case.tool, case.workers) for case in found}):
        sizes = [case for case in sorted(found) if (case.tool, case.workers) == (tool, workers)]
        if len(sizes) > 1:
            first, last = sizes[0], sizes[-1]
            told = []
            for what in ("wall", "cpu"):
                low, high = (statistics.median(getattr(cost, what) for cost in found[case].values()) for case in (first, last))
                each = (high - low) / (runs(last) - runs(first))
                told.append(f"{each:.2f} {what} s, the start {low - each * runs(first):.1f}")
            at = f"{workers} worker{'s' * (workers > 1)}, between {first.size:,} and {last.size:,} submissions"
            lines.append(f"{TOOLS[tool].title}, {at}: a further run takes {'; '.join(told)}")
    return lines


def said(reached: bool) -> str:
    """The verdict on a target."""
    return "reached" if reached else "NOT reached"


def facts(bench: Bench, found: Found) -> str:
    """The machine and the versions, nothing that names whose machine it is."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = [
        f"{os.cpu_count()} processors, {memory:.0f} GiB, {platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        *(f"{tools}: {versions}" for tools, versions in environments(bench, found)),
    ]
    return "\n".join(f"- {line}" for line in lines)


def environments(bench: Bench, asked: Iterable[Case]) -> list[tuple[str, str]]:
    """Tools that share an environment, and its versions."""
    shared: dict[str, list[str]] = {}
    for tool in dict.fromkeys(case.tool for case in asked):
        shared.setdefault(bench.versions(tool), []).append(TOOLS[tool].title)
    return [("; ".join(titles), versions) for versions, titles in shared.items()]


NOTES = """\
A submission is one notebook run for nbval, nbgrader and otter-grader, and two for the others: on the student's own company and
on the hidden one. Seconds are wall time of the whole command, its start included. CPU seconds are those of all its processes,
as the system tells them of ended ones (wait4, orphans adopted). Memory is the highest sum of the processes' proportional set
sizes, looked at every two seconds. Ratios are medians over rounds, each from one round. Every kernel may use one thread. nbval
and otter-grader (`otter.api.grade_submission`, no containers) run one process a worker over its share of the submissions,
nbgrader one `nbgrader autograde`; the others share the work themselves."""


def draw(found: Found, path: Path) -> None:
    """Seconds a notebook run of all tools, at the smallest size that most of them have; the finding is the title."""
    import matplotlib.pyplot as plt

    sizes = [case.size for case in found]
    size = max(sorted(set(sizes)), key=sizes.count)
    shown = [tool for tool in TOOLS if any(case[:2] == (tool, size) for case in found)]
    plt.style.use("opscourse.course")
    fig, ax = plt.subplots(figsize=(9, 0.8 + 0.8 * len(shown)))
    workers = sorted({case.workers for case in found if case.size == size})
    for row, tool in enumerate(shown):
        for bar, count in enumerate(workers):
            if costs := found.get(Case(tool, size, count)):
                best = min(cost.wall for cost in costs.values()) / runs(Case(tool, size, count))
                at = row + (bar - (len(workers) - 1) / 2) * 0.4
                ax.barh(at, best, 0.36, color=COLOURS[tool], hatch="//" * bar, edgecolor="white")
                ax.text(best, at, f" {best:.2f} s, {count} worker{'s' * (count > 1)}", va="center", fontsize="small")
    ax.set_yticks(range(len(shown)), [TOOLS[tool].title for tool in shown])
    ax.invert_yaxis()
    ax.margins(x=0.35)
    ax.grid(False)
    ax.set_xlabel(f"wall seconds a notebook run, best round, {size:,} submissions")
    times = ratio(found, Case("nbgrader", size, workers[-1]), Case("ours", size, workers[-1]))
    finding = (
        f"opscourse grade runs {times:.1f} notebooks while nbgrader runs one" if times else "Seconds for a student's notebook"
    )
    fig.suptitle(finding, x=0.02, ha="left", fontweight="bold")
    fig.savefig(path)
    plt.close(fig)


def write(out: Path, bench: Bench, found: Found) -> str:
    """Write raw.csv, results.md and grading.png; return the text."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "raw.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*Case._fields, "round", *Cost._fields])
        rows.writerows([*case, one, *cost] for case, costs in found.items() for one, cost in costs.items())
    text = "\n\n".join(
        [table(found), NOTES, "\n".join(f"- {line}" for line in targets(found) + further(found)), facts(bench, found)]
    )
    (out / "results.md").write_text(f"# Grading, {datetime.date.today()}\n\n{text}\n")
    draw(found, out / "grading.png")
    return text


def main() -> int:
    """Measure and print. Returns 0."""
    parser = argparse.ArgumentParser(prog="make bench-grading ARGS=…", description="How fast submissions are graded.")
    parser.add_argument(
        "cases", nargs="*", default=PLAN, metavar="TOOLS:SIZES:WORKERS:ROUNDS", help=f"default: {' '.join(PLAN)}"
    )
    parser.add_argument("--cache", type=Path, default=FOLDER, help=f"environments and companies, kept (default: {FOLDER})")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench-grading", help="table, raw figures and plot")
    options = parser.parse_args()
    try:
        plan = cases(options.cases)
    except ValueError as error:
        parser.error(str(error))
    bench = Bench(options.cache.absolute())
    for tools, versions in environments(bench, plan):
        print(f"{tools}: {versions}", file=sys.stderr)
    students = classroom(max(case.size for case in plan))
    if any(TOOLS[case.tool].runs == 2 for case in plan):
        bench.release(students)
    found: Found = defaultdict(dict)
    for one in range(max(plan.values())):
        for case in [case for case, rounds in plan.items() if one < rounds]:
            start = time.perf_counter()
            found[case][one] = cost = once(case, bench, students[: case.size])
            took = (
                f"{cost.wall:.1f} s, {cost.cpu:.1f} CPU s, {cost.peak_mb:.0f} MB; {time.perf_counter() - start:.0f} s with all"
            )
            print(
                f"round {one + 1}: {case.tool} {case.size} submissions, {case.workers} workers: {took}",
                file=sys.stderr,
                flush=True,
            )
            write(options.out, bench, found)
    print(write(options.out, bench, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
