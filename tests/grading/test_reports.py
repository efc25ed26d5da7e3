"""Feedback pages and the class report: complete, the same every time, about nobody else, and deaf to what is in them."""

import random
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from invented_class import CODE, HOSTILE, NAMES, SCRIPT, invented, result

from opscourse.grading import classreport, feedback, similar
from opscourse.grading.pages import SIGNS, highlighted, number, render, visible
from opscourse.grading.records import Mark, Result, Status, Student

TAGS = "html head meta title style body div header main nav section article footer h1 h2 h3 h4 p ul li dl dt dd"
TAGS += " a b bdi strong span pre code table thead tbody tr th td figure figcaption img"
ATTRIBUTES = "lang charset http-equiv content name class id href src alt style scope tabindex role"
ATTRIBUTES += " aria-label aria-labelledby aria-hidden"
VOID = {"meta", "img"}


class Page(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and the text in them."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.text, self.styles = [], [], "", ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append({"tag": tag, **dict(attributes), "text": ""})
        if tag not in VOID:
            self.open.append(self.elements[-1])

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        if self.open and self.open[-1]["tag"] == "style":
            self.styles += data
            return
        self.text += data
        for element in self.open:
            element["text"] += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment in a page: {data}")

    def all(self, *tags):
        return [element for element in self.elements if element["tag"] in tags]


@pytest.fixture(scope="module")
def results():
    return invented(40) + invented(40, exercise=9)


@pytest.fixture(scope="module")
def out(tmp_path_factory, results):
    folder = tmp_path_factory.mktemp("reports")
    feedback.write(results, folder)
    classreport.write(results, folder)
    return folder


@pytest.fixture(scope="module")
def pages(out):
    return {path.stem: Page(path.read_text(encoding="utf-8")) for path in (out / "feedback").iterdir()}


@pytest.fixture(scope="module")
def report(out):
    return Page((out / "class.html").read_text(encoding="utf-8"))


def squeezed(text):
    return " ".join(text.split())


# Both


def test_the_invented_class_has_every_status_and_every_hostile_text(results, pages, report):
    """So that the tests below, and the browser, meet them."""
    assert {mark.status for each in results for mark in each.marks} == set(Status)
    everything = " ".join(page.text for page in pages.values())
    assert all(visible(text) in everything for text in HOSTILE)
    assert all(visible(text)[:100] in everything for text in NAMES)
    assert SCRIPT in report.text


def test_pages_consist_of_text_and_a_few_harmless_elements(pages, report):
    for page in [*pages.values(), report]:
        assert {element["tag"] for element in page.elements} <= set(TAGS.split())
        assert {key for element in page.elements for key in element} <= {*ATTRIBUTES.split(), "tag", "text"}
        assert all(
            re.fullmatch(r"width: [\d.]+%|grid-column: 2", element.get("style", "width: 1%")) for element in page.elements
        )
        assert not re.search(r"url\(|@import|expression", page.styles)


def test_pages_forbid_everything_but_their_own_style_and_images_that_are_in_them(pages, report):
    def policy(page):
        return next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")

    own_style = "default-src 'none'; style-src 'unsafe-inline'; "
    assert {policy(page) for page in pages.values()} == {own_style + "base-uri 'none'; form-action 'none'"}
    assert policy(report) == own_style + "img-src data:; base-uri 'none'; form-action 'none'"


def test_pages_lead_nowhere_but_to_each_other(out, pages, report):
    assert not any(page.all("a", "img") for page in pages.values())
    ids = {element["id"] for element in report.elements if "id" in element}
    for link in report.all("a"):
        assert link["href"][1:] in ids if link["href"].startswith("#") else (out / link["href"]).is_file()
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in report.all("img"))


def test_the_order_of_the_results_changes_no_byte(tmp_path, out, results):
    shuffled = random.Random(1).sample(results, len(results))
    for path in feedback.write(shuffled, tmp_path) + classreport.write(shuffled, tmp_path):
        assert path.read_bytes() == (out / path.relative_to(tmp_path)).read_bytes()


