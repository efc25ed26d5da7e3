"""Kinds of questions: how an answer is read, which answers count as right, what is said about a wrong one.

A kind is written by a lesson's author with `right` (a value, or a function of the data) and `mistakes` (sentence ->
wrong value, or function of the data). The same class, without these two, is what a sealed key describes in clear:
enough to read an answer and to turn it into *tokens*, small texts that are equal for answers that count as equal.
Nothing here knows about sealing.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, NamedTuple

from opscourse.errors import ArgumentError, CheckFailed
from opscourse.exercise import value as read

__all__ = ["Choice", "Find", "Integer", "Names", "Number", "Question", "Text", "Verdict", "called", "listing", "plural"]

AUTHOR_ONLY = ("right", "mistakes", "praise", "points", "partial", "typed", "alike")
SLIPS = (  # what a wrong value times a factor may have meant
    (0.01, "a hundred times too large: a percentage?"),
    (100, "a hundred times too small: a proportion?"),
    (-1, "of the wrong sign: compare which was taken from which"),
)


class Verdict(NamedTuple):
    """What is known about one answer: right or not, the sentence to say, whether its hundredfold can be told apart."""

    right: bool
    sentence: str = ""
    scalable: bool = False


Find = Callable[[str, str], Verdict | None]  # (part of the answer, token) -> what a key knows about it
Tokens = dict[str, list[str]]  # part of the answer -> tokens


def called(thing: Any, load: Callable, truth: Callable) -> Any:
    """Evaluate an entry of an answers module: a plain value, or a function of `load`, or of `load` and `truth`."""
    if not callable(thing):
        return thing
    asked = [parameter for parameter in inspect.signature(thing).parameters.values() if parameter.default is parameter.empty]
    return thing(load, truth) if len(asked) > 1 else thing(load)


def listing(names: list[str]) -> str:
    """Say a list: `listing(["a", "b", "c"])` is 'a, b and c'."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def plural(count: int, noun: str) -> str:
    """Say a count: `plural(2, "row")` is '2 rows'."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What all kinds share. `praise` is said after the tick; an answer that no entry knows gets a sentence of its kind.

    `points` is what a grader gives for it; `typed` says that an answer may be typed in: it need not hold on other data;
    `alike` says why companies have the same answer more often than those of other questions do.
    """

    right: Any = None
    mistakes: Mapping[str, Any] | None = None
    praise: str = ""
    points: float = 1.0
    typed: bool = False
    alike: str = ""

    cost: ClassVar[int] = 14  # log2 of scrypt's n: 16 MB and some 30 ms a try

    def __post_init__(self) -> None:
        """Refuse points that are none."""
        if isinstance(self.points, bool) or not isinstance(self.points, (int, float)) or not 0 < self.points < math.inf:
            raise ArgumentError(f"A question needs points above 0, not {self.points!r}.")

    # what the author says

    def answer(self, thing: Any, load: Callable, truth: Callable) -> Any:
        """The canonical value of `right` or of a mistake on these data."""
        return self.read(called(thing, load, truth))

    def likely(self, right: Any) -> Iterable[tuple[str, Any]]:
        """The mistakes to recognise: (sentence, value or function)."""
        return (self.mistakes or {}).items()

    def praised(self, right: Any) -> str:
        """The sentence after the tick."""
        return self.praise

    def form(self, right: Any) -> Question:
        """Itself, with what the key must say in clear so that an answer can be turned into tokens."""
        return self

    def bare(self) -> Question:
        """Itself, with what is needed to read an answer and with nothing that depends on the right one."""
        return self

    def public(self) -> dict[str, Any]:
        """What the key says in clear, as JSON."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in AUTHOR_ONLY}
        return {"kind": type(self).__name__, **told}

    # which answers are equal

    def read(self, answer: Any) -> Any:
        """The canonical, JSON-able value of an answer. Raises CheckFailed with a sentence if it is none of this kind."""
        raise NotImplementedError

    def token(self, value: Any) -> str:
        """The token of one canonical value."""
        return str(value)

    def accepted(self, value: Any) -> Tokens:
        """Tokens of all answers that count as this value."""
        return {"": [self.token(value)]}

    def recognised(self, value: Any, right: Any) -> Tokens:
        """Tokens by which a mistake of this value is known, the exact one first."""
        return {"": [self.token(value)]}

    def coarse(self, value: Any) -> Iterable[tuple[str, Any]]:
        """Mistakes that every question of the kind knows, from the right value: (sentence, value)."""
        return ()

    def scalable(self, value: Any, part: str) -> bool:
        """Whether a hundredth and the negative of a value can be told from the value."""
        return False

    def slips(self, value: Any) -> Iterable[tuple[str, Any]]:
        """What the student may have meant: (sentence, value to try)."""
        return ()

    # what is said

    def judge(self, value: Any, find: Find) -> Verdict:
        """Say whether a canonical value is right, asking `find` what a key knows."""
        known = find("", self.token(value))
        if known:
            return known
        for sentence, meant in self.slips(value):
            other = find("", self.token(meant))
            if other and other.right and other.scalable:
                return Verdict(False, sentence)
        return Verdict(False, f"{self.said(value)} is not right, and none of the usual mistakes{self.asked()}")

    def said(self, value: Any) -> str:
        """The value in a sentence."""
        return read.shown(value)

    def asked(self) -> str:
        """The form asked for, in brackets."""
        return ""


@dataclass(frozen=True, kw_only=True)
class Number(Question):
    """A number: right within `tolerance`, wrong from twice that on.

    The line is cut into cells as wide as the tolerance; an answer's token is its cell, and right are the cells that the
    interval right ± tolerance touches. So the grid is the same whatever the answer is, and tells nothing about it.
    """

    tolerance: float = 0.0
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse a tolerance that is none."""
        super().__post_init__()
        if not (isinstance(self.tolerance, (int, float)) and 0 < self.tolerance < math.inf):
            raise ArgumentError(f"A Number needs a tolerance above 0, not {self.tolerance!r}; for whole numbers use Integer.")

    def read(self, answer: Any) -> float:
        """One finite number."""
        return read.number(answer)

    def token(self, value: float) -> str:
        """The cell of the grid."""
        return str(math.floor(value / self.tolerance))

    def accepted(self, value: float) -> Tokens:
        """All cells within the tolerance."""
        return {"": self._cells(value, self.tolerance * (1 + 1e-9))}

    def recognised(self, value: float, right: float) -> Tokens:
        """The cells within half a tolerance: a mistake is computed and rounded like a right answer."""
        return {"": self._cells(value, self.tolerance / 2)}

    def coarse(self, value: float) -> Iterable[tuple[str, float]]:
        """The value with one or two decimals too few."""
        step = self._coarse_step()
        return [(self._rounded_too_far(), rough) for p in (step, 10 * step) if (rough := round(value / p) * p)]

    def judge(self, value: float, find: Find) -> Verdict:
        """As for all kinds; but a value that is not round was not rounded too far, though its cell is that of one that was."""
        steps = value / self._coarse_step()
        if abs(steps - round(steps)) < 1e-6:
            return super().judge(value, find)

        def find_no_rounded(part: str, token: str) -> Verdict | None:
            known = find(part, token)
            return None if known and known.sentence == self._rounded_too_far() else known

        return super().judge(value, find_no_rounded)

    def scalable(self, value: float, part: str) -> bool:
        """Not for values near 0."""
        return abs(value) > 10 * self.tolerance

    def slips(self, value: float) -> Iterable[tuple[str, float]]:
        """A percentage for a proportion, the reverse, the other sign."""
        return [(f"{value:.6g} is {what}{self.asked()}", value * factor) for factor, what in SLIPS]

    def said(self, value: float) -> str:
        """At most six digits."""
        return f"{value:.6g}"

    def asked(self) -> str:
        """Unit and tolerance."""
        return f" (asked: {self.unit or 'a number'}, within ±{self.tolerance:g})"

    def _coarse_step(self) -> float:
        return 10.0 ** (math.floor(math.log10(2 * self.tolerance)) + 1)

    def _rounded_too_far(self) -> str:
        return f"right, but rounded too far{self.asked()}: give more decimals"

    def _cells(self, value: float, reach: float) -> list[str]:
        first, last = (math.floor((value + side * reach) / self.tolerance) for side in (-1, 1))
        centre = int(self.token(value))
        return [str(cell) for cell in sorted(range(first, last + 1), key=lambda cell: abs(cell - centre))]


