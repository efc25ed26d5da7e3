"""opscourse: the helper package of a course in internet operations.

Everything a lesson needs is imported from here; each name is fetched from its module on first use.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "check": "exercise",
    "describe": "company.store",
    "doctor": "health",
    "load": "company.store",
    "report": "exercise",
    "truth": "company.store",
    "use": "company.store",
}

__all__ = sorted(_HOME)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'opscourse' has no attribute {name!r}")
    value = getattr(import_module(f"opscourse.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
