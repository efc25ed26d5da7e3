"""`opscourse export`: a company as files for a spreadsheet, SQL or a BI tool, with a list of all columns and what they mean."""

from __future__ import annotations

import argparse
import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from opscourse.company import store
from opscourse.company.schema import Column, Table
from opscourse.company.tables import TABLES
from opscourse.errors import ArgumentError, DataUnavailable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "export", "main"]

DATABASE = "jiadong"
SHEET_ROWS = 1_048_576  # of Excel, the names of the columns included
SQL = {"int": "INTEGER", "float": "REAL", "str": "TEXT", "bool": "INTEGER", "date": "TEXT", "timestamp": "TEXT"}
COLUMNS = Table(
    "columns",
    "foundations",
    "one column of a table",
    ("table", "column"),
    (
        Column("table", "str", "name of the table"),
        Column("column", "str", "name of the column"),
        Column("kind", "str", "int, float, str, bool, date or timestamp"),
        Column("unit", "str", "unit"),
        Column("meaning", "str", "what it is"),
        Column("refers", "str", "table and column whose values these are"),
    ),
)

Part = tuple[Table, "Iterator[pd.DataFrame]"]


def export(folder: Path, kind: str, company: Path | None = None, tables: list[str] | None = None) -> list[Path]:
    """Write tables of a company, and the table `columns` that explains them, into a folder; return the files.

    Parameters
    ----------
    folder : where the files go; made if need be. No file in it is replaced.
    kind : "csv" and "xlsx" give one file a table, "sqlite" and "duckdb" one database.
    company : folder of the company; default: the one that `load` reads.
    tables : their names; default: all that the company has.

    Raises
    ------
    ArgumentError : an unknown format or table, a table too long for a sheet, a file that is there already.
    DataUnavailable : the folder cannot be written; `xlsx` without the package openpyxl.
    """
    if kind not in FORMATS:
        raise ArgumentError(f"format must be one of {', '.join(FORMATS)}, not {kind!r}.")
    company = company or store.data_folder()
    made = store.manifest(company)["tables"]
    chosen = [TABLES[name] for name in made if name in TABLES] if tables is None else [store.declared(name) for name in tables]
    for table in chosen:
        if kind == "xlsx" and table.name in made and made[table.name]["rows"] >= SHEET_ROWS:
            raise ArgumentError(
                f"Table {table.name!r} has {made[table.name]['rows']:,} rows, a sheet at most {SHEET_ROWS - 1:,}:"
                " leave it out with --tables, or export as csv."
            )
    parts = [*((table, store.parts_of(company, table)) for table in chosen), (COLUMNS, iter([_columns(chosen)]))]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent) as name:
            FORMATS[kind](parts, Path(name))
            return _moved(Path(name), folder)
    except OSError as error:
        if isinstance(error, DataUnavailable):
            raise
        raise DataUnavailable(f"{folder} cannot be written: {error.strerror}. Choose another folder.", path=folder) from error


def _columns(tables: list[Table]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (table.name, column.name, column.kind, column.unit, column.meaning, ".".join(column.reference or ()))
        for table in tables
        for column in table.columns
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS.by_name))


def _moved(made: Path, folder: Path) -> list[Path]:
    """Put finished files in their folder, if none of them is there."""
    files = sorted(made.iterdir())
    there = [file.name for file in files if (folder / file.name).exists()]
    if there:
        raise ArgumentError(f"{folder} has {there[0]} already, which export does not replace: choose another folder.")
    folder.mkdir(exist_ok=True)
    for file in files:
        os.replace(file, folder / file.name)
    return [folder / file.name for file in files]


def _csv(parts: list[Part], folder: Path) -> None:
    """UTF-8 with the mark that Excel looks for; empty where a value is missing."""
    for table, frames in parts:
        for at, frame in enumerate(frames):
            frame.to_csv(
                folder / f"{table.name}.csv", mode="a", header=at == 0, index=False, encoding="utf-8" if at else "utf-8-sig"
            )


