"""The form of a lesson, as checks: each is a generator of (cell id, what is wrong). `problems` runs them all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from nbformat import NotebookNode
from stated_numbers import HEADER, numbers, parsed, printed

Problems = Iterator[tuple[str, str]]

MARK = "# NBVAL_CHECK_OUTPUT"
LAST_HEADINGS = ["What the industry says", "Play with it", "Where this misleads", "What you learned"]


class Lesson:
    """A notebook with its number and what the checks ask of it."""

    def __init__(self, notebook: NotebookNode, path: Path) -> None:
        self.path, self.number = path, int(path.name[:2])
        self.cells = notebook.cells
        self.code = [cell for cell in self.cells if cell.cell_type == "code"]
        self.prose = [cell for cell in self.cells if cell.cell_type == "markdown"]
        self.marked = [cell for cell in self.code if MARK in cell.source]

    def headings(self) -> list[tuple[NotebookNode, str]]:
        """The second-level headings, each with its cell."""
        return [(cell, title) for cell in self.prose for title in re.findall(r"^## (.+?)\s*$", cell.source, re.MULTILINE)]

    def section(self, title: str) -> list[NotebookNode]:
        """The cells from a heading to the next one."""
        starts = [cell for cell, _ in self.headings()]
        first = next((i for i, cell in enumerate(self.cells) if f"## {title}" in cell.source.splitlines()), None)
        if first is None:
            return []
        after = (i for i, cell in enumerate(self.cells) if i > first and any(cell is start for start in starts))
        return self.cells[first : next(after, len(self.cells))]


def problems(notebook: NotebookNode, path: Path) -> list[str]:
    """All that is not in the form of a lesson, one line each: cell id, what is wrong.

    The first page of the course (00) has the promises of a lesson, but not its parts and its length.
    """
    lesson = Lesson(notebook, path)
    parts = [opening, sizes, sections, ending, marked] if lesson.number else []
    checks = [*parts, stored, stated, calls, outputs, figures, demo, links]
    return [f"{path.name} {cell}: {wrong}" for check in checks for cell, wrong in check(lesson)]


def opening(lesson: Lesson) -> Problems:
    """Title, header line, what you can do afterwards; then the imports."""
    first, second = lesson.cells[0], lesson.cells[1]
    lines = first.source.splitlines()
    title = re.fullmatch(r"# ([A-Z].*)", lines[0]) if lines else None
    if not title or re.search(r"\d|[\U0001f000-\U0001ffff]", title[1]):
        yield first.id, "the first line must be '# ' and a title without number or emoji"
    elif sum(word[0].isupper() and not word.isupper() for word in title[1].split()) > 1:
        yield first.id, f"the title {title[1]!r} is not in sentence case"
    header = next(filter(None, map(HEADER.fullmatch, lines)), None)
    if not header:
        yield first.id, "there is no line like '**Lesson 4 · Data operations · 45 minutes · after [start here](…)**'"
    elif int(header[1]) != lesson.number or int(header[2]) > 45:
        yield first.id, f"the header must say lesson {lesson.number} and at most 45 minutes"
    if "After this lesson you can:" not in first.source or not 2 <= len(bullets(first)) <= 4:
        yield first.id, "'After this lesson you can:' with two to four bullets is missing"
    if second.cell_type != "code" or "import" not in second.source or code_lines(second) > 5:
        yield second.id, "the second cell must be the imports and data, five lines at most"


def sizes(lesson: Lesson) -> Problems:
    """A lesson of 25 to 60 cells, each of few lines."""
    if not 25 <= len(lesson.cells) <= 60:
        yield "-", f"a lesson has 25 to 60 cells, this one {len(lesson.cells)}"
    lengths = {cell.id: code_lines(cell) for cell in lesson.code}
    for cell, lines in lengths.items():
        if lines > 15:
            yield cell, f"{lines} lines of code; never more than 15"
    if median(lengths.values()) > 3:
        yield "-", f"the median code cell has {median(lengths.values())} lines; at most 3"
    long = [cell for cell, lines in lengths.items() if lines > 7]
    if len(long) > 0.1 * len(lengths):
        yield ", ".join(long), f"{len(long)} of {len(lengths)} code cells have more than 7 lines; at most one in ten"


def sections(lesson: Lesson) -> Problems:
    """Three to five questions, each with a prediction; then the four headings that every lesson has."""
    titles = [title for _, title in lesson.headings()]
    if titles[-4:] != LAST_HEADINGS:
        yield "-", f"the last headings must be {LAST_HEADINGS}, they are {titles[-4:]}"
    questions = [title for title in titles if title not in LAST_HEADINGS]
    if not 3 <= len(questions) <= 5:
        yield "-", f"three to five questions as headings, this lesson has {len(questions)}"
    for title in questions:
        cells = lesson.section(title)
        if not title.endswith("?"):
            yield cells[0].id, f"the heading {title!r} is not a question"
        if not any("**Predict.**" in cell.source for cell in cells):
            yield cells[0].id, f"under {title!r} nothing is predicted (**Predict.**)"
    if not any("**Try it.**" in cell.source for cell in lesson.prose):
        yield "-", "there is no **Try it.**"


def ending(lesson: Lesson) -> Problems:
    """What you learned mirrors the opening; three questions to recall; one to discuss, and where to go on."""
    learned, recall, discuss = lesson.cells[-3:]
    if not learned.source.startswith("## What you learned"):
        yield learned.id, "the last cell but two must be '## What you learned'"
    elif len(bullets(learned)) != len(bullets(lesson.cells[0])):
        yield learned.id, f"{len(bullets(learned))} bullets for the {len(bullets(lesson.cells[0]))} of the opening"
    if not recall.source.startswith("**Recall.**") or recall.source.count("?") != 3:
        yield recall.id, "the last cell but one must be '**Recall.**' with three questions"
    if not discuss.source.startswith("**Discuss.**") or "**Next:**" not in discuss.source:
        yield discuss.id, "the last cell must be '**Discuss.** … · **Next:** …'"
    elif f"exercise {lesson.number}" not in discuss.source:
        yield discuss.id, f"'**Next:**' must name exercise {lesson.number}"


def marked(lesson: Lesson) -> Problems:
    """Three to eight cells that nbval compares."""
    if not 3 <= len(lesson.marked) <= 8:
        yield "-", f"three to eight cells are marked {MARK}, here {len(lesson.marked)}"


def stored(lesson: Lesson) -> Problems:
    """What a marked cell printed is stored, or nbval would compare nothing and pass."""
    for cell in lesson.marked:
        text = printed(cell)
        if cell.execution_count is None or not text.strip():
            yield cell.id, "marked, but without stored output or execution count: nbval would compare nothing"
        elif any(output.output_type != "stream" for output in cell.outputs):
            yield cell.id, "marked, but it shows more than printed text: print values, never mark tables or figures"
        elif not re.search(r"\d", text):
            yield cell.id, "marked, but it prints no number"


def stated(lesson: Lesson) -> Problems:
    """Every number of the prose is printed by a marked cell, and every marked cell prints one that the prose uses."""
    yield from numbers(lesson.prose, lesson.code, lesson.marked)


NETWORK = {"requests", "urllib", "urllib3", "http", "httpx", "socket", "ftplib", "aiohttp"}
CLOCK = {"time", "now", "today", "utcnow", "perf_counter"}
SEEDED = {"KMeans", "MiniBatchKMeans", "GaussianMixture", "train_test_split", "sample", "RandomForestClassifier"}
SEEDED |= {"RandomForestRegressor", "TSNE", "KFold", "StratifiedKFold", "ShuffleSplit", "permutation_importance"}


def calls(lesson: Lesson) -> Problems:
    """No network, no clock, no unseeded chance, nothing that hides warnings, names or the look of the figures."""
    for cell in lesson.code:
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:
            yield cell.id, "this is not plain Python (no !pip, no magics)"
            continue
        for node in ast.walk(tree):
            if wrong := forbidden(node):
                yield cell.id, f"line {getattr(node, 'lineno', '?')}: {wrong}"


def forbidden(node: ast.AST) -> str:
    """Why a lesson must not hold this piece of code; empty if it may."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        names = [alias.name for alias in node.names]
        tops = {module.partition(".")[0] for module in modules}
        if "*" in names:
            return "import * hides where names come from"
        if tops & NETWORK:
            return "no network in a lesson"
        if tops & {"time", "random"}:
            return "no clock, and no chance without a seed (np.random.default_rng(seed))"
    if not isinstance(node, ast.Call):
        return ""
    target = ast.unparse(node.func)
    name = target.rpartition(".")[2]
    keywords = {keyword.arg for keyword in node.keywords}
    if name in CLOCK and "." in target:
        return f"{target}() asks the clock: another day, another number"
    seeded = name in ("default_rng", "SeedSequence") and node.args
    if not seeded and ("np.random." in target or name == "default_rng"):
        return f"{target}() is chance without a seed"
    if name in SEEDED and "random_state" not in keywords and not target.startswith("rng."):
        return f"{target}() needs random_state="
    if name in ("filterwarnings", "simplefilter"):
        return "a lesson does not hide warnings"
    if target in ("sns.set_theme", "sns.set", "sns.set_style", "sns.set_palette"):
        return f"{target}() undoes the course's style"
    if name == "lineplot" and "hue" in keywords and "style" not in keywords:
        return "lines told by colour alone: add style= beside hue="
    return "input() waits for ever" if target == "input" else ""


