"""What works in the runner: pytest with nbval, and a plugin that reports each cell to the grader as it ends.

The kernel's messages may be anything: they are read here and nowhere else.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty
from types import MappingProxyType
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.channels import ZMQSocketChannel
from jupyter_client.provisioning import KernelProvisionerFactory
from traitlets import Type

from opscourse.exercise.run import SAID, _own_error
from opscourse.exercise.session import ANSWER
from opscourse.grading import sandbox, warm
from opscourse.grading.records import Limits, Stop

__all__ = ["Client", "ConfinedProvisioner", "Reporter", "around", "begin"]

REPORT = 3  # the descriptor for reports
LONGEST = 1_000_000  # letters of an answer
SENTENCE = 300  # letters of a reason
HEAD, FRAMES = "Traceback (most recent call last)", 50  # of a traceback, the most lines that are looked at
NBVAL = ["-p", "nbval.plugin", "--nbval-lax", "--nbval-current-env", "-c", os.devnull, "--noconftest", "-p", "no:cacheprovider"]
IDLE = "debugging doctest faulthandler junitxml logging pastebin setuponly setupplan stepwise"
IDLE += " threadexception unraisableexception warnings"
NBVAL += [word for name in IDLE.split() for word in ("-p", f"no:{name}")]  # they would do nothing, but for each cell
NBVAL += ["--capture=no", "--color=no", "-qq", "--tb=no", "--no-header", "--no-summary"]

_task: dict[str, Any] = {}
_held = bytearray()  # reports that are not yet written


def around(serve: Callable[[], None]) -> None:
    """Start pytest; fork where it would collect, and go on in the fork with that run's notebook."""
    KernelProvisionerFactory.instance()  # reads the entry points of all that is installed
    nbformat.validate(nbformat.v4.new_notebook())  # compiles the format's schema
    pytest.main(NBVAL, plugins=[Reporter(serve)])


def begin(task: dict[str, Any]) -> None:
    """Take on a run, in the fork."""
    _task.update(task, limits=Limits(**task["limits"]))
    with contextlib.suppress(sandbox.CannotConfine):  # the kernel says so too
        sandbox.limit(_task["limits"])  # against what the kernel may send


def _report(**content: Any) -> None:
    _hold(**content)
    while _held:
        del _held[: os.write(REPORT, _held)]


def _hold(**content: Any) -> None:
    """Report it with what comes next, and so wake the grader once."""
    _held.extend(json.dumps(content).encode() + b"\n")


def _end(**content: Any) -> None:
    """Say why, and end without asking anybody: who waits for us ends the kernel."""
    _report(**content)
    os._exit(0)


