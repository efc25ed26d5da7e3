"""Hostile and broken submissions: each earns what its honest cells earned, hurts nobody, and leaves nothing behind.

The corpus is in `corpus/`; `corpus/cases.py` says how to read it.
"""

import csv
import itertools
import os
import random
import re
import signal
import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from grading.corpus.cases import submissions
from grading.corpus.files import FILES, NEIGHBOUR
from grading.corpus.school import School, descendants, files_of, full_marks, outcome

from opscourse.grading import grade, runner
from opscourse.grading.book import Book

CASES = {case.name: case for case in submissions()}
QUICK = [case for case in CASES.values() if not case.hangs]
HANGING = [case for case in CASES.values() if case.hangs]
PLACES = [Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"), Path("/root"), Path.home()]  # where disk_elsewhere tries to write
OF_LIBRARIES = {".cache", ".config", ".ipython"}  # what matplotlib and IPython make at home in whoever imports them


def traces():
    """What the corpus calls its traces outside."""
    return [path for place in PLACES if os.access(place, os.R_OK) for path in place.glob("opscourse-corpus*")]


class Graded:
    """A class that was graded, what the grader said, and what it left."""

    def __init__(self, school, limits, *more):
        self.school, self.limits = school, limits
        self.out = school.folder / "graded"
        environment = school.environment
        self.before = files_of(school.handed_in, school.released)
        with descendants() as self.processes:
            grader = school.start(self.out, *more)
            self.said = grader.communicate()[0]
        assert grader.returncode == 0, self.said[-3000:]
        self.after = files_of(school.handed_in, school.released)
        self.left = [*os.listdir(environment["TMPDIR"]), *os.listdir(school.folder / "nothing"), *traces()]
        self.left += set(os.listdir(environment["HOME"])) - OF_LIBRARIES
        self.written = {path: Path(path).read_bytes() for path in files_of(self.out) if Path(path).is_file()}
        self.results = {one.student.id: one for one in self.again()}

    def again(self):
        """Grade once more, here. Nothing may run."""
        ran, runner.run = runner.run, None
        try:
            return grade.grade(self.school.handed_in, self.school.grading(self.out, **self.limits))
        finally:
            runner.run = ran

    def of(self, name):
        return self.results[self.school.id(name)]


@pytest.fixture(scope="module")
def listener():
    """A server on this computer that nobody may reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def quick(tmp_path_factory, listener):
    school = School(tmp_path_factory.mktemp("quick"), QUICK, tuple(FILES), listener.getsockname()[1])
    (school.handed_in / "somebody_else.ipynb").write_text("{}")
    limits = {"memory_mb": 600}
    return Graded(school, limits, "--memory=600", "--workers=3")


@pytest.fixture(scope="module")
def hanging(tmp_path_factory):
    """Short limits, so that CI need not wait; what honest cells do here takes some milliseconds."""
    school = School(tmp_path_factory.mktemp("hanging"), HANGING)
    limits = {"cell_seconds": 8.0, "notebook_seconds": 40.0, "memory_mb": 600}
    return Graded(school, limits, "--memory=600", "--cell-seconds=8", "--workers=5")


@pytest.mark.parametrize("name", [case.name for case in QUICK])
def test_each_earns_what_its_honest_cells_earned(name, quick):
    is_as_expected(name, quick)


@pytest.mark.parametrize("name", [case.name for case in HANGING])
def test_what_hangs_is_stopped_and_its_honest_cells_earn(name, hanging):
    is_as_expected(name, hanging)


def is_as_expected(name, graded):
    case, marks = CASES[name], graded.of(name).marks
    asked = {mark.question: case.outcome(mark.question) for mark in marks}
    found = {mark.question: (mark.status.value, mark.points, mark.sentence) for mark in marks}
    assert all(one[0] in asked[question][0].split(" or ") for question, one in found.items()), found
    assert {question: one[1] for question, one in found.items()} == {question: one[1] for question, one in asked.items()}, found
    assert {question: words for question, (_, _, words) in asked.items() if words not in found[question][2]} == {}, found


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_read_or_refused_in_one_sentence(name, quick):
    _, refused = FILES[name]
    result = quick.of(name)
    if not refused:
        assert outcome(result) == full_marks(), result.marks
        return
    assert {(mark.status.value, mark.points) for mark in result.marks} == {("unreadable file", 0)}
    assert all(refused in mark.sentence for mark in result.marks), result.marks[0].sentence


@pytest.mark.parametrize("which", ["quick", "hanging"])
def test_every_honest_student_has_full_marks(which, request):
    graded = request.getfixturevalue(which)
    school = graded.school
    assert {one: outcome(graded.results[one]) for one in school.honest} == dict.fromkeys(school.honest, full_marks())
    places = [school.students.index(one) for one in school.honest]
    assert max(after - before for before, after in itertools.pairwise(places)) <= 3


@pytest.mark.parametrize("which", ["quick", "hanging"])
def test_the_grader_ends_well_and_leaves_no_process_and_no_file(which, request):
    graded = request.getfixturevalue(which)
    assert "Traceback" not in graded.said
    assert graded.processes == set()
    assert graded.left == []
    assert {path for path in {**graded.before, **graded.after} if graded.after.get(path) != graded.before.get(path)} == set()


@pytest.mark.parametrize("which", ["quick", "hanging"])
def test_the_book_is_sound_and_says_the_same_again(which, request):
    graded = request.getfixturevalue(which)
    with Book(graded.out / "grades.sqlite") as book:
        assert book.sound()
    again = {path: Path(path).read_bytes() for path in files_of(graded.out) if Path(path).is_file()}
    changed = {path for path in again.keys() | graded.written.keys() if again.get(path) != graded.written.get(path)}
    assert {path for path in changed if "grades.sqlite" not in path} == set()


def test_nobody_reached_the_network_and_nothing_was_written_where_archives_climb(quick, listener):
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert not Path("/tmp/92_count_the_classes.ipynb").exists()


def test_nobody_hands_in_for_somebody_else(quick):
    assert "somebody_else.ipynb" in quick.said
    assert quick.results[NEIGHBOUR].attempts == 1
    assert quick.of("file_after_a_worse_attempt").attempt == 2


def test_a_copied_number_names_its_owner_to_the_teacher_only(quick):
    copied = next(mark for mark in quick.of("cells_copied").marks if mark.question == "92.5")
    neighbour = quick.school.students[quick.school.students.index(quick.school.id("cells_copied")) - 1]
    assert neighbour in copied.note
    assert neighbour not in copied.sentence


# The corpus would notice


BROKEN = {"files": "py_landlock", "calls": "pyseccomp"}


@pytest.fixture(params=BROKEN)
def without(request, tmp_path):
    """A protection, and the environment of a machine that does not have it."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / f"{BROKEN[request.param]}.py").write_text("raise ImportError('switched off by a test')")
    return request.param, {"PYTHONPATH": str(tmp_path / "broken")}


def test_without_a_protection_grading_refuses_and_the_attacks_on_it_succeed(without, tmp_path):
    protection, environment = without
    cases = [case for case in QUICK if case.stopped_by == protection]
    assert len(cases) >= 3
    school = School(tmp_path / "school", cases)
    out = school.folder / "graded"
    refused = school.start(out, **environment)
    said = refused.communicate()[0]
    assert refused.returncode == 2
    assert "This machine cannot confine a notebook" in said
    with descendants() as left:
        graded = school.start(out, "--isolation=best", **environment)
        said = graded.communicate()[0]
        assert graded.returncode == 0, said
    assert not left
    with open(out / "gradebook.csv", encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    for case in cases:
        row = rows[school.id(case.name)]
        assert {question: row[f"{question} status"] for question in case.expected} == dict.fromkeys(case.expected, "right")
        assert row["protections not enforced"]


# Stopped in the middle


SOME = ["kernel_killed", "process_background", "disk_names", "output_from_c", "time_after_the_end", "time_busy_thread"]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    school = School(tmp_path_factory.mktemp("small"), [CASES[name] for name in SOME])
    return Graded(school, {}, "--workers=2")


def runs(out):
    """The stored runs, whole: a run that was repeated would have other times and another place in the file."""
    if not (out / "grades.sqlite").exists():
        return {}
    file = sqlite3.connect(out / "grades.sqlite", timeout=30)
    with closing(file):
        assert file.execute("pragma integrity_check").fetchone() == ("ok",)
        begun = file.execute("select 1 from sqlite_master where name = 'runs'").fetchone()
        return dict(file.execute("select key, rowid || ran from runs")) if begun else {}


@pytest.mark.parametrize("seed", range(2))
def test_a_grader_killed_at_random_moments_goes_on_and_leaves_nothing(seed, small, tmp_path):
    chance, out = random.Random(seed), tmp_path / "out"
    known, most = {}, len(small.school.students)
    for at in sorted(chance.sample(range(most), 3)):
        with descendants() as left:
            grader = small.school.start(out, "--workers=2")
            read_until(grader, at)
            time.sleep(chance.random() / 2)
            grader.kill()
            grader.communicate()
        assert not left
        now = runs(out)
        assert known.items() <= now.items()
        known = now
    finishes(small, out, known)


def test_ctrl_c_ends_everything_and_the_next_run_goes_on(small, tmp_path):
    out = tmp_path / "out"
    with descendants() as left:
        grader = small.school.start(out, "--workers=2")
        read_until(grader, 3)
        grader.send_signal(signal.SIGINT)
        said = grader.communicate()[0]
    assert grader.returncode == 130
    assert "opscourse grade: stopped." in said
    assert "Traceback" not in said
    assert not left
    assert not os.listdir(small.school.environment["TMPDIR"])
    finishes(small, out, runs(out))


def read_until(grader, least):
    """Read what the grader says until the bar of the notebooks, which may leave out a number, is so far, or it has ended."""
    said = ""
    while part := grader.stdout.read(1):
        said += part
        if part == "/" and (done := re.search(r"notebooks.* (\d+)/$", said, re.DOTALL)) and int(done[1]) >= least:
            return


def finishes(small, out, known):
    with descendants() as left:
        grader = small.school.start(out, "--workers=2")
        said = grader.communicate()[0]
        assert grader.returncode == 0, said
    assert not left
    assert not os.listdir(small.school.environment["TMPDIR"])
    assert known.items() <= runs(out).items()
    assert (out / "gradebook.csv").read_bytes() == (small.out / "gradebook.csv").read_bytes()


# The corpus itself


def test_the_corpus_is_what_it_says():
    assert len(CASES) + len(FILES) >= 100
    assert all(case.told and len(case.told.splitlines()) == 1 for case in CASES.values())
    topics = [list(group) for _, group in itertools.groupby(CASES, key=lambda name: name.split("_")[0])]
    assert min(map(len, topics)) >= 2, topics
