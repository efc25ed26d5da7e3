"""What differs between the engines that bring the frames: nothing in the numbers, and nobody loads another's."""

import gc
import subprocess
import sys
import tempfile
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from engines import measured, plain, same

from opscourse.data import funnel, retention, sessions
from opscourse.errors import ArgumentError

USERS = pd.DataFrame({"user_id": ["ann", "bob"], "signup_ts": pd.to_datetime(["2025-03-01", "2025-03-01"])})
VISITS = pd.DataFrame(
    {
        "user_id": ["ann", "ann", "bob", "bob"],
        "ts": pd.to_datetime(["2025-03-01 10:00", "2025-03-02 10:00", "2025-03-01 10:00", "2025-03-01 10:10"]),
        "name": ["view", "pay", "view", "pay"],
    }
)

# Without an interval: that is computed by statsmodels, which itself loads Polars where it is installed.
MEASURE = """
import sys
import pandas as pd
{frames}
from opscourse.data import funnel, retention
retention(log, users, 1, timestamp_col="ts", interval=None)
funnel(log, steps=["view", "pay"], window="7d", interval=None)
print([name for name in ("dask", "distributed", "duckdb", "polars", "pyspark") if name in sys.modules])
"""
TABLES = """
log = pd.DataFrame({"user_id": [1, 1], "ts": pd.to_datetime(["2025-03-01", "2025-03-02"]), "name": ["view", "pay"]})
users = pd.DataFrame({"user_id": [1], "signup_ts": pd.to_datetime(["2025-03-01"])})
"""


@pytest.mark.parametrize(
    ("engine", "loaded"),
    [
        ("", []),
        ("import polars; log, users = polars.from_pandas(log), polars.from_pandas(users)", ["polars"]),
        ("import duckdb; log, users = duckdb.from_df(log), duckdb.from_df(users)", ["duckdb"]),
    ],
)
def test_a_measure_loads_no_engine_but_the_callers(engine, loaded):
    code = MEASURE.format(frames=TABLES + engine)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(loaded)


def in_parts(*parts):
    """A Dask frame with these partitions."""
    return dd.from_map(lambda part: part, parts, meta=parts[0].iloc[:0])


def test_dask_partitions_may_be_empty_begin_with_nothing_and_know_other_categories():
    log = VISITS.assign(name=VISITS["name"].astype("category"), country=[None, None, "Ruritania", "Ruritania"])
    log = log.astype({"country": pd.StringDtype(na_value=np.nan)})
    halves = [half.assign(name=half["name"].cat.remove_unused_categories()) for half in (log[:1], log[1:2], log[2:])]
    answer = funnel(in_parts(log[:0], *halves, log[:0]), steps=["view", "pay"], window="1h", by="country")
    same(plain(answer), measured("pandas", funnel, log, steps=["view", "pay"], window="1h", by="country"))


def test_dask_computes_only_the_columns_that_are_needed():
    def never(part):
        raise AssertionError("nobody needs this")

    log = dd.from_pandas(VISITS, npartitions=2)
    log = log.assign(heavy=log["name"].map_partitions(never, meta=("heavy", "int64")))
    assert plain(retention(log, dd.from_pandas(USERS), 1, timestamp_col="ts"))["retained"].tolist() == [1]


def test_nothing_of_a_dask_frame_stays_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    at = []
    log = dd.from_pandas(VISITS, npartitions=2).map_partitions(lambda part: at.extend(tmp_path.rglob("*.duckdb")) or part)
    retention(log.drop(columns="name"), dd.from_pandas(USERS), 1, timestamp_col="ts")
    assert at
    with pytest.raises(ArgumentError, match="no user in common"):
        retention(log, dd.from_pandas(USERS.assign(user_id="eve")), 1, timestamp_col="ts")
    gc.collect()
    assert not list(Path(tmp_path).iterdir())


def test_dask_sessions_keep_index_and_types_and_leave_each_row_where_its_user_is():
    log = VISITS.assign(n=pd.array([None, 1, 2, 3], dtype="Int8")).set_index(VISITS.index + 100)
    log = log.assign(name=log["name"].astype("category"), zoned=log["ts"].dt.tz_localize("Asia/Shanghai"))
    answer = sessions(dd.from_pandas(log, npartitions=4), "1h")
    assert answer.dtypes["session"] == np.int64
    pd.testing.assert_frame_equal(plain(answer).sort_index(), plain(dd.from_pandas(sessions(log, "1h"))))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda log: sessions(log.assign(user_id=None), "1h"), ["'user_id' of log is empty", "4 of 4 rows"]),
        (lambda log: sessions(log[log["name"] == "search"], "1h"), ["log has no rows"]),
        (lambda log: sessions(log.rename(columns={"ts": "time"}), "1h"), ["no column 'ts'", "user_id, time, name"]),
        (lambda log: funnel(log.astype({"ts": "str"}), ["view", "pay"], "1h"), ["'ts' of log holds String, not dates"]),
        (lambda log: retention(log, USERS, 1), ["activity is dask, users is pandas"]),
    ],
)
def test_dask_frames_are_refused_in_words_that_help_when_the_measure_is_called(call, says):
    with pytest.raises(ArgumentError) as caught:
        call(dd.from_pandas(VISITS, npartitions=2))
    for words in says:
        assert words in str(caught.value)