def _xlsx(parts: list[Part], folder: Path) -> None:
    try:
        from openpyxl import Workbook
    except ImportError:
        raise DataUnavailable("xlsx needs the package openpyxl: pip install 'opscourse[excel]'.") from None
    for table, frames in parts:
        book = Workbook(write_only=True)
        sheet = book.create_sheet(table.name)
        sheet.freeze_panes = "A2"
        sheet.append([column.name for column in table.columns])
        for frame in frames:
            dates = {c.name: frame[c.name].dt.date for c in table.columns if c.kind == "date"}
            for row in _rows(frame.assign(**dates)):
                sheet.append(row)
        book.save(folder / f"{table.name}.xlsx")


def _sqlite(parts: list[Part], folder: Path) -> None:
    """Keys and foreign keys are declared; dates are ISO texts, truth values 0 and 1."""
    with contextlib.closing(sqlite3.connect(folder / f"{DATABASE}.sqlite")) as database, database:
        there = {table.name: table for table, _ in parts}
        for table, frames in parts:
            lines = [f'"{c.name}" {SQL[c.kind]}{"" if c.null else " NOT NULL"}' for c in table.columns]
            lines.append(f"PRIMARY KEY ({_quoted(table.key)})")
            for column in table.columns:
                target, key = column.reference or ("", "")
                if target in there and there[target].key == (key,):
                    lines.append(f'FOREIGN KEY ("{column.name}") REFERENCES "{target}" ("{key}")')
            database.execute(f'CREATE TABLE "{table.name}" ({", ".join(lines)})')
            for frame in frames:
                marks = ", ".join("?" * len(table.columns))
                rows = _rows(_with_texts(frame, table))
                database.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', rows)


def _duckdb(parts: list[Part], folder: Path) -> None:
    """Meanings and units are comments on the columns."""
    import duckdb

    with duckdb.connect(folder / f"{DATABASE}.duckdb") as database:
        for table, frames in parts:
            dates = ", ".join(f'"{c.name}"::DATE AS "{c.name}"' for c in table.columns if c.kind == "date")
            chosen = f"* REPLACE ({dates})" if dates else "*"
            for at, frame in enumerate(frames):
                database.register("frame", frame)
                begin = f'INSERT INTO "{table.name}"' if at else f'CREATE TABLE "{table.name}" AS'
                database.execute(f"{begin} SELECT {chosen} FROM frame")
            database.execute(f"COMMENT ON TABLE \"{table.name}\" IS '{_escaped(f'one row: {table.row}')}'")
            for c in table.columns:
                told = f"{c.meaning} ({c.unit})" if c.unit else c.meaning
                database.execute(f'COMMENT ON COLUMN "{table.name}"."{c.name}" IS \'{_escaped(told)}\'')


def _rows(frame: pd.DataFrame) -> Iterator[tuple]:
    """Rows of plain Python values, None where one is missing."""
    plain = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame]
    return zip(*plain, strict=True)


def _with_texts(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    formats = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%d %H:%M:%S.%f"}
    texts = {c.name: frame[c.name].dt.strftime(formats[c.kind]) for c in table.columns if c.kind in formats}
    return frame.assign(**texts)


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _escaped(text: str) -> str:
    return text.replace("'", "''")


FORMATS: dict[str, Callable[[list[Part], Path], None]] = {"csv": _csv, "xlsx": _xlsx, "sqlite": _sqlite, "duckdb": _duckdb}


def main(argv: list[str]) -> int:
    """`opscourse export`: write the company as other programs read it. Returns 0."""
    parser = argparse.ArgumentParser(prog="opscourse export", description="Write a company as files that other programs read.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the files go")
    parser.add_argument(
        "--format", choices=FORMATS, required=True, help="csv, xlsx: a file a table; sqlite, duckdb: a database"
    )
    parser.add_argument("--company", type=Path, metavar="DIR", help="another company than the one that load() reads")
    parser.add_argument("--tables", nargs="+", metavar="TABLE", help="only these tables")
    options = parser.parse_args(argv)
    files = export(options.folder, options.format, options.company, options.tables)
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{len(files)} file{'s' * (len(files) > 1)}, {size:,.1f} MB, in {options.folder}")
    return 0
