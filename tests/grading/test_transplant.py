"""Whatever a student hands in as a notebook: their answers run in the pristine exercise, and nothing else of it does."""

import json
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbval.plugin import find_comment_markers

from opscourse.errors import ArgumentError, DataFileError
from opscourse.grading.transplant import LARGEST, ready

EXERCISES = Path(__file__).parents[2] / "exercises"
SHIPPED = sorted(EXERCISES.glob("[a-z]*/[0-9]*.ipynb"))
FOUR = nbformat.read(EXERCISES / "data/04_read_a_retention_curve.ipynb", as_version=4)
QUESTIONS = ["4.1", "4.2", "4.3", "4.4", "4.5"]
ANSWERS = {
    "ex04-07": 'curve_of_a_loyal_app = "b"',
    "ex04-12": "eligible = users\ndouyin_day_30 = len(eligible)",
    "ex04-17": 'ordered = visits\norigins = ordered.groupby("age").size()',
    "ex04-22": "def dau(signups, retention):\n    return 130",
    "ex04-31": "compared = on_day_30.groupby(on_day_7).mean()",
}
BY_QUESTION = dict(zip(QUESTIONS, ANSWERS.values(), strict=True))


def code(source, cell_id=""):
    return {"cell_type": "code", "id": cell_id, "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def filled(**changes):
    """The cells of exercise 4 with an answer to each question; changes are by the number in the cell's id, `c12="…"`."""
    cells = []
    for cell in FOUR.cells:
        source = changes.get(f"c{cell.id[5:]}", ANSWERS.get(cell.id, cell.source))
        cells.append({**code(source, cell.id), "cell_type": cell.cell_type})
    return cells


def at(cells, cell_id):
    return next(place for place, cell in enumerate(cells) if cell["id"] == cell_id)


def handed_in(cells, **more):
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}).encode()


def grade(cells, **more):
    return ready(handed_in(cells, **more), FOUR, QUESTIONS)


def ran(result, role=None):
    """What runs: (question, role, source)."""
    cells = [(*cell.metadata.opscourse.values(), cell.source) for cell in nbformat.reads(result.notebook, as_version=4).cells]
    return [cell for cell in cells if role in (None, cell[1])]


def answers(result, question):
    return [source for of, _, source in ran(result, "answer") if of == question]


# The exercises as they are


def checked(pristine):
    return [line.split('"')[1] for cell in pristine.cells for line in cell.source.splitlines() if line.startswith('check("')]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_untouched_exercise_has_no_code_but_lacks_nothing(path):
    pristine = nbformat.read(path, as_version=4)
    result = ready(path.read_bytes(), pristine, checked(pristine))
    assert set(result.code) == set(checked(pristine))
    assert set(result.code.values()) == {""}
    assert result.missing == ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_solution_s_answers_arrive_at_their_questions(path):
    pristine = nbformat.read(path, as_version=4)
    solution = nbformat.read(EXERCISES / "solutions" / path.relative_to(EXERCISES), as_version=4)
    wanted, before = {}, ""
    for cell in solution.cells:
        if "answer" in cell.metadata.get("tags", []):
            before = cell.source
        elif cell.source.startswith('check("'):
            wanted[cell.source.split('"')[1]] = before
    theirs = [cell for cell in solution.cells if not {"solution", "instructor"} & set(cell.metadata.get("tags", []))]
    result = ready(handed_in(theirs), pristine, list(wanted))
    assert result.code == wanted
    assert result.missing == ()


