"""The figures of the class report: each with the finding as its title, as an image that a page can hold."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from opscourse.grading.pages import counted, number
from opscourse.grading.records import Result, Status

__all__ = ["KINDS", "Picture", "points", "questions", "times"]

# How the marks of who handed in are counted, in the order and the colours (Okabe-Ito) of the figure, and the ink on them.
KINDS = {
    "right": ((Status.RIGHT,), "#009E73", "black"),
    "partly right": ((Status.PARTLY,), "#56B4E9", "black"),
    "right on own data only": ((Status.OWN_ONLY,), "#F0E442", "black"),
    "known mistake": ((Status.MISTAKE,), "#E69F00", "black"),
    "wrong": ((Status.WRONG,), "#D55E00", "black"),
    "error": ((Status.ERROR,), "#CC79A7", "black"),
    "timed out, out of memory": ((Status.TIMEOUT, Status.MEMORY), "#7A4B68", "white"),
    "not answered": ((Status.OPEN,), "#D9D9D9", "black"),
}
_WIDTH = 4.8  # inches: on a telephone a figure is shown in about this size, and its letters stay readable


@dataclass(frozen=True)
class Picture:
    """An image with its finding, and what it shows for who cannot see it."""

    title: str
    alt: str
    source: str  # data:image/svg+xml;…


def questions(counts: dict[str, Counter[str]]) -> Picture:
    """One bar a question, divided by kind."""
    names, kinds = list(counts), [kind for kind in KINDS if any(of[kind] for of in counts.values())]
    with _drawn(0.9 + 0.42 * len(names) + 0.24 * -(-len(kinds) // 2)) as figure:
        axes = figure.subplots()
        left = np.zeros(len(names))
        for kind in kinds:
            _, colour, ink = KINDS[kind]
            share = np.array([counts[name][kind] / counts[name].total() for name in names])
            axes.barh(names, share, left=left, height=0.78, color=colour, edgecolor="white", linewidth=1.2, label=kind)
            for row in np.flatnonzero(share >= 0.06):  # in a narrower part the number has no room; the table has it
                middle = left[row] + share[row] / 2
                axes.text(middle, row, f"{counts[names[row]][kind]}", ha="center", va="center", color=ink, fontsize=11)
            left += share
        axes.invert_yaxis()
        axes.set(xlim=(0, 1), xlabel="share of the students")
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.grid(visible=False)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        figure.legend(loc="outside lower center", ncols=2, fontsize=11, handlelength=1, columnspacing=1, labelspacing=0.3)
    right = {name: of["right"] / of.total() for name, of in counts.items()}
    low, high = min(right, key=lambda name: right[name]), max(right, key=lambda name: right[name])
    of = counts[low].total()
    if of == 1:
        title = f"{sum(right.values()):.0f} of {counted(len(names), 'question')} right"
    elif right[low] == right[high]:
        title = f"Each question is right for {counts[low]['right']} of {of}"
    else:
        title = f"{low} is the hardest, right for {counts[low]['right']} of {of}; {high} is right for {counts[high]['right']}"
    return Picture(
        title, "One bar a question, divided by how it was answered. The table has the same numbers.", _source(figure)
    )


def points(earned: Sequence[float], possible: float) -> Picture:
    """How many students have how many points."""
    whole = possible == int(possible) and 1 <= possible <= 12
    unit = 1.0 if whole else possible / 10
    steps = np.floor(np.asarray(earned) / unit + 1e-9).astype(int)
    heights = np.bincount(steps, minlength=round(possible / unit) + 1)
    with _drawn(3.2) as figure:
        axes = figure.subplots()
        axes.bar(range(len(heights)), heights, color="#0072B2", width=0.85)
        axes.set_xticks(range(len(heights)) if whole else range(0, len(heights), 2))
        axes.set(xlabel="points, rounded down" if whole else "tenths of the points, rounded down", ylabel="students")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5, min_n_ticks=1))
    if len(earned) == 1:
        title = f"One student, {number(earned[0])} of {counted(possible, 'point')}"
    else:
        title = f"Half of the class has {number(float(np.median(earned)))} of {counted(possible, 'point')} or more"
    listed = ", ".join(f"{count} at {number(step * unit)}" for step, count in enumerate(heights))
    return Picture(title, f"Number of students by points, rounded down: {listed}.", _source(figure))


def times(seconds: dict[str, list[float]]) -> Picture:
    """For each question the time that the middle half and all but the slowest and fastest tenth took."""
    names = list(seconds)
    tenth, quarter, half, three, nine = np.array([np.percentile(seconds[name], [10, 25, 50, 75, 90]) for name in names]).T
    rows = np.arange(len(names))
    with _drawn(1.2 + 0.42 * len(names)) as figure:
        axes = figure.subplots()
        axes.hlines(rows, tenth, nine, color="#56B4E9", linewidth=4)
        axes.hlines(rows, quarter, three, color="#0072B2", linewidth=11)
        axes.plot(half, rows, "D", color="white", markeredgecolor="black", markersize=8)
        axes.set_yticks(rows, names)
        axes.set(xlabel="seconds", xlim=(0, None), ylim=(len(names) - 0.5, -0.5))
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
    slow = int(np.argmax(nine))
    title = f"{names[slow]} takes longest: half of the class under {_time(half[slow])}, one in ten over {_time(nine[slow])}"
    if max(map(len, seconds.values())) == 1:
        title = f"{names[slow]} takes longest: {_time(half[slow])}"
    listed = "; ".join(
        f"{name}: {_time(a)}, {_time(b)}, {_time(c)}" for name, a, b, c in zip(names, tenth, half, nine, strict=True)
    )
    return Picture(title, f"Seconds a question, fastest tenth, middle and slowest tenth: {listed}.", _source(figure))


def memory(results: Sequence[Result]) -> str:
    """How much memory the runs took, in one sentence; empty if nobody measured."""
    peaks = [result.peak_mb for result in results if result.peak_mb > 0]
    if not peaks:
        return ""
    if len(peaks) == 1:
        return f"The run took {peaks[0]:,.0f} MB of memory."
    return f"Half of the runs took {np.median(peaks):,.0f} MB of memory or less; the largest took {max(peaks):,.0f} MB."


def _time(seconds: float) -> str:
    return f"{seconds:.{0 if seconds >= 10 else 1 if seconds >= 0.1 else 2}f}\N{NO-BREAK SPACE}s"


@contextmanager
def _drawn(height: float) -> Iterator[Figure]:
    """A figure of a given height in the style of the course."""
    with matplotlib.style.context("opscourse.course"):
        yield Figure(figsize=(_WIDTH, height))


def _source(figure: Figure) -> str:
    """The figure as an image for a page; the same figure always gives the same text."""
    file = io.BytesIO()
    with matplotlib.style.context("opscourse.course"), matplotlib.rc_context({"svg.hashsalt": "opscourse"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode("ascii")
