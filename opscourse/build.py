"""`opscourse build WHAT`: makes the derived files of a clone again. CONTRIBUTING.md has the table of sources and files."""

from __future__ import annotations

import sys
from importlib import import_module

__all__ = ["main"]

PARTS = {
    "data": ("opscourse.company.generate", "build_data", "datasets/*.parquet from the simulator"),
    "cards": ("opscourse.company.cards", "main", "datasets/cards and datapackage.json from the schemas"),
    "keys": ("opscourse.exercise.keys", "main", "datasets/keys from the answers modules and the data"),
    "exercises": ("opscourse.exercise.derive", "main", "exercises/<area> from exercises/solutions"),
    "notebooks": ("opscourse.notebook", "main", "run lessons and solutions again, and keep their outputs"),
    "docs": ("opscourse.docs", "main", "the README's table of lessons, environment.yml"),
}


def main(argv: list[str]) -> int:
    """Make one kind of derived file again; what follows its name goes to the command that makes it, `--check` only compares."""
    if not argv or argv[0] not in PARTS:
        lines = [f"  {name:<10} {purpose}" for name, (_, _, purpose) in PARTS.items()]
        print("\n".join(["usage: opscourse build WHAT [--check]", "", *lines]), file=sys.stderr if argv else sys.stdout)
        return 2 if argv and argv[0] not in ("-h", "--help") else 0
    module, function, _ = PARTS[argv[0]]
    return getattr(import_module(module), function)(argv[1:])
