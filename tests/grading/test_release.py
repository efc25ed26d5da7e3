"""Each student's bundle: complete, their own, made again to the byte, without the truth, and never mixed with another's."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import matplotlib
import nbformat
import pytest
from classroom import ROOT, answered

import opscourse
from opscourse.company import store
from opscourse.errors import ArgumentError, DataFileError, DataUnavailable, OpsCourseError
from opscourse.exercise import answers, keys
from opscourse.exercise.derive import derived_text
from opscourse.grading import variants
from opscourse.grading.release import release

SECRET = bytes(range(32))
ANSWERS = """
from opscourse.exercise import Choice, Frame, Integer

def by_hour(load):
    classes = load("live_classes")
    return classes.groupby(classes["start_ts"].dt.hour.rename("hour")).size().reset_index(name="classes")

QUESTIONS = {
    "91.1": Choice(right="b", options={"a": "no: count them", "b": "yes, in the evening"}),
    "91.2": Frame(keys=["hour"], columns={"classes": int}, right=by_hour),
    "91.3": Integer(right=lambda load: by_hour(load)["classes"].max(), mistakes={
        "this is the number of all classes": lambda load: len(load("live_classes")),
    }),
}
"""
CELLS = [
    ("markdown", "", "# Exercise 91: Count classes"),
    ("code", "", 'from opscourse import check, load, report\n\nclasses = load("live_classes")'),
    ("code", "answer", 'when = "b"'),
    ("code", "", 'check("91.1", when)'),
    (
        "code",
        "answer",
        'hours = classes.groupby(classes["start_ts"].dt.hour.rename("hour")).size().reset_index(name="classes")',
    ),
    ("code", "", 'check("91.2", hours)'),
    ("code", "answer", 'most = classes["start_ts"].dt.hour.value_counts().max()'),
    ("code", "", 'check("91.3", most)'),
    ("code", "", "report(91)"),
]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A clone with one small exercise."""
    root = tmp_path_factory.mktemp("course")
    solution = root / "exercises" / "solutions" / "data" / "91_count_classes.ipynb"
    student = root / "exercises" / "data" / "91_count_classes.ipynb"
    module = root / "exercises" / "answers" / "data" / "91_count_classes.py"
    for path in (solution, student, module):
        path.parent.mkdir(parents=True)
    notebook = nbformat.v4.new_notebook()
    for i, (kind, tag, source) in enumerate(CELLS, 1):
        cell = getattr(nbformat.v4, f"new_{kind}_cell")(source, id=f"ex91-{i:02}")
        cell.metadata.update({"tags": [tag]} if tag else {})
        notebook.cells.append(cell)
    nbformat.write(notebook, solution)
    student.write_text(derived_text(solution), encoding="utf-8")
    module.write_text(ANSWERS)
    return root


@pytest.fixture(scope="module")
def counted(course):
    return variants.exercise(91, course)


def class_of(folder, *ids):
    path = folder / "roster.csv"
    path.write_text("id,name\n" + "".join(f"{one},Somebody\n" for one in ids))
    return path


