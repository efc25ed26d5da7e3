"""Any frame in, the same kind out; a large pandas frame goes through DuckDB, and nothing breaks where that is absent."""

import datetime as dt
import subprocess
import sys

import duckdb
import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured

from opscourse import frames, periods
from opscourse.data import retention
from opscourse.errors import ArgumentError

USERS = pd.DataFrame({"user_id": [1, 2], "signup_ts": pd.to_datetime(["2025-03-01", "2025-03-01"])})
VISITS = pd.DataFrame({"user_id": [1, 1, 2], "date": pd.to_datetime(["2025-03-01", "2025-03-02", "2025-03-01"])})


@pytest.fixture
def connections(monkeypatch):
    """Every DuckDB connection that is opened."""
    opened = []
    connect = duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *arguments: opened.append(arguments) or connect(*arguments))
    return opened


def test_a_small_pandas_frame_starts_no_database(connections):
    assert retention(VISITS, USERS, 1)["retained"].tolist() == [1]
    assert not connections


def test_a_large_pandas_frame_is_executed_by_duckdb(connections, monkeypatch):
    monkeypatch.setattr(frames, "DUCKDB_FROM_ROWS", 5)
    assert retention(VISITS, USERS, 1)["retained"].tolist() == [1]
    assert len(connections) == 1


def test_a_large_pandas_frame_works_where_duckdb_is_not_installed(monkeypatch):
    monkeypatch.setattr(frames, "DUCKDB_FROM_ROWS", 5)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert retention(VISITS, USERS, 1)["retained"].tolist() == [1]


def test_an_answer_about_a_duckdb_table_stays_in_its_database():
    connection = duckdb.connect()
    connection.execute("create table visits as select * from VISITS; create table users as select * from USERS")
    answer = retention(connection.table("visits"), connection.table("users"), 1)
    connection.execute("create table answers as select 1 as day, 'first' as name")
    assert answer.set_alias("a").join(connection.table("answers").set_alias("b"), "a.day = b.day").project("name").fetchall()


def test_the_frames_of_the_caller_are_left_as_they_were():
    visits = VISITS.assign(date=[day.date() for day in VISITS["date"]])
    before = visits.copy(deep=True)
    retention(visits, USERS, 1)
    pd.testing.assert_frame_equal(visits, before)


def test_using_the_measures_loads_nothing_heavy_before_it_is_needed():
    heavy = "duckdb", "scipy", "sklearn", "statsmodels", "polars", "dask", "pyspark", "seaborn", "matplotlib"
    code = (
        "import sys; from opscourse import content, customers, data, experiments, management, marketing, product, promotion;"
        "from opscourse import users;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unit", ["us", "midnight", "day", "week", "month"])
def test_an_empty_time_is_refused_whatever_it_is_counted_in(kind, unit):
    log = pd.DataFrame({"user_id": [1, 2], "ts": pd.to_datetime(["2025-03-01", None])})
    with pytest.raises(ArgumentError, match=r"'ts' of log is empty or not finite in 1 of 2 rows, for example \(user_id 2"):
        measured(kind, lambda log: frames.Source(log=log).read("log", key={"_u": "user_id"}, time={"_at": ("ts", unit)}), log)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("30m", dt.timedelta(minutes=30)),
        ("2w", dt.timedelta(days=14)),
        ("90 s", dt.timedelta(seconds=90)),
        (pd.Timedelta("12h"), dt.timedelta(hours=12)),
        (np.timedelta64(3, "D"), dt.timedelta(days=3)),
    ],
)
def test_a_length_of_time_has_a_unit(given, expected):
    assert periods.duration(given, "gap") == expected


@pytest.mark.parametrize("given", [30, 7.0, "30", "", "7 years", "-7d", "0m", None, pd.NaT, pd.Timedelta(0)])
def test_a_length_of_time_without_a_unit_is_refused(given):
    with pytest.raises(ArgumentError, match="gap is"):
        periods.duration(given, "gap")


def test_every_day_lies_in_the_period_that_starts_on_or_before_it():
    for day in range(periods.day_of("1969-11-20", "day"), periods.day_of("2026-03-01", "day"), 5):
        for unit, longest in (("day", 1), ("week", 7), ("month", 31)):
            start = periods.period_start(periods.period_of(day, unit), unit)
            assert 0 <= (periods.period_start(day, "day") - start).days < longest
            assert unit != "week" or start.weekday() == 0
            assert unit != "month" or start.day == 1
