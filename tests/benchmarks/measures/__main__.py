"""How fast the measures are beside queries written by hand: `make bench [ARGS=--full]`, or `python tests/benchmarks/measures`.

Each measurement is a fresh process; ours and the query by hand take turns, and no time counts unless both found the same. Logs
are written once, into --cache. Tables go to stdout, and with --write into a page with a plot; progress goes to stderr.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(HERE.parent)]

import generate  # noqa: E402
import logs  # noqa: E402

TASKS = {
    "cohorts": "weekly cohorts",
    "funnel": "funnel, 4 steps in 7 days",
    "rfm": "RFM with quintiles",
    "last_touch": "attribution, last touch",
    "linear": "attribution, linear",
    "markov": "attribution, Markov",
    "sessions": "sessions, a number for each event",
}
ENGINES = {"duckdb": "DuckDB", "polars": "Polars", "pandas": "pandas"}
LIMITS = {"duckdb": 1.5, "polars": 1.5, "pandas": 1.2}
COLOURS = {"duckdb": "#E69F00", "polars": "#0072B2", "pandas": "#D55E00"}
MARKERS = {"duckdb": "s", "polars": "o", "pandas": "^"}
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "opscourse" / "bench"
SMALL = 5_000  # events to warm up with
MEMORY = "1GB"  # what DuckDB is told to keep to, for logs larger than memory
IMPORTS = ("pandas", "opscourse", "opscourse.data", "opscourse.marketing")


class Case(NamedTuple):
    """What is measured."""

    task: str
    engine: str
    by: str
    events: int


class Cost(NamedTuple):
    """What a case cost: seconds, CPU seconds of all threads, MiB resident at most; and what it answered."""

    wall: float
    cpu: float
    memory: float
    answer: list


Found = dict[Case, Cost]


def once(case: Case, cache: Path, **options: object) -> Cost:
    """Measure a case in a fresh process. Raises RuntimeError with its last words."""
    job = {"task": case.task, "engine": case.engine, "by": case.by, "log": str(logs.written(cache, case.events)), **options}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, str(HERE / "one.py"), json.dumps(job)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    if run.returncode:
        raise RuntimeError(f"{case} failed ({run.returncode}):\n{run.stderr.strip()[-600:]}")
    cost = Cost(*json.loads(run.stdout).values())
    note = f"{cost.wall:.2f} s, {cost.cpu:.2f} CPU s, {cost.memory:,.0f} MiB"
    print(
        f"{time.strftime('%H:%M:%S')} {case.events:,} {case.task} {case.engine} {case.by}: {note}", file=sys.stderr, flush=True
    )
    return cost


def same(one: list, other: list) -> bool:
    """Whether two answers have the same rows, decimals to 9 digits."""

    def equal(a: str | float, b: str | float) -> bool:
        return a == b if isinstance(a, str) or isinstance(b, str) else math.isclose(a, b, rel_tol=1e-9)

    return len(one) == len(other) and all(
        len(row) == len(match) and all(map(equal, row, match)) for row, match in zip(one, other, strict=True)
    )


def measure(found: Found, cases: list[Case], rounds: int, cache: Path, **options: object) -> None:
    """Measure cases that must find the same, in turns, and keep the least of each; raise RuntimeError if they differ."""
    for _ in range(rounds):
        for case in cases:
            cost = once(case, cache, **options)
            first = found.get(cases[0], cost)
            if not same(first.answer, cost.answer):
                raise RuntimeError(f"{case} found {cost.answer[:5]}, but {cases[0]} found {first.answer[:5]}")
            least = found.get(case, cost)
            found[case] = Cost(*map(min, least[:2], cost[:2]), max(least.memory, cost.memory), cost.answer)


def table(head: tuple[str, ...], rows: list[tuple]) -> Iterator[str]:
    """A Markdown table; texts to the left, numbers to the right."""
    yield "| " + " | ".join(head) + " |"
    yield (
        "|"
        + "|".join("---" if isinstance(cell, str) and not cell.lstrip("-")[:1].isdigit() else "---:" for cell in rows[0])
        + "|"
    )
    yield from ("| " + " | ".join(map(str, row)) + " |" for row in rows)


def machine() -> str:
    """What this was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("duckdb", "polars", "pandas", "narwhals"))
    return (
        f"{datetime.date.today()}, {os.cpu_count()} processors ({platform.machine()}), {memory:.0f} GiB, load at the end"
        f" {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, {versions}"
    )


