"""What the pages of the grader share: the templates, words and signs, safe text, and files that are never half written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from opscourse.errors import DataUnavailable
from opscourse.grading.records import Result, Status

__all__ = [
    "SIGNS",
    "by_number",
    "counted",
    "handed_in",
    "highlighted",
    "label",
    "number",
    "ordered",
    "render",
    "save",
    "visible",
]

SIGNS = {
    Status.RIGHT: "✓",
    Status.PARTLY: "◐",
    Status.OWN_ONLY: "⚠",
    Status.MISTAKE: "✗",
    Status.WRONG: "✗",
    Status.ERROR: "!",
    Status.OPEN: "…",
    Status.TIMEOUT: "!",
    Status.MEMORY: "!",
    Status.UNREADABLE: "?",
    Status.ABSENT: "–",
}

# Control characters, characters that turn the direction of writing, and halves of characters: nobody sees them, or they
# make code look like other code, or no file can hold them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NEWLINES = re.compile("\r\n?")
_FORMATTER = HtmlFormatter(nowrap=True, style="xcode")


def ordered(results: Iterable[Result]) -> list[Result]:
    """The results by student and exercise, so that whatever is made of them never depends on the order they came in."""
    return sorted(results, key=lambda result: (result.student.id, result.exercise))


def by_number(question: str) -> list[tuple[int, str]]:
    """A key to sort questions by: 4.2 before 4.10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in question.split(".")]


def handed_in(result: Result) -> bool:
    """Whether there is anything to mark; a file that cannot be read was handed in."""
    return any(mark.status != Status.ABSENT for mark in result.marks)


def label(result: Result) -> str:
    """`Exercise 4: Read a retention curve`."""
    title = re.sub(rf"^Exercise {result.exercise}\W*", "", result.title)
    return f"Exercise {result.exercise}: {title}" if title else f"Exercise {result.exercise}"


def number(value: float) -> str:
    """A number of points without trailing zeros; 4.300000000000001 is 4.3."""
    return f"{round(value, 3) + 0.0:.10g}"


def counted(count: float, noun: str) -> str:
    """`1 point`, `2.5 points`."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def visible(text: str) -> str:
    """The text with every character that is invisible or turns the direction of writing shown as its number."""
    return _INVISIBLE.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", _NEWLINES.sub("\n", text))


def highlighted(code: str, limit: int) -> Markup:
    """A student's code as HTML, at most `limit` characters of it; what was left out is said in a last line."""
    shown = visible(code[:limit]).strip("\n")
    html = Markup(highlight(shown, PythonLexer(stripnl=False), _FORMATTER).rstrip("\n"))  # pygments escapes what it reads
    if len(code) > limit:
        html += Markup('\n<span class="cut">… {} more characters</span>').format(f"{len(code) - limit:,}")
    return html


@cache
def _environment() -> Environment:
    loader = PackageLoader("opscourse.grading", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"counted": counted, "highlighted": highlighted, "number": number, "visible": visible}
    environment.globals |= {"SIGNS": SIGNS, "code_style": _FORMATTER.get_style_defs(".code")}
    return environment


def render(template: str, **values: object) -> str:
    """One page. Every value is escaped; only what `highlighted` returns is HTML already."""
    return _environment().get_template(template).render(values)


def save(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a text so that the file is at every moment the old one or the new one."""
    temporary = path.with_name(f".{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding=encoding, errors="backslashreplace", newline="")
        os.replace(temporary, path)
    except OSError as error:
        hint = "Close it if it is open in another program, or choose another folder"
        raise DataUnavailable(f"{path} cannot be written ({error.strerror}). {hint}.", path=path) from error
    finally:
        if temporary.exists():
            temporary.unlink()
    return path
