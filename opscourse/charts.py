"""The figures that come back in lesson after lesson, one function each: a measure's frame in, a matplotlib Axes out.

`title` is the finding in a sentence; `ax` is where to draw (default: a new figure). The look is the course's:
`plt.style.use("opscourse.course")`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from opscourse.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "attribution_bars",
    "cohort_triangle",
    "control_chart",
    "flow_diagram",
    "funnel_bars",
    "lorenz_curve",
    "retention_curves",
    "rfm_map",
    "stacked_activity",
]

DARK = 0.55  # share of the colour scale from which numbers on it are white


def retention_curves(rates: Any, *, title: str, by: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw `retention`: a line of rates over days for each value of the column `by`, with the band of its interval.

    >>> from opscourse import load
    >>> from opscourse.data import retention
    >>> rates = retention(load("daily_activity"), load("users"), days=range(1, 15))
    >>> retention_curves(rates, title="A third is back on the next day").get_ylabel()
    'active, % of eligible users'
    """
    frame = _frame(rates, "day", "rate", "low", "high", *([by] if by else []))
    ax = _axes(ax, title, "days after sign-up", "active, % of eligible users")
    for name, curve in frame.groupby(by, sort=False) if by else [(None, frame)]:
        (line,) = ax.plot(curve["day"], 100 * curve["rate"], marker="o" if len(curve) <= 12 else "", label=name)
        ax.fill_between(curve["day"], 100 * curve["low"], 100 * curve["high"], color=line.get_color(), alpha=0.2, linewidth=0)
    ax.set_ylim(bottom=0)
    if by:
        ax.legend(title=by)
    return ax


def cohort_triangle(cohorts: Any, *, title: str, ax: Axes | None = None) -> Axes:
    """Draw `cohorts` as a heat map: a row a cohort, a column a period, the rate in per cent; what is not observed is blank.

    >>> from opscourse import load
    >>> from opscourse.data import cohorts
    >>> months = cohorts(load("daily_activity"), load("users"), period="month")
    >>> cohort_triangle(months, title="Each month's cohort decays alike").get_xlabel()
    'periods since the first'
    """
    frame = _frame(cohorts, "cohort", "period", "rate")
    table = 100 * frame.pivot(index="cohort", columns="period", values="rate")
    ax = _axes(ax, title, "periods since the first", "cohort, by its first day")
    values = table.to_numpy(dtype=float)
    top = np.nanmax(values[:, 1:], initial=0) or 100  # the first period is 100 everywhere: it would use up the colours
    image = ax.imshow(values, aspect="auto", cmap="Blues", vmin=0, vmax=top)
    _in_cells(ax, values, image, "{:.0f}", size=9 if table.shape[1] > 12 else 11)
    ax.set_xticks(range(table.shape[1]), table.columns)
    ax.set_yticks(range(table.shape[0]), [f"{day:%Y-%m-%d}" for day in table.index])
    ax.grid(False)
    return ax


def funnel_bars(steps: Any, *, title: str, users: str = "reached", ax: Axes | None = None) -> Axes:
    """Draw `funnel`: a bar an event, from top to bottom, with its users, and how many of the event before came on.

    >>> import pandas as pd
    >>> steps = pd.DataFrame({"event": ["view", "cart", "pay"], "reached": [1000, 220, 66]})
    >>> [text.get_text() for text in funnel_bars(steps, title="Most leave before the cart").texts]
    ['1,000', '220 (22% of view)', '66 (30% of cart)']
    """
    frame = _frame(steps, "event", users)
    ax = _axes(ax, title, "users", "")
    names, counts = frame["event"].astype(str).tolist(), frame[users].tolist()
    bars = ax.barh(names, counts, color="C0")
    told = [f"{counts[0]:,.0f}"] + [
        f"{count:,.0f} ({count / before:.0%} of {name})" if before else f"{count:,.0f}"
        for count, before, name in zip(counts[1:], counts, names, strict=False)
    ]
    ax.bar_label(bars, told, padding=4)
    ax.invert_yaxis()
    ax.set_xlim(right=1.35 * max(counts))
    ax.grid(visible=False, axis="y")
    return ax


