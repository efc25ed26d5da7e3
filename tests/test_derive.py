"""The student's notebook holds the questions and none of the answers, and its author is told what cannot be derived."""

import subprocess
import sys

import nbformat
import pytest
from classroom import SOLUTION

from opscourse.errors import ArgumentError
from opscourse.exercise.derive import derive, derived_text, main, stub


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("x = 1", "x = ..."),
        ("x: float = f(1)", "x: float = ..."),
        ("x = y = 1", "x = ...\ny = ..."),
        ("a, (b, *c) = f()", "a = ...\nb = ...\nc = ..."),
        ("x = 1\nx = x + 1", "x = ..."),
        ("x = {}\nx['a'] = 1\nx.b = 2\nx += 1", "x = ..."),
        ("# In CNY.\n# Per user.\n\nx = 1  # 42\n# gone\nprint(x)", "# In CNY.\n# Per user.\nx = ..."),
        ("import numpy as np\nfrom math import pi\nx = np.mean(1)", "import numpy as np\nfrom math import pi\n\nx = ..."),
        ("t = 'é'; x = 42", "t = ...\nx = ..."),
        ("for i in range(3):\n    secret = i\nx = 1", "x = ..."),
        ('def f(a, b=2):\n    """Say."""\n    return a', 'def f(a, b=2):\n    """Say."""\n    ...'),
        ('x = 1\n\ndef f():\n    """é."""; return 1\ny = 2', 'x = ...\n\n\ndef f():\n    """é."""\n    ...\n\n\ny = ...'),
        (
            '@cache\n@other(1)\ndef f(a: int, *, b="x") -> float:\n    """One.\n\n    Two.\n    """\n    # 42\n    return 1',
            '@cache\n@other(1)\ndef f(a: int, *, b="x") -> float:\n    """One.\n\n    Two.\n    """\n    ...',
        ),
    ],
)
def test_an_answer_cell_keeps_what_is_asked_and_loses_the_answer(answer, left):
    assert stub(answer) == left
    compile(left, "cell", "exec")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("x = = 1", r"cannot be parsed \(line 1"),
        ("%time x = 1", "cannot be parsed"),
        ("print(1)", "must assign a name or define a function"),
        ("import numpy", "must assign a name or define a function"),
        ("", "must assign a name or define a function"),
        ("def f(x):\n    return x", "f needs a docstring"),
        ("def f(x): 'Say.'; return x", "on a line of its own"),
    ],
)
def test_an_answer_cell_that_cannot_be_derived_is_named(answer, said):
    with pytest.raises(ArgumentError, match=said):
        stub(answer)
    solution = nbformat.read(SOLUTION, as_version=4)
    solution.cells[4].source = answer
    with pytest.raises(ArgumentError, match=f"Cell ex90-05: .*{said}"):
        derive(solution)


@pytest.mark.parametrize(
    ("cell", "change", "said"),
    [
        (3, {"id": "ex90-03"}, "ids must be exNN-MM"),
        (3, {"id": "ex91-04"}, "ids must be exNN-MM"),
        (3, {"id": "orders"}, "ids must be exNN-MM"),
        (3, {"metadata": {"tags": ["answer"]}}, "only a code cell"),
        (4, {"metadata": {"tags": ["answer", "solution"]}}, "tags"),
        (4, {"metadata": {"tags": ["anwser"]}}, "tags"),
    ],
)
def test_wrong_ids_and_tags_are_refused(cell, change, said):
    solution = nbformat.read(SOLUTION, as_version=4)
    solution.cells[cell].update(nbformat.from_dict(change))
    with pytest.raises(ArgumentError, match=said):
        derive(solution)


def test_the_student_gets_questions_checks_and_no_solution():
    solution = nbformat.read(SOLUTION, as_version=4)
    for cell in solution.cells:
        cell.metadata["collapsed"] = True
        if cell.cell_type == "code":
            cell.update(execution_count=3, outputs=[nbformat.v4.new_output("stream", text="0.6333")])
    student = derive(solution)
    nbformat.validate(student)
    kept = [cell for cell in solution.cells if not {"solution", "instructor"} & set(cell.metadata.get("tags", []))]
    assert [cell.id for cell in student.cells] == [cell.id for cell in kept]
    for cell, source in zip(student.cells, kept, strict=True):
        answer = source.metadata.get("tags") == ["answer"]
        assert cell.metadata == ({"tags": ["answer"]} if answer else {})
        assert (cell.source == source.source) != answer
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
    assert sum("tags" in cell.metadata for cell in student.cells) == 7


def test_the_same_solution_gives_the_same_bytes():
    text = derived_text(SOLUTION)
    code = "import sys; from opscourse.exercise import derive as d; print(d.derived_text(d.Path(sys.argv[1])), end='')"
    again = subprocess.run([sys.executable, "-c", code, str(SOLUTION)], capture_output=True, check=True, encoding="utf-8")
    assert again.stdout == text
    assert text.endswith("}\n")
    assert nbformat.writes(nbformat.reads(text, as_version=4)) == text.rstrip("\n")


def test_the_command_writes_removes_and_compares(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match="root of a clone"):
        main([])
    source = tmp_path / "exercises" / "solutions" / "data" / SOLUTION.name
    student = tmp_path / "exercises" / "data" / SOLUTION.name
    stale = tmp_path / "exercises" / "users" / "91_gone.ipynb"
    for path in (source, stale):
        path.parent.mkdir(parents=True)
        path.write_bytes(SOLUTION.read_bytes())
    assert main(["--check"]) == 1
    assert not student.exists()
    assert capsys.readouterr().out.count("✗") == 2
    assert main([]) == 0
    assert student.read_text(encoding="utf-8") == derived_text(SOLUTION)
    assert not stale.exists()
    assert [path.name for path in student.parent.iterdir()] == [SOLUTION.name]
    assert main(["--check"]) == 0
    student.write_text(student.read_text(encoding="utf-8").replace("...", "0.6", 1), encoding="utf-8")
    assert main(["--check"]) == 1


def test_a_file_that_is_no_notebook_or_has_another_number_is_refused(tmp_path):
    broken = tmp_path / "90_broken.ipynb"
    broken.write_text("<<<<<<< HEAD\n{}")
    with pytest.raises(ArgumentError, match=r"90_broken\.ipynb is not a notebook"):
        derived_text(broken)
    moved = tmp_path / "91_read.ipynb"
    moved.write_bytes(SOLUTION.read_bytes())
    with pytest.raises(ArgumentError, match="number"):
        derived_text(moved)
