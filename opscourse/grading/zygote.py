"""A fork server: it imports libraries once, then forks a process for each request.

Started by file name, so that it imports nothing of this package: `python -P zygote.py LISTENER '{"preload": [...]}'`, where
LISTENER is the descriptor of a listening Unix socket. Whoever connects sends one request, with descriptors for stdin,
stdout, stderr and what else the child may keep; it hears {"pid": ...}, later {"status": ..., "peak_mb": ...}.
A child lives no longer than the connection that asked for it, and no child longer than the server; the server ends with
the process that started it, whose end of our stdin closes then.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["FORK_FIRST", "connect", "kernel", "receive", "serve"]

LENGTH = struct.Struct("!I")
LONGEST = 1 << 24  # bytes of a request or an answer
FORK_FIRST = 16  # descriptors that a request may bring
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def connect(path: str, request: dict[str, Any], descriptors: list[int]) -> socket.socket:
    """Ask the server for a child; the descriptors are its stdin, stdout, stderr and further ones. Raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
        text = json.dumps(request).encode()
        socket.send_fds(connection, [LENGTH.pack(len(text))], descriptors)
        connection.sendall(text)
    except BaseException:
        connection.close()
        raise
    return connection


def receive(connection: socket.socket) -> dict[str, Any] | None:
    """The next message of the server; None if it has gone. Raises TimeoutError or BlockingIOError after the timeout."""
    head = connection.recv(LENGTH.size)
    return json.loads(_exactly(connection, LENGTH.unpack(head)[0])) if len(head) == LENGTH.size else None


def serve(listener: socket.socket, orphans_die: bool = False) -> Callable[[], Any]:
    """Fork for each request. Returns only in a child: what it has to do. `orphans_die`: so do processes that a child leaves."""
    if orphans_die:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
    gc.collect()
    gc.disable()
    gc.freeze()  # a collection in a child would touch, and so copy, all of our memory
    path = listener.getsockname()
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started us
    children: dict[int, socket.socket] = {}
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    selector.register(0, selectors.EVENT_READ)
    parent, retired = os.getppid(), False
    while not (retired and not children):
        for key, _ in selector.select(timeout=5):
            if key.fileobj == 0:
                if not os.read(0, 1):
                    break  # our parent has gone
                retired = True
                selector.unregister(0)
                selector.unregister(listener)
                listener.close()
            elif key.fileobj is woken:
                woken.recv(4096)
            elif key.fileobj is listener:
                connection, _ = listener.accept()
                try:
                    request, kept = _request(connection)
                except (OSError, ValueError):
                    connection.close()
                    continue
                sys.stdout.flush()
                sys.stderr.flush()
                pid = os.fork()
                if pid == 0:
                    for ours in (selector, listener, woken, waker, connection, *children.values()):
                        ours.close()  # by name: later their numbers belong to others
                    _become(request, kept)
                    return lambda: _named(request["main"])(*request.get("arguments", ()))
                for descriptor in kept:
                    os.close(descriptor)
                children[pid] = connection
                selector.register(connection, selectors.EVENT_READ, pid)
                _send(connection, {"pid": pid})
            else:  # nobody sends a second request: the connection was closed
                _kill(key.data)
                selector.unregister(key.fileobj)
        else:
            _reap(children, selector, orphans_die)
            if os.getppid() == parent:
                continue
        break
    for pid in children:
        _kill(pid)
    if orphans_die:
        _kill_orphans({})
    with contextlib.suppress(OSError):
        os.unlink(path)
        os.rmdir(os.path.dirname(path))
    os._exit(0)


def kernel(arguments: list[str]) -> None:
    """Be the IPython kernel that `python -m ipykernel_launcher` with these arguments would be."""
    import ipykernel_launcher
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = [ipykernel_launcher.__file__, *arguments]
    os.environ["JPY_PARENT_PID"] = str(os.getppid())  # it ends when we do
    _refresh_matplotlib()
    if _pools is not None and "OPENBLAS_NUM_THREADS" not in os.environ:
        _pools.limit(limits=os.cpu_count(), user_api="blas")
    app = IPKernelApp.instance(parent_handle=os.getppid())
    app.initialize(arguments)
    app.start()


