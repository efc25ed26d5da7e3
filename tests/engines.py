"""The same measure on every kind of frame: what the tests of the measures share."""

from unittest.mock import patch

import duckdb
import pandas as pd
import polars as pl
from hypothesis import settings

from opscourse import frames

settings.register_profile("measures", deadline=None)  # a slow machine is not a wrong number
settings.load_profile("measures")

KINDS = ("pandas", "pandas executed by DuckDB", "polars", "polars lazy", "duckdb")


def measured(kind, measure, /, *tables, **arguments):
    """Call a measure with pandas frames turned into a kind; expect an answer of that kind, and return it as pandas."""
    connection = duckdb.connect()
    given = [brought(kind, connection, f"t{at}", table) for at, table in enumerate(tables)]
    with patch.object(frames, "DUCKDB_FROM_ROWS", 0 if "executed" in kind else 10**9):
        answer = measure(*given, **arguments)
    assert type(answer) is type(given[0])
    return plain(answer)


def brought(kind, connection, name, table):
    if kind.startswith("pandas"):
        return table
    if kind == "duckdb":
        connection.register(f"{name}_frame", table)
        dates = ", ".join(f'"{column}"::date as "{column}"' for column in table if column == "date")
        connection.execute(f"create table {name} as select * {f'replace ({dates})' if dates else ''} from {name}_frame")
        return connection.table(name)
    frame = pl.from_pandas(table)
    if "date" in frame.columns:
        frame = frame.with_columns(pl.col("date").cast(pl.Date))
    return frame.lazy() if "lazy" in kind else frame


def plain(answer):
    """Any answer as a pandas frame with timestamps for dates and NaN for what is empty."""
    if isinstance(answer, pl.LazyFrame):
        answer = answer.collect()
    if isinstance(answer, pl.DataFrame):
        answer = answer.to_pandas()
    if not isinstance(answer, pd.DataFrame):
        answer = answer.df()
    for column in {"date", "cohort"} & set(answer):
        answer[column] = pd.to_datetime(answer[column]).astype("datetime64[us]")
    return answer


def same(answer, expected):
    """Equal in columns, order, types and values; floats to 12 digits."""
    pd.testing.assert_frame_equal(answer, expected, rtol=1e-12, atol=1e-12)