@pytest.fixture(scope="module")
def released(tmp_path_factory, course):
    """The bundles of two students."""
    folder = tmp_path_factory.mktemp("class")
    release([91], class_of(folder, "mulberry_ada", "1002"), folder / "out", course=course, progress=False)
    return folder / "out"


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_bundle_holds_what_a_student_needs_and_nothing_else(released, course):
    assert {path.name for path in released.iterdir()} == {"bundles", "private"}
    assert {path.name for path in (released / "bundles").iterdir()} == {"mulberry_ada", "mulberry_ada.zip", "1002", "1002.zip"}
    files = contents(released / "bundles" / "1002")
    assert set(files) == {
        "91_count_classes.ipynb",
        "README.txt",
        "company/company.json",
        "company/live_classes.parquet",
        "company/keys/91.json",
    }
    assert files["91_count_classes.ipynb"] == (course / "exercises" / "data" / "91_count_classes.ipynb").read_bytes()
    assert files["README.txt"].decode().count("\n") == 5
    assert b"1002" in files["README.txt"]
    with zipfile.ZipFile(released / "bundles" / "1002.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {f"1002/{name}": of for name, of in files.items()}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_what_no_student_may_see_is_for_its_owner_only(released):
    assert stat.S_IMODE((released / "private").stat().st_mode) == 0o700
    assert stat.S_IMODE((released / "private" / "secret").stat().st_mode) == 0o600


def test_the_same_secret_gives_the_same_bytes_on_any_number_of_workers(released, course, tmp_path, capsys):
    students = class_of(tmp_path, "1002", "new", "mulberry_ada")
    secret = released / "private" / "secret"
    release(["91"], students, tmp_path / "again", secret, course, workers=2)
    mine = contents(tmp_path / "again" / "bundles")
    assert {name: of for name, of in mine.items() if not name.startswith("new")} == contents(released / "bundles")
    said = capsys.readouterr()
    assert said.out == f"Made 3 bundles: {tmp_path / 'again' / 'bundles'}\n"
    assert "3/3" in said.err


def test_each_student_has_a_company_of_their_own_and_nothing_in_it_makes_it_again(released, counted, tmp_path):
    known = variants.secret(released / "private" / "secret")
    manifests = []
    for student in ("mulberry_ada", "1002"):
        folder = released / "bundles" / student / "company"
        manifest = store.manifest(folder)
        manifests.append(manifest)
        made = opscourse.company.generate.generate(
            tmp_path / student, seed=manifest["seed"], tables=["live_classes"], variant=True, progress=False
        )
        assert store.manifest(made)["tables"] != manifest["tables"]
        true = variants._number(known, "seed", student)
        spelled = [
            f"{true}".encode(),
            f"{true:x}".encode(),
            true.to_bytes(16, "big"),
            true.to_bytes(16, "little"),
            known,
            known.hex().encode(),
        ]
        for content in contents(folder.parent).values():
            assert not any(form in content for form in spelled)
        assert manifest["truth"] is None
        assert manifest["parameters"] == {}
    assert manifests[0]["tables"] != manifests[1]["tables"]
    assert manifests[0]["seed"] != manifests[1]["seed"]


def test_the_true_seed_makes_the_tables(released, tmp_path):
    """So that the test above looks for the right number."""
    known = variants.secret(released / "private" / "secret")
    made = variants.generate(
        tmp_path / "made", seed=variants._number(known, "seed", "1002"), tables=["live_classes"], variant=True, progress=False
    )
    assert store.manifest(made)["tables"] == store.manifest(released / "bundles" / "1002" / "company")["tables"]


def test_a_bundle_works_where_it_is_unpacked(released, course, tmp_path):
    """The student's solution, by the class's command and by opscourse check, in a folder with blanks and CJK."""
    home = tmp_path / "我的 downloads"
    with zipfile.ZipFile(released / "bundles" / "1002.zip") as archive:
        archive.extractall(home)
    path = home / "1002" / "91_count_classes.ipynb"
    notebook = nbformat.read(course / "exercises" / "solutions" / "data" / path.name, as_version=4)
    look = "from opscourse import describe\nfrom opscourse.company import store\n"
    look += "assert len(describe('live_classes')) and store.data_folder().parent.parent.name == '我的 downloads'"
    notebook.cells.append(nbformat.v4.new_code_cell(look))
    nbformat.write(notebook, path)
    done = run("-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q", "-p", "no:cacheprovider", path, cwd=tmp_path)
    assert "9 passed" in done.stdout, done.stdout
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith('check("91.3"')]
    nbformat.write(notebook, path)
    checked = run("-m", "opscourse.cli", "check", path.relative_to(tmp_path), cwd=tmp_path)
    assert checked.stdout.endswith("· 91.3  the notebook has no check of this question\n2 of 3 right\n"), checked.stderr


