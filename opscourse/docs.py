"""What is derived for people to read: the README's table of lessons, and `environment.yml` from the lock.

For those who write lessons: `opscourse build docs`; `--check` only compares.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from opscourse import notebook
from opscourse.errors import OpsCourseError
from opscourse.exercise import derived

__all__ = ["environment", "lesson_table", "main", "readme"]

START, END = "<!-- lessons: opscourse build docs -->", "<!-- end -->"

ENVIRONMENT = """\
# Derived from requirements.lock by: opscourse build docs
# conda env create --file environment.yml, conda activate opscourse, then start as in the README.
name: opscourse
channels:
  - conda-forge
dependencies:
  - python >=3.11,<3.15
  - pip
  - pip:
{pins}
      - --editable .
"""


def lesson_table(course: Path = notebook.COURSE) -> str:
    """A Markdown table: number, lesson, what it teaches (the bullets of its first cell), minutes, exercise."""
    lines = ["| | lesson | after it you can | minutes | exercise |", "|---|---|---|---|---|"]
    for path in notebook.lessons(course):
        opening = notebook.read(path).cells[0].source
        title = re.match(r"# (.+)", opening)
        minutes = re.search(r"· (\d+) minutes", opening)
        if not (title and minutes):
            raise OpsCourseError(f"The first cell of {path.name} names no title, or no minutes; style: CONTRIBUTING.md.")
        can = "; ".join(re.findall(r"^- (.+?)[.;]?$", opening, re.MULTILINE))
        exercise = next((course / "exercises" / path.parent.name).glob(f"{path.name[:2]}_*.ipynb"), None)
        link = f"[do it]({exercise.relative_to(course).as_posix()})" if exercise else ""
        where = path.relative_to(course).as_posix()
        lines.append(f"| {path.name[:2]} | [{title[1]}]({where}) | {can} | {minutes[1]} | {link} |")
    return "\n".join(lines)


def readme(course: Path = notebook.COURSE) -> str:
    """The README with a fresh table between its two markers."""
    text = (course / "README.md").read_text(encoding="utf-8")
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise OpsCourseError(f"README.md has lost the lines {START!r} and {END!r}, between which the lessons go.")
    return f"{before}{start}\n{lesson_table(course)}\n{end}{after}"


def environment(course: Path = notebook.COURSE) -> str:
    """The conda environment: the pins of the lock, installed by the environment's own pip."""
    pins = (course / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return ENVIRONMENT.format(pins="\n".join(f'      - "{pin}"' for pin in pins))


def main(argv: list[str]) -> int:
    """`opscourse build docs`: write README.md and environment.yml; with --check 1 if one of them is not as derived."""
    parser = argparse.ArgumentParser(prog="opscourse build docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, name what is not as derived")
    options = parser.parse_args(argv)
    course = notebook.COURSE
    files: Mapping[Path, partial[str]] = {
        course / "README.md": partial(readme, course),
        course / "environment.yml": partial(environment, course),
    }
    return derived.compare(files, (), "opscourse build docs") if options.check else derived.write(files)
