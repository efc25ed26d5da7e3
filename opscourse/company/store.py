"""Reading a company: `load`, `truth`, `describe`, `use`.

A company is a folder: `company.json` (the manifest: seed, size, rows and checksums), one Parquet file or folder of parts a table,
`truth/` with what only the simulator knew, `keys/` with the sealed answers that belong to these data.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opscourse.company.schema import Column, Table
from opscourse.company.tables import TABLES
from opscourse.errors import DataFileError, DataUnavailable, UnknownName

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["data_folder", "describe", "load", "manifest", "truth", "use", "verify"]

PACKAGE = Path(__file__).resolve().parent.parent
_chosen: Path | None = None


def data_folder() -> Path:
    """The folder that `load` reads: the last `use(...)`, else `OPSCOURSE_DATA`, else the company that ships with the course."""
    if _chosen is not None:
        return _chosen
    if named := os.environ.get("OPSCOURSE_DATA"):
        return _company(Path(named), "the environment variable OPSCOURSE_DATA")
    return shipped_folder()


def shipped_folder() -> Path:
    """The folder of the company that ships with the course: in a clone `datasets/`, in an installed wheel inside the package."""
    for folder in (PACKAGE / "_datasets", PACKAGE.parent / "datasets"):
        if (folder / "company.json").is_file():
            return folder
    raise DataUnavailable(
        "The course's own data are missing. Install opscourse again, or in a clone type: git checkout -- datasets"
    )


def use(folder: str | os.PathLike[str] | None) -> None:
    """Point `load`, `truth` and `check` at another company's folder; `use(None)` goes back to the one of the course.

    >>> use(None)
    """
    global _chosen
    _chosen = None if folder is None else _company(Path(folder), "use()")


def load(table: str) -> pd.DataFrame:
    """Return one table of the company as a fresh DataFrame.

    Parameters: the table's name, as listed by `describe()`. Columns have the types of its data card: whole numbers are int64
    (Int64 where a value may be missing), times are naive local times. Raises UnknownName, DataUnavailable, DataFileError.

    >>> load("channels").columns[:3].tolist()
    ['channel_id', 'channel', 'family']
    """
    declared = _declared(table)
    folder = data_folder()
    path = _path(folder, table)
    _check_file(folder, table, path)
    return _typed(_read(path), declared.columns)


def truth(name: str | None = None) -> Any:
    """Return what the simulator knew: a parameter, a figure that follows from the parameters, or a hidden table.

    Without a name: a DataFrame of all names with value, unit, meaning and lesson.
    """
    from opscourse.company import truths

    return truths.truth(data_folder(), name)


def describe(table: str | None = None) -> pd.DataFrame:
    """Return the data card of a table as a DataFrame, one row a column; without a name, the list of all tables.

    >>> describe("channels").loc["channel_id", "meaning"]
    'channel'
    """
    import pandas as pd

    if table is None:
        rows = [(t.name, t.area, t.row, ", ".join(t.key)) for t in TABLES.values()]
        return pd.DataFrame(rows, columns=["table", "area", "one row is", "key"]).set_index("table")
    declared = _declared(table)
    rows = [(c.name, c.kind, c.unit, c.meaning, c.null, c.refers) for c in declared.columns]
    return pd.DataFrame(rows, columns=["column", "kind", "unit", "meaning", "may be empty", "refers to"]).set_index("column")


def manifest(folder: Path | None = None) -> dict[str, Any]:
    """The manifest of a company's folder: seed, users, and for each table rows and checksums."""
    folder = folder or data_folder()
    return _manifest(folder, (folder / "company.json").stat().st_mtime_ns)


def verify(folder: Path | None = None) -> list[str]:
    """Say which files of a company are missing or damaged, one sentence each; an empty list if all are as they should be."""
    folder = folder or data_folder()
    problems = []
    for table in manifest(folder)["tables"]:
        try:
            _check_file(folder, table, _path(folder, table))
        except DataUnavailable as error:
            problems.append(str(error))
    return problems


@lru_cache(maxsize=8)
def _manifest(folder: Path, _changed_ns: int) -> dict[str, Any]:
    try:
        return json.loads((folder / "company.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataFileError(f"{folder / 'company.json'} is damaged ({error}). {_remedy(folder)}") from None


def _company(folder: Path, named_by: str) -> Path:
    if not (folder / "company.json").is_file():
        raise DataUnavailable(
            f"{named_by} names {str(folder)!r}, which holds no company (no company.json in it). "
            f"Make one with: opscourse generate --out {folder}"
        )
    return folder.resolve()


def _declared(table: str) -> Table:
    if not isinstance(table, str) or table not in TABLES:
        near = difflib.get_close_matches(str(table), TABLES, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}?" if near else "describe() lists all tables."
        raise UnknownName(f"There is no table {table!r}. {hint}")
    return TABLES[table]


def _path(folder: Path, table: str) -> Path:
    single = folder / f"{table}.parquet"
    return single if single.is_file() or not (folder / table).is_dir() else folder / table


def _check_file(folder: Path, table: str, path: Path) -> None:
    """Raise if a table's file is missing or is not the one its manifest names. Partitioned tables are checked for presence."""
    known = manifest(folder)["tables"].get(table)
    if known is None:
        raise DataUnavailable(f"The company in {str(folder)!r} was made without the table {table!r}.")
    if not path.exists():
        raise DataUnavailable(f"The file of table {table!r} is missing: {path}. {_remedy(folder)}")
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != known["sha256"]:
        raise DataFileError(f"The file of table {table!r} is damaged: {path}. {_remedy(folder)}")


def _remedy(folder: Path) -> str:
    if folder == PACKAGE.parent / "datasets":
        return f"Restore it with: git checkout -- {folder.name}"
    if folder.is_relative_to(PACKAGE):
        return "Install opscourse again."
    return "Make the company again with opscourse generate, or get the folder again from whoever gave it to you."


def _read(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        raise DataFileError(f"{path} cannot be read as Parquet: {error}") from None


def _typed(arrow: Any, columns: tuple[Column, ...]) -> pd.DataFrame:
    import pandas as pd

    frame = {}
    for column in columns:
        series = arrow.column(column.name).to_pandas()
        if column.kind == "str":
            series = series.astype("str")
        elif column.null and column.kind in ("int", "bool"):
            series = pd.Series(arrow.column(column.name).to_pandas(types_mapper=_NULLABLE.get), name=column.name)
        frame[column.name] = series.astype(column.dtype).rename(column.name)
    return pd.DataFrame(frame)


class _NULLABLE:
    """Arrow type -> pandas' nullable type, for integers and truth values that may be empty."""

    @staticmethod
    def get(arrow_type: Any) -> Any:
        import pandas as pd
        import pyarrow as pa

        return pd.BooleanDtype() if pa.types.is_boolean(arrow_type) else pd.Int64Dtype()
