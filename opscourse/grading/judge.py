"""What an answer earns. Works from what the kernel sent, on which nothing can be relied, and from answers that it never saw.

An answer that may be typed in (a choice) counts if it is right on the student's own company. Any other must also be right
on the hidden one: a number that was typed in, or copied from somebody, is right on one company at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opscourse.errors import CheckFailed, NotAnswered
from opscourse.exercise import keys
from opscourse.exercise.frame import Frame
from opscourse.exercise.function import Function
from opscourse.exercise.question import SLIPS, Question, Verdict, listing
from opscourse.grading.records import Mark, Ran, Ready, Status, Stop

__all__ = ["Judged", "Owners", "Solution", "judged", "mark"]

STOPPED = {
    Stop.ERROR: Status.ERROR,
    Stop.OPEN: Status.OPEN,
    Stop.TIMEOUT: Status.TIMEOUT,
    Stop.MEMORY: Status.MEMORY,
    Stop.ENDED: Status.ERROR,
}
ELSEWHERE = {Stop.TIMEOUT: "this code takes too long", Stop.MEMORY: "this code needs too much memory"}
# What a run on the hidden company said is for the teacher: the student's code may have put hidden data into it.


@dataclass(frozen=True)
class Solution:
    """All that is known of one question on one company."""

    form: Question
    entries: Mapping[tuple[str, str], Verdict]

    def packed(self) -> dict[str, Any]:
        """As JSON."""
        return {"form": self.form.public(), "entries": [[*at, *verdict] for at, verdict in self.entries.items()]}

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any]) -> Solution:
        """From JSON."""
        entries = {(part, token): Verdict(*verdict) for part, token, *verdict in packed["entries"]}
        return cls(keys.question(packed["form"]), entries)


@dataclass(frozen=True)
class Judged:
    """What one answer is worth on one company: `share` of the question's points; `known` tells a known mistake."""

    right: bool
    share: float
    known: bool
    sentence: str
    columns: frozenset[str] = frozenset()  # of a table, those that are right


def judged(known: Solution, value: Any) -> Judged:
    """Judge what a kernel sent. Never raises: what is no answer of the question's kind is wrong, with a sentence."""
    try:
        return _verdict_on(known, _plain(known.form, value))
    except (CheckFailed, NotAnswered) as error:
        return Judged(False, 0.0, False, str(error))
    except Exception as error:  # a forged value may break any assumption
        return Judged(False, 0.0, False, f"the answer cannot be read ({type(error).__name__})")


def _verdict_on(known: Solution, value: Any) -> Judged:
    form, met = known.form, []

    def find(part: str, token: str) -> Verdict | None:
        verdict = known.entries.get((part, token))
        met.append(verdict)
        return verdict

    verdict = form.judge(value, find)
    columns = frozenset()
    if isinstance(form, Frame) and not form._wrong_rows(value["rows"], find):
        found = {name: known.entries.get((name, form._token(value, name))) for name in value["columns"] if name in form.columns}
        columns = frozenset(name for name, entry in found.items() if entry and entry.right)
    if verdict.right:
        return Judged(True, 1.0, False, verdict.sentence, columns)
    named = any(entry and not entry.right and entry.sentence in verdict.sentence for entry in met)
    slipped = any(what in verdict.sentence for _, what in SLIPS)
    return Judged(False, 0.0, named or slipped, verdict.sentence, columns)


class Owners:
    """Finds whose company a wrong answer is right on. Numbers and names are looked up; tables are compared one by one.

    A function is judged on cases that are the same for all, so its result is nobody's.
    """

    def __init__(self, most_tables: int = 5_000) -> None:
        """Of each question that asks for a table, at most so many companies are compared."""
        self._most = most_tables
        self._right: dict[tuple[str, str], list[str]] = {}  # question, token -> whose
        self._tables: dict[str, dict[str, Solution]] = {}
        self._forms: dict[str, Question] = {}
        self._asked: list[tuple[str, str, Any]] = []

    def add(self, student: str, known: Mapping[str, Solution]) -> None:
        """Take down what is right on a student's company."""
        for question, one in known.items():
            self._forms[question] = one.form
            tables = self._tables.setdefault(question, {})
            if isinstance(one.form, Frame) and len(tables) < self._most:
                tables[student] = one
            elif not isinstance(one.form, (Frame, Function)):
                for (_, token), verdict in one.entries.items():
                    if verdict.right:
                        self._right.setdefault((question, token), []).append(student)

    def ask(self, student: str, question: str, answer: Any) -> None:
        """Take down a wrong answer."""
        self._asked.append((student, question, answer))

    def found(self) -> dict[tuple[str, str], list[str]]:
        """Student and question -> the others on whose companies the answer is right, by id; nobody is left out."""
        whose = {}
        for student, question, answer in self._asked:
            form = self._forms[question]
            try:
                value = _plain(form, answer)
                token = None if isinstance(form, (Frame, Function)) else form.token(value)
                owners = self._right.get((question, token), [])
                owners = owners or [other for other, one in self._tables[question].items() if _verdict_on(one, value).right]
            except Exception:  # as in judged()
                continue
            if others := sorted({*owners} - {student}):
                whose[student, question] = others
        return whose