def outputs(lesson: Lesson) -> Problems:
    """Run from top to bottom, without warnings or errors, and nothing in the outputs that differs by machine."""
    counts = [cell.execution_count for cell in lesson.code]
    if counts != list(range(1, len(counts) + 1)):
        yield "-", "the lesson was not run from top to bottom: opscourse build notebooks"
    for cell in lesson.code:
        for output in cell.outputs:
            text = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
            if output.output_type == "error":
                yield cell.id, f"stored error: {output.ename}"
            elif output.get("name") == "stderr":
                yield cell.id, f"stored warning or message: {text.strip()[:100]}"
            elif found := re.search(r"0x[0-9a-f]{6,}|/(?:home|root|Users|tmp)/\S*|[A-Z]:\\\S*", text):
                yield cell.id, f"this differs by machine: {found[0]}"


def figures(lesson: Lesson) -> Problems:
    """A figure has a title, and a sentence in the cell below it."""
    functions = {
        node.name: ast.unparse(node)
        for cell in lesson.code
        for node in ast.walk(parsed(cell.source))
        if isinstance(node, ast.FunctionDef)
    }
    for cell, below in zip(lesson.cells, [*lesson.cells[1:], None], strict=True):
        if cell.cell_type != "code" or not any("image/png" in output.get("data", {}) for output in cell.outputs):
            continue
        called = {ast.unparse(n.func) for n in ast.walk(parsed(cell.source)) if isinstance(n, ast.Call)}
        source = cell.source + "".join(functions.get(name, "") for name in called)
        if "title" not in source:
            yield cell.id, "the figure has no title that says what was found"
        after = below
        if after is not None and after.cell_type == "code" and "interact(" in after.source:
            position = lesson.cells.index(after) + 1
            after = lesson.cells[position] if position < len(lesson.cells) else None
        if after is None or after.cell_type != "markdown" or not re.match(r"[^#\s]", after.source):
            yield cell.id, "no sentence under the figure says what it shows"


