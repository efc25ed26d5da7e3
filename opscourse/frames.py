"""Frames of any kind in, the same kind out: what measures of tables share.

A measure names the columns it needs; here they are found, checked and handed over as one narwhals query, whatever brought
them: pandas, Polars (eager or lazy), a DuckDB relation, PySpark or Dask. A large pandas frame is executed by embedded DuckDB,
which reads it in place; a small one, or any where DuckDB is not installed, by narwhals' pandas backend.

PySpark runs the queries itself. Dask cannot: narwhals has no ordered window for it, without which there is no funnel, and
leaves its Dask backend to another package. So Dask's cluster reads and prepares, and one machine counts: the needed columns
come here, a few partitions at a time, into a DuckDB file that is removed afterwards, and DuckDB may spill to disk as well.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import narwhals as nw
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.periods import period

__all__ = ["LARGEST", "Source", "names", "one_of"]

LARGEST = 1e300  # whose sum over all rows is still a float
SORTABLE = ("boolean", "bytes", "date", "datetime", "empty", "floating", "integer", "string")  # kinds of Python objects
DUCKDB_FROM_ROWS = 500_000  # below it, planning and reading in DuckDB cost more than they save (measured)


class Source:
    """The frames of one call: read as narwhals queries, answered in the caller's kind of frame.

    Parameters
    ----------
    in_pandas : whether pandas itself executes queries on pandas frames of any size: where it is faster than DuckDB (measured).
    **frames : the frames, under the names the caller knows them by; answers have the kind of the first.
    """

    def __init__(self, *, in_pandas: bool = False, **frames: Any) -> None:
        self.dask = {table: frame for table, frame in frames.items() if nw.dependencies.is_dask_dataframe(frame)}
        # What Dask has not computed yet is known by an empty pandas frame.
        self.frames = {table: _wrap(table, frame._meta if table in self.dask else frame) for table, frame in frames.items()}
        kinds = {t: nw.Implementation.DASK if t in self.dask else frame.implementation for t, frame in self.frames.items()}
        if len(set(kinds.values())) > 1:
            given = ", ".join(f"{table} is {kind.value}" for table, kind in kinds.items())
            raise ArgumentError(f"The frames must be of one kind, but {given}; convert one of them.", kinds=kinds)
        first = next(iter(self.frames.values()))
        self.native, self.kind, self.eager = first.to_native(), first.implementation, isinstance(first, nw.DataFrame)
        self._database = self.kind.is_duckdb() or self.kind.is_pyspark()
        self._names = count()
        self._connection = self._duckdb(in_pandas) if self.kind.is_pandas() else None

    @property
    def eager_pandas(self) -> bool:
        """Whether pandas executes the queries, each step at once."""
        return self.kind.is_pandas() and self._connection is None

    def _duckdb(self, in_pandas: bool) -> Any:
        """A DuckDB of this call's own, if its pandas frames are large and DuckDB is installed; for Dask in a file."""
        if self.dask:
            import duckdb

            opened = ExitStack()
            folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="opscourse-"))
            weakref.finalize(self, opened.close)
            return opened.enter_context(duckdb.connect(Path(folder) / "dask.duckdb"))
        if in_pandas or sum(len(frame) for frame in self.frames.values()) < DUCKDB_FROM_ROWS:
            return None
        try:
            import duckdb
        except ImportError:
            return None
        return duckdb.connect()

    def read(
        self,
        table: str,
        *,
        key: Mapping[str, str] | None = None,
        time: Mapping[str, tuple[str, str]] | None = None,
        number: Mapping[str, str] | None = None,
        keep: Iterable[str] = (),
        filled: str | None = None,
    ) -> tuple[nw.LazyFrame, dict[str, Any]]:
        """Choose and check columns of a table; return the query and facts: `rows`, `min_…`, `max_…` of times and numbers.

        Parameters
        ----------
        table : the name under which the frame was given.
        key : new name -> column, taken as it is; must not be empty.
        time : new name -> (date or timestamp column, unit of `period`), turned into a number since 1970 in local time; must not
            be empty.
        number : new name -> numeric column, turned into floats; must be finite.
        keep : columns passed through under their own names; may be empty.
        filled : column; rows in which it is empty are left out.

        Raises
        ------
        ArgumentError : a column is missing, of another type or partly empty, or the table has no rows.
        """
        key, time, number = dict(key or {}), dict(time or {}), dict(number or {})
        origin = {**key, **{name: column for name, (column, _) in time.items()}, **number}
        needed = list(dict.fromkeys(names([*origin.values(), *keep], f"A column of {table}")))
        times = dict(time.values())
        with _reading(table, needed):
            frame = self._columns(table, needed, times)
            if filled is not None:
                frame = frame.filter(~nw.col(filled).is_null())
            schema = frame.collect_schema()
            self._check_types(table, frame, list(times), list(number.values()))
        if self.eager_pandas:  # its whole numbers, which times become, have no room for none
            rows = self.collect(frame)
            for column in times:
                if empty := rows[column].null_count():
                    self._refuse_empty(table, frame, column, empty, len(rows))
        timed, counted = frame, dict.fromkeys(times)
        with _reading(table, needed):
            if self.kind.is_pyspark():
                timed, counted = _with_microseconds(frame, list(times))
            elif self.eager_pandas:
                timed, counted = _with_microseconds_of_pandas(frame, list(times))
        chosen = timed.select(
            *(nw.col(column).alias(name) for name, column in key.items()),
            *(period(column, schema[column], unit, counted[column]).alias(name) for name, (column, unit) in time.items()),
            *(nw.col(column).cast(nw.Float64).alias(name) for name, column in number.items()),
            *(nw.col(column) for column in keep),
        )
        with _reading(table, needed):
            facts = self._facts(chosen, key, time, number)
        if not facts["rows"]:
            which = "" if filled is None else f" in which {filled!r} is filled"
            raise ArgumentError(f"{table} has no rows{which}; there is nothing to measure.", table=table)
        for name, column in origin.items():
            if count := facts[f"empty_{name}"]:
                self._refuse_empty(table, frame, column, count, facts["rows"], name in number)
            if name in number and (huge := max(facts[f"max_{name}"], -facts[f"min_{name}"])) > LARGEST:
                raise ArgumentError(f"Column {column!r} of {table} holds {huge:g}, too large to add up.", column=column)
        return chosen, facts

    def _refuse_empty(
        self, table: str, frame: nw.LazyFrame, column: str, count: int, rows: int, number: bool = False
    ) -> NoReturn:
        row = self.collect(frame.filter(_empty(column, number)).head(1)).rows(named=True)[0]
        example = ", ".join(f"{field} {value}" for field, value in row.items())
        raise ArgumentError(
            f"Column {column!r} of {table} is empty or not finite in {count:,} of {rows:,} rows, for example ({example}); drop"
            " or fill these rows first.",
            column=column,
            count=count,
            example=example,
        )

    def _columns(self, table: str, needed: list[str], times: Mapping[str, str]) -> nw.LazyFrame:
        """The needed columns of a table, where they will be executed."""
        frame = self.frames[table]
        present = frame.collect_schema().names()
        for column in needed:
            if column not in present:
                near = get_close_matches(str(column), map(str, present), 1)
                hint = f"; did you mean {near[0]!r}?" if near else "."
                raise ArgumentError(
                    f"{table} has no column {column!r}{hint} It has: {', '.join(map(str, present))}.", column=column
                )
        if table in self.dask:
            return nw.from_native(self._spooled(table, needed, times)).lazy()
        if self.kind.is_pandas():
            plain = self._pandas(table, frame.select(needed).to_native(), times)
            return nw.from_native(plain if self._connection is None else self._in_duckdb(plain)).lazy()
        return frame.lazy().select(needed)

    def _spooled(self, table: str, needed: list[str], times: Mapping[str, str]) -> Any:
        """The needed columns of a Dask frame as a table of our DuckDB: as many partitions at a time as there are cores here."""
        import dask.system

        name, frame = f"dask_{next(self._names)}", self.dask[table][needed]
        categories = {column: dtype.categories.dtype for column, dtype in frame.dtypes.items() if dtype == "category"}
        frame = frame.astype(categories) if categories else frame  # partitions may know different categories
        parts, many = frame.to_delayed(), dask.system.CPU_COUNT
        for first in range(0, len(parts), many):
            rows = [self._pandas(table, part, times) for part in dask.compute(*parts[first : first + many])]
            if not first:  # what is in a column of Python objects is known by its values only
                self._in_duckdb(next(filter(len, rows), rows[0])[:0]).create(name)
            for part in rows:
                self._in_duckdb(part).insert_into(name)
        return self._connection.table(name)

    def _pandas(self, table: str, frame: pd.DataFrame, times: Mapping[str, str]) -> pd.DataFrame:
        """The same values in types every engine reads alike: no Python dates, no time zones."""
        for column in set(frame) - set(times):
            values = frame[column]
            if values.dtype.kind == "c":
                raise ArgumentError(f"Column {column!r} of {table} holds complex numbers; convert them first.", column=column)
            if values.dtype == "object" and (kind := pd.api.types.infer_dtype(values, skipna=True)) not in SORTABLE:
                if kind == "decimal":
                    frame = frame.assign(**{column: values.astype(float)})
                elif len(types := set(map(type, values.dropna()))) > 1 or not issubclass(types.pop(), Hashable):
                    raise ArgumentError(
                        f"Column {column!r} of {table} holds values of several types, or of one that cannot be sorted, for"
                        f" example {values.dropna().iloc[0]!r}; convert them to one, such as text.",
                        column=column,
                    )
        for column, unit in times.items():
            values = frame[column]
            if isinstance(values.dtype, pd.ArrowDtype) and values.dtype.kind == "M":
                values = pd.Series(pd.DatetimeIndex(values), values.index)
            if values.dtype == "object" and pd.api.types.infer_dtype(values, skipna=True) in ("date", "datetime"):
                try:
                    values = pd.to_datetime(values)
                except ValueError as error:
                    raise ArgumentError(
                        f"Column {column!r} of {table} mixes times of different zones, or with and without one; convert it"
                        " first, in pandas with pd.to_datetime(..., utc=True).",
                        column=column,
                    ) from error
            if isinstance(values.dtype, pd.DatetimeTZDtype):
                values = (values.dt.tz_convert("UTC") if unit == "instant" else values).dt.tz_localize(None)
            frame = frame.assign(**{column: values})
        return frame

    def _in_duckdb(self, frame: pd.DataFrame) -> Any:
        try:
            return self._connection.from_df(frame)
        except Exception:  # a std::bad_cast: it cannot read rows that lie backwards in memory, as of frame[::-1]
            return self._connection.from_df(frame.copy())

    def whole(self, table: str) -> nw.DataFrame | nw.LazyFrame:
        """All columns of a table, for an answer that has them all; Dask computes it."""
        return nw.from_native(self.dask[table].compute()) if table in self.dask else self.frames[table]

    def extended(self, table: str, **columns: nw.Expr) -> Any:
        """The caller's frame with further columns."""
        frame = self.whole(table).with_columns(**columns).to_native()
        return self._to_dask(frame) if self.dask else frame

    def _check_types(self, table: str, frame: nw.LazyFrame, times: list[str], numbers: list[str]) -> None:
        schema = frame.collect_schema()
        for column in times:
            kind = schema[column]
            if not isinstance(kind, (nw.Date, nw.Datetime)):
                example = [row[0] for row in self.collect(frame.select(column).head(1)).rows()]
                raise ArgumentError(
                    f"Column {column!r} of {table} holds {kind}, not dates, for example {example}; convert it first, in pandas"
                    " with pd.to_datetime.",
                    column=column,
                )
            if self._database and getattr(kind, "time_zone", None):
                remedy = f"timezone('Asia/Shanghai', {column})"
                if self.kind.is_pyspark():
                    remedy = f"convert_timezone(lit('Asia/Shanghai'), {column!r}), or cast it to 'timestamp_ntz'"
                raise ArgumentError(
                    f"Column {column!r} of {table} is a TIMESTAMP WITH TIME ZONE, whose days depend on the session; convert it"
                    f" to local time first: {remedy}.",
                    column=column,
                )
        for column in set(schema.names()) - {*times, *numbers}:
            if schema[column].is_nested() or isinstance(schema[column], nw.Duration):
                raise ArgumentError(
                    f"Column {column!r} of {table} holds {schema[column]}, which not every engine can sort; convert it, for"
                    " example to text or to a number.",
                    column=column,
                )
        for column in numbers:
            if not schema[column].is_numeric():
                raise ArgumentError(f"Column {column!r} of {table} holds {schema[column]}, not numbers.", column=column)

    def _facts(self, chosen: nw.LazyFrame, key: Mapping, time: Mapping, number: Mapping) -> dict[str, Any]:
        facts = [nw.len().alias("rows")]
        facts += [
            _empty(name, name in number).cast(nw.Int64).sum().cast(nw.Int64).alias(f"empty_{name}")
            for name in [*key, *time, *number]
        ]
        facts += [nw.col(name).min().alias(f"min_{name}") for name in [*time, *number]]
        facts += [nw.col(name).max().alias(f"max_{name}") for name in [*time, *number]]
        return self.collect(chosen.select(*facts)).rows(named=True)[0]

    def sum_dtype(self, table: str, column: str) -> nw.dtypes.DType:
        """The type of a column's sum: whole numbers stay whole."""
        return nw.Int64() if self.frames[table].collect_schema()[column].is_integer() else nw.Float64()

    def collect(self, query: nw.LazyFrame) -> nw.DataFrame:
        """Execute a query."""
        return query.collect("pandas") if self._connection is not None else query.collect()

    def once(self, query: nw.LazyFrame) -> nw.LazyFrame:
        """A query that is used several times; run now where DuckDB reads pandas frames, as it would run it for each use."""
        if self._connection is None:
            return query
        name = f"once_{next(self._names)}"
        query.to_native().create(name)
        return nw.from_native(self._connection.table(name)).lazy()

    def build(self, columns: Mapping[str, tuple[Sequence, Any]]) -> nw.DataFrame:
        """A small frame from name -> (values, dtype); None is empty, dates are `datetime.date`."""
        backend = nw.Implementation.PYARROW if self._database else self.kind
        date = nw.Datetime("us") if self.kind.is_pandas() else nw.Date()
        schema = {name: date if dtype == nw.Date else dtype for name, (_, dtype) in columns.items()}
        return nw.from_dict({name: list(values) for name, (values, _) in columns.items()}, schema, backend=backend)

    def table(self, columns: Mapping[str, Sequence[int]]) -> nw.LazyFrame:
        """A small table of whole numbers to join with, where the queries are executed."""
        return self.back(self.build({name: (values, nw.Int64) for name, values in columns.items()}))

    def back(self, frame: nw.DataFrame) -> nw.LazyFrame:
        """A small frame that was built or collected, as a table to join with where the queries are executed."""
        small = frame.to_native()
        if self._connection is not None:
            small = self._connection.from_df(small)
        elif self._database:
            small = self._to_database(small)
        return nw.from_native(small).lazy()

    def _to_database(self, opscourse_rows: Any) -> Any:
        """An Arrow table as a relation of the caller's DuckDB or a frame of the caller's Spark session."""
        if self.kind.is_pyspark():
            return self.native.sparkSession.createDataFrame(opscourse_rows)
        return self.native.query("opscourse_origin", "from opscourse_rows")  # DuckDB finds it by its name

    def _to_dask(self, small: pd.DataFrame) -> Any:
        import dask.dataframe

        return dask.dataframe.from_pandas(small.reset_index(drop=True), npartitions=1)

    def answer(self, frame: nw.DataFrame | nw.LazyFrame) -> Any:
        """Hand a result back as the kind of frame the caller gave."""
        if isinstance(frame, nw.LazyFrame):
            if not self.eager:
                return frame.to_native()
            frame = self.collect(frame)
        small = frame.to_native()
        if self.dask:
            return self._to_dask(small)
        if self._database:
            return self._to_database(small)
        if self.kind.is_polars():
            return small if self.eager else small.lazy()
        return small.reset_index(drop=True) if self.kind.is_pandas() else small