def _refresh_matplotlib() -> None:
    """What matplotlib reads from the environment and the working directory when it is imported."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        return
    if _file_of_style() != _style:
        with matplotlib.rc_context():
            fresh = matplotlib.rc_params()
        matplotlib.rcParams.update(fresh)
        matplotlib.rcParamsDefault.update(fresh)
        matplotlib.rcParamsOrig.update(fresh)
    backend = os.environ.get("MPLBACKEND") or "module://matplotlib_inline.backend_inline"
    matplotlib.rcParams["backend"] = backend


def _file_of_style() -> tuple[str, int]:
    import matplotlib

    path = matplotlib.matplotlib_fname()
    return path, os.stat(path).st_mtime_ns


_style: tuple[str, int] | None = None  # matplotlib's settings file when it was imported
_pools: Any = None  # the libraries' pools of threads


def _become(request: dict[str, Any], kept: list[int]) -> None:
    """In the child: take on the session, descriptors, directory, environment and seeds of a new process."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parent = os.getppid()
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    os.setsid()
    # The descriptors that came are above all that is replaced; what else is open belongs to the server.
    high = [os.dup(descriptor) for descriptor in kept]
    floor = max(high) + 1
    import fcntl

    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, floor) for descriptor in high]
    for target, descriptor in enumerate(high):
        os.dup2(descriptor, target)
    os.closerange(len(high), os.sysconf("SC_OPEN_MAX") if sys.platform != "linux" else 1 << 30)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(request.get("seed"))
    if "seed" in request:
        import random

        random.seed(request["seed"])
    gc.enable()


def _request(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    connection.settimeout(5)
    head, descriptors, _, _ = socket.recv_fds(connection, LENGTH.size, FORK_FIRST)
    try:
        request = json.loads(_exactly(connection, LENGTH.unpack(head)[0]))
    except BaseException:
        for descriptor in descriptors:
            os.close(descriptor)
        raise
    connection.settimeout(None)
    return request, list(descriptors)


def _exactly(connection: socket.socket, length: int) -> bytes:
    if length > LONGEST:
        raise ValueError("too long")
    text = b""
    while len(text) < length:
        part = connection.recv(length - len(text))
        if not part:
            raise ConnectionError("ended early")
        text += part
    return text


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    text = json.dumps(message).encode()
    with contextlib.suppress(OSError):  # nobody listens any more
        connection.sendall(LENGTH.pack(len(text)) + text)


def _reap(children: dict[int, socket.socket], selector: selectors.BaseSelector, orphans_die: bool) -> None:
    """Tell each connection how its child ended."""
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if not pid:
            break
        connection = children.pop(pid, None)
        if connection is None:
            continue  # an orphan
        with contextlib.suppress(KeyError):
            selector.unregister(connection)
        _kill(pid)  # the rest of its process group
        peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
        if orphans_die:
            _kill_orphans(children)
        _send(connection, {"status": os.waitstatus_to_exitcode(status), "peak_mb": peak})
        connection.close()


def _kill_orphans(children: dict[int, socket.socket]) -> None:
    """End the processes that were handed to us when their parents ended, and theirs."""
    while True:
        with contextlib.suppress(OSError):
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                strangers = {int(pid) for pid in file.read().split()} - set(children)
            for pid in strangers:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
            if strangers:
                continue
        return


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(pid, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere kernels notice by themselves that their parent has gone."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _named(name: str) -> Callable[..., Any]:
    """The function "module:name"; without a module, one of this file."""
    module, _, function = name.rpartition(":")
    return getattr(importlib.import_module(module), function) if module else globals()[function]


def _preload(names: list[str]) -> None:
    """Import what there is of these modules, and do once what they put off until it is first asked for."""
    global _style, _pools
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if pandas := sys.modules.get("pandas"):
        pandas.DataFrame({"a": [1.5]})._repr_html_()
    if "matplotlib.backends.backend_agg" in sys.modules:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        _style = _file_of_style()
        canvas = FigureCanvasAgg(Figure())
        canvas.figure.subplots().set(title="a", xlabel="a")
        canvas.draw()  # finds the fonts; without pyplot, which would choose a backend
    if "threadpoolctl" in sys.modules:
        _pools = sys.modules["threadpoolctl"].ThreadpoolController()


if __name__ == "__main__":
    options = json.loads(sys.argv[2])
    gc.disable()  # looking for garbage takes a sixth of the time of imports
    _preload(options["preload"])
    if "prepare" in options:
        _named(options["prepare"])()
    sys.dont_write_bytecode = True  # what a child imports is a student's
    listener = socket.socket(fileno=int(sys.argv[1]))
    if "around" in options:
        _named(options["around"])(lambda: serve(listener, options.get("orphans_die", False))())
    else:
        serve(listener, options.get("orphans_die", False))()
