"""`opscourse build cards`: what is written about the tables, all of it derived from their declarations.

A data card a table (`datasets/cards/orders.md`), the list of them (`datasets/README.md`) and the Frictionless descriptor
(`datasets/datapackage.json`).
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from opscourse.company import store
from opscourse.company.schema import AREAS, KINDS, Column, Table
from opscourse.company.tables import TABLES

__all__ = ["build", "card", "datapackage", "index", "main"]

_KIND_WORDS = {
    "int": "whole number",
    "float": "number",
    "str": "text",
    "bool": "true or false",
    "date": "date",
    "timestamp": "date and time",
}
_ABOUT = """# The data of Jiadong (家动)

Jiadong sells fitness at home: courses, live classes, a shop and a membership. It does not exist: these tables come from
a simulator, so the truth behind every figure is known (`opscourse.truth()` lists it). No row describes a real person.

{users:,} registered users, seed {seed}. Calendar 2024-01-01 to 2025-06-30, local time (Asia/Shanghai), money in CNY.
The tables `sessions`, `events` and `marketing_touches` cover March and April 2025 only.
"""


def main(argv: list[str]) -> int:
    """`opscourse build cards [--check]`: write the files, or only say which would change (exit code 1)."""
    parser = argparse.ArgumentParser(prog="opscourse build cards", description="Write data cards and datapackage.json.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file would change")
    given = parser.parse_args(argv)
    changed = build(check=given.check)
    for path in changed:
        print(f"{'out of date' if given.check else 'written'}: {path}")
    return 1 if given.check and changed else 0


def build(folder: str | os.PathLike[str] | None = None, check: bool = False) -> list[Path]:
    """Write cards, index and descriptor of the company in `folder` (the one of the course, if none is named).

    Returns the files that changed; with `check=True` those that would, and writes nothing.
    """
    folder = Path(folder) if folder else store.shipped_folder()
    manifest = store.manifest(folder)
    tables = {name: table for name, table in TABLES.items() if name in manifest["tables"]}
    wanted = {f"cards/{name}.md": card(table, manifest) for name, table in tables.items()}
    wanted["README.md"] = index(tables, manifest)
    wanted["datapackage.json"] = json.dumps(datapackage(tables, manifest), indent=1, ensure_ascii=False) + "\n"
    changed = []
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            changed.append(path)
            if not check:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
    for path in sorted(set((folder / "cards").glob("*.md")) - {folder / name for name in wanted}):  # of a table that is gone
        changed.append(path)
        if not check:
            path.unlink()
    return changed


def card(table: Table, manifest: dict[str, Any]) -> str:
    """The data card of one table as Markdown."""
    rows = manifest["tables"][table.name]["rows"]
    lines = [
        f"# {table.name}",
        "",
        f"One row is {table.row}. Area: {table.area}. Key: {_code(table.key)}. {rows:,} rows.",
        "",
        *([table.note, ""] if table.note else []),
        "| column | meaning | type | unit | values |",
        "|---|---|---|---|---|",
        *(f"| `{c.name}` | {c.meaning} | {_kind(c)} | {c.unit} | {_values(c)} |" for c in table.columns),
    ]
    links = [(c.name, *c.reference) for c in table.columns if c.reference]
    if links:
        lines += ["", "Points to:", ""]
        lines += [f"- `{column}` → [{other}]({other}.md)`.{there}`" for column, other, there in links]
    pointing = [
        f"[{other.name}]({other.name}.md)`.{column.name}`"
        for other in TABLES.values()
        for column in other.columns
        if column.reference and column.reference[0] == table.name and other.name != table.name
    ]
    if pointing:
        lines += ["", "Pointed to by: " + ", ".join(pointing) + "."]
    lines += ["", f'`opscourse.load("{table.name}")` returns it. Derived from `opscourse/company/tables/` by `make data`.', ""]
    return "\n".join(lines)


def index(tables: dict[str, Table], manifest: dict[str, Any]) -> str:
    """The list of all tables as Markdown."""
    lines = [_ABOUT.format(**manifest)]
    for area in AREAS:
        mine = [table for table in tables.values() if table.area == area]
        if mine:
            lines += [f"## {area.capitalize()}", "", "| table | one row is | rows |", "|---|---|---:|"]
            lines += [f"| [{t.name}](cards/{t.name}.md) | {t.row} | {manifest['tables'][t.name]['rows']:,} |" for t in mine]
            lines.append("")
    lines += ["`company.json` has the checksums. This page is derived by `make data`.", ""]
    return "\n".join(lines)


def datapackage(tables: dict[str, Table], manifest: dict[str, Any]) -> dict[str, Any]:
    """The Frictionless descriptor (Data Package 2.0) of all tables."""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "jiadong",
        "title": "Jiadong, a simulated company",
        "description": "Tables of an invented at-home fitness company for teaching. No row describes a real person.",
        "licenses": [{"name": "BSD-3-Clause"}],
        "resources": [_resource(table, manifest["tables"][table.name]) for table in tables.values()],
    }


def _resource(table: Table, made: dict[str, Any]) -> dict[str, Any]:
    files = made["files"]
    whole = len(files) == 1
    schema: dict[str, Any] = {"fields": [_field(column) for column in table.columns], "primaryKey": list(table.key)}
    links = [_foreign_key(table, column) for column in table.columns if column.reference]
    return {
        "name": table.name,
        "title": f"One row is {table.row}.",
        "type": "table",
        "path": next(iter(files)) if whole else list(files),
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        **({"hash": "sha256:" + next(iter(files.values()))} if whole else {}),
        "rows": made["rows"],
        "schema": schema | ({"foreignKeys": links} if links else {}),
    }


def _field(column: Column) -> dict[str, Any]:
    limits = {"minimum": column.low, "maximum": column.high, "enum": list(column.values) or None}
    whole = {"int": int, "float": float}.get(column.kind)
    constraints: dict[str, Any] = {} if column.null else {"required": True}
    constraints |= {
        name: whole(value) if whole and name != "enum" else value for name, value in limits.items() if value is not None
    }
    field = {"name": column.name, "type": KINDS[column.kind][2], "description": column.meaning}
    return field | ({"unit": column.unit} if column.unit else {}) | ({"constraints": constraints} if constraints else {})


def _foreign_key(table: Table, column: Column) -> dict[str, Any]:
    other, there = column.reference or ("", "")
    resource = {} if other == table.name else {"resource": other}
    return {"fields": [column.name], "reference": {**resource, "fields": [there]}}


def _kind(column: Column) -> str:
    return _KIND_WORDS[column.kind] + (", may be empty" if column.null else "")


def _values(column: Column) -> str:
    if column.values:
        return ", ".join(column.values)
    low, high = (None if limit is None else f"{limit:,g}" for limit in (column.low, column.high))
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
