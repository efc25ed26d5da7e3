"""Every error this package raises on purpose: one tree, each message naming what was given and what to do."""

import os
import traceback

__all__ = [
    "ArgumentError",
    "CheckFailed",
    "DataFileError",
    "DataUnavailable",
    "NotAnswered",
    "OpsCourseError",
    "UnknownName",
]


class OpsCourseError(Exception):
    """Root of the tree: catch this to catch all of ours. `evidence` holds what explains it.

    A notebook shows the message and the line of the cell that led to it, not the inside of this package.
    """

    def __init__(self, message: str, **evidence: object) -> None:
        super().__init__(message)
        self.evidence = evidence

    def _render_traceback_(self) -> list[str]:
        package = os.path.dirname(__file__)
        frames = [frame for frame in traceback.extract_tb(self.__traceback__) if not frame.filename.startswith(package)]
        own = [frame for frame in frames if "ipykernel" in frame.filename or "ipython-input" in frame.filename]
        where = [f"line {own[-1].lineno}: {own[-1].line}"] if own else []
        return [*where, f"{type(self).__name__}: {self}"]


class ArgumentError(OpsCourseError, ValueError):
    """An argument, a column or a value that a function cannot work with."""


class UnknownName(OpsCourseError, LookupError):
    """A table, truth, question or column name that does not exist; the message suggests the nearest one."""


class DataUnavailable(OpsCourseError, OSError):
    """A data folder or file that is not there, or a place that cannot be written."""


class DataFileError(DataUnavailable):
    """A data file that is there but damaged: its content is not what its checksum promises."""


class CheckFailed(OpsCourseError, AssertionError):
    """A wrong answer, said in one sentence. Jupyter and nbval show the sentence without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class NotAnswered(CheckFailed):
    """A question whose answer is still `...`."""