def run(*arguments, cwd):
    environment = {name: value for name, value in os.environ.items() if name != "OPSCOURSE_DATA"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


def test_in_a_bundle_everything_is_found_and_the_truth_is_not(released, monkeypatch, capsys):
    monkeypatch.delenv("OPSCOURSE_DATA", raising=False)
    monkeypatch.chdir(released / "bundles" / "1002")
    assert store.data_folder() == (released / "bundles" / "1002" / "company").resolve()
    assert store.verify() == []
    for name in (None, "quality.effect", "people", "defects"):
        with pytest.raises(DataUnavailable, match="came without its truth"):
            opscourse.truth(name)
    with pytest.raises(DataUnavailable, match="was made without the table 'people'"):
        store.hidden("people")
    with pytest.raises(DataUnavailable, match="was made without the table 'orders'"):
        opscourse.load("orders")
    opscourse.report(91)
    assert capsys.readouterr().out.endswith("0 of 3 right\n")


def test_a_release_that_was_killed_goes_on_where_it_was(course, tmp_path):
    students = class_of(tmp_path, *(f"student{i}" for i in range(6)))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "opscourse.cli", "release", "91", "--roster", students, "--out", out, "--course", course]
    first = subprocess.Popen([*command, "--workers", "1"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while first.poll() is None and not list(out.glob("bundles/*.zip")):
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    first.wait()
    done = {path: path.stat().st_mtime_ns for path in out.glob("bundles/*.zip")}
    secret = (out / "private" / "secret").read_bytes()
    again = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith(f"Made {6 - len(done)} bundle")
    assert (out / "private" / "secret").read_bytes() == secret
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert len(list(out.glob("bundles/*.zip"))) == 6
    assert {path.name for path in out.glob("private/*")} == {"secret", "release.json", "roster.csv", "solutions", "companies"}
    assert not list(out.rglob(".*"))


def test_who_comes_gets_a_bundle_and_who_leaves_is_named(released, course, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(released, out)
    before = contents(out / "bundles")
    release([91], class_of(tmp_path, "1002", "late"), out, course=course, progress=False)
    said = capsys.readouterr().out
    assert said == f"Made 1 bundle; 1 were there: {out / 'bundles'}\nNot on the roster, left as they are: mulberry_ada\n"
    after = contents(out / "bundles")
    assert {name: of for name, of in after.items() if not name.startswith("late")} == before
    assert "late.zip" in after


def test_a_damaged_or_half_made_bundle_is_made_again(released, course, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(released, out)
    before = contents(out / "bundles")
    (out / "bundles" / "1002.zip").unlink()
    (out / "bundles" / "1002" / "README.txt").write_text("mine")
    (out / "bundles" / "mulberry_ada.zip").write_bytes(b"PK")
    release([91], class_of(tmp_path, "1002", "mulberry_ada"), out, course=course, progress=False)
    assert capsys.readouterr().out.startswith("Made 2 bundles, 2 of them again:")
    assert contents(out / "bundles") == before


def test_data_that_somebody_may_be_working_on_never_change(released, course, tmp_path):
    """Another version of the simulator would make other tables: then nothing is replaced."""
    out = tmp_path / "out"
    shutil.copytree(released, out)
    path = out / "bundles" / "1002" / "company" / "company.json"
    path.write_text(path.read_text().replace(store.manifest(path.parent)["tables"]["live_classes"]["values"], "0" * 64))
    (out / "bundles" / "1002.zip").unlink()
    before = contents(out / "bundles")
    with pytest.raises(
        DataUnavailable, match=r"data of '1002' would no longer be those .* Install the earlier one, or name a new"
    ):
        release([91], class_of(tmp_path, "1002"), out, course=course, progress=False)
    assert contents(out / "bundles") == before


def test_bundles_of_another_secret_or_with_other_exercises_are_not_mixed(released, course, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(released, out)
    before, students = contents(out), class_of(tmp_path, "1002", "late")
    other = tmp_path / "other"
    variants.secret(other, create=True)
    with pytest.raises(
        ArgumentError, match=r"bundles in .*out, but the secret .*other is not the one that they were made with"
    ):
        release([91], students, out, other, course, progress=False)
    with pytest.raises(ArgumentError, match=r"the secret .*none is gone: put it back"):
        release([91], students, out, tmp_path / "none", course, progress=False)
    with pytest.raises(ArgumentError, match=r"hold exercise 91 too: name it as well, or another folder, with --secret"):
        release([9], students, out, progress=False)
    assert contents(out) == before
    assert not (tmp_path / "none").exists()
    (out / "private" / "release.json").write_text("{")
    with pytest.raises(DataFileError, match=r"release\.json is damaged"):
        release([91], students, out, course=course, progress=False)
    (out / "private" / "secret").write_text("aa")
    with pytest.raises(DataFileError, match="holds no secret of a course"):
        release([91], students, out, course=course, progress=False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"exercises": [92]}, "There is no exercise 92 in .*; there are 91"),
        ({"exercises": ["read a curve"]}, "neither the number of an exercise nor a notebook"),
        (
            {"exercises": ["{course}/exercises/solutions/data/91_count_classes.ipynb"]},
            "is not what students get: exercise 91 is",
        ),
        ({"workers": 0}, "--workers must be at least 1"),
        ({"secret_file": "{out}/bundles/secret"}, "must not lie among the bundles"),
        ({"course": "{out}"}, "is no clone of the course"),
        ({"out": "{roster}"}, "cannot be used as a folder"),
        ({"roster": "id,name\n../x,Ada\n"}, "Line 2 .* cannot name a file"),
        ({"roster": "id\n1\n"}, "no column 'name'"),
    ],
)
def test_what_is_given_wrongly_gets_one_sentence_and_nothing_is_written(course, tmp_path, change, said):
    students, out = class_of(tmp_path, "1002"), tmp_path / "out"
    students.write_text(change.pop("roster", students.read_text()))
    known = {"exercises": [91], "out": out, "course": course, "progress": False}
    places = {"course": course, "out": out, "roster": students}
    for name, value in change.items():
        known[name] = [str(one).format(**places) for one in value] if name == "exercises" else value
        if isinstance(value, str):
            known[name] = Path(value.format(**places))
    with pytest.raises(OpsCourseError, match=said) as error:
        release(roster_file=students, **known)
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["roster.csv"]


def test_a_path_names_an_exercise_too(released, course, tmp_path, capsys):
    path = course / "exercises" / "data" / "91_count_classes.ipynb"
    release([str(path)], class_of(tmp_path, "1002", "mulberry_ada"), released, course=course, progress=False)
    assert capsys.readouterr().out == f"Made 0 bundles; 2 were there: {released / 'bundles'}\n"


def test_an_exercise_that_somebody_has_filled_in_is_not_handed_out(course, tmp_path):
    clone = tmp_path / "clone"
    shutil.copytree(course, clone)
    path = clone / "exercises" / "data" / "91_count_classes.ipynb"
    path.write_text(path.read_text().replace("when = ...", "when = 'b'"))
    with pytest.raises(ArgumentError, match=r"is not what its solution gives\. Type in the root of the clone: opscourse build"):
        variants.exercise(91, clone)


# what the grader builds on


def test_a_company_has_equal_tables_for_student_kernel_and_judge(counted, tmp_path):
    spoiled = replace(counted, tables=("marketing_touches", "live_classes"))
    judge, kernel, bundle = (
        variants.company(SECRET, "ada", [spoiled], tmp_path, kind) for kind in ("judge", "kernel", "bundle")
    )
    for folder in (kernel, bundle):
        for name in ("marketing_touches.parquet", "live_classes.parquet"):
            assert (folder / name).read_bytes() == (judge / name).read_bytes()
        assert store.manifest(folder)["truth"] is None
        assert set(store.manifest(folder)["parameters"]) == {"dirt"}
        assert not list(folder.rglob("truth*"))
    dirty = []
    for folder in (judge, kernel, bundle):
        with answers.company(folder) as (load, _):
            dirty.append(load("marketing_touches", dirty=True))
    assert dirty[0].equals(dirty[1])
    assert dirty[0].equals(dirty[2])
    with answers.company(judge) as (_, truth):
        assert len(truth("people")) == 20_000
    alone = variants.company(SECRET, "ada", [counted], tmp_path, "kernel")
    assert (alone / "live_classes.parquet").read_bytes() == (judge / "live_classes.parquet").read_bytes()


def test_a_company_is_made_once_and_again_when_what_it_is_made_from_changes(counted, tmp_path):
    first = variants.company(SECRET, "ada", [counted], tmp_path, "kernel")
    made = (first / "company.json").stat().st_mtime_ns
    assert variants.company(SECRET, "ada", [counted], tmp_path, "kernel") == first
    assert (first / "company.json").stat().st_mtime_ns == made
    others = [
        variants.company(SECRET, None, [counted], tmp_path, "kernel"),
        variants.company(SECRET, "nobody", [counted], tmp_path, "kernel"),
        variants.company(bytes(32), "ada", [counted], tmp_path, "kernel"),
        variants.company(SECRET, "ada", [replace(counted, digest="other")], tmp_path, "kernel"),
        variants.company(SECRET, "ada", [counted], tmp_path, "judge"),
    ]
    assert len({first, *others}) == 6
    tables = {(folder / "live_classes.parquet").read_bytes() for folder in others[:3]}
    assert len(tables) == 3
    assert "ada" not in str(first.relative_to(tmp_path))
    assert not list(tmp_path.rglob("*.partial"))


def test_a_collecting_key_tells_nothing_about_the_company(counted, tmp_path):
    texts = {
        (variants.company(SECRET, student, [counted], tmp_path, "kernel") / "keys" / "91.json").read_bytes()
        for student in ("ada", "bo", None)
    }
    assert len(texts) == 1
    (text,) = texts
    told = json.loads(text)["questions"]
    assert set(told) == {"91.1", "91.2", "91.3"}
    assert all(set(question) == {"form", "collect"} and question["collect"] is True for question in told.values())
    assert told["91.1"]["form"]["options"] == ["a", "b"]
    assert told["91.2"]["form"] | {"rows": None, "count": None, "hints": None} == told["91.2"]["form"]
    assert b"in the evening" not in text


def test_a_secret_is_made_once_and_read_again(tmp_path):
    path = tmp_path / "new" / "secret"
    with pytest.raises(DataUnavailable, match="There is no secret in"):
        variants.secret(path)
    made = variants.secret(path, create=True)
    assert len(made) == 32
    assert variants.secret(path, create=True) == variants.secret(path) == made
    assert made != variants.secret(tmp_path / "other", create=True)
    assert [one.name for one in path.parent.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    ("sources", "tables"),
    [
        (['load("orders")', "users = opscourse.load('users', dirty=False)"], ("users", "orders")),
        (['load(table="events", dirty=True)'], ("events",)),
        (['print("orders")', 'frame["users"]'], ()),
        (['def f(load, name):\n    return load(name)\nf(load, "orders"), f(load, "users")'], ("users", "orders")),
        (['load("no such table")'], ()),
    ],
)
def test_the_tables_that_code_loads_are_found(sources, tables):
    assert variants.tables_of(sources) == tables


SOLUTIONS = sorted((ROOT / "exercises" / "solutions").rglob("[0-9]*.ipynb"))


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_a_solution_runs_on_what_the_kernel_gets_and_is_judged_from_what_it_sends(solution, tmp_path, monkeypatch):
    """With the tables of the exercise alone, and the form of the collecting key; some answers are wrong on purpose."""
    matplotlib.use("agg")
    exercise = variants.exercise(int(solution.name[:2]))
    kernel = variants.company(SECRET, "ada", [exercise], tmp_path, "kernel")
    monkeypatch.setattr(store, "_chosen", kernel)
    given = answered(solution, monkeypatch)
    sent = {}
    for name, answer in given.items():
        asked, find = keys.key(name)
        assert find is None
        sent[name] = json.loads(json.dumps(asked.read(answer)))
    judge = variants.company(SECRET, "ada", [exercise], tmp_path, "judge")
    with answers.company(judge) as (load, truth):
        for name, question in exercise.questions.items():
            solved = answers.solved(question, load, truth)

            def find(part, token, solved=solved):
                return solved.entries.get((part, token))

            verdict = solved.form.judge(sent[name], find)
            assert verdict.right, f"{name}: {verdict.sentence}"
            assert solved.form.judge(solved.form.read(given[name]), find) == verdict
            for sentence, mistake in question.likely(solved.right):
                wrong = question.answer(mistake, load, truth)
                assert not solved.form.judge(json.loads(json.dumps(wrong)), find).right or sentence in solved.lost
