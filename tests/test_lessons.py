"""What a reader of a lesson may rely on: its form, its numbers, its outputs; and that a lesson that breaks this fails."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from lesson_form import MARK, problems

from opscourse import notebook

FIXTURE = Path(__file__).parent / "fixtures/99_read_a_small_curve.ipynb"
LESSONS = notebook.lessons()
ALL = LESSONS + notebook.solutions()


def name(path):
    """A test's name: the folder and the file."""
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_a_lesson_has_the_form_of_a_lesson(path):
    assert not problems(notebook.read(path), path), "\n" + "\n".join(problems(notebook.read(path), path))


@pytest.mark.parametrize("path", ALL, ids=name)
def test_a_notebook_is_stored_in_normal_form_so_that_a_difference_is_one_of_content(path):
    assert notebook.is_normal(path), f"run: opscourse build notebooks {path.relative_to(notebook.COURSE)}"


@pytest.mark.parametrize("path", ALL, ids=name)
def test_a_notebook_shows_no_error_and_no_warning_and_was_run_from_top_to_bottom(path):
    cells = [cell for cell in notebook.read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    loud = [cell.id for cell in cells for out in cell.outputs if out.output_type == "error" or out.get("name") == "stderr"]
    assert not loud, f"{path.name}: error or warning in {loud}"


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_a_notebook_is_small_enough_to_open_at_once(path):
    assert path.stat().st_size < 1_500_000, "a notebook this large is slow to open: fewer or smaller figures"


@pytest.fixture
def lesson():
    return nbformat.read(FIXTURE, as_version=4)


def test_a_good_lesson_has_no_problems(lesson):
    assert problems(lesson, FIXTURE) == []


def cell(lesson, text):
    """The first cell that holds a text."""
    return next(found for found in lesson.cells if text in found.source)


def drop(text):
    return lambda lesson: lesson.cells.remove(cell(lesson, text))


def swap(old, new):
    def change(lesson):
        found = cell(lesson, old)
        found.source = found.source.replace(old, new)

    return change


def strip(text):
    return lambda lesson: cell(lesson, text).update(outputs=[], execution_count=None)


def print_instead(text, printed):
    return lambda lesson: cell(lesson, text).outputs[0].update(text=printed)


def warn(lesson):
    shown = nbformat.v4.new_output("stream", name="stderr", text="FutureWarning: this will change")
    cell(lesson, "bool(first").outputs.insert(0, shown)


BROKEN = {
    "a number in the title": (swap("# Read a small curve", "# Read 7 curves"), "the first line"),
    "capitals in the title": (swap("# Read a small curve", "# Read A Small Curve"), "sentence case"),
    "no header line": (swap("**Lesson 99 · Data operations · 5 minutes", "**Data operations"), "no line like"),
    "another number in the header": (swap("Lesson 99 ·", "Lesson 98 ·"), "must say lesson 99"),
    "too long for one sitting": (swap("5 minutes", "60 minutes"), "at most 45 minutes"),
    "one bullet": (swap("- say what one day more would change", ""), "two to four bullets"),
    "an import cell of six lines": (swap("import pandas as pd", "import pandas as pd\na = 1\nb = 2"), "five lines at most"),
    "a cell of sixteen lines": (swap("claim = 0.30", "claim = 0.30\n" * 16), "never more than 15"),
    "a missing section": (drop("## Where this misleads"), "the last headings"),
    "a heading that asks nothing": (swap("## Who stays?", "## Who stays"), "is not a question"),
    "nothing to predict": (drop("**Predict.** Some do."), "nothing is predicted"),
    "a recap that forgets a bullet": (swap("- One day more changes little.", ""), "1 bullets for the 2"),
    "two questions to recall": (swap("3. What is a week?", ""), "three questions"),
    "no way on": (swap("exercise 99", "the exercise"), "must name exercise 99"),
    "two marked cells": (swap("# NBVAL_CHECK_OUTPUT\nprint", "print"), "three to eight cells"),
    "a stripped marked cell": (strip("lost ="), "without stored output"),
    "a marked cell that shows a table": (swap("claim = 0.30", f"{MARK}\nclaim = 0.30"), "without stored output"),
    "a marked figure": (swap("fig, ax = plt.subplots()\nax.plot", f"{MARK}\nax.plot"), "without stored output"),
    "a number that no cell prints": (swap("55% of them", "56% of them"), "56% is printed by no marked cell"),
    "a number that is rounded wrongly": (swap("40.0% came back", "40.4% came back"), "40.4% is printed by no"),
    "a printed number that changed": (print_instead("lost =", "lost: 61.2%\n"), "55% is printed by no marked cell"),
    "a marked cell that nobody quotes": (swap("55% of them", "more than half"), "the prose uses none"),
    "network": (swap("claim = 0.30", "import requests\nclaim = 0.30"), "no network"),
    "clock": (swap("claim = 0.30", "claim = pd.Timestamp.now()"), "asks the clock"),
    "unseeded chance": (swap("claim = 0.30", "claim = np.random.default_rng().random()"), "without a seed"),
    "an old generator": (swap("claim = 0.30", "claim = np.random.normal()"), "without a seed"),
    "a sample without a seed": (swap("claim = 0.30", "claim = visits.sample(2)"), "needs random_state"),
    "import *": (swap("claim = 0.30", "from math import *"), "hides where names come from"),
    "hidden warnings": (swap("claim = 0.30", 'warnings.filterwarnings("ignore")'), "does not hide warnings"),
    "an installation": (swap("claim = 0.30", "!pip install pandas"), "not plain Python"),
    "another style": (swap("claim = 0.30", "sns.set_theme()"), "undoes the course's style"),
    "lines told by colour alone": (swap("claim = 0.30", 'sns.lineplot(visits, hue="day")'), "told by colour alone"),
    "a stored warning": (warn, "stored warning"),
    "a path of one machine": (print_instead("lost =", "55% /home/lin/data\n"), "differs by machine: /home/lin"),
    "a cell that was not run": (strip("claim ="), "not run from top to bottom"),
    "a figure without title": (swap('title="More than half is lost in a week", ', ""), "no title"),
    "a figure without sentence": (drop("The curve falls"), "no sentence under the figure"),
    "no demo": (drop("interact(draw"), "one interact"),
    "a demo that is not drawn on paper": (strip("draw()"), "call the demo's function once"),
    "a dead link": (swap("notebooks/00_start_here", "notebooks/00_nowhere"), "leads nowhere"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_lesson_with_a_fault_is_told_which_cell_and_what(lesson, fault):
    break_it, expected = BROKEN[fault]
    break_it(lesson)
    found = problems(lesson, FIXTURE)
    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("prose", "printed"),
    [
        ("41.2% of them", "0.412"),
        ("41% of them", "share: 41.2%"),
        ("41.2 percent", "41.2"),
        ("1.2 million orders", "1,203,455 orders"),
        ("20,000 users", "20000 users"),
        ("it fell by 3.1 points", "change: -3.1%"),
    ],
)
def test_a_number_may_be_rounded_and_scaled_from_what_is_printed(lesson, prose, printed):
    cell(lesson, "Here it is more.").source += f" {prose}."
    assert any("printed by no marked cell" in problem for problem in problems(lesson, FIXTURE))
    cell(lesson, "max()} to").outputs[0].text += printed
    assert problems(lesson, FIXTURE) == []


@pytest.mark.parametrize(
    "prose",
    [
        "see lesson 12 and exercise 12.3",
        "on 2025-03-08, in 2019, at 18:30, on 5 March",
        "`head(17)` and [a page](https://example.org/123)",
        "**Predict.** Is it 63%?",
        "**Try it.** Ask for 14 days.",
        "the 3rd of them",
        "FL07 and Q19",
    ],
)
def test_names_dates_code_and_guesses_need_no_printing(lesson, prose):
    cell(lesson, "Here it is more.").source += f"\n\n{prose}"
    assert problems(lesson, FIXTURE) == []


def test_nbval_fails_a_changed_number_but_is_blind_to_a_stripped_cell_which_the_form_is_not(lesson, tmp_path):
    lesson.cells = lesson.cells[:6]  # up to the first marked cell
    true, changed, stripped = (tmp_path / f"99_{kind}.ipynb" for kind in ("true", "changed", "stripped"))
    notebook.write(lesson, true)
    lesson.cells[5].outputs[0].text = "41.0% came back on day 1\n"
    notebook.write(lesson, changed)
    strip("first =")(lesson)
    lesson.cells[5].source = lesson.cells[5].source.replace("/ 100", "/ 90")
    notebook.write(lesson, stripped)
    command = [sys.executable, "-m", "pytest", "-rA", "-q", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env"]
    run = subprocess.run([*command, true, changed, stripped], capture_output=True, text=True, cwd=tmp_path)
    failed = [line for line in run.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1, run.stdout
    assert "99_changed.ipynb" in failed[0]
    assert run.returncode == 1
    assert any("nbval would compare nothing" in problem for problem in problems(lesson, FIXTURE))