def demo(lesson: Lesson) -> Problems:
    """One demo: a function called once, so that its figure is seen on paper, and then given to interact()."""
    cells = [cell for cell in lesson.section("Play with it") if cell.cell_type == "code"]
    demos = [cell for cell in cells if "interact(" in cell.source]
    if len(demos) != 1:
        yield "-", f"one interact(…) under 'Play with it', here {len(demos)}"
        return
    function = re.search(r"interact\(\s*(\w+)", demos[0].source)
    before = [cell for cell in cells[: cells.index(demos[0])] if any("image/png" in o.get("data", {}) for o in cell.outputs)]
    if not function or not any(re.search(rf"\b{function[1]}\(", cell.source) for cell in before):
        yield demos[0].id, "call the demo's function once in a cell before interact(…), so that a figure is seen without it"
    if not any("ipywidgets" in cell.source for cell in lesson.code):
        yield demos[0].id, "the demo uses ipywidgets"


def links(lesson: Lesson) -> Problems:
    """Each link to a file of the course leads to one."""
    for cell in lesson.prose:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", cell.source):
            if "://" not in target and not (lesson.path.parent / target).exists():
                yield cell.id, f"the link to {target} leads nowhere"


def bullets(cell: NotebookNode) -> list[str]:
    """The items of the lists in a cell."""
    return re.findall(r"^[-*] .+$", cell.source, re.MULTILINE)


def code_lines(cell: NotebookNode) -> int:
    """The lines of a code cell that are neither blank nor a comment."""
    return sum(1 for line in cell.source.splitlines() if line.strip() and not line.strip().startswith("#"))
