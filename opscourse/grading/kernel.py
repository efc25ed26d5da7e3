"""The grader's kernel: IPython's own, which confines itself before it takes a message."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

from opscourse.grading.records import Limits

__all__ = ["main"]

REPORT = 3  # the descriptor on which the kernel says once that it is ready, and what could not be enforced


def main(arguments: list[str], read: list[str], write: list[str], limits: dict[str, Any], strict: bool) -> None:
    """Be a kernel that reads and writes nothing else and makes no calls but those that data work needs.

    If `strict` and this machine cannot enforce that, say what and end.
    """
    try:
        app, unenforced = _prepared(arguments, read, write, Limits(**limits))
        told: dict[str, Any] = {"unenforced": unenforced}
    except BaseException as error:
        app, told = None, {"problem": f"its kernel did not start ({type(error).__name__}: {error})."}
    os.write(REPORT, json.dumps(told).encode())
    os.close(REPORT)
    if app and not (strict and unenforced):
        app.start()


def _prepared(arguments: list[str], read: list[str], write: list[str], limits: Limits) -> tuple[IPKernelApp, list[str]]:
    """The kernel, confined, with its sockets bound and its threads started; and what could not be enforced."""
    unenforced: list[str] = []
    _enforce(unenforced, "limit", limits)
    _enforce(unenforced, "confine_files", [Path(path) for path in read], [Path(path) for path in write])
    sys.argv = ["ipykernel_launcher", *arguments]
    app = IPKernelApp.instance(config=CONFIG, parent_handle=os.getppid())
    app.initialize(arguments)
    _enforce(unenforced, "confine_calls")
    return app, unenforced


def _enforce(unenforced: list[str], name: str, *arguments: Any) -> None:
    from opscourse.grading import sandbox

    step: Callable[..., None] = getattr(sandbox, name)
    try:
        step(*arguments)
    except sandbox.CannotConfine as error:
        unenforced.append(str(error))


CONFIG = Config(
    {
        "HistoryManager": {"enabled": False},
        "IPKernelApp": {"capture_fd_output": False},
        "InlineBackend": {"figure_formats": set()},  # figures are closed at the end of a cell, but nobody looks at them
    }
)