def test_the_graded_notebook_is_the_pristine_one_with_answers():
    result = grade(filled())
    notebook = nbformat.reads(result.notebook, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert result.code == BY_QUESTION
    source = {cell.id: cell.source for cell in FOUR.cells}
    check = "from opscourse import check\n"
    assert ran(result) == [
        ("4.1", "setup", source["ex04-03"]),
        ("4.1", "setup", source["ex04-04"]),
        ("4.1", "answer", ANSWERS["ex04-07"]),
        ("4.1", "check", check + source["ex04-08"]),
        ("4.2", "answer", ANSWERS["ex04-12"]),
        ("4.2", "check", check + source["ex04-13"]),
        ("4.3", "answer", ANSWERS["ex04-17"]),
        ("4.3", "check", check + source["ex04-18"]),
        ("4.4", "answer", ANSWERS["ex04-22"]),
        ("4.4", "check", check + source["ex04-23"]),
        ("4.5", "setup", source["ex04-29"]),
        ("4.5", "answer", ANSWERS["ex04-31"]),
        ("4.5", "check", check + source["ex04-32"]),
    ]


def test_an_exercise_without_a_check_or_an_answer_cell_for_a_question_is_refused():
    with pytest.raises(ArgumentError, match=r"no cell that checks 4\.6"):
        ready(handed_in([]), FOUR, [*QUESTIONS, "4.6"])
    untagged = nbformat.from_dict({**FOUR, "cells": [cell for cell in FOUR.cells if cell.id != "ex04-07"]})
    with pytest.raises(ArgumentError, match=r"no cell tagged answer for 4\.1"):
        ready(handed_in([]), untagged, QUESTIONS)


# Whose cell it is


def test_cells_without_ids_are_known_by_the_names_they_assign():
    assert grade([{**cell, "id": ""} for cell in filled()]).code == BY_QUESTION


@given(st.permutations(range(len(filled()))))
@settings(max_examples=50, deadline=None)
def test_the_order_of_the_cells_of_different_questions_does_not_matter(order):
    result = grade([filled()[place] for place in order])
    assert result.code == BY_QUESTION
    assert ran(result) == ran(grade(filled()))


def test_the_same_cell_twice_is_run_twice_in_the_order_of_the_document():
    cells = filled()
    cells.insert(at(cells, "ex04-12") + 1, code("douyin_day_30 = 0.5", "ex04-12"))
    assert answers(grade(cells), "4.2") == [ANSWERS["ex04-12"], "douyin_day_30 = 0.5"]


def test_a_cell_that_was_split_stays_with_its_question():
    cells = filled(c12="eligible = users")
    cells.insert(at(cells, "ex04-12") + 1, code("print(eligible)"))
    cells.insert(at(cells, "ex04-12") + 2, code("douyin_day_30 = len(eligible)"))
    assert answers(grade(cells), "4.2") == ["eligible = users", "print(eligible)", "douyin_day_30 = len(eligible)"]


@pytest.mark.parametrize("kept", ["ex04-12", "ex04-17", ""])
def test_merged_cells_run_once_for_the_first_of_their_questions(kept):
    merged = ANSWERS["ex04-12"] + "\n" + ANSWERS["ex04-17"]
    cells = [cell for cell in filled() if cell["id"] not in ("ex04-12", "ex04-17")]
    cells.insert(at(cells, "ex04-18"), code(merged, kept))
    result = grade(cells)
    assert [(question, source) for question, _, source in ran(result, "answer") if source == merged] == [("4.2", merged)]
    assert result.code["4.2"] == result.code["4.3"] == merged
    assert result.missing == ()


def test_an_exercise_in_one_cell_is_run_once():
    every = "\n".join(cell["source"] for cell in filled() if cell["cell_type"] == "code")
    result = grade([code(every, "ex04-03")])
    assert result.missing == ()
    assert len(ran(result, "answer")) == 1
    assert all(answer in ran(result, "answer")[0][2] for answer in ANSWERS.values())
    assert "load(" not in ran(result, "answer")[0][2]


def test_a_name_used_again_for_something_else_does_not_take_an_answer_away():
    cells = filled(c31="origins = 3\ncompared = on_day_30")
    cells.insert(at(cells, "ex04-31"), code("dau = 5\nprint(dau)"))
    result = grade(cells)
    assert answers(result, "4.3") == [ANSWERS["ex04-17"]]
    assert answers(result, "4.4") == [ANSWERS["ex04-22"]]
    assert answers(result, "4.5") == ["dau = 5\nprint(dau)", "origins = 3\ncompared = on_day_30"]


@pytest.mark.parametrize("place", ["c12", "c31"])
def test_a_name_used_for_something_else_is_no_answer_to_its_question(place):
    stub = next(cell.source for cell in FOUR.cells if cell.id == "ex04-17")
    result = grade(filled(c17=stub, **{place: "origins = 3\n" + ANSWERS[f"ex04-{place[1:]}"]}))
    assert answers(result, "4.3") == [stub]
    assert (result.code["4.3"], result.missing) == ("", ())


def test_an_answer_in_a_new_cell_counts_and_the_untouched_one_does_not_overwrite_it():
    cells = filled(c17=next(cell.source for cell in FOUR.cells if cell.id == "ex04-17"))
    for place in (at(cells, "ex04-17"), at(cells, "ex04-18"), len(cells)):
        moved = [*cells[:place], code(ANSWERS["ex04-17"], "new"), *cells[place:]]
        assert answers(grade(moved), "4.3") == [ANSWERS["ex04-17"]]


def test_a_helper_belongs_to_the_next_cell_that_is_known():
    cells = filled()
    cells.insert(at(cells, "ex04-18"), code("origins.plot()"))
    cells.insert(at(cells, "ex04-22"), code("def rates(n): return [1] * n"))
    cells.insert(0, code("import math"))
    result = grade(cells)
    assert answers(result, "4.1") == ["import math", ANSWERS["ex04-07"]]
    assert answers(result, "4.3") == [ANSWERS["ex04-17"], "origins.plot()"]
    assert answers(result, "4.4") == ["def rates(n): return [1] * n", ANSWERS["ex04-22"]]


def test_what_comes_after_the_last_check_does_not_run_before_it():
    cells = filled()
    cells.append(code("compared = compared.round(0)\nwhile True: pass"))
    assert answers(grade(cells), "4.5") == [ANSWERS["ex04-31"]]


def test_without_checks_the_cells_at_the_end_belong_to_the_last_question():
    cells = [cell for cell in filled() if "check(" not in cell["source"] and "report(" not in cell["source"]]
    cells.append(code("compared.columns = ['day_7', 'rate']"))
    assert answers(grade(cells), "4.5") == [ANSWERS["ex04-31"], "compared.columns = ['day_7', 'rate']"]


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_cell_that_was_made_text_is_no_answer(kind):
    cells = filled()
    cells[at(cells, "ex04-12")]["cell_type"] = kind
    result = grade(cells)
    assert (result.missing, result.code["4.2"]) == (("4.2",), "")
    assert [(role, source.splitlines()[-1]) for question, role, source in ran(result) if question == "4.2"] == [
        ("setup", "douyin_day_30 = ..."),
        ("check", 'check("4.2", douyin_day_30)'),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "%%time\ndouyin_day_30 = 0.2",
        "%matplotlib inline\nfiles = !ls\ndouyin_day_30 = 0.2",
        "!pip install polars\ndouyin_day_30 = 0.2",
        "users?\ndouyin_day_30 = 0.2",
        "douyin_day_30 = 0.2\nprint 'not Python 3'",
        "eligible, douyin_day_30 = (1, 2",
        "for douyin_day_30 in [0.2]: pass",
        "if True:\n    douyin_day_30: float = 0.2",
    ],
)
def test_magics_and_syntax_errors_are_kept_as_they_are(source):
    cells = [cell for cell in filled() if cell["id"] != "ex04-12"]
    cells.append(code(source))
    result = grade(cells)
    assert answers(result, "4.2") == [source]
    assert result.code["4.2"] == source


