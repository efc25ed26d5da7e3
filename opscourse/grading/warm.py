"""Warm kernels: a Jupyter kernel provisioner that forks each kernel from a process with the libraries already imported.

Used under the name `opscourse-warm`, by whatever starts kernels through jupyter_client: JupyterLab, nbval, nbclient. Where a
kernel cannot be forked (Windows, another Python, settings that only a new process reads), it starts as it always did.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from opscourse.grading import zygote

__all__ = ["LIBRARIES", "NOTHING", "Forked", "WarmProvisioner", "Zygote", "fork", "fork_with_streams", "start"]

LIBRARIES = [  # what a lesson imports, and what a kernel needs for its first cell; not statsmodels, which starts threads
    *("numpy", "pandas", "scipy.stats", "scipy.optimize", "scipy.signal", "pyarrow.parquet", "pyarrow.dataset"),
    *("matplotlib.pyplot", "matplotlib.backends.backend_agg", "PIL.PngImagePlugin", "seaborn"),
    *(f"sklearn.{name}" for name in ["cluster", "compose", "decomposition", "ensemble", "linear_model", "metrics"]),
    *(f"sklearn.{name}" for name in ["model_selection", "neighbors", "pipeline", "preprocessing", "tree"]),
    *(
        "duckdb",
        "narwhals",
        "narwhals.stable.v2",
        "narwhals._pandas_like.namespace",
        "pandas.core.reshape.reshape",
        "ipywidgets",
        "tqdm.auto",
        "jedi",
        "stack_data",
    ),
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.debugger", "IPython.core.profileapp"),
]
SHARED = "OPSCOURSE_ZYGOTE"  # environment: the server that this process's children use too
START_ONLY = ("PYTHON", "LD_", "DYLD_", "LANG", "LC_", "OMP_", "OPENBLAS_", "MKL_", "ARROW_", "SKLEARN_", "GOTO_")  # read once
NOTHING = subprocess.DEVNULL
PATIENCE = 10.0  # seconds that a kernel waits for a server that still imports, before it starts without


class Forked:
    """A forked child, in the manner of subprocess.Popen as far as LocalProvisioner needs it."""

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.peak_mb = 0.0
        self._connection = connection

    def poll(self) -> int | None:
        """The exit status, as Popen gives it; None while it runs."""
        return self._ended(timeout=0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises subprocess.TimeoutExpired."""
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal to its process group, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def kill(self) -> None:
        """End it and its process group."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Let go of it: the server ends it if it still runs."""
        self._connection.close()

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                told = zygote.receive(self._connection)
            except (TimeoutError, BlockingIOError):
                return None
            except (OSError, ValueError):
                told = None
            told = told or {"status": -signal.SIGKILL}  # the server has gone, and its children with it
            self.returncode, self.peak_mb = told["status"], told.get("peak_mb", 0.0)
        return self.returncode


class Zygote:
    """A running fork server at `path`, for `fork`. `close` ends it and its children, as does the end of this process."""

    def __init__(self, preload: Iterable[str], env: Mapping[str, str] | None = None, **options: Any) -> None:
        self.env = dict(os.environ if env is None else env)
        self.owner = os.getpid()
        self.closed = False
        self.folder = tempfile.mkdtemp(prefix="opscourse-")
        self.path = f"{self.folder}/fork"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(self.path)
            listener.listen(64)
            command = [sys.executable, "-P", "-Xfrozen_modules=off", zygote.__file__, str(listener.fileno())]
            self.process = subprocess.Popen(
                [*command, json.dumps({"preload": list(preload), **options})],
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                env=self.env,
                start_new_session=True,  # Ctrl-C is for us
            )
        atexit.register(self.close)

    def alive(self) -> bool:
        """Whether it still serves."""
        return os.getpid() != self.owner or self.process.poll() is None

    def retire(self) -> None:
        """Take no more requests; end with the last child."""
        with contextlib.suppress(OSError):
            self.process.stdin.write(b"r")
            self.process.stdin.flush()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """End it and its children."""
        if os.getpid() != self.owner:
            return
        self.closed = True
        atexit.unregister(self.close)
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def fork(
    path: str,
    main: str,
    arguments: Iterable[Any],
    env: Mapping[str, str],
    cwd: str,
    descriptors: list[int],
    patience: float = 120.0,
    **more: Any,
) -> Forked:
    """Fork a child of the server at this path that calls `main`, "module:function", with these descriptors from 0 on.

    Raises OSError if the server does not answer in time.
    """
    request = {"main": main, "arguments": list(arguments), "env": dict(env), "cwd": cwd, **more}
    connection = zygote.connect(path, request, descriptors)
    try:
        connection.settimeout(patience)
        told = zygote.receive(connection)
        if told is None:
            raise ConnectionError("the fork server has ended")
    except BaseException:
        connection.close()
        raise
    return Forked(connection, told["pid"])


_zygote: Zygote | None = None
_lock = threading.Lock()


