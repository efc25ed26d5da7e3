"""Exercises that check themselves: `check`, `report`, and the kinds of questions that an answers module is made of."""

from opscourse.exercise.frame import Frame
from opscourse.exercise.function import Function
from opscourse.exercise.question import Choice, Integer, Names, Number, Text
from opscourse.exercise.session import check, report

__all__ = ["Choice", "Frame", "Function", "Integer", "Names", "Number", "Text", "check", "report"]
