"""A student's session: `check` an answer, `report` on an exercise."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import Any

from opscourse.errors import CheckFailed, NotAnswered, OpsCourseError, UnknownName
from opscourse.exercise import keys

__all__ = ["ANSWER", "check", "report"]

ANSWER = "application/vnd.opscourse.answer+json"
LARGEST = 200_000  # letters of JSON that an answer may take in the notebook's file


@dataclass
class Attempts:
    """What became of one question in this session."""

    wrong: int = 0
    right: bool = False
    taken: bool = False  # down, by a key that only collects


_session: dict[str, Attempts] = {}


def check(question: str, answer: Any = ...) -> None:
    """Check an answer: print one line with a tick, or raise CheckFailed with the reason. (While a grader runs the
    notebook, the answer is only taken down; it is judged elsewhere.)

    Parameters: the question's number as in the exercise, and your answer: a number, a name, a list, a DataFrame or a
    function, as the question says. Raises CheckFailed (the answer is wrong, or is none of the kind asked), NotAnswered
    (it is still `...`), UnknownName (no such question), DataUnavailable (the data in use came without keys).
    """
    number = _number(question)
    asked, find = keys.key(number)
    attempts = _session.setdefault(number, Attempts())
    attempts.right = attempts.taken = False
    try:
        if answer is ...:
            raise NotAnswered("not answered")
        value = _read(asked, answer)
        _emit(number, value)
        if find is None:
            attempts.taken = True
            print(f"{number} taken down")
            return
        verdict = asked.judge(value, find)
        if not verdict.right:
            raise CheckFailed(verdict.sentence)
    except NotAnswered:
        attempts.wrong = 0
        remedy = "put your answer in place of the ... above, run that cell, then this one"
        raise NotAnswered(f"· {number} is not answered yet: {remedy}.") from None
    except CheckFailed as error:
        attempts.wrong += 1
        raise CheckFailed(f"✗ {number}: {error}") from None
    attempts.right = True
    print(f"✓ {number} {verdict.sentence or 'right'}")


def report(exercise: int | str) -> None:
    """Print one line for each question of an exercise: ✓ right, ✗ wrong (with the number of tries), · open. Raises nothing."""
    try:
        numbers = keys.numbers(_exercise(exercise))
    except OpsCourseError as error:
        print(error)
        return
    done, what = 0, "right"
    for number in numbers:
        attempts = _session.get(number, Attempts())
        done += attempts.right or attempts.taken
        what = "taken down" if attempts.taken else what
        tries = f"✗ wrong ({attempts.wrong} {'try' if attempts.wrong == 1 else 'tries'})" if attempts.wrong else "· open"
        print(f"{number} {'✓ right' if attempts.right else 'taken down' if attempts.taken else tries}")
    print(f"{done} of {len(numbers)} {what}")


def _number(question: Any) -> str:
    number = f"{question}" if isinstance(question, (str, float)) else ""
    if not re.fullmatch(r"\s*\d{1,3}\.\d{1,3}\s*", number):
        raise UnknownName('A check starts with the number of its question, in quotes: check("4.1", your_answer).')
    return number.strip()


def _exercise(exercise: Any) -> str:
    number = str(exercise).strip()
    if not re.fullmatch(r"\d{1,3}", number):
        raise UnknownName("A report is for one exercise, by its number: report(4).")
    return str(int(number))


def _read(asked: keys.Question, answer: Any) -> Any:
    """The answer as a plain value; whatever goes wrong in there becomes a sentence."""
    try:
        return asked.read(answer)
    except OpsCourseError:
        raise
    except Exception as error:
        raise CheckFailed(
            f"the answer cannot be read ({type(error).__name__} in an answer of type {type(answer).__name__})"
        ) from None


def _emit(number: str, value: Any) -> None:
    """Inside a Jupyter kernel, show the answer to whoever judges it outside; the empty text is all that front ends show."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is None:
        return
    from IPython.display import publish_display_data

    size = len(json.dumps(value))
    answer = {"answer": value} if size <= LARGEST else {"omitted": size}
    publish_display_data({ANSWER: {"question": number, **answer}, "text/plain": ""})
