"""What a teacher and a student see of a class full of hostile texts: readable on a telephone and a desk, and nothing runs."""

from pathlib import Path

import pytest
from invented_class import HOSTILE, REMOTE, SCRIPT, invented

from opscourse.grading import classreport, feedback
from opscourse.grading.pages import visible

PICTURES = Path(__file__).resolve().parents[2] / "screenshots"
WIDTHS = [360, 1280]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    results = invented(40) + invented(40, exercise=9)
    feedback.write(results, folder)
    classreport.write(results, folder)
    return folder


class Watched:
    """A page and all that happened while it was open."""

    def __init__(self, browser, width):
        self.page = browser.new_page(viewport={"width": width, "height": 800})
        self.happened = []
        self.page.on("dialog", lambda dialog: (self.happened.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("console", lambda message: self.happened.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.happened.append(f"error: {error}"))
        self.page.on("popup", lambda popup: self.happened.append(f"popup: {popup.url}"))
        self.page.on("request", lambda request: self.happened.append(f"request: {request.url}"))

    def open(self, path):
        """Open a file, and forget that it itself and the images in it were asked for."""
        self.page.goto(path.as_uri())
        self.happened = [what for what in self.happened if not what.startswith((f"request: {path.as_uri()}", "request: data:"))]
        if self.page.evaluate("window.hacked"):
            self.happened.append("window.hacked")


@pytest.fixture(params=WIDTHS)
def watched(browser, request):
    watched = Watched(browser, request.param)
    yield watched
    watched.page.close()


def test_a_script_in_a_page_would_be_noticed_and_is_stopped_twice(watched, tmp_path, out):
    """Without escaping the page's own rules still stop it; without either it runs, and this test sees it."""
    html = (out / "class.html").read_text(encoding="utf-8").replace("</h1>", "</h1>" + SCRIPT + REMOTE, 1)
    page = tmp_path / "page.html"
    page.write_text(html, encoding="utf-8")
    watched.open(page)
    assert not any(what.startswith(("dialog", "window")) for what in watched.happened)
    assert any("Content Security Policy" in what for what in watched.happened)
    page.write_text(html.replace("Content-Security-Policy", "X-Nothing"), encoding="utf-8")
    watched.open(page)
    assert {"dialog: 1", "window.hacked", "request: http://evil.invalid/x.css"} <= set(watched.happened)


def test_nothing_runs_and_nothing_is_asked_for(watched, out):
    paths = [out / "class.html", *sorted((out / "feedback").iterdir())]
    for path in paths:
        watched.open(path)
        assert watched.happened == [], path.name
    assert len(paths) == 41


def test_what_students_write_is_shown_as_they_wrote_it(watched, out):
    watched.open(out / "feedback" / "s0000.html")
    assert watched.page.inner_text("h1") == SCRIPT
    text = "".join(watched.page.locator("pre").all_text_contents())
    assert sum(visible(hostile) in text for hostile in HOSTILE) >= 5


@pytest.mark.parametrize("name", ["class", "feedback/s0000", "feedback/s0004", "feedback/s0008", "feedback/s0021"])
def test_a_page_fits_its_window_and_paper(watched, out, name):
    """Also with a name of 10,000 letters, and code of 10,000 letters a line: code and tables scroll in their own frames."""
    watched.open(out / f"{name}.html")
    picture(watched.page, name)
    assert watched.page.evaluate(OVER) <= 0
    watched.page.emulate_media(media="print")
    watched.page.set_viewport_size({"width": 680, "height": 960})  # A4 within its margins
    picture(watched.page, f"{name}-print")
    assert watched.page.evaluate(OVER) <= 0


OVER = "document.documentElement.scrollWidth - window.innerWidth"


def picture(page, name):
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(
        path=PICTURES / f"{name.replace('/', '-')}-{page.viewport_size['width']}.png", full_page="s0008" not in name
    )


def test_each_name_of_the_report_leads_to_its_page(watched, out):
    watched.open(out / "class.html")
    watched.page.locator("a", has_text="Bo Quince").first.click()
    assert watched.page.inner_text("h1") == "Bo Quince"


def test_the_figures_are_seen(watched, out):
    watched.open(out / "class.html")
    sizes = watched.page.evaluate(
        "[...document.images].map(image => [image.naturalWidth, image.clientWidth, image.clientHeight])"
    )
    assert len(sizes) == 6
    assert all(natural > 0 and width >= 280 and height > 100 for natural, width, height in sizes)