@dataclass(frozen=True, kw_only=True)
class Integer(Question):
    """A whole number, exactly."""

    unit: str = ""

    def read(self, answer: Any) -> int:
        """One whole number."""
        return read.whole(answer)

    def scalable(self, value: int, part: str) -> bool:
        """All but 0."""
        return value != 0

    def slips(self, value: int) -> Iterable[tuple[str, int]]:
        """The other sign."""
        return [(f"{value} is {what}{self.asked()}", value * factor) for factor, what in SLIPS if factor == -1]

    def asked(self) -> str:
        """The unit."""
        return f" (asked: {self.unit})" if self.unit else ""


@dataclass(frozen=True, kw_only=True)
class Text(Question):
    """A name or a date; case, width and spaces make no difference."""

    def read(self, answer: Any) -> str:
        """One name or date."""
        return read.text(answer)


@dataclass(frozen=True, kw_only=True)
class Names(Question):
    """Several names or dates; repeated ones count once, and only if `ordered` does their order matter."""

    ordered: bool = False

    def read(self, answer: Any) -> list[str]:
        """The names, sorted unless their order matters."""
        names = list(dict.fromkeys(read.text(name) for name in read.listed(answer)))
        if not names:
            raise CheckFailed("the list is empty")
        return names if self.ordered else sorted(names)

    def token(self, value: list[str]) -> str:
        """All names."""
        return "\x1f".join(value)

    def coarse(self, value: list[str]) -> Iterable[tuple[str, list[str]]]:
        """The right names from the wrong end."""
        return [("the right names, in reverse order", value[::-1])] if self.ordered and len(value) > 1 else []

    def said(self, value: list[str]) -> str:
        """Their number."""
        return f"this list of {plural(len(value), 'name')}"


@dataclass(frozen=True, kw_only=True)
class Choice(Question):
    """One of several options; `options` gives a sentence for each, `right` the one that is (or a function of the data)."""

    options: Mapping[str, str] | Iterable[str] = ()
    typed: bool = True

    def likely(self, right: str) -> Iterable[tuple[str, Any]]:
        """Every other option with its sentence."""
        if right not in map(read.text, self.options):
            raise ArgumentError(f"The right option {right!r} is none of {', '.join(self.options)}.")
        return [(sentence, name) for name, sentence in self.options.items() if read.text(name) != right]

    def praised(self, right: str) -> str:
        """The sentence of the right option."""
        return next(sentence for name, sentence in self.options.items() if read.text(name) == right)

    def form(self, right: str) -> Choice:
        """The options by name only."""
        return self.bare()

    def bare(self) -> Choice:
        """The options by name only."""
        return replace(self, options=[read.text(name) for name in self.options])

    def read(self, answer: Any) -> str:
        """An option, also as `(B)` or `b.`."""
        known = [read.text(name) for name in self.options]
        name = read.text(answer)
        name = name if name in known else name.strip("().: ")
        if name not in known:
            raise CheckFailed(f"{read.shown(answer)} is none of the options {', '.join(known)}")
        return name
