"""Answers modules: found, read, and solved on the data of one company.

`exercises/answers/<area>/NN_….py` holds one mapping `QUESTIONS`, question number -> Question:

    from opscourse.exercise import Choice, Frame, Integer, Number

    def day_1(load):
        activity = load("daily_activity")
        ...

    QUESTIONS = {
        "4.1": Number(
            right=day_1,
            tolerance=0.005,
            unit="a proportion between 0 and 1",
            mistakes={"this is rolling retention: seen on day 1 or later": rolling},
        ),
        "4.5": Choice(right="b", options={"a": "no, because …", "b": "yes: …"}),
    }

A value may be written down, or be a function of `load`, or of `load` and `truth`. What counts as a usual slip for any
question of a kind (percentage for proportion, wrong sign, rounded too far) is known already and is not listed.

For the grader a question may state `points` (1 unless told), a Frame `partial=True` (each right column earns its share) and
any kind `typed=True` (an answer that nobody computes, so that it need not be right on other data; a Choice is one). Of
every other question the answers differ between companies, as a test demands, unless `alike` says why they cannot.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from opscourse.company import store
from opscourse.errors import ArgumentError, CheckFailed
from opscourse.exercise.question import Question, Verdict

__all__ = ["Solved", "company", "modules", "questions", "solved"]


class Solved(NamedTuple):
    """A question on one company: its form, its right value, all that a key has to know, and the mistakes it cannot know."""

    form: Question
    right: Any
    entries: dict[tuple[str, str], Verdict]
    lost: dict[str, str]  # sentence -> why this mistake cannot be told apart on these data


def modules(folder: Path) -> dict[int, Path]:
    """All answers modules under a folder, by the number of their exercise. Raises ArgumentError if two have the same."""
    found: dict[int, Path] = {}
    for path in sorted(folder.rglob("[0-9]*.py")):
        number = int(re.match(r"\d+", path.name)[0])
        if number in found:
            raise ArgumentError(f"Two answers modules have the number {number}: {found[number].name} and {path.name}.")
        found[number] = path
    return found


def questions(path: Path) -> dict[str, Question]:
    """The questions of one answers module. Raises ArgumentError if it has none, or one of another exercise."""
    spec = importlib.util.spec_from_file_location(f"opscourse_answers_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = getattr(module, "QUESTIONS", None)
    number = int(re.match(r"\d+", path.name)[0])
    if not found or not all(isinstance(question, Question) for question in found.values()):
        raise ArgumentError(f"{path.name} must define QUESTIONS, a mapping from question number to question.")
    if wrong := [name for name in found if not re.fullmatch(rf"{number}\.[1-9]\d*", name)]:
        raise ArgumentError(f"{path.name} holds question {wrong[0]!r}; its questions are called {number}.1, {number}.2 …")
    return dict(found)


@contextmanager
def company(folder: Path | None) -> Iterator[tuple[Callable, Callable]]:
    """Give `load` and `truth` of one company's folder (None: the one in use); each table is read from disk once."""
    read = cache(store.load)
    if folder is not None:
        store.use(folder)
    try:
        yield (lambda table, **how: read(table, **how).copy()), store.truth
    finally:
        if folder is not None:
            store.use(None)


def solved(question: Question, load: Callable, truth: Callable) -> Solved:
    """Work out what is right and what each mistake gives. The right answer wins every collision, then the mistake listed first.

    Raises ArgumentError if the right value is itself no answer of its kind.
    """
    try:
        right = question.answer(question.right, load, truth)
    except CheckFailed as error:
        raise ArgumentError(f"The right value cannot be an answer: {error}.") from None
    form = question.form(right)
    praise = question.praised(right)
    entries = {
        (part, token): Verdict(True, praise, form.scalable(right, part))
        for part, tokens in form.accepted(right).items()
        for token in tokens
    }
    lost, rounded = {}, []
    for sentence, mistake in question.likely(right):
        try:
            parts = form.recognised(form.answer(mistake, load, truth), right)
        except CheckFailed as error:
            lost[sentence] = str(error)
            continue
        apart = {part: tokens for part, tokens in parts.items() if (part, tokens[0]) not in entries}
        if not apart:
            lost[sentence] = "equal to the right answer, or to a mistake listed before it"
        for part, (exact, *others) in apart.items():
            entries[part, exact] = Verdict(False, sentence)
            rounded += [(part, token, sentence) for token in others]
    for sentence, value in form.coarse(right):
        rounded += [(part, tokens[0], sentence) for part, tokens in form.recognised(value, right).items()]
    for part, token, sentence in rounded:
        entries.setdefault((part, token), Verdict(False, sentence))
    return Solved(form, right, entries, lost)
