"""What a student does on the first day, in a real browser: open, run all, play with the demo, be wrong, be right."""

import re
from pathlib import Path

import pytest
from lab import COURSE
from playwright.sync_api import expect

from opscourse import load, notebook, truth
from opscourse.exercise import answers

START = "notebooks/00_start_here.ipynb"
LESSON = "notebooks/data/04_read_a_retention_curve.ipynb"
EXERCISE = "exercises/data/04_read_a_retention_curve.ipynb"
SOLUTION = "exercises/solutions/data/04_read_a_retention_curve.ipynb"


def test_the_first_page_opens_without_a_question_and_asks_nothing_of_the_network(lab):
    lab.open()
    assert lab.page.url.endswith(START)
    expect(lab.page.get_by_role("heading", name="Start here")).to_be_visible()
    lab.run_all()
    lab.picture("run")
    expect(lab.page.locator(".jp-Dialog")).to_have_count(0)
    expect(lab.page.locator(".Toastify__toast")).to_have_count(0)
    expect(lab.page.locator(".jp-DirListing-itemText", has_text="00_start_here.ipynb")).to_be_visible()
    elsewhere = [url for url in lab.requests if not url.startswith((lab.address, "data:", "blob:"))]
    assert not elsewhere
    assert not [url for url in lab.requests if re.search(r"/lab/api/(news|update)", url)]


@pytest.mark.parametrize("path", [START, LESSON], ids=["00", "04"])
def test_the_slider_of_a_lesson_changes_its_figure(lab, path):
    lab.open(path)
    lab.run_all()
    demo = lab.cells("interact(").last
    demo.scroll_into_view_if_needed()
    figure = demo.locator(".jp-OutputArea img").first
    expect(figure).to_be_visible()
    before = figure.get_attribute("src")
    lab.picture("before")
    drag(lab.page, demo.locator(".noUi-handle").first, demo.locator(".noUi-base").first)
    expect(figure).not_to_have_attribute("src", before)
    lab.wait_for_kernel()
    lab.picture("after")
    expect(demo.locator("[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)


def drag(page, handle, track):
    """Drag a slider's handle to a quarter of its track, or to three quarters if it stands before the middle."""
    at, along = handle.bounding_box(), track.bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    middle = along["x"] + along["width"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(along["x"] + along["width"] * (0.75 if x < middle else 0.25), y, steps=5)
    page.mouse.up()


def test_a_wrong_answer_gets_its_reason_and_the_right_one_a_tick(lab):
    number, sentence, wrong, right = a_question()
    lab.open(EXERCISE)
    sources = lab.cells().locator(".jp-InputArea-editor").all_inner_texts()
    position = next(i for i, source in enumerate(sources) if f'check("{number}"' in source)
    asked, check = lab.cells().nth(position - 1), lab.cells().nth(position)
    for i, source in enumerate(sources[:position]):
        if "check(" not in source and "..." not in source:
            lab.run(lab.cells().nth(i))
    lab.run(asked)
    assert "not answered" in lab.run(check)
    lab.write(asked, wrong)
    lab.run(asked)
    assert sentence in lab.run(check)
    lab.picture("wrong")
    lab.write(asked, right)
    lab.run(asked)
    assert lab.run(check).startswith(f"✓ {number}")
    lab.picture("right")


def a_question():
    """A computed number of exercise 4: its number, the sentence of a likely mistake, code with that mistake, right code."""
    questions = answers.questions(next((COURSE / "exercises/answers/data").glob("04*.py")))
    number, question = next((n, q) for n, q in questions.items() if type(q).__name__ == "Number" and q.mistakes)
    sentence, mistake = next(iter(question.mistakes.items()))
    cells = [cell for cell in notebook.read(COURSE / SOLUTION).cells if cell.cell_type == "code"]
    position = next(i for i, cell in enumerate(cells) if f'check("{number}"' in cell.source)
    right = cells[position - 1].source
    name = re.findall(r"^(\w+) = ", right, re.MULTILINE)[-1]
    return number, sentence, f"{name} = {question.answer(mistake, load, truth)!r}", right


def test_the_pictures_are_not_in_git():
    assert "screenshots/" in Path(COURSE, ".gitignore").read_text().splitlines()
