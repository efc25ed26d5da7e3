"""The course's promise about numbers: what the prose states, a cell prints, and nbval compares that cell.

What needs no printing: the header line; code, links and names like FL01; `lesson 4` and its kin; the marks of a numbered
list and ordinals; dates, times, and years (four digits without a comma); what only asks (Predict, Try it, Recall,
Discuss); and a number that the lesson's own code gives, as in `n=7` or `"30d"`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

HEADER = re.compile(r"\*\*Lesson (\d+) · [A-Z][\w &]+ · (\d+) minutes(?: · after .+)?\*\*")
ASKING_CELLS = ("**Recall.**", "**Discuss.**")
ASKING_PARAGRAPHS = ("**Predict.**", "**Try it.**")
UNITS = {"%": 0.01, "percent": 0.01, "k": 1e3, "thousand": 1e3, "million": 1e6, "M": 1e6, "billion": 1e9, "万": 1e4, "亿": 1e8}
NUMBER = re.compile(
    r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?:\s?(%|percent\b|k\b|thousand\b|million\b|M\b|billion\b|万|亿))?"
)
MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
NEED_NO_PRINTING = re.compile(
    r"```.*?```|`[^`]*`"  # code
    r"|\]\([^)]*\)|https?://\S+"  # where a link goes
    r"|\b(?:lessons?|exercises?|questions?|parts?|sections?|chapters?|figures?)\s\d[\d.]*(?:(?:, | and | to |–)\d[\d.]*)*"
    r"|^\s*(?:> )?\d+\.\s"  # a numbered list
    r"|\b\d+(?:st|nd|rd|th)\b"
    r"|\b\d{4}-\d\d(?:-\d\d)?\b|\b\d{1,2}:\d\d\b"
    rf"|\b\d{{1,2}} {MONTH}\b|\b{MONTH} \d{{1,2}}\b"
    r"|(?<![\w.,])(?:19|20)\d\d(?![\w,%.]\d|\s?%)",  # a year
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)


def numbers(prose: list[NotebookNode], code: list[NotebookNode], marked: list[NotebookNode]) -> Iterator[tuple[str, str]]:
    """(cell id, what is wrong): a number of the prose that no marked cell prints, a marked cell whose numbers nobody uses."""
    said = {cell.id: stated_numbers(cell.source) for cell in prose}
    shown = {cell.id: [Stated(*found) for found in NUMBER.findall(printed(cell))] for cell in marked}
    given = {abs(value) for cell in code for value in literals(cell.source)}
    everything = [number for found in shown.values() for number in found]
    for cell, found in said.items():
        for number in found:
            if not any(number.agrees_with(other) for other in everything) and not number.is_among(given):
                yield cell, f"the number {number.text} is printed by no marked cell{hint(number, code)}"
    for cell, found in shown.items():
        if found and not any(number.agrees_with(other) for others in said.values() for number in others for other in found):
            yield cell, "marked, but the prose uses none of the numbers it prints"


def hint(number: Stated, code: list[NotebookNode]) -> str:
    """Where a number is shown without being compared, for whoever has to mend it."""
    for cell in code:
        text = "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in cell.outputs)
        if any(number.agrees_with(Stated(*found)) for found in NUMBER.findall(text)):
            return f" ({cell.id} shows it: print it there, and mark the cell)"
    return ""


class Stated:
    """A number as it is written: its value, the unit that scales it, and to how many decimals."""

    def __init__(self, whole: str, fraction: str, unit: str) -> None:
        self.text = whole + fraction + unit
        self.figure = float(whole.replace(",", "") + fraction)
        self.half_step = 0.5 * 10 ** -max(len(fraction) - 1, 0)
        self.unit = unit
        self.scale = UNITS.get(unit, 1.0)

    def agrees_with(self, other: Stated) -> bool:
        """Whether the other number, rounded like this one, is this one; a percentage may be printed without its sign."""
        if abs(other.figure * other.scale - self.figure * self.scale) <= self.half_step * self.scale * (1 + 1e-9):
            return True
        percent_and_bare = {self.scale, other.scale} == {0.01, 1.0}
        return percent_and_bare and abs(other.figure - self.figure) <= self.half_step * (1 + 1e-9)

    def is_among(self, given: set[float]) -> bool:
        """Whether it is one of these, as a figure (30 for 30%) or as a value (0.3 for 30%)."""
        return any(abs(value - meant) < 1e-9 for value in given for meant in (self.figure, self.figure * self.scale))


def stated_numbers(markdown: str) -> list[Stated]:
    """The numbers of a cell's prose that must be printed."""
    if markdown.startswith(ASKING_CELLS):
        return []
    paragraphs = re.split(r"\n\s*\n", markdown)
    text = "\n\n".join(part for part in paragraphs if not part.lstrip("> ").startswith(ASKING_PARAGRAPHS))
    text = "\n".join(line for line in text.splitlines() if not re.fullmatch(r"\*\*.+ · \d+ minutes.*\*\*", line))
    return [Stated(*found) for found in NUMBER.findall(NEED_NO_PRINTING.sub(" ", text))]


def literals(source: str) -> Iterator[float]:
    """The numbers that code gives: its constants, and those in texts of one word ('30d'), never those in a sentence."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            yield float(node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w-]+", node.value):
            yield from map(float, re.findall(r"\d+(?:\.\d+)?", node.value))


def parsed(source: str) -> ast.Module:
    """The syntax tree of a cell; an empty one where it is not plain Python."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module(body=[], type_ignores=[])


def printed(cell: NotebookNode) -> str:
    """What a cell printed, as stored."""
    return "".join(output.text for output in cell.outputs if output.output_type == "stream" and output.name == "stdout")
