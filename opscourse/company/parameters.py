"""The truth: every number the simulator works from, in one documented object.

`Parameters()` is Jiadong as shipped; `truth("lifetime.dropout_a")` reads one of its numbers. A field with a range in `varies`
is drawn within it when a variant of the company is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Lifetime", "Parameters"]


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
class Parameters:
    """All parameters, by topic."""

    lifetime: Lifetime = field(default_factory=Lifetime)