def test_headings_build_a_table_of_contents(pages, report):
    for page in [*pages.values(), report]:
        levels = [int(heading["tag"][1]) for heading in page.all("h1", "h2", "h3", "h4")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert len({element["id"] for element in page.elements if "id" in element}) == sum(
            "id" in element for element in page.elements
        )


def luminance(colour):
    if len(colour) == 4:
        colour = "#" + "".join(2 * digit for digit in colour[1:])
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return sum(
        w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
        for w, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
    )


def test_every_colour_of_letters_can_be_read(report):
    """Contrast of at least 4.5 (WCAG AA), on white, on the background of code, and in the labels of a status."""
    pairs = [(ink, paper) for ink, paper in re.findall(r"\{ color: (#\w+); background: (#\w+); \}", report.styles)]
    pairs += [(ink, "#f6f8fa") for ink in re.findall(r"^\.code \.\w+ \{ .*?(?<!-)color: (#\w+)", report.styles, re.M)]
    pairs += [(ink, "#f6f8fa") for ink in re.findall(r"--(?:ink|quiet|link): (#\w+)", report.styles)]
    assert len(pairs) > 15
    for ink, paper in pairs:
        light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, paper)


@pytest.mark.parametrize("code", ["x = 1\r\ny = 2\r", "\x00\x07", "a\u202eb", "\ud83d", "\u2028"])
def test_no_character_hides(code):
    """Nothing that turns the direction of writing, nothing invisible, and nothing that cannot be written to a file."""
    shown = Page(highlighted(code, 100)).text
    assert not re.search("[\x00-\x08\r\u2028\u202e\ud800-\udfff]", shown)
    assert shown.count("⟨U+") == len(re.findall("[\x00-\x08\u2028\u202e\ud800-\udfff]", code))


def test_long_code_is_cut_with_a_word():
    assert Page(highlighted("x" * 50_000, 20_000)).text == "x" * 20_000 + "\n… 30,000 more characters"


def test_a_template_that_asks_for_what_is_not_there_fails():
    with pytest.raises(Exception, match="'student' is undefined"):
        render("feedback.html", exercises=[])


# Feedback


def test_there_is_one_page_a_student_with_all_marks(results, pages):
    assert set(pages) == {each.student.id for each in results}
    for each in results:
        page = pages[each.student.id]
        name = visible(each.student.name)
        assert page.all("h1")[0]["text"] == (name if len(name) < 120 else name[:117] + "...")
        handed_in = each.marks[0].status != Status.ABSENT
        assert (f"{number(each.points)} of 5 points" in page.text) == handed_in
        for mark in each.marks if handed_in else []:
            [article] = [element for element in page.all("article") if element["text"].split()[0] == mark.question]
            assert f"{SIGNS[mark.status]} {mark.status}" in squeezed(article["text"])
            assert f"{number(mark.points)} of 1 point" in article["text"]
            assert squeezed(visible(mark.sentence))[:1900] in squeezed(article["text"])
            assert visible(mark.code).strip() in article["text"]


def test_a_page_says_nothing_about_anybody_else(results, pages):
    people = {each.student.id: each.student for each in results}
    names = Counter(student.name for student in people.values())
    for own, page in pages.items():
        for student in people.values():
            if student.id != own:
                assert student.id not in page.text
                if student.name not in NAMES:  # the hostile ones are also in other people's code
                    assert names[student.name] == 1
                    assert student.name not in page.text


def test_a_note_for_the_teacher_is_in_no_feedback_page():
    mark = Mark("4.1", Status.OWN_ONLY, 0.0, 1.0, "Right on your data only.", note="fits the variant of Bo Quince")
    html = feedback.page([Result(Student("s1"), 4, "", (mark,), 1, 1, unenforced=("no network filter",))])
    assert "Right on your data only." in html
    assert "Quince" not in html
    assert "network filter" not in html


def test_who_handed_in_nothing_is_told_so(pages):
    assert pages["s0029"].text.count("Nothing was handed in for this exercise.") == 2
    assert not pages["s0029"].all("article", "pre")