def ratio(found: Found, task: str, engine: str, events: int, cost: str = "wall") -> float:
    """Ours divided by the query by hand."""
    ours, hand = (getattr(found[Case(task, engine, by, events)], cost) for by in ("ours", "hand"))
    return ours / hand


def comparison(found: Found, events: int) -> Iterator[str]:
    """Ours beside the queries by hand, and which limits are kept."""
    yield f"## Beside queries by hand: {events:,} events, {events // logs.EVENTS_A_USER:,} users\n"
    yield (
        "Seconds, CPU seconds (of all threads) and the most MiB resident, the frame included: ours, by hand, and their ratio."
        " The limit for the ratio of seconds is 1.5 in DuckDB and Polars, 1.2 beside vectorised pandas.\n"
    )
    rows, over = [], []
    pairs = [(task, engine) for task in TASKS for engine in ENGINES if Case(task, engine, "hand", events) in found]
    for task, engine in pairs:
        ours, hand = (found[Case(task, engine, by, events)] for by in ("ours", "hand"))
        costs = [(f"{a:.2f}", f"{b:.2f}", f"{a / b:.2f}") for a, b in zip(ours[:2], hand[:2], strict=True)]
        memory = (f"{ours.memory:,.0f}", f"{hand.memory:,.0f}", f"{ours.memory / hand.memory:.2f}")
        rows.append((TASKS[task], ENGINES[engine], *costs[0], *costs[1], *memory))
        if ours.wall / hand.wall > LIMITS[engine]:
            over.append(f"{TASKS[task]} on {ENGINES[engine]} ({ours.wall / hand.wall:.2f} s/s, CPU {ours.cpu / hand.cpu:.2f})")
    head = ("task", "frame", "s", "by hand", "ratio", "CPU s", "by hand", "ratio", "MiB", "by hand", "ratio")
    yield from table(head, rows)
    yield f"\nOver the limit: {'; '.join(over) or 'none'}.\n"


def row_wise(found: Found, sample: int, events: int) -> Iterator[str]:
    """Pandas with a function a row, extrapolated."""
    yield f"## Beside pandas row by row: measured on {sample:,} events, extrapolated to {events:,} per row\n"
    yield "As tutorials write it, with `apply`, `iterrows` and a loop. Not measured at the full size: it would take too long.\n"
    rows = []
    for task, title in TASKS.items():
        if (case := Case(task, "pandas", "tutorial", sample)) in found:
            scaled = found[case].wall * events / sample
            ours = found[Case(task, "pandas", "ours", events)].wall
            rows.append((title, f"{found[case].wall:.1f}", f"{scaled:,.0f}", f"{ours:.2f}", f"{scaled / ours:,.0f}"))
    yield from table(("task", "s on the sample", "s, extrapolated", "ours on pandas, s", "times as long"), rows)
    yield ""


def growth(found: Found, sizes: list[int]) -> Iterator[str]:
    """Seconds by size, and the power of the size they grow with."""
    yield "## As the log grows\n"
    yield "Seconds of ours; the last column is the power of the number of events they grow with, 1 being linear.\n"
    rows = []
    for task, title in TASKS.items():
        for engine, name in ENGINES.items():
            walls = [found[case].wall for events in sizes if (case := Case(task, engine, "ours", events)) in found]
            if len(walls) == len(sizes):
                power = statistics.linear_regression([math.log(n) for n in sizes], [math.log(wall) for wall in walls]).slope
                rows.append((title, name, *(f"{wall:.2f}" for wall in walls), f"{power:.2f}"))
    yield from table(("task", "frame", *(f"{events / 1e6:g} M" for events in sizes), "power"), rows)
    yield ""


