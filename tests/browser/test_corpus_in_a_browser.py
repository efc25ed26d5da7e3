"""The reports on what hostile students really handed in: what they wrote is in there, and none of it runs."""

import pytest
from grading.corpus.cases import submissions
from grading.corpus.school import School
from test_reports_in_a_browser import Watched


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    cases = [case for case in submissions() if case.name.startswith("report_") and not case.hangs]
    school = School(tmp_path_factory.mktemp("school"), cases, ("file_with_a_hostile_name",))
    folder = school.folder / "graded"
    grader = school.start(folder, "--workers=2")
    said = grader.communicate()[0]
    assert grader.returncode == 0, said
    return folder


def test_nothing_runs_in_the_reports_on_the_corpus(out, browser):
    paths = [out / "class.html", *sorted((out / "feedback").iterdir())]
    watched, text = Watched(browser, 1280), ""
    for path in paths:
        watched.open(path)
        assert watched.happened == [], path.name
        text += watched.page.inner_text("body")
    watched.page.close()
    for written in (
        "<script>window.hacked=1</script>",
        "<img src=x onerror=window.hacked=1>",
        "</pre></code>",
        "{{7*7}}",
        "=cmd|'",
    ):
        assert written in text