# What is not taken


@pytest.mark.parametrize(
    ("check", "runs"),
    [
        ('check("4.1", "b")', ['curve_of_a_loyal_app = "b"']),
        ('check("4.1", curve_of_a_loyal_app); report(4)', ['curve_of_a_loyal_app = "b"']),
        ('answer = "c"\ncheck("4.1", answer)', ['curve_of_a_loyal_app = "b"', 'answer = "c"\ncheck("4.1", answer)']),
    ],
)
def test_an_edited_check_cell_is_not_run(check, runs):
    result = grade(filled(c08=check))
    assert ran(result, "check")[0][2] == 'from opscourse import check\ncheck("4.1", curve_of_a_loyal_app)'
    assert answers(result, "4.1")[: len(runs)] == runs


def test_an_answer_typed_into_the_check_is_the_student_s_answer():
    stub = next(cell.source for cell in FOUR.cells if cell.id == "ex04-07")
    result = grade(filled(c07=stub, c08='check("4.1", "b")'))
    assert answers(result, "4.1")[-1] == "curve_of_a_loyal_app = 'b'"
    assert result.code["4.1"] == "check('4.1', 'b')"
    asked = [cell for cell in filled(c13='check("4.2", answer=0.25)') if cell["id"] != "ex04-12"]
    assert answers(grade(asked), "4.2") == ["douyin_day_30 = 0.25"]
    assert grade(asked).missing == ()
    rounded = "round(douyin_day_30, 3)"
    assert answers(grade(filled(c13=f'check("4.2", {rounded})')), "4.2") == [ANSWERS["ex04-12"], f"douyin_day_30 = {rounded}"]


