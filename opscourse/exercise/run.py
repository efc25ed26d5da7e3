"""`opscourse check FILE`: run an exercise with nbval, as the class does, and show a table of its questions."""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, NamedTuple

from opscourse.errors import ArgumentError, DataUnavailable, OpsCourseError
from opscourse.exercise import keys

__all__ = ["main"]

SAID = re.compile(r"^([✓✗·]) (\d+\.\d+):? (.*)$", re.MULTILINE)  # the lines that check prints or raises
LINE = re.compile(r"Cell In\[\d+\], line (\d+)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Cell(NamedTuple):
    """What became of one code cell."""

    place: str
    asked: list[str]  # the questions it checks
    said: dict[str, tuple[str, str]]  # question -> mark, sentence
    error: str  # what stopped it, if that was no check


class Collector:
    """A pytest plugin that listens to nbval."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.problem = ""

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Take down what one cell showed; or, once, why no cell can run."""
        if call.when == "call":
            self.cells.append(_cell(item, call.excinfo and call.excinfo.value))
        elif call.excinfo and not self.problem:
            self.problem = f"{call.excinfo.typename}: {call.excinfo.value}"


def main(argv: list[str]) -> int:
    """Run one exercise and print ✓, ✗ or · for each question. Returns 0 if all are right and every cell ran, else 1.

    Raises ArgumentError or DataUnavailable if the file is no exercise.
    """
    parser = argparse.ArgumentParser(prog="opscourse check", description="Run an exercise and show a table of its questions.")
    parser.add_argument("file", type=Path, help="the notebook, for example exercises/data/04_read_a_retention_curve.ipynb")
    parser.add_argument("--timeout", type=int, default=120, metavar="SECONDS", help="for one cell (default: 120)")
    options = parser.parse_args(argv)
    expected = _expected(options.file)
    cells = _run(options.file, options.timeout)
    said = {number: outcome for cell in cells for number, outcome in cell.said.items()}
    stopped = {number: cell for cell in cells if cell.error for number in cell.asked}
    right = 0
    for number in expected:
        mark, sentence = said.get(number, ("·", "the notebook has no check of this question"))
        if number not in said and number in stopped:
            mark, sentence = "✗", stopped[number].error
        right += mark == "✓"
        print(f"{mark} {number}  {sentence}")
    for cell in cells:
        if cell.error and not cell.asked:
            print(f"✗ {cell.place} stops: {cell.error}")
    print(f"{right} of {len(expected)} right")
    return 0 if right == len(expected) and not any(cell.error for cell in cells) else 1


def _expected(path: Path) -> list[str]:
    """The questions the table has to show: all of the exercises whose questions the notebook checks."""
    import nbformat

    if not path.is_file():
        raise DataUnavailable(f"There is no file {str(path)!r}.")
    if path.suffix != ".ipynb":
        raise ArgumentError(f"{path} is not a notebook: its name does not end in .ipynb.")
    try:
        notebook = nbformat.read(path, as_version=4)
        sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    except (ValueError, AttributeError, KeyError, nbformat.ValidationError) as error:
        raise ArgumentError(f"{path} is not a notebook that can be read: {str(error).splitlines()[0]}") from None
    asked = [number for source in sources for number in _asked(source)]
    if not asked:
        raise ArgumentError(f"{path} is no exercise: no cell of it checks an answer.")
    expected = dict.fromkeys(asked)
    for exercise in dict.fromkeys(number.split(".")[0] for number in asked):
        with suppress(OpsCourseError), chdir(path.resolve().parent):  # there its kernel looks for data, too
            expected.update(dict.fromkeys(keys.numbers(exercise)))
    return sorted(expected, key=lambda number: [int(part) for part in number.split(".")])


def _asked(source: str) -> Iterator[str]:
    """The numbers in the calls check("4.1", …) of a cell; none if it cannot be parsed."""
    with suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(source)):
            name = getattr(node, "func", None)
            if isinstance(node, ast.Call) and "check" in (getattr(name, "id", ""), getattr(name, "attr", "")) and node.args:
                number = getattr(node.args[0], "value", None)
                if isinstance(number, str) and re.fullmatch(r"\d{1,3}\.\d{1,3}", number):
                    yield number


def _run(path: Path, seconds: int) -> list[Cell]:
    """Run all cells with nbval in a fresh kernel, leaving no files and no output."""
    import pytest

    collector = Collector()
    arguments = ["--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={seconds}", "--color=no", "--noconftest"]
    arguments += ["-p", "no:cacheprovider", "-o", "addopts=", "-o", "filterwarnings=", f"--rootdir={path.resolve().parent}"]
    print(f"running {path} …", file=sys.stderr)
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        pytest.main([*arguments, str(path)], plugins=[collector])
    if collector.problem or not collector.cells:
        raise DataUnavailable(f"{path} could not be run. {collector.problem or output.getvalue().strip()}")
    return collector.cells


def _cell(item: Any, failure: BaseException | None) -> Cell:
    outputs = item.test_outputs or []
    shown = "".join(output["text"] for output in outputs if output["output_type"] == "stream")
    error = next((output for output in outputs if output["output_type"] == "error"), None)
    checked = error and SAID.match(error["evalue"])
    said = {number: (mark, text) for mark, number, text in SAID.findall(shown)}
    if checked:
        said[checked[2]] = (checked[1], checked[3])
    stopped = ""
    if failure is not None and not checked:
        interrupted = error is None or error["ename"] == "KeyboardInterrupt"  # by nbval, which says after how long
        stopped = str(failure).splitlines()[0] if interrupted else _own_error(error, item.cell.source)
    return Cell(f"code cell {item.cell_num + 1}", list(_asked(item.cell.source)), said, stopped)


def _own_error(error: Any, source: str) -> str:
    """The student's error in one line, with the line of the cell where it happened."""
    evalue = COLOUR.sub("", error["evalue"]).strip().splitlines()
    told = f"{error['ename']}: {evalue[0]}" if evalue else error["ename"]
    at = LINE.search(COLOUR.sub("", "\n".join(error["traceback"])))
    lines = source.splitlines()
    return f"{told} (line {at[1]}: {lines[int(at[1]) - 1].strip()})" if at and int(at[1]) <= len(lines) else told
