"""The truth: every number the simulator works from, in one documented object.

`Parameters()` is Jiadong as shipped; `truth("lifetime.dropout_a")` reads one of its numbers. A field with a range in `varies`
is drawn within it when a variant of the company is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Lifetime", "Parameters", "Quality"]


def known(default: Any, meaning: str, *, unit: str = "", lesson: int = 0, varies: tuple[float, float] | None = None) -> Any:
    """Declare one parameter: its value for Jiadong, its meaning, unit, the lesson that meets it, and the range of variants."""
    metadata = {"meaning": meaning, "unit": unit, "lesson": lesson, "varies": varies}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Lifetime:
    """How long users stay and how often they come (TP01)."""

    dropout_a: float = known(
        0.703, "first parameter of the Beta that each user's daily dropout probability is drawn from", lesson=4
    )
    dropout_b: float = known(6.834, "second parameter of the same Beta", lesson=4)
    active: float = known(0.331, "probability that a user who has not dropped out is active on a day", lesson=4)


@dataclass(frozen=True)
class Quality:
    """Touchpoints and the programme that probes them (TP16, TP17)."""

    pain_points: int = known(12, "touchpoints of the 46 that really hurt", lesson=9)
    green_pains: int = known(4, "of these, touchpoints that pass nearly every probe", lesson=9)
    score_noise: float = known(5.0, "standard error of a measured experience score", unit="points", lesson=9)
    stage_weights: tuple[float, ...] = known(
        (0.15, 0.20, 0.35, 0.20, 0.10), "weights of the five stages in the index, from awareness to unsubscribe", lesson=9
    )
    failure: float = known(0.14, "share of probes failed before the new system, in cities without it", lesson=9)
    trend: float = known(0.05, "fall of that share from half-year to half-year in all cities", lesson=9, varies=(0.04, 0.055))
    effect: float = known(0.04, "further fall that the new system causes where it works", lesson=9, varies=(0.035, 0.045))
    start: str = known("2025-01-01", "first day of the new system in the treated cities", lesson=9)
    first_wave: str = known("2024-10-14", "first day of the first published wave", lesson=9)
    second_wave: str = known("2025-04-14", "first day of the second published wave", lesson=9)
    wave_probes: int = known(92, "probes in each published wave", lesson=9)
    first_passed: int = known(81, "probes passed in the first wave", lesson=9)
    second_passed: int = known(90, "probes passed in the second wave", lesson=9)


@dataclass(frozen=True)
class Parameters:
    """All parameters, by topic."""

    quality: Quality = field(default_factory=Quality)
    lifetime: Lifetime = field(default_factory=Lifetime)