def test_a_check_of_a_trial_is_no_answer():
    trial = code('check("4.2", 0.3)')
    for cells in ([*filled(), trial], [trial, *filled()], [*(cell for cell in filled() if cell["id"] != "ex04-13"), trial]):
        assert answers(grade(cells), "4.2") == [ANSWERS["ex04-12"]]


@pytest.mark.parametrize("ids", [True, False])
def test_what_was_added_to_a_set_up_cell_is_kept_and_what_was_changed_is_not(ids):
    imports = "%matplotlib inline\nimport numpy as np\nimport pandas as pd, seaborn as sns\nimport polars as pd\n\n"
    imports += "from opscourse import check, load, report, health\n"
    data = next(cell.source for cell in FOUR.cells if cell.id == "ex04-04")
    data = (
        data.replace('load("daily_activity")', 'load("daily_activity").head(9)') + '\nusers["week"] = 1\nvisits = visits.head()'
    )
    cells = filled(c03=imports, c04=data)
    result = grade(cells if ids else [{**cell, "id": ""} for cell in cells])
    assert [source for _, role, source in ran(result) if role == "setup"] == [
        cell.source for cell in FOUR.cells if cell.id in ("ex04-03", "ex04-04", "ex04-29")
    ]
    first, second, third = answers(result, "4.1")
    assert first.splitlines() == [
        "%matplotlib inline",
        "",
        "import pandas as pd, seaborn as sns",
        "",
        "",
        "from opscourse import check, load, report, health",
    ]
    assert second.strip() == 'users["week"] = 1'
    assert third == ANSWERS["ex04-07"]


def test_what_was_added_to_a_set_up_cell_runs_first_wherever_that_cell_is():
    cells = filled(c03="import math\n" + FOUR.cells[1].source)
    cells.append(cells.pop(at(cells, "ex04-03")))
    assert [source.strip() for source in answers(grade(cells), "4.1")] == ["import math", ANSWERS["ex04-07"]]


def test_a_changed_copy_of_a_given_cell_is_the_student_s_own():
    copy = next(cell.source for cell in FOUR.cells if cell.id == "ex04-29").replace("30", "60")
    cells = filled()
    cells.insert(at(cells, "ex04-31"), code(copy, "new"))
    assert answers(grade(cells), "4.5") == [copy, ANSWERS["ex04-31"]]


def test_set_up_cells_with_nothing_new_leave_nothing():
    cells = filled(c29="%%time\n" + next(cell.source for cell in FOUR.cells if cell.id == "ex04-29"))
    cells += [cell for cell in filled() if cell["id"] in ("ex04-03", "ex04-38")]
    assert ran(grade(cells)) == ran(grade(filled()))


def test_a_name_that_hides_check_does_not_reach_the_check_cells():
    result = grade(filled(c07="def check(*_): print('ok')\ncurve_of_a_loyal_app = 'b'"))
    assert all(source.startswith("from opscourse import check\ncheck(") for _, _, source in ran(result, "check"))


def test_outputs_tags_and_metadata_of_a_student_do_not_survive():
    cells = filled()
    for cell in cells:
        output = {"output_type": "stream", "name": "stdout", "text": "FORGED"}
        cell.update(
            metadata={"tags": ["nbval-skip", "FORGED"], "FORGED": 1}, outputs=[output], execution_count=7, attachments={}
        )
    assert grade(cells).notebook == grade(filled()).notebook


@given(st.text(alphabet="# \tNBVALSKIP_\n\x0b\x0c\x1c\x85\u2028\xa0-x", max_size=60), st.sampled_from("\n\x0b\x0c\u2028"))
@settings(max_examples=50, deadline=None)
def test_no_comment_of_a_student_changes_what_nbval_does(noise, end):
    markers = ["# NBVAL_SKIP", " ##NBVAL_IGNORE_OUTPUT ", "#\tNBVAL_RAISES_EXCEPTION", "# PYTEST_VALIDATE_IGNORE_OUTPUT"]
    source = noise + end + end.join(markers) + "\ndouyin_day_30 = 1"
    result = grade(filled(c12=source))
    (run,) = answers(result, "4.2")
    assert list(find_comment_markers(run)) == []
    assert len(run) == len(source)
    assert result.code["4.2"] == source.strip("\n")


# The file


