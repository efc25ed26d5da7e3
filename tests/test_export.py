"""What other programs read is what `load` gives."""

import sqlite3

import duckdb
import pandas as pd
import pytest

from opscourse import load
from opscourse.company import export as exported
from opscourse.company import store
from opscourse.company.export import export, main
from opscourse.company.generate import generate
from opscourse.company.tables import TABLES
from opscourse.errors import ArgumentError, DataUnavailable, UnknownName

SOME = ["users", "orders", "order_items", "memberships", "calendar", "channels", "campaigns", "cities"]


def typed(frame, table):
    """A frame that was read from a file, with the types of the table."""
    for column in table.columns:
        values = frame[column.name]
        if column.kind in ("date", "timestamp"):
            values = pd.to_datetime(values)
        elif column.kind == "bool":
            values = values.astype("boolean")
        frame[column.name] = values.astype(column.dtype)
    return frame


READ = {
    "csv": lambda folder, name: pd.read_csv(folder / f"{name}.csv", keep_default_na=False, na_values=[""]),
    "xlsx": lambda folder, name: pd.read_excel(folder / f"{name}.xlsx", keep_default_na=False, na_values=[""]),
    "sqlite": lambda folder, name: pd.read_sql(f"select * from {name}", sqlite3.connect(folder / "jiadong.sqlite")),
    "duckdb": lambda folder, name: duckdb.connect(folder / "jiadong.duckdb", read_only=True).table(name).df(),
}


@pytest.mark.parametrize("kind", READ)
def test_every_format_holds_what_load_gives(kind, tmp_path):
    export(tmp_path / "out", kind, tables=SOME)
    for name in SOME:
        pd.testing.assert_frame_equal(typed(READ[kind](tmp_path / "out", name), TABLES[name]), load(name), check_exact=True)
    columns = READ[kind](tmp_path / "out", "columns").set_index(["table", "column"])
    assert columns.loc[("users", "signup_ts"), "meaning"] == TABLES["users"].by_name["signup_ts"].meaning


@pytest.mark.parametrize("kind", ["csv", "sqlite", "duckdb"])
def test_all_tables_are_written_and_all_rows_of_a_company_in_several_parts(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("opscourse.company.world.SINGLE_BLOCK", 100)
    monkeypatch.setattr("opscourse.company.world.BLOCK_USERS", 100)
    company = generate(tmp_path / "company", users=250, progress=False, workers=1)
    export(tmp_path / "out", kind, company)
    for name, made in store.manifest(company)["tables"].items():
        assert len(READ[kind](tmp_path / "out", name)) == made["rows"]


def test_a_database_says_what_belongs_together_and_what_a_column_is(tmp_path):
    export(tmp_path / "out", "sqlite", tables=SOME)
    export(tmp_path / "out", "duckdb", tables=SOME)
    database = sqlite3.connect(tmp_path / "out" / "jiadong.sqlite")
    assert database.execute("pragma foreign_key_check").fetchall() == []
    assert ("users", "user_id") in [row[2:5:2] for row in database.execute("pragma foreign_key_list(orders)")]
    with pytest.raises(sqlite3.IntegrityError):
        database.execute("insert into cities select * from cities limit 1")
    told = duckdb.connect(tmp_path / "out" / "jiadong.duckdb", read_only=True)
    meaning = "select comment from duckdb_columns() where table_name = 'users' and column_name = 'age'"
    assert told.execute(meaning).fetchone() == ("age at sign-up (years)",)


def test_what_cannot_be_written_is_said_and_nothing_is_left(tmp_path, monkeypatch):
    out = tmp_path / "out"
    with pytest.raises(ArgumentError, match="csv, xlsx, sqlite, duckdb"):
        export(out, "pdf")
    with pytest.raises(UnknownName, match="Did you mean 'users'"):
        export(out, "csv", tables=["user"])
    monkeypatch.setattr(exported, "SHEET_ROWS", 19)
    with pytest.raises(ArgumentError, match="'cities' has 40 rows"):
        export(out, "xlsx", tables=["cities", "channels"])
    (tmp_path / "file").write_text("")
    with pytest.raises(DataUnavailable, match="Choose another folder"):
        export(tmp_path / "file" / "out", "csv", tables=["channels"])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_there_is_not_replaced(tmp_path, capsys):
    assert main(["--format", "csv", "--tables", "channels", "--", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("2 files")
    (tmp_path / "channels.csv").write_text("mine")
    with pytest.raises(ArgumentError, match=r"channels\.csv already"):
        main([str(tmp_path), "--format", "csv", "--tables", "cities", "channels"])
    assert (tmp_path / "channels.csv").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["channels.csv", "columns.csv"]
