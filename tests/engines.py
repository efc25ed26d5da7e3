"""The same measure on every kind of frame: what the tests of the measures share.

With OPSCOURSE_ENGINES set, as `make test-engines` does, PySpark is one of them and Dask runs on a cluster of processes.
"""

import atexit
import os
from functools import cache
from unittest.mock import patch

import dask
import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import settings

from opscourse import frames

settings.register_profile("measures", deadline=None)  # a slow machine is not a wrong number
settings.load_profile("measures")

KINDS = ("pandas", "pandas executed by DuckDB", "polars", "polars lazy", "duckdb", "dask")
ENGINES = "OPSCOURSE_ENGINES" in os.environ
DEEPER = int(os.environ.get("OPSCOURSE_FUZZ", 1))  # times as many examples of damaged input, then drawn anew each time
EXAMPLES = 2 if ENGINES else 20  # of a property on every kind of frame: Spark takes seconds for each
if ENGINES:
    KINDS = (*KINDS, "pyspark")
DATABASES = tuple(kind for kind in KINDS if kind in ("duckdb", "pyspark"))  # which have one time zone for a session
WITH_ZONES = tuple(kind for kind in KINDS if kind not in DATABASES)


@cache
def spark():
    """A Spark that only this computer can reach, with as little of everything as will do."""
    from pyspark.sql import SparkSession

    options = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.sql.session.timeZone": "Europe/Berlin",  # no time may be counted in it
        # A few rows are read, not compiled for; all of it several times as fast.
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    }
    return SparkSession.builder.master("local[2]").config(map=options).getOrCreate()


@cache
def on_cluster():
    """Let Dask run on two processes that only this computer can reach, until the tests end."""
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0")
    client = Client(cluster)
    atexit.register(lambda: (client.close(), cluster.close()))
    return client


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
    if kind == "dask":
        if ENGINES:
            client = on_cluster()
            assert dask.base.get_scheduler() == client.get
        table = table.astype({column: pd.ArrowDtype(pa.date32()) for column in table if column == "date"})
        objects = [table[column] for column in table if table[column].dtype == object]
        text = all(pd.api.types.infer_dtype(values) == "string" for values in objects)
        with dask.config.set({"dataframe.convert-string": text}):  # else it makes text of Python's times and decimals
            return dd.from_pandas(table, npartitions=3, sort=False)
    if kind == "pyspark":
        texts = {column: object for column in table if isinstance(table[column].dtype, pd.CategoricalDtype)}
        arrow = pa.Table.from_pandas(table.astype(texts), preserve_index=False)
        if "date" in arrow.column_names:
            arrow = arrow.set_column(arrow.column_names.index("date"), "date", arrow["date"].cast(pa.date32()))
        return spark().createDataFrame(arrow)
    if kind == "duckdb":
        connection.register(f"{name}_frame", table.reset_index(drop=True))  # of Arrow columns it would take the index too
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
    if isinstance(answer, dd.DataFrame):  # it has a type of its own for texts
        texts = dict.fromkeys(answer.select_dtypes("string").columns, pd.StringDtype(na_value=np.nan))
        answer = answer.compute().astype(texts)
    if hasattr(answer, "toArrow"):
        answer = answer.toArrow().to_pandas()
    if not isinstance(answer, pd.DataFrame):
        answer = answer.df()
    for column in {"date", "cohort"} & set(answer):
        answer[column] = pd.to_datetime(answer[column]).astype("datetime64[us]")
    return answer


def same(answer, expected):
    """Equal in columns, order, types and values; floats to 12 digits."""
    pd.testing.assert_frame_equal(answer, expected, rtol=1e-12, atol=1e-12)
