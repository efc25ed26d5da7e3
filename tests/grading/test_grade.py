"""A class graded as a teacher grades it: every status, the same book whatever the order, nothing run twice, regrading."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import zipfile

import nbformat
import pandas as pd
import pytest

from opscourse.errors import ArgumentError, DataUnavailable
from opscourse.exercise.derive import derived_text
from opscourse.grading import command, runner
from opscourse.grading.release import release

ANSWERS = """
from opscourse.exercise import Choice, Frame, Number

def share(load, hour=20):
    return (load("live_classes")["start_ts"].dt.hour >= hour).mean()

def topics(load):
    of_topic = load("live_classes").groupby("topic", observed=True)
    return of_topic.agg(minutes=("minutes", "mean"), seats=("capacity", "sum")).reset_index()

QUESTIONS = {
    "93.1": Choice(right="b", options={"a": "no: nobody counted", "b": "it is a plan"}),
    "93.2": Number(right=share, tolerance=0.0001, points=2, mistakes={"from seven on": lambda load: share(load, 19)}),
    "93.3": Frame(keys=["topic"], columns={"minutes": 0.01, "seats": int}, right=topics, points=2, partial=True),
}
"""
RIGHT = {
    "why": 'why = "b"',
    "late": 'late = (classes["start_ts"].dt.hour >= 20).mean()',
    "topics": 'grouped = classes.groupby("topic", observed=True)\n'
    'topics = grouped.agg(minutes=("minutes", "mean"), seats=("capacity", "sum")).reset_index()',
}
ROSTER = """id,name,canvas_id,moodle_id
ada,Ada Mulberry,101,1001
bo,Bo Quince,102,1002
cy,Cy Medlar,103,1003
di,Di Rowan,104,1004
el,"=HYPERLINK(""x"")",105,1005
fa,Fa <script>alert(1)</script>,106,1006
gil,Gil Sorrel,107,1007
"""


def notebook(**answers):
    """The solution, with other code for some of its answers."""
    code = RIGHT | answers
    cells = [nbformat.v4.new_markdown_cell("# Exercise 93: Look at a plan", id="ex93-00")]
    sources = [('from opscourse import check, load\n\nclasses = load("live_classes")', [])]
    for at, name in enumerate(RIGHT, start=1):
        sources += [(code[name], ["answer"]), (f'check("93.{at}", {name})', [])]
    for at, (source, tags) in enumerate(sources, start=1):
        cells.append(nbformat.v4.new_code_cell(source, id=f"ex93-{at:02}", metadata={"tags": tags} if tags else {}))
    return nbformat.v4.new_notebook(cells=cells)


def handed_in(folder, student, name="93.ipynb", **answers):
    (folder / student).mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(**answers), folder / student / name)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    name = "data/93_look_at_a_plan"
    solution, student, module = (
        root / "exercises" / part for part in (f"solutions/{name}.ipynb", f"{name}.ipynb", f"answers/{name}.py")
    )
    for path in (solution, student, module):
        path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(), solution)
    student.write_text(derived_text(solution))
    module.write_text(ANSWERS)
    return root


@pytest.fixture(scope="module")
def released(course, tmp_path_factory):
    folder = tmp_path_factory.mktemp("released")
    (folder / "roster.csv").write_text(ROSTER)
    (folder / "secret").write_text("5e" * 32)  # the same companies in each run of the tests
    release([93], folder / "roster.csv", folder, folder / "secret", course, workers=2, progress=False)
    return folder


@pytest.fixture(scope="module")
def submissions(released, tmp_path_factory):
    """Ada is right; Bo types in Ada's and his own numbers; Cy has a usual mistake and half a table; Di's file is none."""
    folder = tmp_path_factory.mktemp("submissions")
    own = {
        student: json.loads((released / "private" / "solutions" / f"{student}.json").read_text())["solutions"]
        for student in ("ada", "bo")
    }
    share = {}
    for student, solutions in own.items():
        number = next(one for one in solutions.values() if one["form"]["kind"] == "Number")
        cells = [int(token) for _, token, right, *_ in number["entries"] if right]
        share[student] = (sum(cells) / len(cells) + 0.5) * number["form"]["tolerance"]
    assert abs(share["ada"] - share["bo"]) > 0.001
    handed_in(folder, "ada/attempt_1", late="late = 0.5")
    handed_in(folder, "ada/attempt_2")
    handed_in(folder, "bo", late=f"late = {share['ada']}", topics="topics = 1 / 0")
    handed_in(
        folder,
        "cy",
        late='late = (classes["start_ts"].dt.hour >= 19).mean()',
        topics=RIGHT["topics"] + '\ntopics["seats"] += 1',
    )
    (folder / "di").mkdir()
    (folder / "di" / "93.ipynb").write_text("{")
    handed_in(folder, "el", why="why = ...", late=f"late = {share['bo'] / 2}", topics="topics = ...")
    handed_in(folder, "fa", late="while True:\n    pass", why="import os\nos._exit(3)")
    handed_in(folder, "somebody")
    return folder


def run(course, released, submissions, out, *more):
    where = ["--out", str(out), "--release", str(released), "--secret", str(released / "secret"), "--course", str(course)]
    assert command.main([str(submissions), *where, *more]) == 0
    return gradebook(out)


def gradebook(out):
    with open(out / "gradebook.csv", encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def graded(course, released, submissions, tmp_path_factory):
    out = tmp_path_factory.mktemp("graded")
    run(course, released, submissions, out, "--workers=2", "--cell-seconds=8")
    return out


def statuses(row):
    return [row[f"93.{at} status"] for at in (1, 2, 3)]


def test_each_student_gets_what_they_earned(graded):
    rows = gradebook(graded)
    assert {student: statuses(row) for student, row in rows.items()} == {
        "ada": ["right", "right", "right"],
        "bo": ["right", "wrong", "error"],
        "cy": ["right", "known mistake", "partly right"],
        "di": ["unreadable file"] * 3,
        "el": ["not answered", "wrong", "not answered"],
        "fa": ["error", "timed out", "right"],
        "gil": ["not handed in"] * 3,
    }
    assert {student: float(row["points"]) for student, row in rows.items()} == {
        "ada": 5, "bo": 1, "cy": 2, "di": 0, "el": 0, "fa": 2, "gil": 0,
    }  # fmt: skip
    assert {row["possible"] for row in rows.values()} == {"5"}
    assert (rows["ada"]["attempts"], rows["ada"]["attempt that counted"]) == ("2", "2")


def test_the_teacher_is_told_whose_data_a_number_fits_and_the_student_is_not(graded):
    assert "right on the data of Ada Mulberry" in (graded / "class.html").read_text()
    assert "Mulberry" not in (graded / "feedback" / "bo.html").read_text()
    assert "ZeroDivisionError" in (graded / "feedback" / "bo.html").read_text()


def test_a_file_of_nobody_is_named(graded, course, released, submissions, capsys):
    run(course, released, submissions, graded, "--cell-seconds=8")
    assert "somebody/93.ipynb" in capsys.readouterr().out


def test_the_same_files_in_another_order_with_one_worker_give_the_same_book(graded, course, released, submissions, tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted(submissions.rglob("*.ipynb"), reverse=True):
            archive.write(path, path.relative_to(submissions))
    run(course, released, tmp_path / "all.zip", tmp_path / "out", "--workers=1", "--cell-seconds=8")
    for name in ("gradebook.csv", "canvas_93.csv", "moodle_93.csv"):
        there, here = ((out / name).read_text().replace("all.zip/", "") for out in (tmp_path / "out", graded))
        assert there == here


def test_what_is_known_is_not_run_again_and_a_question_is_regraded_alone(graded, course, released, submissions, monkeypatch):
    def never(*_):
        raise AssertionError("a notebook was run again")

    monkeypatch.setattr(runner, "run", never)
    before = (graded / "gradebook.csv").read_bytes()
    run(course, released, submissions, graded, "--cell-seconds=8")
    assert (graded / "gradebook.csv").read_bytes() == before
    module = course / "exercises" / "answers" / "data" / "93_look_at_a_plan.py"
    try:
        module.write_text(ANSWERS.replace("hour=20", "hour=19").replace("share(load, 19)", "share(load, 20)"))
        rows = run(course, released, submissions, graded, "--cell-seconds=8")
        assert statuses(rows["ada"]) == ["right", "known mistake", "right"]
        assert statuses(rows["cy"]) == ["right", "right", "partly right"]
        module.write_text(ANSWERS.replace("tolerance=0.0001", "tolerance=0.9"))
        assert statuses(run(course, released, submissions, graded, "--cell-seconds=8")["cy"])[1] == "right"
    finally:
        module.write_text(ANSWERS)
    assert (graded / "gradebook.csv").read_bytes() != before
    run(course, released, submissions, graded, "--cell-seconds=8")
    assert (graded / "gradebook.csv").read_bytes() == before


@pytest.mark.parametrize("order", [("ada", "gil"), ("gil", "ada")])
def test_who_hands_in_the_same_notebook_does_not_change_anothers_marks(order, course, released, tmp_path, capsys):
    """On the data of `order[0]` the code stops before each answer, so that nothing is run on the hidden company for them."""
    table = released / "bundles" / order[0] / "company" / "live_classes.parquet"
    seats = pd.read_parquet(table)["capacity"].sum()
    same = {name: f'assert classes["capacity"].sum() != {seats}\n{code}' for name, code in RIGHT.items()}
    for student in order:
        handed_in(tmp_path / "in", student, **same)
    for _ in range(2):
        rows = run(course, released, tmp_path / "in", tmp_path / "out", "--workers=1")
        assert statuses(rows[order[0]]) == ["error"] * 3
        assert statuses(rows[order[1]]) == ["right"] * 3


def processes_of(out):
    """What still runs of a grading."""
    import psutil

    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(out) in line and process.status() != psutil.STATUS_ZOMBIE:
            found.append(line)
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_grader_that_is_stopped_goes_on_where_it_was(number, graded, course, released, submissions, tmp_path):
    command = [sys.executable, "-m", "opscourse.cli", "grade", str(submissions), "--out", str(tmp_path), "--workers=1"]
    command += ["--release", str(released), "--secret", str(released / "secret"), "--course", str(course), "--cell-seconds=8"]
    stopped = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    said = b""
    while b" 2/5 " not in said:
        said += os.read(stopped.stdout.fileno(), 1000)
        assert stopped.poll() is None, said.decode()
    os.kill(stopped.pid, number)
    said = stopped.communicate()[0].decode()
    assert stopped.returncode == (-number if number == signal.SIGKILL else 130)
    if number == signal.SIGINT:
        assert "stopped" in said
        assert "Traceback" not in said
    known = runs(tmp_path)
    assert 2 <= len(known) < len(runs(graded))
    run(course, released, submissions, tmp_path, "--cell-seconds=8")
    assert {key: value for key, value in runs(tmp_path).items() if key in known} == known
    assert (tmp_path / "gradebook.csv").read_bytes() == (graded / "gradebook.csv").read_bytes()
    assert not processes_of(tmp_path)


def runs(out):
    """The runs that a book has: key -> rowid, which changes if it is written again."""
    if not (out / "grades.sqlite").exists():
        return {}
    file = sqlite3.connect(out / "grades.sqlite", timeout=30)
    try:
        return dict(file.execute("select key, rowid from runs"))
    except sqlite3.OperationalError:
        return {}
    finally:
        file.close()


def test_what_is_missing_is_said_before_anything_is_done(released, submissions, tmp_path):
    with pytest.raises(DataUnavailable, match="holds no release"):
        command.main([str(submissions), "--out", str(tmp_path / "out")])
    with pytest.raises(DataUnavailable, match="There is no"):
        command.main([str(tmp_path / "nothing"), "--out", str(tmp_path / "out"), "--release", str(released)])
    with pytest.raises(ArgumentError, match="--workers"):
        command.main([str(submissions), "--out", str(tmp_path / "out"), "--workers=0"])
    assert not (tmp_path / "out").exists()
