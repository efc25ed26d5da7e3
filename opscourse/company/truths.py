"""What the simulator knew: parameters, figures that follow from them, and hidden tables.

A name with a dot is a number ("quality.effect", "retention.d30"); a name without one is a table ("people", "touchpoints").
"""

from __future__ import annotations

import difflib
import math
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
    """All names with value, unit (1: a share, a factor, a count), meaning, lesson and the range that variants are drawn in."""
    import pandas as pd

    known = store.parameters(folder)
    rows = [
        (f"{topic}.{f.name}", getattr(values, f.name), *(f.metadata[told] for told in ("unit", "meaning", "lesson", "varies")))
        for topic, values in vars(known).items()
        for f in fields(values)
    ]
    rows += [(name, f.work_out(known, folder), f.unit, f.meaning, f.lesson, None) for name, f in FIGURES.items()]
    rows = [(name, value, unit or _plain(value), *more) for name, value, unit, *more in rows]
    rows += [(name, "a table", "", f"one row: {table.row}", 0, None) for name, table in HIDDEN.items()]
    rows.append(("defects", "a table", "", "one row: one defect of the tables that `load(..., dirty=True)` returns", 3, None))
    return pd.DataFrame(rows, columns=["name", "value", "unit", "meaning", "lesson", "varies"]).set_index("name")


def _plain(value: Any) -> str:
    """The unit of a value without one: that of what it holds."""
    while isinstance(value, (dict, tuple)):
        value = next(iter(value.values() if isinstance(value, dict) else value))
    if not isinstance(value, str):
        return "1"
    return "date" if value[:4].isdigit() else "text"


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
    return known.service.response_median * math.exp(known.service.response_sigma**2 / 2)


@figure("risks.yearly_loss", "expected loss of a year from all risks", 29, "CNY")
def _yearly_loss(known: Parameters, folder: Path) -> float:
    return float(truth(folder, "risks")["yearly_loss_cny"].sum())


@figure("market.spend_change", "change of spend per participant at home from 2023 to 2024", 8)
def _spend_change(known: Parameters, folder: Path) -> float:
    before, after = known.market.penetration
    return (1 + known.market.growth) * before / after - 1


def _rivals(days: int) -> None:
    figure(f"market.rivals_d{days}", f"mean share of the rivals' new users who are active on exactly day {days}", 8)(
        lambda known, folder: known.lifetime.active * alive(known, days) / (1 + known.market.lead)
    )


for _days in (1, 7, 30):
    _rivals(_days)


@figure("app_store.title_lift", "what the second title does to installs: through the rank, and on the page", 21, "factor")
def _title_lift(known: Parameters, folder: Path) -> float:
    store = known.app_store
    return store.title_rank**-store.rank_effect * store.title_install


@figure("app_store.true_stars", "mean stars that all users would give", 21, "stars")
def _true_stars(known: Parameters, folder: Path) -> float:
    return sum(star * share for star, share in enumerate(known.app_store.stars, start=1))


@figure("staff.retention_trained", "share of trained staff who lead nobody and are still here after a year", 28)
def _retention_trained(known: Parameters, folder: Path) -> float:
    return math.exp(-known.staff.leaving * known.staff.training)


@figure("staff.retention_untrained", "the same of those who were not trained", 28)
def _retention_untrained(known: Parameters, folder: Path) -> float:
    return math.exp(-known.staff.leaving)


@figure("release.payback", "releases after which automated tests have saved the hours they cost", 10, "releases")
def _payback(known: Parameters, folder: Path) -> float:
    return known.release.automation_hours / (known.release.hours_by_hand - known.release.hours_automated)


@figure("corporate.hhi", "concentration of corporate revenue (HHI)", 27, "of 10,000")
def _hhi(known: Parameters, folder: Path) -> float:
    return round(10_000 * float((truth(folder, "accounts")["share"] ** 2).sum()), 1)


@figure("lines.turn", "Monday of the first week in which Jiadong Audio declines", 10, "date")
def _turn(known: Parameters, folder: Path) -> str:
    from opscourse.company.build.calendar import FIRST_DAY

    return str(FIRST_DAY + 7 * int(known.lines.audio_turn))


@figure(
    "cash.ruin", "probability that cash is below 0 at the end of a month within 12, each like one of the last 12 by chance", 27
)
def _ruin(known: Parameters, folder: Path) -> float:
    """By brute force: 200,000 years. Not a number if the company was made without `cash_daily`."""
    import numpy as np

    from opscourse.company.tables import TABLES

    if "cash_daily" not in store.manifest(folder)["tables"]:
        return float("nan")
    cash = store.table_of(folder, TABLES["cash_daily"])
    net = (cash["receipts_cny"] - cash["payments_cny"]).groupby(cash["date"].dt.to_period("M")).sum().to_numpy()[-12:]
    years = np.random.default_rng(0).choice(net, (200_000, 12))
    return round(float((np.cumsum(years, axis=1).min(axis=1) + cash["closing_cny"].iloc[-1] < 0).mean()), 3)


@figure("referral.k", "friends who register, a user who took a code", 13)
def _k_factor(known: Parameters, folder: Path) -> float:
    return known.referral.sent * known.referral.acceptance


@figure("message.best_day", "days of quiet after which a win-back adds most returns", 25, "days")
def _best_day(known: Parameters, folder: Path) -> int:
    return max(zip(known.message.returns, known.message.quiet, strict=True))[1]
