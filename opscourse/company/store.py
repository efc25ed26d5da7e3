"""Reading a company: `load`, `truth`, `describe`, `use`.

A company is a folder: `company.json` (the manifest: seed, size, parameters, rows and checksums), one Parquet file or folder of
parts a table, `truth/` with what only the simulator knew, `keys/` with the sealed answers that belong to these data.
A student's own company comes without its truth: `truth` is null in its manifest, and the seed there makes only the dirt.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opscourse.company.parameters import Parameters
from opscourse.company.schema import Column, Table
from opscourse.company.tables import TABLES
from opscourse.company.tables.hidden import HIDDEN
from opscourse.errors import ArgumentError, DataFileError, DataUnavailable, UnknownName

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "data_folder",
    "declared",
    "describe",
    "hidden",
    "load",
    "manifest",
    "parameters",
    "parts_of",
    "table_of",
    "truth",
    "use",
    "verify",
]

PACKAGE = Path(__file__).resolve().parent.parent
_chosen: Path | None = None


def data_folder() -> Path:
    """The folder that `load` reads.

    The last `use(...)`, else `OPSCOURSE_DATA`, else `company/` in the working folder (a notebook's is its own), as in a
    student's bundle, else the company that ships with the course.
    """
    if _chosen is not None:
        return _chosen
    if named := os.environ.get("OPSCOURSE_DATA"):
        return _company(Path(named), "the environment variable OPSCOURSE_DATA")
    if Path("company", "company.json").is_file():
        return Path("company").resolve()
    return shipped_folder()


def shipped_folder() -> Path:
    """The folder of the company that ships with the course: `datasets/` in a clone, inside the package in a wheel."""
    for folder in (PACKAGE / "_datasets", PACKAGE.parent / "datasets"):
        if (folder / "company.json").is_file():
            return folder
    raise DataUnavailable(
        "The course's own data are missing. Install opscourse again, or in a clone type: git checkout -- datasets"
    )


def use(folder: str | os.PathLike[str] | None) -> None:
    """Point `load`, `truth` and `check` at another company's folder; `use(None)` goes back to the one they began with.

    >>> use(None)
    """
    global _chosen
    _chosen = None if folder is None else _company(Path(folder), "use()")


def load(table: str, dirty: bool = False) -> pd.DataFrame:
    """Return one table of the company as a fresh DataFrame.

    Parameters: the table's name, as listed by `describe()`; `dirty=True` for events, sessions or marketing_touches as they
    would arrive from a careless tracking plan (the defects are known: `truth("defects")`). Columns have the types of the
    table's data card: whole numbers are int64 (Int64 where a value may be missing), times are naive local times.
    Raises UnknownName, ArgumentError, DataUnavailable, DataFileError.

    >>> load("channels").columns[:3].tolist()
    ['channel_id', 'channel', 'family']
    """
    wanted = declared(table)
    folder = data_folder()
    if dirty is False:
        return table_of(folder, wanted)
    if dirty is not True:
        raise ArgumentError(f"dirty is True or False, not {dirty!r}.")
    from opscourse.company import dirt

    if table not in dirt.KEYS:
        raise ArgumentError(f"There is no dirty version of {table!r}; there is one of {', '.join(dirt.KEYS)}.")
    clean = table_of(folder, wanted)
    return dirt.spoiled(table, clean, manifest(folder)["seed"], parameters(folder).dirt)


def table_of(folder: Path, declared: Table) -> pd.DataFrame:
    """Return one table of the company in `folder`, as declared. Raises DataUnavailable, DataFileError."""
    return _typed(_read(folder, declared.name, "tables"), declared.columns)


def parts_of(folder: Path, declared: Table) -> Iterator[pd.DataFrame]:
    """A table's files, one after the other, as declared: for a company that is larger than memory. Raises as `table_of`."""
    return (_typed(arrow, declared.columns) for arrow in _files(folder, declared.name, "tables"))


def hidden(name: str, folder: Path | None = None) -> pd.DataFrame:
    """Return a table of what only the simulator knew, as `truth(name)` does.

    >>> hidden("people").columns[:3].tolist()
    ['user_id', 'persona', 'dropout']
    """
    return _typed(_read(folder or data_folder(), name, "truth"), HIDDEN[name].columns)


def parameters(folder: Path | None = None) -> Parameters:
    """The parameters that a company was made from, as its manifest states them."""
    stored = manifest(folder)["parameters"]
    topics = {}
    for topic in fields(Parameters):
        default = topic.default_factory()
        known = stored.get(topic.name, {})  # a company made by another version may lack a topic, or have others
        topics[topic.name] = replace(default, **{f.name: _frozen(known[f.name]) for f in fields(default) if f.name in known})
    return Parameters(**topics)


def _frozen(value: Any) -> Any:
    """JSON's lists as tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def truth(name: str | None = None) -> Any:
    """Return what the simulator knew: a parameter, a figure that follows from the parameters, or a hidden table.

    Without a name: a DataFrame of all names with value, unit, meaning, lesson, and the range that variants are drawn in.
    """
    from opscourse.company import truths

    folder = data_folder()
    if manifest(folder)["truth"] is None:
        raise DataUnavailable(
            f"The company in {str(folder)!r} came without its truth; opscourse.use(...) goes to one that has it."
        )
    return truths.truth(folder, name)


def describe(table: str | None = None) -> pd.DataFrame:
    """Return the data card of a table as a DataFrame, one row a column; without a name, the list of all tables.

    >>> describe("channels").loc["channel_id", "meaning"]
    'channel'
    """
    import pandas as pd

    if table is None:
        rows = [(t.name, t.area, t.row, ", ".join(t.key)) for t in TABLES.values()]
        return pd.DataFrame(rows, columns=["table", "area", "one row is", "key"]).set_index("table")
    rows = [(c.name, c.kind, c.unit, c.meaning, c.null, c.refers) for c in declared(table).columns]
    return pd.DataFrame(rows, columns=["column", "kind", "unit", "meaning", "may be empty", "refers to"]).set_index("column")


def manifest(folder: Path | None = None) -> dict[str, Any]:
    """The manifest of a company's folder: seed, users, parameters, and for each table rows and checksums."""
    folder = folder or data_folder()
    try:
        return _manifest(folder, (folder / "company.json").stat().st_mtime_ns)
    except OSError as error:
        if isinstance(error, DataUnavailable):
            raise
        raise DataUnavailable(f"{folder / 'company.json'} cannot be read: {error.strerror}. {_remedy(folder)}") from None


@lru_cache(maxsize=8)
def _manifest(folder: Path, _changed_ns: int) -> dict[str, Any]:
    try:
        found = json.loads((folder / "company.json").read_text(encoding="utf-8"))
        if not {"seed", "users", "tables", "truth", "parameters"} <= set(found):
            raise ValueError("it lacks what a manifest states")
    except (ValueError, TypeError) as error:
        raise DataFileError(f"{folder / 'company.json'} is damaged ({error}). {_remedy(folder)}") from None
    return found


def verify(folder: Path | None = None) -> list[str]:
    """Say which files of a company are missing or damaged, one sentence each; an empty list if all are as they should be."""
    folder = folder or data_folder()
    made = manifest(folder)
    problems = []
    for part in ("tables", "truth"):
        for name, known in (made[part] or {}).items():
            for file, digest in known["files"].items():
                try:
                    _content(folder, name, file, digest)
                except DataUnavailable as error:
                    problems.append(str(error))
    return problems


def _company(folder: Path, named_by: str) -> Path:
    if not (folder / "company.json").is_file():
        raise DataUnavailable(
            f"{named_by} names {str(folder)!r}, which holds no company (no company.json in it). "
            f"Make one with: opscourse generate --out {folder}"
        )
    return folder.resolve()


def declared(table: str) -> Table:
    """The declaration of a table. Raises UnknownName with the nearest name."""
    if not isinstance(table, str) or table not in TABLES:
        near = difflib.get_close_matches(str(table), TABLES, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else "describe() lists all tables."
        raise UnknownName(f"There is no table {table!r}. {hint}")
    return TABLES[table]


def _content(folder: Path, table: str, file: str, digest: str) -> bytes:
    """The bytes of one file of a table, if they are those that the manifest names."""
    try:
        content = (folder / file).read_bytes()
    except FileNotFoundError:
        raise DataUnavailable(f"The file of table {table!r} is missing: {folder / file}. {_remedy(folder)}") from None
    except OSError as error:
        raise DataFileError(f"{folder / file} cannot be read: {error.strerror}. {_remedy(folder)}") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise DataFileError(f"The file of table {table!r} is damaged: {folder / file}. {_remedy(folder)}")
    return content


def _remedy(folder: Path) -> str:
    if folder == PACKAGE.parent / "datasets":
        return f"Restore it with: git checkout -- {folder.name}"
    if folder.is_relative_to(PACKAGE):
        return "Install opscourse again."
    return "Make the company again with opscourse generate, or get the folder again from whoever gave it to you."


def _read(folder: Path, name: str, part: str) -> pa.Table:
    """A table's files as one Arrow table."""
    import pyarrow as pa

    return pa.concat_tables(_files(folder, name, part))


def _files(folder: Path, name: str, part: str) -> Iterator[pa.Table]:
    """A table's files, each checked; `part` of the manifest is "tables" or "truth"."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    known = (manifest(folder)[part] or {}).get(name)
    if known is None:
        raise DataUnavailable(f"The company in {str(folder)!r} was made without the table {name!r}.")
    for file, digest in known["files"].items():
        try:
            yield pq.read_table(pa.BufferReader(_content(folder, name, file, digest)))
        except pa.ArrowException as error:
            raise DataFileError(f"The file of table {name!r} cannot be read as Parquet: {error}. {_remedy(folder)}") from None


def _typed(arrow: pa.Table, columns: tuple[Column, ...]) -> pd.DataFrame:
    """A pandas frame with the declared columns, in the declared order and of the declared types."""
    import pandas as pd
    import pyarrow as pa

    frame = {}
    for column in columns:
        values = arrow.column(column.name)
        if column.kind == "str":
            values = values.cast(pa.string())
        elif column.kind == "date":
            values = values.cast(pa.timestamp("us"))
        nullable = column.null and column.kind in ("int", "bool")
        series = values.to_pandas(
            types_mapper={pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get if nullable else None
        )
        frame[column.name] = series.astype(column.dtype)
    return pd.DataFrame(frame)