def stacked_activity(daily: Any, *, title: str, users: str = "users", ax: Axes | None = None) -> Axes:
    """Draw daily active users stacked by cohort, the oldest at the bottom; the columns are date, cohort and users.

    >>> import pandas as pd
    >>> daily = pd.DataFrame({"date": pd.to_datetime(["2025-01-01", "2025-01-02"] * 2), "cohort": [2023, 2023, 2024, 2024],
    ...                       "users": [5, 4, 0, 3]})
    >>> stacked_activity(daily, title="Old users carry the day").get_ylabel()
    'active users a day'
    """
    frame = _frame(daily, "date", "cohort", users)
    table = frame.pivot_table(index="date", columns="cohort", values=users, aggfunc="sum", fill_value=0)
    ax = _axes(ax, title, "", "active users a day")
    import matplotlib as mpl

    colours = mpl.colormaps["cividis"](np.linspace(0, 0.95, table.shape[1]))
    names = [f"{name:%Y-%m-%d}" if hasattr(name, "strftime") else str(name) for name in table.columns]
    ax.stackplot(table.index, table.T.to_numpy(), colors=colours, labels=names, linewidth=0)
    handles, labels = ax.get_legend_handles_labels()
    some = slice(None, None, -max(1, len(labels) // 8 + (len(labels) > 8)))  # at most about eight, in the order of the stack
    ax.legend(handles[some], labels[some], title="cohort", loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def lorenz_curve(curves: Mapping[str, Any] | Any, *, title: str, ax: Axes | None = None) -> Axes:
    """Draw `lorenz`, one frame or several by name, beside the line on which all have the same.

    >>> from opscourse.content import lorenz
    >>> lorenz_curve(lorenz([1, 2, 7]), title="One item has most of it").get_xlabel()
    'items from the smallest on, %'
    """
    several = curves if isinstance(curves, Mapping) else {"": curves}
    ax = _axes(ax, title, "items from the smallest on, %", "their share of the total, %")
    for name, curve in several.items():
        frame = _frame(curve, "items", "total")
        ax.plot(100 * frame["items"], 100 * frame["total"], label=name)
    ax.plot([0, 100], [0, 100], color="0.5", linewidth=1, linestyle="-", label="all the same")
    ax.set_aspect("equal")
    ax.legend()
    return ax


def control_chart(days: Any, *, title: str, ylabel: str = "value", ax: Axes | None = None) -> Axes:
    """Draw a monitored series: value and expected value over date, alarms marked; columns date, value, expected, alarm.

    >>> import pandas as pd
    >>> days = pd.DataFrame({"date": pd.to_datetime(["2025-01-01", "2025-01-02"]), "value": [9, 2], "expected": [9, 9],
    ...                      "alarm": [False, True]})
    >>> control_chart(days, title="One day fell out").get_legend_handles_labels()[1]
    ['observed', 'expected', 'alarm']
    """
    frame = _frame(days, "date", "value", "expected", "alarm")
    ax = _axes(ax, title, "", ylabel)
    ax.plot(frame["date"], frame["value"], label="observed", linewidth=1.5)
    ax.plot(frame["date"], frame["expected"], label="expected", linewidth=1.5)
    rung = frame[frame["alarm"].fillna(False).astype(bool)]
    ax.plot(rung["date"], rung["value"], label="alarm", linestyle="", marker="o", markersize=11, fillstyle="none", color="C1")
    ax.set_ylim(bottom=min(0, frame["value"].min()))
    ax.legend()
    return ax


def rfm_map(scored: Any, *, title: str, ax: Axes | None = None) -> Axes:
    """Draw `rfm`: customers by recency score (across) and frequency score (up); the colour is their share of the money.

    >>> from opscourse import load
    >>> from opscourse.users import rfm
    >>> scored = rfm(load("orders").query("paid"), snapshot="2025-07-01", amount_col="gross_cny")
    >>> rfm_map(scored, title="Few customers bring most of the money").get_ylabel()
    'frequency score f'
    """
    frame = _frame(scored, "r", "f", "monetary")
    cells = frame.pivot_table(index="f", columns="r", values="monetary", aggfunc=["size", "sum"], fill_value=0)
    number, money = cells["size"], 100 * cells["sum"] / max(cells["sum"].to_numpy().sum(), 1e-300)
    ax = _axes(ax, title, "recency score r (more is more recent)", "frequency score f")
    image = ax.imshow(money.to_numpy(), origin="lower", cmap="Blues", vmin=0, aspect="auto")
    _in_cells(ax, number.to_numpy(dtype=float), image, "{:,.0f}", size=12)
    ax.set_xticks(range(number.shape[1]), number.columns)
    ax.set_yticks(range(number.shape[0]), number.index)
    ax.figure.colorbar(image, ax=ax, label="share of all money, %")
    ax.grid(False)
    return ax


def attribution_bars(credit: Any, truth: Mapping[str, float] | None = None, *, title: str, ax: Axes | None = None) -> Axes:
    """Draw shares of credit by channel, a bar for each rule, and the true incremental shares as lines where they are known.

    Parameters: a frame with the columns channel, rule and share; true shares by channel.

    >>> import pandas as pd
    >>> credit = pd.DataFrame({"channel": ["search", "video"] * 2, "rule": ["last touch"] * 2 + ["markov"] * 2,
    ...                        "share": [0.7, 0.3, 0.5, 0.5]})
    >>> attribution_bars(credit, {"search": 0.4, "video": 0.6}, title="Last touch flatters search").get_ylabel()
    'share of conversions, %'
    """
    frame = _frame(credit, "channel", "rule", "share")
    table = 100 * frame.pivot(index="channel", columns="rule", values="share")[frame["rule"].drop_duplicates().tolist()]
    table = table.loc[frame["channel"].drop_duplicates().tolist()]
    ax = _axes(ax, title, "", "share of conversions, %")
    width, hatches = 0.8 / table.shape[1], ["", "//", "..", "xx", "\\\\", "--", "oo", "++"]
    for at, rule in enumerate(table):
        place = np.arange(len(table)) + (at + 0.5) * width - 0.4
        ax.bar(place, table[rule], width, label=rule, hatch=hatches[at % len(hatches)], edgecolor="white", linewidth=0)
    if truth is not None:
        known = [100 * truth.get(channel, np.nan) for channel in table.index]
        ax.hlines(known, np.arange(len(table)) - 0.42, np.arange(len(table)) + 0.42, color="black", label="truth")
    ax.set_xticks(range(len(table)), table.index, rotation=0 if len(table) <= 6 else 30)
    ax.legend()
    return ax


def flow_diagram(flows: Any, *, title: str, users: str = "users", ax: Axes | None = None) -> Axes:
    """Draw who goes from where to where, as bands (a Sankey diagram of one step); the columns are source, target and users.

    >>> import pandas as pd
    >>> flows = pd.DataFrame({"source": ["new", "new", "old"], "target": ["gone", "active", "active"], "users": [60, 40, 90]})
    >>> [text.get_text() for text in flow_diagram(flows, title="New users leave").texts]
    ['new 100', 'old 90', 'gone 60', 'active 130']
    """
    frame = _frame(flows, "source", "target", users)
    if (frame[users] < 0).any():
        worst = frame.loc[frame[users].idxmin()]
        raise ArgumentError(
            f"{users} holds {worst[users]:g} for {worst['source']} to {worst['target']}; a band cannot be negative."
        )
    ax = _axes(ax, title, "", "")
    gap = 0.04 * frame[users].sum()
    starts: dict[str, dict[Any, float]] = {}
    for side in ("source", "target"):
        sizes = frame.groupby(side, sort=False)[users].sum()
        tops = -(sizes.cumsum() - sizes + gap * np.arange(len(sizes)))
        starts[side] = tops.to_dict()
        for name, size in sizes.items():
            ax.text(
                *((-0.02, 1.02)[side == "target"], starts[side][name] - size / 2),
                f"{name} {size:,.0f}",
                ha="left" if side == "target" else "right",
                va="center",
            )
    across = np.linspace(0, 1, 50)
    bend = across**2 * (3 - 2 * across)
    colours = {name: f"C{at % 7}" for at, name in enumerate(starts["source"])}
    for source, target, size in zip(frame["source"], frame["target"], frame[users], strict=True):
        top = starts["source"][source] * (1 - bend) + starts["target"][target] * bend
        ax.fill_between(across, top - size, top, color=colours[source], alpha=0.55, linewidth=0)
        starts["source"][source] -= size
        starts["target"][target] -= size
    ax.set_xlim(-0.35, 1.35)
    ax.axis("off")
    return ax


def _frame(given: Any, *columns: str) -> pd.DataFrame:
    """Any frame as a pandas one that has these columns."""
    import narwhals.stable.v2 as nw

    frame = nw.from_native(given)
    frame = (frame.collect() if isinstance(frame, nw.LazyFrame) else frame).to_pandas()
    missing = [column for column in columns if column not in frame]
    if missing:
        there = ", ".join(map(str, frame.columns))
        raise ArgumentError(f"Column {missing[0]!r} is missing; there are {there}.", column=missing[0])
    if frame.empty:
        raise ArgumentError("There are no rows to draw.")
    return frame


def _axes(ax: Axes | None, title: str, xlabel: str, ylabel: str) -> Axes:
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1]
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return ax


def _in_cells(ax: Axes, values: np.ndarray, image: Any, form: str, size: float) -> None:
    """Write numbers into the cells of a heat map, white where the colour is dark."""
    shown = np.ma.filled(image.norm(image.get_array()), 0)
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            colour = "white" if shown[row, column] > DARK else "black"
            ax.text(column, row, form.format(value), ha="center", va="center", fontsize=size, color=colour)
