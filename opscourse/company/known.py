"""How a parameter of the simulator is declared."""

from __future__ import annotations

from dataclasses import field
from typing import Any

__all__ = ["known"]


def known(default: Any, meaning: str, *, unit: str = "", lesson: int = 0, varies: tuple[Any, Any] | None = None) -> Any:
    """Declare one parameter: its value for Jiadong, its meaning, unit, the lesson that meets it, and the range of variants."""
    metadata = {"meaning": meaning, "unit": unit, "lesson": lesson, "varies": varies}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)
