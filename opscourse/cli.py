"""The command line: `opscourse COMMAND …`; each command lives with what it does, and is imported only when called."""

from __future__ import annotations

import sys
from importlib import import_module

from opscourse.errors import OpsCourseError

__all__ = ["main"]

COMMANDS = {
    "build": ("opscourse.build", "make the derived files of a clone again: data, keys, exercises, notebooks, docs"),
    "calibrate": ("opscourse.company.calibrate", "show each published figure beside what the company's data give"),
    "check": ("opscourse.exercise.run", "run an exercise and show a table of its questions"),
    "doctor": ("opscourse.health", "look whether everything a lesson needs is in place"),
    "export": ("opscourse.company.export", "write the company as files for a spreadsheet, SQL or a BI tool"),
    "generate": ("opscourse.company.generate", "make a company of any size, or another one"),
    "grade": ("opscourse.grading.command", "grade what a class handed in"),
    "release": ("opscourse.grading.release", "make a bundle for each student: notebook, data of their own, sealed key"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; its exit code is the process's. An error of ours is one sentence on standard error and exit code 2."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        print(f"opscourse: there is no command {name!r}.\n\n{usage()}", file=sys.stderr)
        return 2
    try:
        return import_module(COMMANDS[name][0]).main(rest)
    except OpsCourseError as error:
        print(f"opscourse {name}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read our output has seen enough, as in `opscourse calibrate | head`
        sys.stdout = None
        return 141
    except KeyboardInterrupt:
        print(f"\nopscourse {name}: stopped.", file=sys.stderr)
        return 130


def usage() -> str:
    """The list of commands."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {purpose}" for name, (_, purpose) in COMMANDS.items()]
    return "\n".join(["usage: opscourse COMMAND [--help]", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
