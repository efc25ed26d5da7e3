"""Solutions of questions on companies, each worked out once and kept under the hash of all that it follows from."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from opscourse.exercise import answers, keys
from opscourse.grading import judge, variants
from opscourse.grading.book import digest

__all__ = ["Released", "fingerprint", "noted", "notes", "solution_key", "solved"]


def fingerprint(thing: Any) -> str:
    """A hash of what a question means: its fields, and the code it calls in its own module, comments and layout aside.

    A change to one question of an answers module leaves the others as they are, so they need not be solved again.
    """
    return digest(_told(thing, set()))


def _told(thing: Any, seen: set[int]) -> str:
    thing = inspect.unwrap(thing) if callable(thing) else thing  # a cached function means what it caches
    if isinstance(thing, types.FunctionType):
        return _function(thing, seen)
    if isinstance(thing, partial):
        return f"partial({_told((thing.func, thing.args, thing.keywords), seen)})"
    if is_dataclass(thing) and not isinstance(thing, type):
        return f"{type(thing).__name__}({_told({f.name: getattr(thing, f.name) for f in fields(thing)}, seen)})"
    if isinstance(thing, Mapping):
        return "{" + ", ".join(f"{_told(name, seen)}: {_told(one, seen)}" for name, one in thing.items()) + "}"
    if isinstance(thing, (list, tuple)):
        return "[" + ", ".join(_told(one, seen) for one in thing) + "]"
    if isinstance(thing, (set, frozenset)):
        return "{" + ", ".join(sorted(_told(one, seen) for one in thing)) + "}"
    if isinstance(thing, (types.ModuleType, type, types.BuiltinFunctionType)) or callable(thing):
        return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', getattr(thing, '__name__', type(thing)))}"
    return repr(thing)


def _function(function: Callable, seen: set[int]) -> str:
    name = f"{function.__module__}.{function.__qualname__}"
    if id(function) in seen:
        return name
    seen.add(id(function))
    bound = [cell.cell_contents for cell in function.__closure__ or ()]
    told = [name, _code(function.__code__), _told((function.__defaults__, function.__kwdefaults__, bound), seen)]
    for used in sorted(_names(function.__code__)):
        other = function.__globals__.get(used)
        if getattr(other, "__module__", function.__module__) == function.__module__:
            told.append(f"{used}={_told(other, seen)}")
    return "\n".join(told)


def _code(code: types.CodeType) -> str:
    inner = [_code(one) if isinstance(one, types.CodeType) else _told(one, set()) for one in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {inner}"


def _names(code: types.CodeType) -> set[str]:
    return set(code.co_names).union(*(_names(one) for one in code.co_consts if isinstance(one, types.CodeType)))


def noted(
    secret: bytes, student: str, exercises: Sequence[variants.Exercise], solved: Mapping[str, answers.Solved], company: Path
) -> str:
    """What a release notes for the grader about one student's bundle, as JSON: its manifest's hash, and the solutions."""
    packed = {
        solution_key(secret, student, one, question): judge.Solution(solved[question].form, solved[question].entries).packed()
        for one in exercises
        for question in one.questions
    }
    return json.dumps({"manifest": digest((company / "company.json").read_bytes()), "solutions": packed})


def notes(private: Path, student: str | None) -> Path:
    """The file of a release's notes on one student's company; on the hidden one under a name that is nobody's id."""
    return private / "solutions" / ("-hidden.json" if student is None else f"{student}.json")


class Released:
    """What a release left for the grader: DIR/bundles, and DIR/private/solutions."""

    def __init__(self, folder: Path) -> None:
        """Of the folder that the release was told."""
        self.folder = folder.absolute()

    def solutions(self, student: str | None) -> dict[str, dict[str, Any]]:
        """The solutions on a student's company, key -> JSON; nothing if they are not there."""
        return self._noted(student).get("solutions", {})

    def company(self, student: str | None) -> Path | None:
        """The company in a student's bundle, if it is as it was released. (Its tables have checksums of their own.)"""
        found = self.folder / "bundles" / str(student) / "company"
        try:
            same = digest((found / "company.json").read_bytes()) == self._noted(student).get("manifest")
        except OSError:
            return None
        return found if same else None

    def _noted(self, student: str | None) -> dict[str, Any]:
        try:
            noted = json.loads(notes(self.folder / "private", student).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return noted if isinstance(noted, dict) else {}


def solved(
    secret: bytes, student: str | None, numbers: Sequence[int], course: Path | None, folder: Path
) -> dict[str, dict[str, Any]]:
    """The solutions of exercises on one student's company (None: the hidden one): key -> JSON.

    Made to be called in a process of its own: which company is in use belongs to a process.
    """
    exercises = [_exercise(number, course) for number in numbers]
    found = {}
    with answers.company(variants.company(secret, student, exercises, folder, "judge")) as (load, truth):
        for one in exercises:
            for name, known in keys.solved(one.questions, load, truth).items():
                found[solution_key(secret, student, one, name)] = judge.Solution(known.form, known.entries).packed()
    return found


def solution_key(secret: bytes, student: str | None, exercise: variants.Exercise, question: str) -> str:
    """The hash of all that a solution follows from."""
    whose = "hidden" if student is None else f"student {student}"
    meaning = fingerprint(exercise.questions[question])
    return digest(secret, whose, variants.simulator(), variants.package(), *exercise.tables, question, meaning)


@cache
def _exercise(number: int, course: Path | None) -> variants.Exercise:
    return variants.exercise(number, course)
