"""The benchmark of grading measures what it says it measures, and lets no time count that came with wrong marks."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "benchmarks" / "grading"
DATA = Path(__file__).parents[2] / "datasets"


@pytest.fixture(scope="module", autouse=True)
def _path():
    """The benchmark's modules know each other by their bare names, as scripts do."""
    sys.path.insert(0, str(BENCH))
    yield
    sys.path.remove(str(BENCH))


@pytest.fixture(scope="module")
def students():
    return importlib.import_module("students")


@pytest.fixture(scope="module")
def tools():
    return importlib.import_module("tools")


@pytest.fixture(scope="module")
def main():
    spec = importlib.util.spec_from_file_location("bench_grading", BENCH / "__main__.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def right(students):
    return students.solved(DATA)


def test_a_class_has_every_kind_of_answer_and_its_members_share_no_name(students):
    one, other = students.classroom(30)[:2]
    assert students.classroom(2) == [one, other]
    code = [student.code[number] for student in students.classroom(30) for number in student.code]
    assert any("payed" in text for text in code)
    assert any(text.endswith("...") for text in code)
    assert 0.5 < sum(sum(student.points.values()) for student in students.classroom(30)) / (30 * len(one.code)) < 0.9
    assert not {text for text in one.code.values() if "..." not in text} & set(other.code.values())


def test_the_limit_gives_each_student_the_marks_they_deserve(students, tools, right, tmp_path):
    notebook, parts = students.exercise()
    class_ = students.classroom(4)
    assert {0, 1} == {points for student in class_ for points in student.points.values()}
    for student in class_:
        (tmp_path / f"{student.id}.ipynb").write_text(students.filled(notebook, student.code, parts))
    (tmp_path / "jobs.json").write_text(json.dumps([(f"{student.id}.ipynb", str(DATA)) for student in class_]))
    subprocess.run([sys.executable, BENCH / "fork.py", "jobs.json", "2", "answers.json"], cwd=tmp_path, check=True)
    given = json.loads((tmp_path / "answers.json").read_text())
    marks = [{number: tools.judged(right[number], answers.get(number)) for number in right} for answers in given]
    assert marks == [student.points for student in class_]


@pytest.mark.parametrize("kind", ["right", "wrong"])
def test_the_tests_of_the_other_tools_pass_the_right_answers_and_no_other(students, tools, right, kind, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    cells = {cell.id: cell.source for cell in students.twin(tools.Bench(tmp_path).data).cells if cell.cell_type == "code"}
    parts = students.exercise()[1]
    asked = {part.check_cell: number for number, part in parts.items()} | {part.answer_cell: None for part in parts.values()}
    space = {}
    for source in (source for name, source in cells.items() if name not in asked):
        exec(source, space)
    for number, part in parts.items():
        exec(students.written(part, number, kind, "_1"), space)
        passed = True
        try:
            exec("\n".join(students.assertions(part.name, right[number])), space)
        except AssertionError:
            passed = False
        assert passed == (kind == "right"), number


def test_costs_count_all_processes_and_name_those_left_behind(tmp_path):
    """In a process of its own: measuring adopts and ends all children of the process that measures."""
    done = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch()"
    until = "import pathlib, sys, time\nwhile not all(pathlib.Path(name).exists() for name in sys.argv[1:]): time.sleep(0.01)"
    busy = f"import time\nwhile time.process_time() < 0.5: pass\n{done}"
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}, 'burnt'])"
    large = f"kept = b'1' * 150_000_000\n{done}\n{until}\ntime.sleep(2)"
    forgotten = "import subprocess, sys; subprocess.Popen(['sleep', '600'])"
    code = f"""
import json, os, sys
from pathlib import Path
sys.path.insert(0, {str(BENCH)!r})
from measure import Job, measured
def cost(*sources):
    jobs = [Job([sys.executable, "-c", *source], Path({str(tmp_path)!r}), dict(os.environ)) for source in sources]
    return measured(jobs, Path({str(tmp_path)!r}) / "log", every=0.01)
costs = [cost([{orphan!r}], [{until!r}, "burnt"]), cost([{large!r}, "a", "b"], [{large!r}, "b", "a"]), cost([{forgotten!r}])]
try:
    cost(["print('it broke'); raise SystemExit(3)"])
except RuntimeError as error:
    costs.append(str(error))
print(json.dumps(costs))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    orphaned, both, left, failure = json.loads(run.stdout)
    assert orphaned[1] >= 0.5
    assert both[2] >= 290
    assert [both[3], left[3]] == [0, 1]
    assert "it broke" in failure


def test_a_time_counts_only_with_the_marks_that_students_deserve(students, main, tmp_path, monkeypatch):
    class_ = students.classroom(2)
    marks = {student.id: {number: float(points) for number, points in student.points.items()} for student in class_}
    assert main.differing(class_, marks) == []
    marks[class_[0].id]["91.1"] = 1 - marks[class_[0].id]["91.1"]
    assert len(main.differing(class_, marks)) == 1
    assert len(main.differing(class_, {})) == 12


def test_cases_are_read_and_impossible_ones_refused(main):
    assert main.cases(["ours,fork:12,24:1:3"]) == {
        main.Case(tool, size, 1): 3 for size in (12, 24) for tool in ("ours", "fork")
    }
    for text in ("mine:12:1:1", "ours:1:2:1", "ours:12:1:0"):
        with pytest.raises(ValueError, match="there is no case"):
            main.cases([text])
    assert main.cases(list(main.PLAN))


def test_ratios_are_of_the_same_round_and_a_run_and_targets_are_told_either_way(main):
    case, cost = main.Case, main.Cost
    found = {
        case("ours", 10, 2): {0: cost(30, 60, 500, 0), 1: cost(90, 60, 500, 0)},
        case("ours", 100, 2): {0: cost(900, 900, 900, 1)},
        case("fork", 10, 2): {0: cost(25, 40, 400, 0), 1: cost(75, 40, 400, 0)},
        case("nbgrader", 10, 2): {0: cost(60, 90, 300, 0), 1: cost(180, 90, 300, 0)},
    }
    assert main.ratio(found, case("ours", 10, 2), case("fork", 10, 2)) == pytest.approx(1.2)
    assert main.ratio(found, case("nbgrader", 10, 2), case("ours", 10, 2), "cpu") == pytest.approx(3)
    assert main.ratio(found, case("nbgrader", 100, 2), case("ours", 100, 2)) is None
    told = "\n".join(main.targets(found))
    assert "\nreached: at most 1.5 times the warm fork a notebook run: 1.20" in f"\n{told}"
    assert "NOT reached: at least 5 times nbgrader's runs a second: 4.0" in told
    assert "NOT reached: linear: 3.00" in told
    assert "NOT reached: memory flat: 1.80" in told
    assert "left running after the end: opscourse grade (1)" in told
    assert main.further(found) == [
        "opscourse grade, 2 workers, between 10 and 100 submissions: a further run takes 4.67 wall s, the start -33.3; "
        "4.67 cpu s, the start -33.3"
    ]
    assert "| nbgrader | 100" not in main.table(found)