def test_old_and_coming_formats_are_read():
    old = [{**{k: v for k, v in cell.items() if k not in ("id", "source")}, "input": cell["source"]} for cell in filled()]
    sheets = [{"cells": old[:10]}, {"cells": old[10:]}]
    assert ready(json.dumps({"worksheets": sheets, "nbformat": 3}).encode(), FOUR, QUESTIONS).code == BY_QUESTION
    assert grade(filled(), nbformat=7).code == BY_QUESTION
    lines = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in filled()]
    assert grade(lines).code == BY_QUESTION


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1"])
def test_other_encodings_are_read(encoding):
    content = json.dumps({"cells": filled(c07='curve_of_a_loyal_app = "é"')}, ensure_ascii=False).encode(encoding, "replace")
    assert ready(content, FOUR, QUESTIONS).code["4.1"] == 'curve_of_a_loyal_app = "é"'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"{", "damaged at line 1"),
        (handed_in(filled())[:-300], "damaged"),
        (bytes(range(256)), "damaged"),
        (b"%PDF-1.7", "damaged"),
        (b"[]", "is no notebook"),
        (b'"notebook"', "is no notebook"),
        (b"NaN", "is no notebook"),
        (b"{}", "has no cells"),
        (b'{"cells": {}, "nbformat": 4}', "has no cells:"),
        (b'{"parts": [], "nbformat": 9}', "has no cells in a form that is known"),
        (b'{"cells": [1, null, [], {"cell_type": 3}]}', "no cells that can be read"),
        (b'{"cells": [' + b"1" * 5000 + b"]}", "a number that cannot be read"),
        (b"[" * 500_000, "nested too deeply"),
        (b"[" * 1_100_000, "too many parts"),
        (b'{"cells": [' + b"0," * 1_000_000 + b"0]}", "1,000,001 cells"),
        (handed_in([code("x" * 60_000), code("y" * 60_000)]), "letters of code"),
        (b" " * (LARGEST + 1), "larger than 20 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_gets_one_sentence(content, told):
    with pytest.raises(DataFileError, match=told) as caught:
        ready(content, FOUR, QUESTIONS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "cell",
    [
        {"cell_type": "code"},
        {"cell_type": "code", "source": None},
        {"cell_type": "code", "source": 7, "id": 7, "metadata": "text"},
        {"cell_type": "code", "source": {"a": 1}, "id": ["ex04-07"]},
        {"cell_type": "code", "source": [1, None, "x = 1", ["y"]]},
        {"cell_type": ["code"], "source": "curve_of_a_loyal_app = 1"},
        code("x = '\ud800\x00'", "\ud800"),
        code("-" * 90_000 + "1"),
        code("(" * 90_000),
        code("f(" * 40_000, "ex04-07"),
        code("a" + ".a" * 40_000, "ex04-03"),
        code("check(" + "1" * 5000 + ", 2)"),
        code("\\" * 1000),
        None,
        [],
    ],
    ids=lambda cell: str(cell)[:40],
)
def test_a_cell_of_a_wrong_type_leaves_the_others_as_they_are(cell):
    cells = [one for one in filled() if one["id"] != "ex04-07"]
    result = grade([*cells[:4], cell, *cells[4:]])
    nbformat.validate(nbformat.reads(result.notebook, as_version=4))
    result.notebook.encode()
    assert {question: result.code[question] for question in QUESTIONS[1:]} == {q: BY_QUESTION[q] for q in QUESTIONS[1:]}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
SOURCES = st.sampled_from([cell["source"] for cell in filled()]) | st.text(max_size=40)
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw"]) | ANYTHING,
        "id": st.sampled_from([cell["id"] for cell in filled()]) | ANYTHING,
        "source": SOURCES | st.lists(SOURCES | ANYTHING, max_size=3) | ANYTHING,
        "input": SOURCES | ANYTHING,
        "metadata": ANYTHING,
        "outputs": ANYTHING,
    },
)


@given(
    ANYTHING
    | st.fixed_dictionaries(
        {}, optional={"cells": st.lists(CELLS | ANYTHING, max_size=6) | ANYTHING, "worksheets": ANYTHING, "nbformat": ANYTHING}
    )
)
@settings(max_examples=200, deadline=None)
def test_any_json_is_ready_or_gets_a_sentence(value):
    try:
        result = ready(json.dumps(value).encode(), FOUR, QUESTIONS)
    except DataFileError:
        return
    nbformat.validate(nbformat.reads(result.notebook, as_version=4))
    assert list(result.code) == QUESTIONS


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_ready_or_get_a_sentence(content):
    with pytest.raises(DataFileError):
        ready(content, FOUR, QUESTIONS)
