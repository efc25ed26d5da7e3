"""What the simulator knew: parameters, figures that follow from them, and hidden tables.

A name with a dot is a number ("quality.effect", "retention.d30"); a name without one is a table ("people", "touchpoints").
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from opscourse.company import dirt, store
from opscourse.company.parameters import Parameters
from opscourse.company.tables.hidden import HIDDEN
from opscourse.errors import UnknownName

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FIGURES", "alive", "names", "truth"]


class Figure(NamedTuple):
    """A number that follows from the parameters or the hidden tables: how, its meaning, unit and lesson."""

    work_out: Callable[[Parameters, Path], Any]
    meaning: str
    unit: str
    lesson: int


FIGURES: dict[str, Figure] = {}


def truth(folder: Path, name: str | None = None) -> Any:
    """Return one thing the simulator knew of the company in `folder`; without a name, the list of all.

    Returns a number, a text or a tuple for a dotted name, a fresh DataFrame for a hidden table. Raises UnknownName.
    """
    if name is None:
        return names(folder)
    if name in HIDDEN:
        return store.hidden(name, folder)
    if name == "defects":
        return dirt.all_defects(folder)
    known = store.parameters(folder)
    topic, _, field = str(name).partition(".")
    if name in FIGURES:
        return FIGURES[name].work_out(known, folder)
    if topic in vars(known) and field in vars(getattr(known, topic)):
        return getattr(getattr(known, topic), field)
    near = difflib.get_close_matches(str(name), names(folder).index, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]!r}?" if near else "truth() lists all names."
    raise UnknownName(f"There is no truth {name!r}. {hint}")


def names(folder: Path) -> pd.DataFrame:
    """All names with value, unit, meaning and the lesson that meets them."""
    import pandas as pd

    known = store.parameters(folder)
    rows = [
        (f"{topic}.{f.name}", getattr(values, f.name), f.metadata["unit"], f.metadata["meaning"], f.metadata["lesson"])
        for topic, values in vars(known).items()
        for f in fields(values)
    ]
    rows += [(name, f.work_out(known, folder), f.unit, f.meaning, f.lesson) for name, f in FIGURES.items()]
    rows += [(name, "a table", "", f"one row: {table.row}", 0) for name, table in HIDDEN.items()]
    rows.append(("defects", "a table", "", "one row: one defect of the tables that `load(..., dirty=True)` returns", 3))
    return pd.DataFrame(rows, columns=["name", "value", "unit", "meaning", "lesson"]).set_index("name")


def figure(
    name: str, meaning: str, lesson: int, unit: str = ""
) -> Callable[[Callable[[Parameters, Path], Any]], Callable[[Parameters, Path], Any]]:
    """Register the decorated function as the one that works out the figure `name`."""

    def register(work_out: Callable[[Parameters, Path], Any]) -> Callable[[Parameters, Path], Any]:
        FIGURES[name] = Figure(work_out, meaning, unit, lesson)
        return work_out

    return register


def alive(known: Parameters, days: int) -> float:
    """Share of users who have not left for good on day `days` after sign-up: the survival of a Beta-geometric lifetime.

    >>> round(alive(Parameters(), 30), 3)
    0.302
    """
    a, b = known.lifetime.dropout_a, known.lifetime.dropout_b
    share = 1.0
    for day in range(days):
        share *= (b + day) / (a + b + day)
    return share


def _retention(days: int) -> None:
    figure(f"alive.d{days}", f"share of users who have not left for good {days} days after sign-up", 4)(
        lambda known, folder: alive(known, days)
    )
    figure(f"retention.d{days}", f"share of users who are active on exactly day {days} after sign-up", 4)(
        lambda known, folder: known.lifetime.active * alive(known, days)
    )


for _days in (1, 7, 30):
    _retention(_days)


@figure("dau.new_share", "share of new users in daily active users after 547 days of even inflow", 4)
def _new_share(known: Parameters, folder: Path) -> float:
    return 1 / (1 + sum(known.lifetime.active * alive(known, day) for day in range(1, 547)))


@figure("quality.before_after", "rise of the pass rate in treated cities, common trend included", 9)
def _before_after(known: Parameters, folder: Path) -> float:
    return known.quality.trend + known.quality.effect


@figure("quality.pain_touchpoints", "the touchpoints that really hurt", 9, "tp_id")
def _pain_touchpoints(known: Parameters, folder: Path) -> tuple[int, ...]:
    table = truth(folder, "touchpoints")
    return tuple(table["tp_id"][table["pain"]])


@figure("checkout.conversion", "what the new checkout does to the step from cart to payment", 5, "factor")
def _conversion(known: Parameters, folder: Path) -> float:
    return known.checkout.saved_address * known.checkout.timed_discount


@figure("checkout.gmv", "what checkout, basket and season together do to gross sales", 5, "factor")
def _gmv(known: Parameters, folder: Path) -> float:
    return _conversion(known, folder) * known.checkout.basket * known.checkout.season


@figure("source.last_click", "share of Douyin and Xiaohongshu in visits with a source, by last click", 12)
def _last_click(known: Parameters, folder: Path) -> float:
    return known.source.dy + known.source.xhs


@figure("source.incremental", "share of orders that would not have come without the two", 12)
def _incremental(known: Parameters, folder: Path) -> float:
    return known.source.dy_incremental + known.source.xhs_incremental


@figure("experiments.no_effect", "tests whose treatments all do nothing", 6, "exp_id")
def _no_effect(known: Parameters, folder: Path) -> tuple[int, ...]:
    arms = truth(folder, "experiments")
    moved = arms["exp_id"][(arms["lift"].fillna(0) != 0) | (arms["points"].fillna(0) != 0)]
    return tuple(sorted(set(arms["exp_id"]) - set(moved)))


@figure("service.first_share", "share of quality in complaints, first published month", 26)
def _first_share(known: Parameters, folder: Path) -> float:
    return known.service.first_quality / known.service.first_complaints


@figure("service.second_share", "share of quality in complaints, second published month", 26)
def _second_share(known: Parameters, folder: Path) -> float:
    return known.service.second_quality / known.service.second_complaints


@figure("service.response_mean", "mean time until a person answers, before triage", 26, "minutes")
def _response_mean(known: Parameters, folder: Path) -> float:
    import math

    return known.service.response_median * math.exp(known.service.response_sigma**2 / 2)


@figure("referral.k", "friends who register, a user who took a code", 13)
def _k_factor(known: Parameters, folder: Path) -> float:
    return known.referral.sent * known.referral.acceptance


@figure("message.best_day", "days of quiet after which a win-back adds most returns", 25, "days")
def _best_day(known: Parameters, folder: Path) -> int:
    return max(zip(known.message.returns, known.message.quiet, strict=True))[1]
