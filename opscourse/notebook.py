"""The notebooks as files: run, and kept in one normal form, so that a difference in git is a difference in content.

For those who write lessons: `opscourse build notebooks [PATH …]` runs lessons and solutions in place, with their
outputs; `--check` only says which are not in the normal form.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from opscourse.errors import OpsCourseError

__all__ = ["COURSE", "execute", "id_prefix", "lessons", "main", "normalise", "read", "solutions", "write"]

COURSE = Path(__file__).resolve().parents[1]
TAGS = ("answer", "solution", "instructor")
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
WIDGET = "application/vnd.jupyter.widget-view+json"


def lessons(course: Path = COURSE) -> list[Path]:
    """The lessons in the order of the course; the first is `00_start_here.ipynb`."""
    return _by_number((course / "notebooks").rglob("[0-9][0-9]_*.ipynb"))


def solutions(course: Path = COURSE) -> list[Path]:
    """The solutions of the exercises in the order of the course."""
    return _by_number((course / "exercises/solutions").rglob("[0-9][0-9]_*.ipynb"))


def _by_number(paths) -> list[Path]:
    return sorted((path for path in paths if ".ipynb_checkpoints" not in path.parts), key=lambda path: path.name)


def id_prefix(path: Path) -> str:
    """The first part of the cell ids of a notebook: `l04` for lesson 4, `ex04` for its exercise and solution.

    >>> id_prefix(Path("notebooks/data/04_read_a_retention_curve.ipynb"))
    'l04'
    >>> id_prefix(Path("exercises/solutions/data/04_read_a_retention_curve.ipynb"))
    'ex04'
    """
    number = re.match(r"(\d\d)_", path.name)
    if not number:
        raise OpsCourseError(
            f"The notebook {path.name!r} has no number: expected a name like '04_read_a_retention_curve.ipynb'; rename it."
        )
    return ("ex" if "exercises" in path.parts else "l") + number[1]


def normalise(notebook: NotebookNode, prefix: str) -> NotebookNode:
    """The notebook in normal form: ordered ids, tags of the course only, nothing of the machine it ran on. In place.

    A widget is a view on a kernel that is gone: its output is dropped, the cell before it shows the figure.
    """
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(KERNEL), language_info=NotebookNode(name="python"))
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"{prefix}-{number:02}"
        tags = [tag for tag in cell.metadata.get("tags", []) if tag in TAGS]
        cell.metadata = NotebookNode(tags=tags) if tags else NotebookNode()
        if cell.cell_type == "code":
            cell.outputs = _joined([out for out in cell.outputs if WIDGET not in out.get("data", {})])
            for output in cell.outputs:
                if "metadata" in output:
                    output.metadata = NotebookNode()
    return notebook


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs with neighbouring pieces of one stream made one: where a stream is cut is a matter of timing."""
    joined: list[NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == "stream" == joined[-1].output_type and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def read(path: Path) -> NotebookNode:
    """The notebook in a file, as it is."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise OpsCourseError(f"There is no notebook {path}. Give the path of an .ipynb file.") from None
    except Exception as error:
        raise OpsCourseError(f"{path} cannot be read as a notebook ({error}). Restore it with git checkout.") from error


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook so that the file is at every moment the old one or the new one."""
    nbformat.validate(notebook)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def execute(path: Path) -> None:
    """Run a notebook in this environment's kernel, from its own folder, and write it back in normal form.

    Raises the error of the first cell that fails (nbclient's `CellExecutionError`, which shows the cell); the file
    then stays as it was.
    """
    from nbclient import NotebookClient

    notebook = read(path)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=120,
        record_timing=False,
        extra_arguments=["--log-level=CRITICAL"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    asyncio.run(client.async_execute())
    write(normalise(notebook, id_prefix(path)), path)


def is_normal(path: Path) -> bool:
    """Whether the file is exactly what `normalise` and `write` would make of it."""
    return path.read_text(encoding="utf-8") == nbformat.writes(normalise(read(path), id_prefix(path))) + "\n"


def main(argv: list[str]) -> int:
    """`opscourse build notebooks`: the exit code is 1 when a notebook fails, or with --check is not in normal form."""
    parser = argparse.ArgumentParser(prog="opscourse build notebooks", description=__doc__.partition("\n\n")[2])
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="notebooks; all lessons and solutions if none")
    parser.add_argument("--check", action="store_true", help="run nothing, write nothing, name what is not in normal form")
    options = parser.parse_args(argv)
    paths = [path.resolve() for path in options.paths] or lessons() + solutions()
    job = _check if options.check else _execute
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as workers:
        results = list(workers.map(job, paths))
    for line in filter(None, results):
        print(line, file=sys.stderr)
    print(f"{len(paths)} notebooks {'in normal form' if options.check else 'run'}, {sum(map(bool, results))} not.")
    return 1 if any(results) else 0


def _check(path: Path) -> str:
    return "" if is_normal(path) else f"{path.name}: not in normal form. Run: opscourse build notebooks {path.name}"


def _execute(path: Path) -> str:
    from nbclient.exceptions import CellExecutionError

    try:
        execute(path)
    except CellExecutionError as error:
        return f"{path.name}: {error}"
    return ""