def _wrap(table: str, frame: Any) -> nw.DataFrame | nw.LazyFrame:
    try:
        wrapped = nw.from_native(frame)
    except nw.exceptions.DuplicateError as error:
        raise ArgumentError(f"{table} has two columns of one name; rename one of them. {error}", table=table) from error
    except TypeError:
        wrapped = None
    kind = nw.Implementation.UNKNOWN if wrapped is None else wrapped.implementation
    if not (kind.is_pandas() or kind.is_polars() or kind.is_duckdb() or kind.is_pyspark()):
        raise ArgumentError(
            f"{table} is a {type(frame).__name__}; give a pandas, Polars, DuckDB, Dask or PySpark frame.", table=table
        )
    return wrapped


def _with_microseconds(frame: nw.LazyFrame, times: list[str]) -> tuple[nw.LazyFrame, dict[str, str]]:
    """A Spark frame with the microseconds since 1970 of its times, and their names: narwhals has no lengths of time there.

    Spark's own functions for it count in the session's zone, whose clocks may change; the difference of two times does not.
    """
    from pyspark.sql.functions import expr

    counted = {column: f"_us_{column}" for column in times}
    seconds = "cast(cast(cast({} as timestamp_ntz) - timestamp_ntz'1970-01-01' as interval second) as decimal(20, 6))"
    quoted = {name: "`" + column.replace("`", "``") + "`" for column, name in counted.items()}
    added = {name: expr(f"cast({seconds.format(column)} * 1000000 as bigint)") for name, column in quoted.items()}
    return nw.from_native(frame.to_native().withColumns(added)), counted