class Reporter:
    """A pytest plugin that listens to nbval."""

    def __init__(self, serve: Callable[[], None]) -> None:
        self.serve = serve
        self.left = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: Any) -> None:
        """Fork, and collect the notebook of the run."""
        self.serve()
        session.config.args = [str(_notebook())]
        session.config.option.nbval_cell_timeout = _task["limits"].cell_seconds

    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector:
        """Look at nothing but the notebook, whatever else is in the folders above it."""
        return Way.from_parent(parent, path=path)

    def pytest_collectreport(self, report: Any) -> None:
        """Say why there are no cells."""
        if report.failed:
            _end(problem=str(report.longrepr)[-SENTENCE:])

    def pytest_collection_finish(self, session: Any) -> None:
        """Count the cells."""
        self.left = len(session.items)
        if not self.left:
            _end(finished=True)

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Report that a cell begins, that it has ended, or why none can run. After the last one nothing is left to do."""
        failure = call.excinfo and call.excinfo.value
        if call.when == "setup":
            _end(problem=str(failure)[-SENTENCE:]) if failure else _report(cell=item.cell_num)
        elif call.when == "call":
            _hold(ended=item.cell_num, seconds=call.duration, **_outcome(item, failure, call.duration))
            self.left -= 1
            if not self.left:
                _end(finished=True)


class Way(pytest.Dir):
    """A folder, and in it only what leads to the notebook."""

    def collect(self) -> Any:
        """The next folder, or the notebook."""
        below = self.path / _notebook().relative_to(self.path).parts[0]
        if below != _notebook():
            return [self.ihook.pytest_collect_directory(path=below, parent=self)]
        return self.ihook.pytest_collect_file(file_path=below, parent=self)


def _notebook() -> Path:
    return Path(_task["work"], "notebook.ipynb")


def _outcome(item: Any, failure: BaseException | None, seconds: float) -> dict[str, Any]:
    """The answer that a check cell emitted for its own question, and why the cell came to no good end."""
    told: dict[str, Any] = {"stop": None}
    mark = item.cell.metadata.get("opscourse", {})
    outputs = item.test_outputs or []
    if mark.get("role") == "check":
        for output in outputs:
            emitted = output.get("data", {}).get(ANSWER) if output["output_type"] == "display_data" else None
            if isinstance(emitted, dict) and emitted.get("question") == mark.get("question"):
                if "answer" in emitted and len(json.dumps(emitted["answer"])) <= LONGEST:
                    told["answer"] = emitted["answer"]
                else:
                    told["stop"] = (Stop.ERROR, "The answer is too large to be taken down.")
    reply = getattr(item.parent.kernel.kc, "reply", {})
    error = next((output for output in outputs if output["output_type"] == "error"), reply)
    limit = _task["limits"].cell_seconds
    if seconds >= limit:
        told["stop"] = (Stop.TIMEOUT, f"The cell ran longer than {limit:g} seconds.")
    elif error.get("ename"):
        told["stop"] = _stop(error, item.cell.source)
    if failure and not error.get("ename") and not isinstance(failure, pytest.skip.Exception):
        _end(broken=told["stop"] or (Stop.ENDED, "The cell broke the connection to its kernel."))
    if told["stop"] and told["stop"][0] is Stop.MEMORY:
        _end(broken=told["stop"])  # what the cell made may still be there, and leave nothing to the cells after it
    return told


def _stop(error: Any, source: str) -> tuple[Stop, str]:
    """What an error in a cell means, in one sentence."""
    name, evalue = str(error["ename"]), str(error.get("evalue", ""))[:LONGEST]
    lines = [str(line)[:LONGEST] for line in error.get("traceback", [])]
    last = max((at for at, line in enumerate(lines) if line.startswith(HEAD)), default=0)  # before it, what led to the error
    traceback = lines[last : last + FRAMES]
    own = _own_error({"ename": name, "evalue": evalue, "traceback": traceback}, source)[:SENTENCE]
    if name in ("NotAnswered", "CheckFailed"):
        said = SAID.match(evalue)
        return Stop.OPEN if name == "NotAnswered" else Stop.ERROR, (said[3] if said else evalue)[:SENTENCE]
    return Stop.MEMORY if name == "MemoryError" else Stop.ERROR, own


class Message(dict):
    """A message that says little of itself: nbval formats each one for a log that nobody reads."""

    __repr__ = object.__repr__


class Output(ZMQSocketChannel):
    """What the kernel publishes, up to a limit."""

    taken = 0

    def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """The next message. Raises queue.Empty."""
        if not self.socket.poll(None if timeout is None else int(timeout * 1000)):
            raise Empty
        frames = self.socket.recv_multipart()
        self.taken += sum(map(len, frames))
        most = _task["limits"].output_mb
        if self.taken > most << 20:
            _end(broken=(Stop.ENDED, f"The notebook's output came to more than {most} MB in this cell."))
        return Message(self.session.deserialize(self.session.feed_identities(frames)[1]))


class Client(BlockingKernelClient):
    """A client of a kernel that is ready: no waiting to see, no heartbeat, no channels that nbval does not use."""

    iopub_channel_class = Type(Output)
    reply: Mapping[str, Any] = MappingProxyType({})

    def start_channels(self, **channels: bool) -> None:
        """Connect to what nbval reads."""
        super().start_channels(stdin=False, hb=False, control=False)

    def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel has heard that we listen, which it welcomes."""
        self.get_iopub_msg(timeout=timeout)

    def get_iopub_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """The next message about the output."""
        return self.iopub_channel.get_msg(timeout)

    def get_shell_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """The next reply."""
        message = Message(self.shell_channel.get_msg(timeout))
        self.reply = message["content"]
        if any(part.get("source") == "ask_exit" for part in self.reply.get("payload", [])):
            _end(broken=(Stop.ENDED, "The cell asked the kernel to end: exit() or quit()."))
        return message


class ConfinedProvisioner(warm.WarmProvisioner):
    """Forks a kernel that confines itself, reached by Unix sockets in the run's own directory."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Tell the kernel's manager where sockets and connection file go."""
        manager = self.parent
        # The path is relative to the directory that both work in: an absolute one may be too long for a socket.
        manager.transport, manager.ip, manager.cache_ports = "ipc", ".kernel/s", False
        manager.connection_file = f"{_task['work']}/.kernel/connection.json"
        manager.client_factory = Client
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork it, and wait until it is confined and its sockets are bound."""
        work, company = _task["work"], _task["company"]
        read = [*map(str, sandbox.readable()), company]
        limits = vars(_task["limits"])
        env = {**sandbox.environment(Path(work)), "OPSCOURSE_DATA": company, "LC_ALL": "C.UTF-8", "PATH": os.defpath}
        env["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
        ours, theirs = os.pipe()
        try:
            self.process = warm.fork_with_streams(
                _task["kernels"],
                "opscourse.grading.kernel:main",
                [self.parent.connection_file, read, [work], limits, _task["strict"]],
                env,
                {"cwd": work, "stdout": warm.NOTHING, "stderr": warm.NOTHING},
                [theirs],
                seed=0,
            )
        finally:
            os.close(theirs)
        self.pid = self.pgid = self.process.pid
        self.cwd = work
        _report(kernel=self.pid)
        told = b""
        while part := os.read(ours, 1 << 16):
            told += part
        os.close(ours)
        _report(**json.loads(told or b'{"problem": "its kernel ended before it was ready."}'))
        return self.connection_info
