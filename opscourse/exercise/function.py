"""The kind of question whose answer is a function: it is called on small tables that the question brings along."""

from __future__ import annotations

import copy
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from opscourse.errors import ArgumentError, CheckFailed, NotAnswered
from opscourse.exercise import value as read
from opscourse.exercise.question import Find, Integer, Number, Question, Text, Tokens, Verdict, listing

__all__ = ["Function"]

RESULTS = {kind.__name__: kind for kind in (Integer, Number, Text)}


@dataclass(frozen=True, kw_only=True)
class Function(Question):
    """A function, judged by what it returns: `cases` maps a description to arguments, `result` is the kind it returns.

    Here `right` is the function as it should be, and a mistake is a function too. Arguments are tables and plain
    values; the key holds them in clear, so the lesson can show them. Each case is judged by itself.
    """

    cases: Mapping[str, Any]
    result: Any

    cost: ClassVar[int] = 13  # several hashes a check, so each is half as slow

    def __post_init__(self) -> None:
        """Bring the cases into their JSON form; refuse a question without cases or with a result of another kind."""
        super().__post_init__()
        if isinstance(self.result, Mapping):
            told = {name: entry for name, entry in self.result.items() if name != "kind"}
            object.__setattr__(self, "result", RESULTS[self.result["kind"]](**told))
        if not self.cases or type(self.result) not in RESULTS.values():
            raise ArgumentError("A Function needs cases, and as result a Number, an Integer or a Text.")
        cases = {name: [_packed(argument) for argument in arguments] for name, arguments in self.cases.items()}
        object.__setattr__(self, "cases", cases)

    def answer(self, thing: Any, load: Callable, truth: Callable) -> list[Any]:
        """`right` and mistakes are functions of the arguments, not of the data."""
        return self.read(thing)

    def public(self) -> dict[str, Any]:
        """With the kind of the result written out."""
        return {**super().public(), "result": self.result.public()}

    def read(self, answer: Any) -> list[Any]:
        """What the function returns on each case. Raises NotAnswered for one that is still empty."""
        if not callable(answer):
            read.single(answer if answer is ... else 0)
            raise CheckFailed(f"{read.shown(answer)} was given; the function itself is asked, its name without parentheses")
        returned = {name: _call(answer, name, arguments) for name, arguments in self.cases.items()}
        if all(result is None or result is ... for result in returned.values()):
            if getattr(getattr(answer, "__code__", None), "co_names", ()):  # it does something, so it is not the empty stub
                raise CheckFailed(
                    "your function returns nothing (None): end it with `return` and the value; print only shows it"
                )
            raise NotAnswered("not answered")
        values = []
        for name, result in returned.items():
            try:
                values.append(self.result.read(result))
            except CheckFailed as error:
                raise CheckFailed(f"on {name}: {error}") from None
        return values

    def accepted(self, value: list[Any]) -> Tokens:
        """Case by case."""
        return {name: self.result.accepted(one)[""] for name, one in zip(self.cases, value, strict=True)}

    def recognised(self, value: list[Any], right: list[Any]) -> Tokens:
        """Case by case."""
        triples = zip(self.cases, value, right, strict=True)
        return {name: self.result.recognised(one, other)[""] for name, one, other in triples}

    def scalable(self, value: list[Any], part: str) -> bool:
        """As the result's kind says."""
        return self.result.scalable(value[list(self.cases).index(part)], "")

    def judge(self, value: list[Any], find: Find) -> Verdict:
        """Right if every case is; otherwise on which cases it is right, and the reason for the first that is not."""
        given = dict(zip(self.cases, value, strict=True))
        found = {name: find(name, self.result.token(one)) for name, one in given.items()}
        right = [name for name, known in found.items() if known and known.right]
        if len(right) == len(given):
            return found[right[0]]
        name = next(name for name in given if name not in right)
        sentence = self.result.judge(given[name], lambda _, token: find(name, token)).sentence
        said = self.result.said(given[name])
        told = sentence if sentence.startswith(said) else f"it returns {said}: {sentence}"
        return Verdict(False, f"{f'right on {listing(right)}; ' if right else ''}on {name}: {told}")


def _call(function: Callable, name: str, arguments: list[Any]) -> Any:
    try:
        return function(*map(_unpacked, arguments))
    except (Exception, SystemExit) as error:
        line = traceback.extract_tb(error.__traceback__)[1:2]
        where = f", in line {line[0].lineno} of its cell" if line else ""
        raise CheckFailed(
            f"your function fails on {name}: {type(error).__name__}: {' '.join(str(error).split())[:200]}{where}"
        ) from None


def _packed(argument: Any) -> Any:
    """A table as JSON: column -> type and values; plain values as JSON gives them back, for author and student alike."""
    if not isinstance(argument, pd.DataFrame):
        try:
            return json.loads(json.dumps(argument))
        except (TypeError, ValueError):
            raise ArgumentError(f"A case can hold tables and plain values, not {read.shown(argument)}.") from None
    columns = {}
    for name in argument:
        series = argument[name]
        plain = [cell.isoformat() if isinstance(cell, pd.Timestamp) else cell for cell in series.tolist()]
        values = [None if pd.isna(cell) else cell for cell in plain]
        columns[name] = {"dtype": str(series.dtype), "values": values}
    return {"table": columns}


def _unpacked(argument: Any) -> Any:
    """The argument again, a fresh one each time: a function may change what it is given."""
    if not (isinstance(argument, Mapping) and "table" in argument):
        return copy.deepcopy(argument)
    return pd.DataFrame({name: pd.Series(of["values"], dtype=of["dtype"]) for name, of in argument["table"].items()})