def test_the_attempt_that_counted_is_named():
    html = feedback.page([Result(Student("s1"), 4, "", (Mark("4.1", Status.RIGHT, 1, 1),), 2, 3, "all.zip/b/04.ipynb")])
    assert "Attempt 2 of 3 counted · all.zip/b/04.ipynb" in squeezed(Page(html).text)


# The class report


def test_the_report_counts_every_answer_of_a_readable_file(results, report):
    read = [each for each in results if each.marks[0].status not in (Status.ABSENT, Status.UNREADABLE)]
    cells = report.all("th", "td")
    for question in (f"{exercise}.{part}" for exercise in (4, 9) for part in range(1, 6)):
        counts = Counter(mark.status for each in read for mark in each.marks if mark.question == question)
        at = next(at for at, cell in enumerate(cells) if cell["text"] == question and cell.get("scope") == "row")
        stopped = counts[Status.TIMEOUT] + counts[Status.MEMORY]
        order = (Status.RIGHT, Status.PARTLY, Status.OWN_ONLY, Status.MISTAKE, Status.WRONG, Status.ERROR)
        expected = [*(counts[status] for status in order), stopped, counts[Status.OPEN]]
        assert [cell["text"].replace("–", "0") for cell in cells[at + 1 : at + 9]] == list(map(str, expected))
    assert report.text.count("36 of 40 students handed in; 2 of the files cannot be read.") == 2


def small(*statuses, **more):
    """A class of one question, a student a status."""
    return [
        Result(
            Student(f"s{at}", f"Student {at}"),
            4,
            "Read",
            (Mark("4.1", status, float(status == Status.RIGHT), 1.0, **more),),
            1,
            1,
        )
        for at, status in enumerate(statuses)
    ]


def test_the_findings_are_the_titles_of_the_figures():
    marks = [("right", "right"), ("right", "wrong"), ("right", "error"), ("wrong", "wrong")]
    ours = [result(f"s{at}", {"4.1": (one, ""), "4.2": (two, "")}) for at, (one, two) in enumerate(marks)]
    page = Page(classreport.page(ours, []))
    titles = [caption["text"] for caption in page.all("figcaption")]
    assert titles == ["4.2 is the hardest, right for 1 of 4; 4.1 is right for 3", "Half of the class has 1 of 2 points or more"]
    assert [image["alt"].startswith(title) for image, title in zip(page.all("img"), titles, strict=True)] == [True, True]
    assert "1 at 0, 2 at 1, 1 at 2" in page.all("img")[1]["alt"]


@pytest.mark.parametrize(
    ("marks", "title"),
    [
        ([("right", "wrong")], "1 of 2 questions right"),
        ([("right", "wrong"), ("wrong", "right"), ("error", "error")], "Each question is right for 1 of 3"),
    ],
)
def test_the_finding_about_the_questions_is_said_also_of_one_student_and_of_equal_questions(marks, title):
    ours = [result(f"s{at}", {"4.1": (one, ""), "4.2": (two, "")}) for at, (one, two) in enumerate(marks)]
    assert Page(classreport.page(ours, [])).all("figcaption")[0]["text"] == title


def test_the_time_a_question_takes_is_told():
    ours = []
    for at, (fast, slow) in enumerate([(0.1, 1.0), (0.1, 2.0), (0.2, 9.0)]):
        marks = (Mark("4.1", Status.RIGHT, 1, 1, seconds=fast), Mark("4.2", Status.RIGHT, 1, 1, seconds=slow))
        ours.append(Result(Student(f"s{at}"), 4, "", marks, 1, 1, peak_mb=200.0 + at))
    text = Page(classreport.page(ours, [])).text.replace("\xa0", " ")
    assert "4.2 takes longest: half of the class under 2.0 s, one in ten over 7.6 s" in text
    assert "Half of the runs took 201 MB of memory or less; the largest took 202 MB." in text


def test_the_most_frequent_mistakes_come_first():
    ours = small(*[Status.MISTAKE] * 3, sentence="Percent, not a proportion.") + small(Status.MISTAKE, sentence="One day off.")
    ours = [Result(Student(f"s{at}"), 4, "", each.marks, 1, 1) for at, each in enumerate(ours)]
    text = squeezed(Page(classreport.page(ours, [])).text)
    assert "3 × Percent, not a proportion. 1 × One day off." in text


