"""What a table is: declared once here and in `opscourse.company.tables`, and everything else derives from it.

The data card, the Frictionless descriptor, `describe()`, the types that `load()` returns and the validation tests all read
these two classes; nothing about a table is written down twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["AREAS", "KINDS", "Column", "Table"]

AREAS = ("foundations", "data", "product", "marketing", "content", "users", "promotion", "customers", "management")

# kind -> (pandas dtype, pandas dtype where empty values are allowed, Frictionless type)
KINDS = {
    "int": ("int64", "Int64", "integer"),
    "float": ("float64", "float64", "number"),
    "str": ("str", "str", "string"),
    "bool": ("bool", "boolean", "boolean"),
    "date": ("datetime64[us]", "datetime64[us]", "date"),
    "timestamp": ("datetime64[us]", "datetime64[us]", "datetime"),
}


@dataclass(frozen=True)
class Column:
    """One column: its kind (a key of `KINDS`), meaning, unit, and what its values must satisfy."""

    name: str
    kind: str
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()
    null: bool = False
    refers: str = ""  # "table" or "table.column" whose values these are

    @property
    def dtype(self) -> str:
        """The pandas dtype that `load()` gives this column."""
        return KINDS[self.kind][1 if self.null else 0]

    @property
    def reference(self) -> tuple[str, str] | None:
        """The (table, column) this column points to, if it is a foreign key."""
        if not self.refers:
            return None
        table, _, column = self.refers.partition(".")
        return table, column or self.name


@dataclass(frozen=True)
class Table:
    """One table: what a row is, its key, its columns, and how it comes about.

    `scope` says how the simulator makes it: "reference" tables follow from the parameters alone, "block" tables are made
    one block of users at a time, "summary" tables once all blocks are known.
    """

    name: str
    area: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    scope: str = "reference"
    note: str = ""
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.area not in AREAS or self.scope not in ("reference", "block", "summary"):
            raise ValueError(f"table {self.name!r}: area {self.area!r} or scope {self.scope!r} is not known")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"table name {self.name!r} is not snake case")
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})
        if len(self.by_name) != len(self.columns) or not set(self.key) <= set(self.by_name):
            raise ValueError(f"table {self.name!r}: a column is declared twice, or the key is no column")
