"""The grader's kernel: IPython's own, half made before the fork, which confines itself before it takes a message."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import comm
import zmq
from ipykernel.compiler import XCachingCompiler
from ipykernel.iostream import OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets import Type
from traitlets.config import Config
from zmq.eventloop.zmqstream import ZMQStream

from opscourse.grading import sandbox
from opscourse.grading.records import Limits

__all__ = ["main", "prepare"]

REPORT = 3  # the descriptor on which the kernel says once that it is ready, and what could not be enforced
CONFIG = Config(
    {
        "HistoryManager": {"enabled": False},
        "IPKernelApp": {"capture_fd_output": False, "outstream_class": "opscourse.grading.kernel.Stream"},
        "InlineBackend": {"figure_formats": set()},  # a figure is closed at the end of its cell, but nobody looks at it
        "InteractiveShell": {"colors": "nocolor", "xmode": "Plain"},  # nobody reads the code around a traceback's lines
        "Session": {"copy_threshold": 1 << 62},  # else pyzmq starts a thread and a socket with the first large output
    }
)


class Stream(OutStream):
    """A stream for output that does not wake the thread that sends it when there is nothing to send."""

    def flush(self) -> None:
        """Send what was written."""
        if self._buffers:
            super().flush()


class NoThread:
    """In the place of the thread for subshells, which there is not; a cell with `await` asks for its parent."""

    @property
    def parent_thread(self) -> threading.Thread:
        """The thread that runs cells."""
        return threading.main_thread()

    def __bool__(self) -> bool:
        """False, as None is."""
        return False


class Kernel(IPythonKernel):
    """IPython's kernel without its debugger, which would look at, and after a fork so copy, all modules."""

    _supports_kernel_subshells = False
    _execute_sleep = 0.0  # for output on its way, which nbval waits for anyway

    def __init__(self, **kwargs: Any) -> None:
        super(IPythonKernel, self).__init__(**kwargs)
        self.shell_channel_thread = NoThread()
        self.debugpy_stream = None
        self.shell = self.shell_class.instance()
        self.shell.kernel = self.shell.parent = self
        for part in (self.shell.displayhook, self.shell.display_pub):
            part.session, part.pub_socket = self.session, self.iopub_socket
        self.shell.displayhook.topic = self._topic("execute_result")
        self.comm_manager = comm.get_comm_manager()
        for kind in ("comm_open", "comm_msg", "comm_close"):
            self.shell_handlers[kind] = getattr(self.comm_manager, kind)

    def _publish_status(self, status: str, *more: Any) -> None:
        """Say only that a request has been dealt with: nbval asks for nothing else, and each message wakes four threads."""
        if status == "idle":
            super()._publish_status(status, *more)

    def _publish_execute_input(self, *message: Any) -> None:
        """Nobody asks for the code that he sent."""


class ConfinedKernel(IPKernelApp):
    """IPython's kernel in two steps, `prepare` before the fork and `bind` after it; without what only an editor asks for."""

    kernel_class = Type(Kernel)

    def prepare(self) -> None:
        """Do what needs no thread, socket or setting of the run; read nobody's configuration."""
        self.log.setLevel(logging.WARNING)  # else each message is written up for a handler that drops it
        with tempfile.TemporaryDirectory(prefix="opscourse-") as folder:
            self.ipython_dir = folder
            self.init_profile_dir()
            self.init_pdb()
            self.shell = ZMQInteractiveShell.instance(
                parent=self, profile_dir=self.profile_dir, compiler_class=XCachingCompiler, user_ns={}
            )
        self.shell.db = {}  # the folder has gone
        # What is first is slow: a cell, a table, an error.
        self.shell.run_cell("0", silent=True)
        if pandas := sys.modules.get("pandas"):
            self.shell.display_formatter.format(pandas.DataFrame({"a": [1.5]}))
        try:
            raise RuntimeError
        except RuntimeError:
            self.shell.InteractiveTB.structured_traceback(*sys.exc_info())

    def bind(self, connection_file: str) -> None:
        """Do the rest of IPKernelApp.initialize."""
        self.connection_file = connection_file
        self.init_connection_file()
        self.init_sockets()
        self.log_connection_info()
        self.init_io()
        self.init_signal()
        self.init_kernel()
        self.shell.init_environment()
        self.init_path()
        self.init_shell()
        self.init_gui_pylab()
        sys.stdout.flush()
        sys.stderr.flush()

    def init_sockets(self) -> None:
        """Bind what nbval reads: replies and output. Nobody asks a debugger, interrupts by message or answers `input`."""
        self.context = zmq.Context()
        self.shell_socket = self.context.socket(zmq.ROUTER)
        self.shell_port = self._bind_socket(self.shell_socket, self.shell_port)
        self.init_iopub(self.context)

    def init_kernel(self) -> None:
        """Make the kernel itself; the main thread reads the shell channel."""
        self.kernel = self.kernel_class.instance(
            parent=self,
            session=self.session,
            shell_stream=ZMQStream(self.shell_socket),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count


def prepare() -> None:
    """Make what all kernels share, in the fork server."""
    with contextlib.suppress(ImportError, OSError):
        from py_landlock import Landlock

        _ = Landlock(strict=False).abi_version  # asks ldconfig, once
    with contextlib.suppress(sandbox.CannotConfine):  # said by the kernel
        sandbox.allowed_calls()
    gc.set_threshold(10_000)  # a kernel lives briefly: it need not look for garbage as often as Python's 700 has it
    ConfinedKernel.instance(config=CONFIG).prepare()


def main(connection_file: str, read: list[str], write: list[str], limits: dict[str, Any], strict: bool) -> None:
    """Be a kernel that reads and writes nothing else and makes no calls but those that data work needs.

    If `strict` and this machine cannot enforce that, say what and end.
    """
    app, unenforced = ConfinedKernel.instance(), []
    told: dict[str, Any] = {"unenforced": unenforced}
    try:
        _enforce(unenforced, sandbox.limit, Limits(**limits))
        _enforce(unenforced, sandbox.confine_files, [Path(path) for path in read], [Path(path) for path in write])
        sys.argv = ["ipykernel_launcher", "-f", connection_file]
        app.bind(connection_file)
        _enforce(unenforced, sandbox.confine_calls)
    except BaseException as error:
        told = {"problem": f"its kernel did not start ({type(error).__name__}: {error})."}
    os.write(REPORT, json.dumps(told).encode())
    os.close(REPORT)
    if "problem" not in told and not (strict and unenforced):
        app.start()


def _enforce(unenforced: list[str], step: Callable[..., None], *arguments: Any) -> None:
    try:
        step(*arguments)
    except sandbox.CannotConfine as error:
        unenforced.append(str(error))