def larger(found: Found, events: int, folder: Path) -> Iterator[str]:
    """A log larger than the memory DuckDB is given."""
    size = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e9
    yield f"## Larger than memory: {events:,} events in Parquet files by week ({size:.1f} GB), under 2 GB\n"
    yield (
        f"DuckDB views over the files, `memory_limit = '{MEMORY}'`, what does not fit is spilled to disk; answers with a row"
        " for each event or customer are written to Parquet. MiB: the most that is resident of the whole process.\n"
    )
    rows = []
    for task, title in TASKS.items():
        if (case := Case(task, "duckdb", "ours", events)) in found:
            ours, hand = found[case], found[case._replace(by="hand")]
            rows.append(
                (
                    title,
                    f"{ours.wall:.1f}",
                    f"{hand.wall:.1f}",
                    f"{ours.wall / hand.wall:.2f}",
                    f"{ours.memory:,.0f}",
                    f"{hand.memory:,.0f}",
                )
            )
    yield from table(("task", "s", "by hand", "ratio", "MiB", "by hand"), rows)
    yield f"\nOver 2 GB: {', '.join(row[0] for row in rows if float(row[4].replace(',', '')) * 2**20 > 2e9) or 'none'}.\n"


def imports(rounds: int) -> Iterator[str]:
    """What importing costs, in fresh processes that take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(rounds):
        for name in IMPORTS:
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", f"import {name}"], check=True, cwd=ROOT)
            seconds[name].append(time.perf_counter() - start)
    yield "## Imports\n"
    yield f"Fresh processes that take turns, {rounds} rounds, Python's own start included; opscourse's limit is 1.1.\n"
    beside = {name: statistics.median(a / b for a, b in zip(seconds[name], seconds["pandas"], strict=True)) for name in IMPORTS}
    rows = [(f"`import {name}`", f"{statistics.median(seconds[name]):.2f}", f"{beside[name]:.2f}") for name in IMPORTS]
    yield from table(("", "s (median)", "beside pandas (median ratio)"), rows)
    yield ""


def companies(sizes: list[int], folder: Path) -> Iterator[str]:
    """How fast the course's generator makes companies."""
    yield "## The generator\n"
    yield (
        "`opscourse generate --users N`, written to disk, its start included; the largest of its processes in MiB. The limit"
        " for a log of events, `--tables events`, is 1.5 M events a second at least; the whole company has more tables.\n"
    )
    rows = []
    for users, only in ((users, only) for users in sizes for only in (("events",), ())):
        print(f"generating {users:,} users", file=sys.stderr, flush=True)
        cost = generate.measured(users, folder, only)
        costs = (f"{cost['seconds']:.1f}", f"{cost['CPU seconds']:.1f}", f"{cost['MiB']:.0f}")
        speeds = (f"{cost['events'] / cost['seconds'] / 1e6:.2f}", f"{cost['all rows'] / cost['seconds'] / 1e6:.2f}")
        rows.append((f"{users:,}", *(only or ["all"]), *costs, *speeds))
    yield from table(("users", "tables", "s", "CPU s", "MiB", "M events/s", "M rows of all tables/s"), rows)
    yield ""


