"""Derived files: written whole or not at all, or compared with what their source gives."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from opscourse.errors import DataUnavailable

__all__ = ["compare", "write"]

Files = Mapping[Path, Callable[[], str]]


def write(files: Files, stale: Collection[Path] = ()) -> int:
    """Write each file that differs, remove stale ones, say what was done. Returns 0. Raises DataUnavailable."""
    for path, text in files.items():
        content = text()
        if _content(path) == content:
            continue
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(content, encoding="utf-8", newline="\n")
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise DataUnavailable(f"{path} cannot be written: {error.strerror}.") from None
        print(f"wrote {path}")
    for path in sorted(stale):
        path.unlink()
        print(f"removed {path}, which has no source any more")
    return 0


def compare(files: Files, stale: Collection[Path], command: str) -> int:
    """Name each file that is not what its source gives, and the command that mends it. Returns 0 if there is none, else 1."""
    wrong = [path for path, text in files.items() if _content(path) != text()] + sorted(stale)
    for path in wrong:
        print(f"✗ {path} is not what its source gives")
    print(f"Make them again with: {command}" if wrong else f"✓ all {len(files)} files are what their sources give")
    return 1 if wrong else 0


def _content(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