def mark(question: str, asked: Question, ready: Ready, own: Ran, hidden: Ran, mine: Solution, other: Solution) -> Mark:
    """The mark for one question from the runs on the student's own company and on the hidden one."""

    def earned(status: Status, sentence: str, share: float = 0.0, note: str = "") -> Mark:
        seconds = own.seconds.get(question, 0.0) + hidden.seconds.get(question, 0.0)
        points = round(asked.points * share, 4)
        code = ready.code.get(question, "")
        return Mark(question, status, points, asked.points, _one_line(sentence), _one_line(note), round(seconds, 2), code)

    if question not in own.answers:
        stop, sentence = own.stops.get(question, (Stop.OPEN, ""))
        if stop == Stop.OPEN:
            sentence = "there is no answer to this question"
        return earned(STOPPED[Stop(stop)], sentence)
    here = judged(mine, own.answers[question])
    if asked.typed:
        return earned(*_plainly(here), share=here.share)
    stop, why = hidden.stops.get(question, (Stop.OPEN, ""))
    there = judged(other, hidden.answers[question]) if question in hidden.answers else None
    if here.right and there and there.right:
        return earned(Status.RIGHT, here.sentence, 1.0)
    if getattr(asked, "partial", False) and there and (columns := here.columns & there.columns):
        share = len(columns) / len(mine.form.columns)
        if share < 1:
            kept = f"right on your own data; on other data only {listing(sorted(columns))}"
            return earned(Status.PARTLY, kept if here.right else here.sentence, share)
    if not here.right:
        return earned(*_plainly(here))
    if there is None and Stop(stop) in ELSEWHERE:
        return earned(STOPPED[Stop(stop)], f"right on your own data; on other data {ELSEWHERE[Stop(stop)]}", note=why)
    if there is None:
        return earned(Status.OWN_ONLY, "right on your own data, but on other data this code gives no answer", note=why)
    same = own.answers[question] == hidden.answers[question]
    sentence = "right on your own data, but not on other data: " + (
        "the answer stays the same whatever the data are, so it was not computed from them"
        if same
        else "the code holds something that is true of your data only"
    )
    return earned(Status.OWN_ONLY, sentence, note="the same answer on both companies" if same else "")


def _plainly(here: Judged) -> tuple[Status, str]:
    return (Status.RIGHT if here.right else Status.MISTAKE if here.known else Status.WRONG), here.sentence


def _plain(form: Question, value: Any) -> Any:
    """The canonical value that a kernel should have sent, read once more as if a student had handed it in."""
    if isinstance(form, Function):
        if not isinstance(value, list) or len(value) != len(form.cases):
            raise CheckFailed("the answer is not one result for each case")
        return [form.result.read(one) for one in value]
    if not isinstance(form, Frame):
        if isinstance(value, dict):
            raise CheckFailed("the answer is not of the kind that is asked")
        return form.read(value)
    import pandas as pd

    rows, columns, extra = value["rows"], value["columns"], value["extra"]
    sound = (
        isinstance(rows, list)
        and isinstance(columns, dict)
        and isinstance(extra, list)
        and all(isinstance(row, list) and len(row) == len(form.keys) for row in rows)
        and all(isinstance(cells, list) and len(cells) == len(rows) for cells in columns.values())
        and all(isinstance(name, str) for name in extra)
    )
    if not sound:
        raise CheckFailed("the answer is not a table")
    table = pd.DataFrame({name: [row[at] for row in rows] for at, name in enumerate(form.keys)}, dtype=object)
    for name in form.columns:
        if name in columns:
            table[name] = pd.Series(columns[name], dtype=object)
    return {**form.read(table), "extra": extra[:20]}


def _one_line(text: str) -> str:
    return " ".join(str(text).split())[:1000]
