"""The kind of question whose answer is a table: rows are known by their keys, each column is judged by itself."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, ClassVar

import pandas as pd

from opscourse.errors import ArgumentError, CheckFailed
from opscourse.exercise import value as read
from opscourse.exercise.question import SLIPS, Find, Question, Tokens, Verdict, listing, plural

__all__ = ["Frame"]

LEVELS = 4  # a hint tells which quarter of a grid step the right value lies in
WIDTH = 3  # tolerances a grid step
ROWS, ORDER = "\0rows", "\0order"  # parts of an answer beside its columns, whatever these are called


@dataclass(frozen=True, kw_only=True)
class Frame(Question):
    """A table. `keys` name the columns that tell rows apart; `columns` gives each value column a tolerance, `int` or `str`.

    Rows may come in any order unless `ordered`. The keys of the rows are told in clear (so that a missing row can be
    named) unless `secret_rows`, for questions such as "which twelve?". A mistake is a table too; it need not have all
    columns. With `partial`, a grader gives each right column its share of the points.

    A column is one token: all of its cells on a grid of three tolerances, which is shifted for each cell so that the
    right value lies within 3/8 of a tolerance of the middle of its grid cell. Accepted are therefore deviations up to
    1.125 tolerances at least and 1.875 at most. The shift (`hints`, one of four, 2 bits a cell) is what the key says
    about a value.
    """

    keys: Sequence[str]
    columns: Mapping[str, Any]
    ordered: bool = False
    secret_rows: bool = False
    partial: bool = False
    rows: Sequence[Sequence[str]] | None = None  # these three are filled in by form()
    count: int | None = None
    hints: Mapping[str, str] | None = None

    cost: ClassVar[int] = 13  # several hashes a check, so each is half as slow

    def __post_init__(self) -> None:
        """Refuse a table without keys or columns, or with a tolerance that is none."""
        super().__post_init__()
        if not self.keys or not self.columns or isinstance(self.keys, str):
            raise ArgumentError("A Frame needs a list of keys and at least one column.")
        named = {name: getattr(kind, "__name__", kind) for name, kind in self.columns.items()}
        for name, kind in named.items():
            if kind not in ("int", "str") and not (isinstance(kind, (int, float)) and 0 < kind < math.inf):
                raise ArgumentError(f"Column {name!r} needs a tolerance above 0, int or str, not {kind!r}.")
        object.__setattr__(self, "columns", named)

    # reading

    def read(self, answer: Any) -> dict[str, Any]:
        """The table as plain lists: rows (their keys), columns (those asked), extra (names of other columns)."""
        table = self._keyed(self._table(answer))
        if self.count is not None and len(table) > 10 * self.count + 1000:
            raise CheckFailed(f"your table has {plural(len(table), 'row')}; {self.count} are asked")
        for name in [*self.keys, *self.columns]:
            if (table.columns == name).sum() > 1:
                raise CheckFailed(f"there are two columns {name!r}")
        if table.empty:
            raise CheckFailed("your table has no rows")
        rows = list(zip(*(self._cells(table, name, "str", empty="") for name in self.keys), strict=True))
        most, times = Counter(rows).most_common(1)[0]
        if times > 1:
            raise CheckFailed(f"the row {_row(most)} appears {times} times; every row is asked once")
        asked = {name: self._cells(table, name, kind) for name, kind in self.columns.items() if name in table.columns}
        extra = [" ".join(str(name).split()) for name in table.columns if name not in self.columns and name not in self.keys]
        return {"rows": [list(row) for row in rows], "columns": asked, "extra": extra[:20]}

    def _table(self, answer: Any) -> pd.DataFrame:
        if not isinstance(answer, pd.DataFrame) and hasattr(answer, "to_pandas"):
            answer = answer.to_pandas()
        if not isinstance(answer, pd.DataFrame):
            remedy = "; .reset_index() makes one of it" if isinstance(answer, pd.Series) else ""
            read.single(answer if answer is ... else 0)
            names = ", ".join([*self.keys, *self.columns])
            raise CheckFailed(f"{read.shown(answer)} was given; a DataFrame with the columns {names} is asked{remedy}")
        if answer.columns.nlevels > 1:
            raise CheckFailed("your columns have names in two levels; give each column one name")
        return answer

    def _keyed(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with its keys as columns; they may be in the index."""
        missing = [name for name in self.keys if name not in table.columns]
        index = table.index
        nameless = all(name is None for name in index.names) and not isinstance(index, pd.RangeIndex)
        if missing and nameless and index.nlevels == len(missing):
            table = table.set_axis(index.set_names(missing))
        if missing and set(missing) <= set(table.index.names):
            return table.reset_index(level=missing)
        for name in missing:
            raise CheckFailed(f"column {name!r}, which tells the rows apart, is missing{_near(name, table.columns)}")
        return table

    def _cells(self, table: pd.DataFrame, name: str, kind: Any, empty: Any = None) -> list[Any]:
        one = {"int": read.whole, "str": read.text}.get(kind, read.number)
        try:
            return [empty if pd.api.types.is_scalar(cell) and pd.isna(cell) else one(cell) for cell in table[name]]
        except CheckFailed as error:
            raise type(error)(f"column {name}: {error}") from None

    # tokens

    def form(self, right: dict[str, Any]) -> Frame:
        """Add row keys, row count and hints."""
        if absent := set(self.columns) - set(right["columns"]):
            raise ArgumentError(f"The right table lacks the columns {', '.join(sorted(absent))}.")
        order = _order(right["rows"])
        hints = {
            name: "".join(_hint(right["columns"][name][i], kind) for i in order)
            for name, kind in self.columns.items()
            if not isinstance(kind, str)
        }
        rows = None if self.secret_rows else [right["rows"][i] for i in order]
        return replace(self, rows=rows, count=len(order), hints=hints)

    def accepted(self, value: dict[str, Any]) -> Tokens:
        """One token a column; one for the rows where they are secret, one for their order where it matters."""
        parts = {name: [self._token(value, name)] for name in value["columns"]}
        if self.secret_rows:
            parts[ROWS] = [_names(sorted(value["rows"]))]
        if self.ordered:
            parts[ORDER] = [_names(value["rows"])]
        return parts

    def recognised(self, value: dict[str, Any], right: dict[str, Any]) -> Tokens:
        """Wrong rows by their keys; else each column, exact and rounded as a careful student rounds."""
        if sorted(value["rows"]) != sorted(right["rows"]):
            return {ROWS: [_names(sorted(value["rows"]))]}
        parts = self.accepted(value)
        for name, kind in self.columns.items():
            if name in value["columns"] and not isinstance(kind, str):
                fine = 10.0 ** math.floor(math.log10(2 * kind))
                parts[name] += [self._token(_rounded(value, name, step), name) for step in (fine, fine / 10)]
        return parts

    def coarse(self, value: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
        """Each column with one decimal too few."""
        for name, kind in self.columns.items():
            if not isinstance(kind, str):
                step = 10.0 ** (math.floor(math.log10(2 * kind)) + 1)
                yield f"right, but rounded too far (asked: within ±{kind:g})", _rounded(value, name, step)

    def scalable(self, value: dict[str, Any], part: str) -> bool:
        """Not for a column whose values are all near 0."""
        kind = self.columns.get(part, "str")
        return not isinstance(kind, str) and any(abs(cell or 0) > 10 * kind for cell in value["columns"][part])

    def _token(self, value: dict[str, Any], name: str, scale: float = 1.0) -> str:
        kind, cells = self.columns[name], [value["columns"][name][i] for i in _order(value["rows"])]
        if isinstance(kind, str):
            return "\x1f".join("" if cell is None else str(cell) for cell in cells)
        pairs = zip(cells, self.hints[name], strict=True)
        return ",".join(
            "" if cell is None else str(math.floor(scale * cell / (WIDTH * kind) - int(hint) / LEVELS + 0.5))
            for cell, hint in pairs
        )

    # sentences

    def judge(self, value: dict[str, Any], find: Find) -> Verdict:
        """Rows first; then every column by itself, so that the sentence says which are right."""
        if wrong := self._wrong_rows(value["rows"], find):
            return Verdict(False, wrong)
        found = {name: find(name, self._token(value, name)) for name in self.columns if name in value["columns"]}
        found |= self._slipped(value, {name for name, verdict in found.items() if verdict is None}, find)
        right = [name for name, verdict in found.items() if verdict and verdict.right]
        if len(right) == len(self.columns):
            if self.ordered and not ((order := find(ORDER, _names(value["rows"]))) and order.right):
                return Verdict(False, "every row is right, but they are not in the order asked")
            others = ", ".join([*value["extra"][:5], *("…" for _ in value["extra"][5:6])])
            ignored = f"(not asked, so ignored: {others})" if others else ""
            return Verdict(True, f"{found[right[0]].sentence} {ignored}".strip())
        said = [f"{listing(right)} {'is' if len(right) == 1 else 'are'} right"] if right else []
        reasons: dict[str, list[str]] = {}
        for name in self.columns:
            if name not in right:
                reasons.setdefault(self._reason(name, value, found.get(name)), []).append(name)
        said += [f"{listing(names)}: {reason}" for reason, names in reasons.items()]
        return Verdict(False, "; ".join(said))

    def _wrong_rows(self, rows: list[list[str]], find: Find) -> str:
        if self.rows is not None:
            asked, given = set(map(tuple, self.rows)), set(map(tuple, rows))
            missing, extra = sorted(asked - given), sorted(given - asked)
            if not missing and not extra:
                return ""
            generic = "; ".join(
                f"{text} {', '.join(map(_row, some[:3]))}{f' and {len(some) - 3} more' if len(some) > 3 else ''}"
                for text, some in (("missing from your rows:", missing), ("not among the rows asked:", extra))
                if some
            )
        else:
            generic = "these are not the rows asked for"
        known = find(ROWS, _names(sorted(rows)))
        if known:
            return "" if known.right else known.sentence
        counts = f"your table has {plural(len(rows), 'row')}, asked are {self.count}: "
        return generic if len(rows) == self.count else counts + generic

    def _slipped(self, value: dict[str, Any], unknown: set[str], find: Find) -> dict[str, Verdict]:
        """Look whether the columns that nothing is known about are right but for a factor; one factor for all."""
        numeric = [name for name in self.columns if name in unknown and not isinstance(self.columns[name], str)]
        told: dict[str, Verdict] = {}
        tries = SLIPS
        for name in numeric:
            for factor, what in tries:
                known = find(name, self._token(value, name, factor))
                if known and known.right and known.scalable:
                    told[name] = Verdict(False, what)
                    tries = ((factor, what),)
            if not told:
                break
        return told

    def _reason(self, name: str, value: dict[str, Any], verdict: Verdict | None) -> str:
        if name not in value["columns"]:
            return f"this column is missing{_near(name, value['extra'])}"
        if verdict:
            return verdict.sentence
        kind = self.columns[name]
        empty = sum(cell is None for cell in value["columns"][name])
        asked = {"int": "whole numbers", "str": "names"}.get(kind, f"within ±{kind}")
        return f"not right (asked: {asked})" + (f", {plural(empty, 'cell')} empty" if empty else "")


def _hint(cell: float | None, tolerance: float) -> str:
    """In which quarter of the grid step a right value lies, to the nearest."""
    return "0" if cell is None else str(round(cell / (WIDTH * tolerance) % 1 * LEVELS) % LEVELS)


def _order(rows: list[list[str]]) -> list[int]:
    return sorted(range(len(rows)), key=rows.__getitem__)


def _names(rows: Iterable[Sequence[str]]) -> str:
    return "\x1e".join("\x1f".join(row) for row in rows)


def _rounded(value: dict[str, Any], name: str, step: float) -> dict[str, Any]:
    cells = [cell if cell is None else round(cell / step) * step for cell in value["columns"][name]]
    return {**value, "columns": {**value["columns"], name: cells}}


def _row(keys: Sequence[str]) -> str:
    return " / ".join(keys)


def _near(name: str, names: Iterable[Any]) -> str:
    folded = {str(other).strip().casefold(): other for other in names}
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    return f" (is it your {folded[near[0]]!r}? Then rename it)" if near else ""