def start() -> None:
    """Start a fork server for the kernels that this process and its children start with the provisioner `opscourse-warm`.

    It imports third-party libraries only: who edits `opscourse` finds the change in the next kernel. When libraries were
    installed since, the next kernel gets a new server. Raises OSError where processes cannot be forked.
    """
    global _zygote
    if not hasattr(os, "fork"):
        raise OSError("this system cannot fork")
    with _lock:
        if _zygote is not None and not _zygote.closed:
            _zygote.retire()
        env = {name: value for name, value in os.environ.items() if name != SHARED}
        env.setdefault("OPENBLAS_NUM_THREADS", "1")  # no threads before the fork; a kernel has them again
        env.setdefault("OBJC_DISABLE_INITIALIZE_FORK_SAFETY", "YES")  # macOS ends forked processes else
        _zygote = Zygote(LIBRARIES, env)
        os.environ[SHARED] = f"{_stamp()}:{_zygote.path}"


def _serving() -> str | None:
    """The path of the fork server to use: ours, or an ancestor's; None if there is none, or it knows other libraries."""
    mine = _zygote is not None and _zygote.owner == os.getpid()
    stamp, _, path = os.environ.get(SHARED, "").partition(":")
    if mine and (stamp != _stamp() or not _zygote.alive()):
        start()
        return _serving()
    return path if path and stamp == _stamp() else None


def _stamp() -> str:
    """Changes with what is installed."""
    folders = [Path(folder) for folder in sys.path if folder.endswith("-packages")]
    return "-".join([sys.version.split()[0], *(str(folder.stat().st_mtime_ns) for folder in folders if folder.is_dir())])


class WarmProvisioner(LocalProvisioner):
    """Forks the kernel where it can, else starts it as LocalProvisioner does."""

    _forked_at = 0.0
    _cold = False  # a fork of this kernel crashed at once: this system cannot do it

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel."""
        self.process = None
        arguments = _arguments(cmd)
        if arguments is not None and _plain(kwargs) and not self._cold:
            with contextlib.suppress(OSError):
                self.process = await asyncio.to_thread(self._fork, arguments, kwargs)
        if self.process is None:
            return await super().launch_kernel(cmd, **kwargs)
        self._forked_at = time.monotonic()
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd") or Path.cwd()
        return self.connection_info

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel's process group."""
        if isinstance(self.process, Forked):
            self.process.send_signal(signum)
        else:
            await super().send_signal(signum)

    async def wait(self) -> int | None:
        """Wait for the kernel's end."""
        process = self.process
        status = await super().wait()
        if isinstance(process, Forked):
            process.close()
            crashed = status in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGILL, -signal.SIGTRAP, -signal.SIGBUS)
            self._cold = crashed and time.monotonic() - self._forked_at < 5
        return status

    def _fork(self, arguments: list[str], kwargs: Mapping[str, Any]) -> Forked | None:
        if (path := _serving()) is None:
            return None
        env = {name: value for name, value in kwargs["env"].items() if name != SHARED}
        return fork_with_streams(path, "kernel", [arguments], env, kwargs, patience=PATIENCE)


def fork_with_streams(
    path: str,
    main: str,
    arguments: list[Any],
    env: Mapping[str, str],
    kwargs: Mapping[str, Any],
    more: Iterable[int] = (),
    **options: Any,
) -> Forked:
    """Fork with the streams and the working directory of Popen's keywords, and more descriptors from 3 on."""
    with contextlib.ExitStack() as stack:
        null = stack.enter_context(open(os.devnull, "r+b", buffering=0))
        streams = [null, kwargs.get("stdout") or 1, kwargs.get("stderr") or 2]
        descriptors = [stream if isinstance(stream, int) else stream.fileno() for stream in streams]
        descriptors = [null.fileno() if number == NOTHING else number for number in descriptors]
        cwd = os.path.abspath(kwargs.get("cwd") or os.getcwd())
        return fork(path, main, arguments, env, cwd, [*descriptors, *more], **options)


def _arguments(cmd: list[str]) -> list[str] | None:
    """The kernel's own arguments if the command runs IPython's kernel with this Python, else None."""
    if Path(cmd[0]).absolute() != Path(sys.executable).absolute() or "-m" not in cmd:
        return None
    at = cmd.index("-m")
    options = all(option.startswith("-X") for option in cmd[1:at])
    return cmd[at + 2 :] if options and cmd[at + 1] == "ipykernel_launcher" else None


def _plain(kwargs: Mapping[str, Any]) -> bool:
    """Whether a fork can give what Popen was asked for."""
    known = {"cwd", "env", "stdin", "stdout", "stderr", "extra_arguments", "kernel_id"}
    wanted = {name for name, value in kwargs.items() if value is not None} - known
    piped = subprocess.PIPE in [kwargs.get(name) for name in ("stdin", "stdout", "stderr")]
    env = kwargs.get("env", os.environ)
    return not wanted and not piped and kwargs.get("stdin") in (None, NOTHING) and _start_only(env) == _start_only(os.environ)


def _start_only(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(START_ONLY)}