def _with_microseconds_of_pandas(frame: nw.LazyFrame, times: list[str]) -> tuple[nw.LazyFrame, dict[str, str]]:
    """The same for pandas, whose times are such numbers already: narwhals goes a long way round."""
    native, counted = frame.collect().to_native(), {column: f"_us_{column}" for column in times}
    added = {counted[column]: native[column].dt.as_unit("us").astype("int64") for column in times}
    return nw.from_native(native.assign(**added)).lazy(), counted


@contextmanager
def _reading(table: str, columns: Sequence[str]) -> Iterator[None]:
    """Say what could not be read, whatever the engine calls it: their errors have no common root."""
    try:
        yield
    except ArgumentError:
        raise
    except Exception as error:
        raise ArgumentError(
            f"One of the columns {', '.join(map(repr, columns))} of {table} holds values that cannot be read as what they"
            f" should be, such as times beyond all calendars; convert or leave them out. {type(error).__name__}: {error}",
            table=table,
        ) from error


def _empty(column: str, number: bool) -> nw.Expr:
    empty = nw.col(column).is_null()
    return empty | ~nw.col(column).cast(nw.Float64).is_finite() if number else empty


def names(value: str | Iterable[str] | None, argument: str, reserved: Iterable[str] = ()) -> list[str]:
    """One column name, several or none, as a list; raises ArgumentError if one would clash with a column of the result."""
    try:
        columns = [] if value is None else [value] if isinstance(value, str) else list(value)
    except TypeError:
        columns = [value]
    for column in columns:
        if not isinstance(column, str):
            raise ArgumentError(f"{argument} is {column!r}; give the name of a column, a text.")
        if column in set(reserved):
            raise ArgumentError(
                f"{argument} names {column!r}, which is a column of the result; rename it first.", column=column
            )
    return columns


def one_of(value: str, choices: Iterable[str], argument: str) -> str:
    """The value, if it is one of the choices; else ArgumentError naming them."""
    if not isinstance(value, str) or value not in choices:
        raise ArgumentError(f"{argument} is {value!r}; choose one of {', '.join(map(repr, choices))}.")
    return value
