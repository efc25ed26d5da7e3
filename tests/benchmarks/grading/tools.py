"""The tools that are compared: how each is installed, fed, called, and where it writes its marks."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import nbformat
from measure import Job
from students import COURSE, SOLUTION, Part, Student, assertions, exercise, filled, solved, twin

import opscourse
from opscourse.exercise.answers import Solved
from opscourse.exercise.derive import derived_text
from opscourse.grading import variants
from opscourse.grading.solutions import Released

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
UV = ROOT / ".venv" / "bin" / "uv"
STACK = (
    "ipykernel",
    "ipython",
    "jupyter-client",
    "matplotlib",
    "nbclient",
    "numpy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "seaborn",
)
JUDGED = 24  # runs on own companies that are judged for the limit, which has no time for it
PINS = {"nbgrader": "nbgrader==0.9.6", "otter": "otter-grader==7.0.0", "nbval": "nbval==0.11.0"}
OURS = [sys.executable, "-m", "opscourse.cli"]
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
OTTER = """
import json, sys
from otter.api import grade_submission
marks = {}
for path in sys.argv[3:]:
    results = grade_submission(path, sys.argv[1], quiet=True).results
    marks[path] = {name: result.score for name, result in results.items()}
json.dump(marks, open(sys.argv[2], "w"))
"""

Shares = list[list[Student]]  # a share of the students for each worker
Marks = dict[str, dict[str, float]]  # student -> question -> points


class Tool(NamedTuple):
    """A tool: how it is called in the table, how often it runs a notebook for one submission, and three steps."""

    title: str
    runs: int
    ready: Callable[[Bench, Path, Shares], None]  # write what it needs into a fresh folder, not timed
    jobs: Callable[[Bench, Path, Shares], list[Job]]  # what is timed
    marks: Callable[[Bench, Path, Shares], Marks]  # from what it wrote


@dataclass(frozen=True)
class Bench:
    """Where things are that are made once: environments, data, companies."""

    cache: Path

    @cached_property
    def data(self) -> Path:
        """The tables that all students of the other tools share: those of the course."""
        folder = self.cache / "shared"
        folder.mkdir(parents=True, exist_ok=True)
        for table in ("users", "orders"):
            opscourse.load(table).to_parquet(folder / f"{table}.parquet")
        return folder

    @cached_property
    def course(self) -> Path:
        """The course whose only exercise is ours, with the student's notebook in it."""
        folder = self.cache / "course"
        shutil.copytree(COURSE, folder, dirs_exist_ok=True)
        notebook = folder / "exercises" / SOLUTION.relative_to(COURSE / "exercises" / "solutions")
        notebook.parent.mkdir(exist_ok=True)
        notebook.write_text(derived_text(SOLUTION))
        return folder

    @property
    def released(self) -> Path:
        """The folder of `opscourse release`."""
        return self.cache / "release"

    def release(self, students: list[Student]) -> None:
        """Make what is missing: the bundles of all students, and their companies as kernels see them."""
        roster = self.cache / "roster.csv"
        rostered(roster, students)
        given = ["--roster", roster, "--out", self.released, "--course", self.course]
        subprocess.run([*OURS, "release", "91", *given], env=self.environment("ours"), check=True)
        for student in [None, *(student.id for student in students)]:
            self.company(student)

    def company(self, student: str | None) -> Path:
        """The company of a student (None: the hidden one) as a kernel sees it."""
        secret, exercises = variants.secret(self.released / "private" / "secret"), [variants.exercise(91, self.course)]
        bundle = Released(self.released).company(student)
        return variants.company(secret, student, exercises, self.cache / "companies", "kernel", bundle)

    @cached_property
    def right(self) -> Callable[[Path | None], dict[str, Solved]]:
        """All questions on one company's data (None: the course's)."""
        return cache(solved)

    def python(self, tool: str) -> Path:
        """The interpreter of a tool's own environment, made if it is not there; ours is the clone's."""
        if tool not in PINS:
            return Path(sys.executable)
        home = self.cache / f"environment-{tool}-{sys.version_info.major}.{sys.version_info.minor}"
        python = home / "bin" / "python"
        if not (home / "complete").exists():
            print(f"installing {PINS[tool]} …", file=sys.stderr)
            lock = (ROOT / "requirements.lock").read_text().splitlines()
            pins = self.cache / "constraints.txt"
            pins.write_text("\n".join(line for line in lock if re.split("==", line)[0] in STACK))
            install = [UV, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, "--constraints", pins]
            subprocess.run([UV, "venv", "--quiet", "--clear", "--python", sys.executable, home], check=True)
            subprocess.run([*install, PINS[tool], *STACK], check=True)
            subprocess.run([python, "-c", "import matplotlib.pyplot, seaborn, sklearn"], check=True)  # fonts are listed once
            (home / "complete").touch()
        return python

    def environment(self, tool: str) -> dict[str, str]:
        """The environment variables of a tool: its own commands and kernels first, and one thread a kernel, as ours has.

        Python may keep the bytecode of what it imports, as it does unless told otherwise.
        """
        path = f"{self.python(tool).parent}{os.pathsep}{os.environ['PATH']}"
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**inherited, "PATH": path, "JUPYTER_PREFER_ENV_PATH": "1", "PYTHONPATH": "", **ONE_THREAD}

    def versions(self, tool: str) -> str:
        """What the kernel of a tool imports, in words."""
        own = [PINS[tool].split("==")[0]] if tool in PINS else ["opscourse", "nbval"]
        names = [*own, "numpy", "pandas", "scikit-learn", "seaborn", "jupyter-client", "ipykernel"]
        code = f"from importlib.metadata import version; print(', '.join(f'{{n}} {{version(n)}}' for n in {names}))"
        return subprocess.run([self.python(tool), "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def share(students: list[Student], workers: int) -> list[list[Student]]:
    """The students of each worker."""
    return [students[first::workers] for first in range(workers)]


def rostered(path: Path, students: list[Student]) -> None:
    """Write a roster."""
    path.write_text("id,name\n" + "".join(f"{student.id},Student {student.id}\n" for student in students))


# ours: two runs a submission, judging and reports included; the class was released before


def ours_ready(bench: Bench, folder: Path, shares: Shares) -> None:
    notebook, parts = exercise()
    students = [student for students in shares for student in students]
    rostered(folder / "roster.csv", students)
    (folder / "handed in").mkdir()
    for student in students:
        (folder / "handed in" / f"{student.id}.ipynb").write_text(filled(notebook, student.code, parts))


def ours_jobs(bench: Bench, folder: Path, shares: Shares) -> list[Job]:
    given = ["--release", str(bench.released), "--course", str(bench.course), "--roster", "roster.csv", "--out", "graded"]
    return [Job([*OURS, "grade", "handed in", *given, "--workers", str(len(shares))], folder, bench.environment("ours"))]


def ours_marks(bench: Bench, folder: Path, shares: Shares) -> Marks:
    """What is right; the other tools do not give a part of a point."""
    with (folder / "graded" / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["student"]: {number: float(row[f"{number} status"] == "right") for number in exercise()[1]} for row in rows}


# plain nbval: a notebook a student, with the instructor's tests in the check cells


def tested(bench: Bench) -> tuple[nbformat.NotebookNode, dict[str, Part]]:
    """The twin with a test in each check cell."""
    notebook, parts, right = twin(bench.data), exercise()[1], bench.right(None)
    tests = {part.check_cell: assertions(part.name, right[number]) for number, part in parts.items()}
    for cell in notebook.cells:
        cell.source = "\n".join(tests.get(cell.id, [cell.source]))
    return notebook, parts


def nbval_ready(bench: Bench, folder: Path, shares: Shares) -> None:
    notebook, parts = tested(bench)
    for index, students in enumerate(shares):
        (folder / str(index)).mkdir()
        for student in students:
            (folder / str(index) / f"{student.id}.ipynb").write_text(filled(notebook, student.code, parts))


def nbval_jobs(bench: Bench, folder: Path, shares: Shares) -> list[Job]:
    command = [str(bench.python("nbval")), "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q", "-p", "no:cacheprovider"]
    # pytest's exit code 1, "some tests failed", is no failure of the tool here
    shell = [["sh", "-c", '"$@"; test $? -le 1', "nbval", *command, f"--junitxml={i}.xml", str(i)] for i in range(len(shares))]
    return [Job(line, folder, bench.environment("nbval")) for line in shell]


def nbval_marks(bench: Bench, folder: Path, shares: Shares) -> Marks:
    notebook, parts = tested(bench)
    code = [cell.id for cell in notebook.cells if cell.cell_type == "code"]
    question = {f"Cell {code.index(part.check_cell)}": number for number, part in parts.items()}
    marks: Marks = {student.id: {} for students in shares for student in students}
    for index in range(len(shares)):
        for case in ElementTree.parse(folder / f"{index}.xml").iter("testcase"):
            student, cell = re.search(r"(s\d+).*::(Cell \d+)", f"{case.get('classname')}::{case.get('name')}").groups()
            if cell in question:
                marks[student][question[cell]] = float(len(case) == 0)
    return marks


# nbgrader: an assignment with hidden tests, a course folder a worker


def nbgrader_ready(bench: Bench, folder: Path, shares: Shares) -> None:
    notebook, parts = tested(bench)
    once = folder / "once"
    source = once / "source" / "six"
    source.mkdir(parents=True)
    (once / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "bench"\n')
    roles = {part.answer_cell: "answer" for part in parts.values()} | {part.check_cell: "test" for part in parts.values()}
    for cell in notebook.cells:
        role = roles.get(cell.id)
        if role:
            test = role == "test"
            known = {
                "grade": test,
                "locked": test,
                "solution": not test,
                "task": False,
                "schema_version": 3,
                "grade_id": cell.id,
            }
            cell.metadata["nbgrader"] = {**known, "points": 1} if test else known
        if role == "test":
            cell.source = f"# The tests are hidden.\n### BEGIN HIDDEN TESTS\n{cell.source}\n### END HIDDEN TESTS"
    nbformat.write(notebook, source / "six.ipynb")
    command = [bench.python("nbgrader"), "-m", "nbgrader", "generate_assignment", "six", "--create"]
    subprocess.run(command, cwd=once, env=bench.environment("nbgrader"), check=True, capture_output=True)
    release = nbformat.read(once / "release" / "six" / "six.ipynb", as_version=4)
    for index, students in enumerate(shares):
        shutil.copytree(once, folder / str(index))
        for student in students:
            submitted = folder / str(index) / "submitted" / student.id / "six"
            submitted.mkdir(parents=True)
            (submitted / "six.ipynb").write_text(filled(release, student.code, parts))


def nbgrader_jobs(bench: Bench, folder: Path, shares: Shares) -> list[Job]:
    command = [str(bench.python("nbgrader")), "-m", "nbgrader", "autograde", "six"]
    return [Job(command, folder / str(index), bench.environment("nbgrader")) for index in range(len(shares))]


def nbgrader_marks(bench: Bench, folder: Path, shares: Shares) -> Marks:
    code = (
        "import json; from nbgrader.api import Gradebook, Grade, GradeCell, SubmittedNotebook, SubmittedAssignment\n"
        "with Gradebook('sqlite:///gradebook.db') as book:\n"
        "    print(json.dumps([(s.student_id, g.name, g.auto_score) for s in book.assignment_submissions('six')"
        " for n in s.notebooks for g in n.grades]))"
    )
    number = {part.check_cell: number for number, part in exercise()[1].items()}
    marks: Marks = {}
    for index in range(len(shares)):
        command = [bench.python("nbgrader"), "-c", code]
        told = subprocess.run(command, cwd=folder / str(index), check=True, capture_output=True, text=True).stdout
        for student, cell, points in json.loads(told):
            marks.setdefault(student, {})[number[cell]] = points
    return marks


# otter: hidden tests in an autograder.zip, graded without containers, by one process a worker


def otter_ready(bench: Bench, folder: Path, shares: Shares) -> None:
    notebook, parts = twin(bench.data), exercise()[1]
    right = bench.right(None)
    (folder / "tests").mkdir()
    for number, part in parts.items():
        code = "\n".join(f">>> {line}" for line in assertions(part.name, right[number]))
        name = f"q{number.replace('.', '_')}"
        suite = {
            "cases": [{"code": code, "hidden": True, "locked": False}],
            "scored": True,
            "setup": "",
            "teardown": "",
            "type": "doctest",
        }
        (folder / "tests" / f"{name}.py").write_text(
            f"OK_FORMAT = True\ntest = { ({'name': name, 'points': 1, 'suites': [suite]})!r}\n"
        )
        check = next(cell for cell in notebook.cells if cell.id == part.check_cell)
        check.source = f'grader.check("{name}")'
    notebook.cells.insert(0, nbformat.v4.new_code_cell("import otter\ngrader = otter.Notebook()", id="otter"))
    command = [bench.python("otter").with_name("otter"), "generate", "-t", "tests", "--no-environment", "-o", "autograder.zip"]
    subprocess.run(command, cwd=folder, env=bench.environment("otter"), check=True, capture_output=True)
    for student in (student for students in shares for student in students):
        (folder / f"{student.id}.ipynb").write_text(filled(notebook, student.code, parts))


def otter_jobs(bench: Bench, folder: Path, shares: Shares) -> list[Job]:
    command = [str(bench.python("otter")), "-c", OTTER, "autograder.zip"]
    return [
        Job([*command, f"{index}.json", *(f"{student.id}.ipynb" for student in students)], folder, bench.environment("otter"))
        for index, students in enumerate(shares)
    ]


def otter_marks(bench: Bench, folder: Path, shares: Shares) -> Marks:
    marks: Marks = {}
    for index in range(len(shares)):
        for path, points in json.loads((folder / f"{index}.json").read_text()).items():
            marks[Path(path).stem] = {name[1:].replace("_", "."): score for name, score in points.items()}
    return marks


# the limit: cells executed in a forked process, on the student's own company and on the hidden one


def fork_ready(bench: Bench, folder: Path, shares: Shares) -> None:
    notebook, parts = exercise()
    jobs = []
    for student in (student for students in shares for student in students):
        (folder / f"{student.id}.ipynb").write_text(filled(notebook, student.code, parts))
        jobs += [(f"{student.id}.ipynb", str(bench.company(whose))) for whose in (student.id, None)]
    (folder / "jobs.json").write_text(json.dumps(jobs))


def fork_jobs(bench: Bench, folder: Path, shares: Shares, script: str = "fork.py") -> list[Job]:
    command = [sys.executable, str(HERE / script), "jobs.json", str(len(shares)), "answers.json"]
    return [Job(command, folder, bench.environment("fork") | {"PYTHONPATH": str(HERE)})]


def fork_marks(bench: Bench, folder: Path, shares: Shares) -> Marks:
    """Right is what is right on the hidden company, and for the first students also on their own."""
    jobs, given = (json.loads((folder / name).read_text()) for name in ("jobs.json", "answers.json"))
    hidden, marks = jobs[1][1], {}
    for place, ((notebook, data), answers) in enumerate(zip(jobs, given, strict=True)):
        if data == hidden or place < JUDGED:
            right = bench.right(Path(data))
            points = {number: float(judged(right[number], answers.get(number))) for number in right}
            before = marks.setdefault(Path(notebook).stem, points)
            marks[Path(notebook).stem] = {number: min(points[number], before[number]) for number in points}
    return marks


def judged(asked: Solved, answer: object) -> bool:
    """Whether an answer is right."""
    return answer is not None and asked.form.judge(answer, lambda *what: asked.entries.get(what)).right


TOOLS = {
    "ours": Tool("opscourse grade", 2, ours_ready, ours_jobs, ours_marks),
    "fork": Tool("warm fork, no kernel: the limit", 2, fork_ready, fork_jobs, fork_marks),
    "kernel": Tool("warm kernel, nbclient", 2, fork_ready, partial(fork_jobs, script="kernel.py"), fork_marks),
    "nbval": Tool("nbval", 1, nbval_ready, nbval_jobs, nbval_marks),
    "nbgrader": Tool("nbgrader", 1, nbgrader_ready, nbgrader_jobs, nbgrader_marks),
    "otter": Tool("otter-grader", 1, otter_ready, otter_jobs, otter_marks),
}
