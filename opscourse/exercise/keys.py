"""Key files: `<data folder>/keys/NN.json` holds the sealed questions of exercise NN for the company of that folder.

A collecting key holds only what is needed to read an answer. With it `check` takes answers down and judges nothing: a
grader's kernel has such keys, so that there is nothing in it to try answers on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from opscourse.company import store
from opscourse.errors import ArgumentError, DataFileError, DataUnavailable, UnknownName
from opscourse.exercise import answers, derived, seal
from opscourse.exercise.frame import Frame
from opscourse.exercise.function import Function
from opscourse.exercise.question import Choice, Find, Integer, Names, Number, Question, Text

__all__ = ["Key", "built", "collecting", "key", "main", "numbers", "question", "sealed", "solved"]

KINDS = {kind.__name__: kind for kind in (Choice, Frame, Function, Integer, Names, Number, Text)}
FORMAT = 1
SOURCE = Path("exercises") / "answers"


class Key(NamedTuple):
    """One question as a student's machine knows it; without `find`, the key only collects."""

    question: Question
    find: Find | None


def key(number: str) -> Key:
    """The key of one question, for the data in use. Raises UnknownName, DataUnavailable, DataFileError."""
    exercise = number.split(".")[0]
    known = _read(store.data_folder(), exercise)
    if number not in known:
        near = get_close_matches(number, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"they are {', '.join(known)}."
        raise UnknownName(f"There is no question {number!r} in exercise {exercise}; {hint}")
    try:
        found = known[number]
        return Key(question(found["form"]), None if found.get("collect") is True else seal.finder(found))
    except (LookupError, TypeError, ValueError):
        raise DataFileError(f"Question {number} of the key is damaged; get the key file again from where it came.") from None


def numbers(exercise: int | str) -> list[str]:
    """The questions of one exercise, in order. Raises UnknownName, DataUnavailable, DataFileError."""
    return list(_read(store.data_folder(), str(exercise)))


def built(exercise: int, questions: Mapping[str, Question], folder: Path | None = None) -> str:
    """The text of a key file: the questions sealed for the company of a folder (None: the one in use)."""
    with answers.company(folder) as (load, truth):
        return sealed(exercise, solved(questions, load, truth), store.manifest(folder))


def solved(questions: Mapping[str, Question], load: Callable, truth: Callable) -> dict[str, answers.Solved]:
    """Each question solved on one company. Raises ArgumentError naming the question that cannot be."""
    found = {}
    for number, question in questions.items():
        try:
            found[number] = answers.solved(question, load, truth)
        except ArgumentError as error:
            raise ArgumentError(f"Question {number}: {error}") from error
    return found


def sealed(exercise: int, solutions: Mapping[str, answers.Solved], manifest: Mapping[str, Any]) -> str:
    """The text of a key file, for the company with this manifest, on which the questions were solved."""
    data = f"{manifest['seed']} {manifest['users']} {manifest['variant']}"
    told = {
        number: {"form": one.form.public(), **seal.sealed(number, data, one.form.cost, one.entries)}
        for number, one in solutions.items()
    }
    return _text(exercise, told)


def collecting(exercise: int, questions: Mapping[str, Question]) -> str:
    """The text of a collecting key file: how to read each answer, and nothing that depends on the right one."""
    return _text(
        exercise, {number: {"form": question.bare().public(), "collect": True} for number, question in questions.items()}
    )


def _text(exercise: int, questions: Mapping[str, Any]) -> str:
    return json.dumps({"format": FORMAT, "exercise": exercise, "questions": questions}, ensure_ascii=False, indent=1) + "\n"


def main(argv: list[str]) -> int:
    """`opscourse build keys`: seal every exercise for a company. Returns 0; with --check, 1 if a file is not as built."""
    parser = argparse.ArgumentParser(
        prog="opscourse build keys", description="Seal the answers of all exercises for a company."
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the company's folder (default: the one in use)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the key files go (default: keys/ in that folder)")
    parser.add_argument("--answers", type=Path, metavar="DIR", default=SOURCE, help=f"the answers modules (default: {SOURCE})")
    parser.add_argument("--check", action="store_true", help="write nothing; compare with what is there")
    options = parser.parse_args(argv)
    sources = answers.modules(options.answers)
    if not sources:
        raise ArgumentError(f"There are no answers modules in {str(options.answers)!r}. Type this in the root of a clone.")
    target = options.out or (options.data or store.data_folder()) / "keys"
    files = {
        target / f"{number:02}.json": partial(built, number, answers.questions(path), options.data)
        for number, path in sources.items()
    }
    stale = set(target.glob("[0-9][0-9].json")) - set(files)
    return derived.compare(files, stale, "opscourse build keys") if options.check else derived.write(files, stale)


def _read(folder: Path, exercise: str) -> dict[str, Any]:
    """The questions of a key file. Says which exercises there are if this one is none."""
    path = folder / "keys" / f"{exercise:0>2}.json"
    if path.is_file():
        return _content(path, path.stat().st_mtime_ns)
    there = sorted(int(other.stem) for other in path.parent.glob("[0-9][0-9].json"))
    if there:
        raise UnknownName(f"There is no exercise {exercise}; these data have keys for {', '.join(map(str, there))}.")
    raise DataUnavailable(
        f"The company in {str(folder)!r} came without keys, so answers cannot be checked on it; "
        "opscourse.use(None) goes back to the data of the course."
    )


def question(form: Mapping[str, Any]) -> Question:
    """The question that a key describes in clear."""
    return KINDS[form["kind"]](**{name: entry for name, entry in form.items() if name != "kind"})


@lru_cache(maxsize=64)
def _content(path: Path, _changed_ns: int) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError
        return dict(content["questions"])
    except (ValueError, KeyError, TypeError):
        raise DataFileError(f"The key file {path} is damaged; get it again from where it came.") from None