def plot(found: Found, events: int, sizes: list[int], path: Path) -> None:
    """Ratios by task, and seconds by size."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    plt.style.use("opscourse.course")
    figure, axes = plt.subplot_mosaic([["ratio"] * 3, list(ENGINES)], figsize=(12, 10), height_ratios=[1.1, 1])
    top = axes["ratio"]
    tasks = [task for task in TASKS if all(Case(task, engine, "hand", events) in found for engine in ENGINES)]
    for engine, name in ENGINES.items():
        ratios = [ratio(found, task, engine, events) for task in tasks]
        label = f"{name} (limit {LIMITS[engine]})"
        top.plot(ratios, range(len(tasks)), MARKERS[engine], color=COLOURS[engine], label=label, markersize=10)
    for limit, name in ((1.2, "pandas"), (1.5, "duckdb")):
        top.axvline(limit, color=COLOURS[name], linestyle="--", linewidth=1.5)
    top.axvline(1, color="black", linewidth=1)
    top.set(yticks=range(len(tasks)), yticklabels=[TASKS[task] for task in tasks], xlabel="seconds of ours / seconds by hand")
    top.set_xlim(left=0)
    top.invert_yaxis()
    top.legend(loc="upper left", bbox_to_anchor=(1, 1))
    kept = sum(ratio(found, task, engine, events) <= LIMITS[engine] for task in tasks for engine in ENGINES)
    top.set_title(f"{kept} of {len(tasks) * len(ENGINES)} within the limit, {events / 1e6:g} M events")
    for engine in list(ENGINES)[1:]:
        axes[engine].sharey(axes["duckdb"])
    for engine, name in ENGINES.items():
        for task, marker in zip(TASKS, "osv^Dx+", strict=True):
            walls = {n: found[case].wall for n in sizes if (case := Case(task, engine, "ours", n)) in found}
            axes[engine].plot(list(walls), list(walls.values()), marker=marker, label=TASKS[task])
        axes[engine].set(xscale="log", yscale="log", xlabel="million events", title=name)
        axes[engine].set_xticks(sizes, [f"{n / 1e6:g}" for n in sizes])
        axes[engine].set_xticks([], minor=True)
    axes["duckdb"].set_ylabel("seconds of ours")
    handles, labels = axes["duckdb"].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    figure.savefig(path)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write if asked; 1 if something failed or answers differed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=float, default=10, help="millions, to compare at (default: 10)")
    parser.add_argument("--grow", type=float, nargs="*", default=[1, 3], help="millions, further sizes (default: 1 3)")
    parser.add_argument("--large", type=float, default=0, help="millions, of a log larger than memory (default: none)")
    parser.add_argument("--users", type=int, nargs="*", default=[20_000], help="sizes of generated companies")
    parser.add_argument("--sample", type=float, default=0.1, help="millions, for row-wise pandas (default: 0.1)")
    parser.add_argument("--seconds", type=float, default=2, help="to repeat a measurement in its process (default: 2)")
    parser.add_argument("--imports", type=int, default=9, help="rounds of imports (default: 9)")
    parser.add_argument("--rounds", type=int, default=2, help="of each comparison (default: 2)")
    parser.add_argument("--full", action="store_true", help="3 rounds, up to 30 M, 100 M larger than memory: half an hour")
    parser.add_argument("--tasks", nargs="*", choices=TASKS, default=list(TASKS))
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"folder of the logs (default: {CACHE})")
    parser.add_argument("--write", type=Path, help="page to write, such as docs/speed.md, with its plot")
    given = parser.parse_args(arguments)
    if given.full:
        given.rounds, given.grow, given.large, given.users = 3, [1, 3, 30], 100, [20_000, 200_000, 1_000_000]
    found: Found = {}
    failed: list[str] = []
    cache = given.cache
    events, large, sample = (int(size * 1e6) for size in (given.events, given.large, given.sample))
    sizes = sorted({events, *(int(size * 1e6) for size in given.grow)})

    def attempt(cases: list[Case], rounds: int, **options: object) -> None:
        try:
            measure(found, cases, rounds, cache, **options)
        except RuntimeError as error:
            failed.append(str(error))
            print(error, file=sys.stderr, flush=True)
            for case in cases:
                found.pop(case, None)

    warm = {"small": str(logs.written(cache, SMALL)), "seconds": given.seconds}
    for task in given.tasks:
        for engine in ENGINES:
            attempt([Case(task, engine, by, events) for by in ("ours", "hand")], given.rounds, **warm)
            for size in sizes:
                if size != events:
                    attempt([Case(task, engine, "ours", size)], 1, **warm)
        attempt([Case(task, "pandas", by, sample) for by in ("hand", "tutorial")], 1, **{**warm, "seconds": 0})
    if large:
        (cache / "spilled").mkdir(parents=True, exist_ok=True)
        for task in given.tasks:
            attempt([Case(task, "duckdb", by, large) for by in ("ours", "hand")], 1, seconds=0, memory=MEMORY)
    lines = [*comparison(found, events), *row_wise(found, sample, events)]
    if len(sizes) > 1:
        lines += growth(found, sizes)
    if large:
        lines += larger(found, large, logs.written(cache, large))
    lines += imports(given.imports)
    if given.users:
        lines += companies(given.users, cache)
    head = ["# How fast the measures are\n", f"Written by `make bench`: {machine()}.\n"]
    head += [f"Failed: {text.splitlines()[0]}\n" for text in failed]  # below it are paths of this machine
    print("\n".join([*head, *lines]))
    if given.write:
        plot(found, events, sizes, given.write.with_suffix(".png"))
        picture = f"![Ratios of ours to queries by hand by task, and seconds by size]({given.write.stem}.png)\n"
        given.write.write_text("\n".join([*head, picture, *lines]))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
