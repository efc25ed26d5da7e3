"""`opscourse doctor`: is everything in place that a lesson needs? One line each, with the remedy where it is not."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from opscourse.errors import OpsCourseError

__all__ = ["Finding", "doctor", "findings", "main"]

REINSTALL = "python3 opscourse/bootstrap.py setup (in a clone), or: pip install --upgrade --force-reinstall opscourse"
EXTENSION = "@jupyter-widgets/jupyterlab-manager"


class Finding(NamedTuple):
    """One thing that was looked at: what it is, what is wrong with it (empty: nothing), and what to do."""

    what: str
    wrong: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        if not self.wrong:
            return f"✓ {self.what}"
        return f"✗ {self.what}: {self.wrong}" + (f"\n  → {self.remedy}" if self.remedy else "")


def doctor() -> None:
    """Print one line for each thing a lesson needs: ✓, or ✗ with what to do. Raises nothing.

    >>> doctor()  # doctest: +ELLIPSIS
    ✓ Python ...
    """
    _report(findings())


def main(argv: list[str]) -> int:
    """The command `opscourse doctor`: as `doctor()`; the exit code is 1 if anything is wrong.

    With --grading: what this machine can do to confine the notebooks of strangers; 1 if `opscourse grade` would refuse.
    """
    parser = argparse.ArgumentParser(prog="opscourse doctor", description=__doc__)
    parser.add_argument("--grading", action="store_true", help="instead: can this machine confine what students hand in?")
    options = parser.parse_args(argv)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # an old Windows console cannot show a tick
    return _report(grading() if options.grading else findings())


def _report(found: Iterable[Finding]) -> int:
    wrong = 0
    for finding in found:
        print(finding, flush=True)
        wrong += bool(finding.wrong)
    print(f"To be mended: {wrong}." if wrong else "All is well.")
    return 1 if wrong else 0


def findings() -> Iterator[Finding]:
    """All that is looked at, in the order in which one depends on the other."""
    yield python()
    yield from packages()
    yield data()
    yield kernel()
    yield widgets()


def grading() -> Iterator[Finding]:
    """Each protection of the grader, tried on this machine."""
    from opscourse.grading import sandbox

    yield from sandbox.abilities()


def python() -> Finding:
    """Whether this Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    demanded = metadata.metadata("opscourse")["Requires-Python"]
    if sys.version_info >= tuple(int(part) for part in demanded.strip(">=").split(".")):
        return Finding(f"Python {version}")
    return Finding(f"Python {version}", f"the course needs {demanded}", "install a newer one from python.org, then start again")


def packages() -> Iterator[Finding]:
    """Each package that the course imports, beside the versions that pyproject.toml accepts."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        yield Finding("packaging", "it is not installed", REINSTALL)
        return
    for text in metadata.requires("opscourse") or []:
        demanded = Requirement(text)
        if demanded.marker and not demanded.marker.evaluate():
            continue
        try:
            version = metadata.version(demanded.name)
        except metadata.PackageNotFoundError:
            yield Finding(demanded.name, f"it is not installed (needed: {demanded.specifier})", REINSTALL)
            continue
        known = demanded.specifier.contains(version, prereleases=True)
        yield Finding(f"{demanded.name} {version}", "" if known else f"the course needs {demanded.specifier}", REINSTALL)


def data() -> Finding:
    """Whether each table of the company in use is there and is what its checksum promises."""
    from opscourse.company import store

    try:
        problems = store.verify()
        tables = len(store.manifest()["tables"])
    except OpsCourseError as error:
        return Finding("data", str(error))  # the sentence holds its remedy
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        return Finding("data", problems[0] + more)
    return Finding(f"data: {tables} tables, each with its checksum")


def kernel() -> Finding:
    """Whether the kernel that the notebooks ask for runs in this environment; inside a notebook, whether this one does."""
    what = "kernel python3 answers"
    try:
        if "ipykernel" in sys.modules and sys.modules["ipykernel"].kernelapp.IPKernelApp.initialized():
            return Finding(what)  # it runs this line
    except AttributeError:
        pass
    try:
        prefix = _prefix_of_kernel()
    except Exception as error:  # whatever a kernel on this computer fails with is what the user must hear
        return Finding(what, f"it does not start ({type(error).__name__}: {error})", REINSTALL)
    if Path(prefix) != Path(sys.prefix):
        remedy = f"{sys.executable} -m ipykernel install --sys-prefix"
        return Finding(what, f"it runs in another environment, {prefix}", remedy)
    return Finding(what)


def _prefix_of_kernel() -> str:
    """Start the kernel python3 and ask it where it lives."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(startup_timeout=30, kernel_name="python3", extra_arguments=["--log-level=CRITICAL"])
    try:
        answer = client.execute_interactive(
            "", user_expressions={"prefix": "__import__('sys').prefix"}, timeout=30, output_hook=lambda message: None
        )
        text = answer["content"]["user_expressions"]["prefix"]["data"]["text/plain"]
        return text[1:-1].replace("\\\\", "\\")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def widgets() -> Finding:
    """Whether JupyterLab has the extension that draws sliders, and it is not switched off."""
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    what = "widgets"
    if not any(Path(folder, "labextensions", EXTENSION, "package.json").is_file() for folder in jupyter_path()):
        return Finding(what, "JupyterLab does not have their extension", REINSTALL)
    for folder in jupyter_config_path():
        config = Path(folder, "labconfig", "page_config.json")
        try:
            disabled = json.loads(config.read_text(encoding="utf-8")).get("disabledExtensions", {})
        except (OSError, ValueError, AttributeError):
            continue
        names = disabled if isinstance(disabled, list) else [name for name, off in disabled.items() if off]
        if any(name.partition(":")[0] == EXTENSION for name in names):
            return Finding(what, f"they are switched off in {config}", f"jupyter labextension enable {EXTENSION}")
    return Finding("widgets are switched on")