def test_who_needs_help_is_listed_with_the_reason():
    text = squeezed(Page(classreport.page(small("right", "wrong", Status.TIMEOUT, Status.ABSENT, Status.UNREADABLE), [])).text)
    stuck, unreadable, absent = (re.search(f"{head}(.*?){end}", text)[1] for head, end in HELP)
    assert re.findall(r"Student \d", stuck) == ["Student 1", "Student 2"]
    assert "timed out in 1 question" in stuck
    assert re.findall(r"Student \d", unreadable) == ["Student 4"]
    assert re.findall(r"Student \d", absent) == ["Student 3"]


HELP = [("Handed in, and stuck", "File cannot"), ("File cannot be read", "Not handed in"), ("Not handed in", "Right on one")]


def test_whose_data_a_copied_number_fits_is_for_the_teacher(report):
    assert "fits the variant of s0024" in report.text


def test_near_identical_answers_stand_side_by_side_and_are_no_verdict(report, out):
    pair = report.all("article")[0]
    assert "Bo Quince s0021 and Mai Quince s0032" in squeezed(pair["text"])
    assert "result[name] = sum" in pair["text"]
    assert "table[key] = sum" in pair["text"]
    assert "To look at, not a verdict." in report.text
    assert (out / "pairs.csv").read_text(encoding="utf-8-sig").splitlines()[1].startswith("4,4.3,s0021,s0032,1.000,")


def test_a_group_that_shares_one_answer_takes_one_place():
    ours = [result(f"s{at}", {"4.1": ("right", f"code_of({at})")}) for at in range(10)]
    ring = [similar.Pair(4, "4.1", f"s{a}", f"s{b}", 0.9, 20.0 + (a == 2)) for a, b in [(1, 2), (2, 3), (3, 4), (4, 9), (5, 6)]]
    page = Page(classreport.page(ours, ring))
    first, second = (squeezed(article["text"]) for article in page.all("article"))
    assert first.startswith("s2 and s3 ")
    assert "Connected with them by near-identical answers: s1, s4, s9; see pairs.csv." in first
    assert "code_of(2)" in first
    assert second.startswith("s5 and s6 ")


@pytest.mark.parametrize("size", [1, 2, 20, 500, 5000])
def test_the_report_stays_small_and_says_where_the_rest_is(size):
    ours = invented(size)
    twos = zip(ours[::2], ours[1::2], strict=False)
    everybody = [similar.Pair(4, "4.2", first.student.id, second.student.id, 0.9, 20.0) for first, second in twos]
    html = classreport.page(ours, everybody)
    assert len(html) < 400_000
    text = squeezed(Page(html).text)
    assert re.search(rf"^\S.*Class report {size:d} students?, 1 exercise", text)
    absent = sum(each.marks[0].status == Status.ABSENT for each in ours)
    assert (f"The first 50 of {absent:,} in the order of their ids; all of them are in gradebook.csv." in text) == (absent > 50)
    assert (f"The first 20 of {size // 2:,} groups" in text) == (size > 41)


@pytest.mark.parametrize("status", Status)
def test_a_class_in_which_all_have_the_same_status_has_a_report(status):
    assert "3 students" in classreport.page(small(*[status] * 3), [])


def test_no_results_make_an_empty_report(tmp_path):
    assert "0 students, 0 exercises" in classreport.write([], tmp_path)[0].read_text(encoding="utf-8")
    assert feedback.write([], tmp_path) == []


def test_a_question_without_points_and_odd_points_make_a_report():
    for possible in (0.0, 0.5, 7.5, 100.0):
        marks = (Mark("4.1", Status.PARTLY, possible / 3, possible),)
        assert "Class report" in classreport.page([Result(Student("s1"), 4, "", marks, 1, 1)], [])


def test_a_fast_answer_is_not_said_to_have_taken_no_time():
    mark = Mark("4.1", Status.RIGHT, 1.0, 1.0, seconds=0.01, code=CODE["4.4"])
    assert "ran less than 0.1 s" in feedback.page([Result(Student("s1"), 4, "", (mark,), 1, 1)])
