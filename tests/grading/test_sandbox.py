"""A confined kernel reaches nothing but its own: each attack works without the protection and fails with it.

Started as a program, this file is the world that is attacked: it forks a process for each attack and prints how it ended.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import mmap
import multiprocessing
import os
import platform
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

if sys.platform != "linux":
    pytest.skip("only Linux can confine a process", allow_module_level=True)

from opscourse.grading import sandbox
from opscourse.grading.records import Limits

try:
    sandbox.Landlock().abi_version  # noqa: B018
    sandbox.pyseccomp.get_api()
except Exception as error:
    pytest.skip(f"this machine cannot confine a process: {error}", allow_module_level=True)

LIMITS = Limits(memory_mb=512, disk_mb=1)
ATTACKS, HONEST = {}, {}
LIBC = ctypes.CDLL(None, use_errno=True)
LINKER = next(path for folder in ("/lib64", "/lib") for path in Path(folder).glob("ld-*"))  # a program that needs no other


def attack(layer, *ends):
    """An attack that this layer stops by itself, and how Python shows that."""

    def add(function):
        ATTACKS[function.__name__] = (function, layer, ends or ("PermissionError",))
        return function

    return add


def honest(function):
    """What a student may do, confined or not."""
    HONEST[function.__name__] = function
    return function


def call(name, *arguments):
    """A system call by name, past Python and glibc."""
    import pyseccomp

    number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    result = LIBC.syscall(ctypes.c_long(number), *map(ctypes.c_void_p, arguments))
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def raw(name, *arguments):
    """An attack by one system call that an unprotected process may make (whatever comes of it)."""

    def function(world):
        call(name, *(argument(world) if callable(argument) else argument for argument in arguments))

    function.__name__ = name
    attack("calls")(function)


# Files: Landlock


@attack("files")
def read_a_file_of_the_same_user(world):
    assert world.secret.read_text() == "secret"


@attack("files")
def read_the_users_of_the_machine(world):
    Path("/etc/passwd").read_text()


@attack("files")
def list_the_folder_of_all_submissions(world):
    os.listdir(world.outside)


@attack("files")
def list_home(world):
    os.listdir(world.home)


@attack("files")
def read_what_a_link_points_to(world):
    (world.work / "link").read_text()


@attack("files")
def list_processes(world):
    os.listdir("/proc")


@attack("files")
def read_the_graders_environment(world):
    Path(f"/proc/{os.getppid()}/environ").read_bytes()


@attack("files")
def read_own_first_environment(world):
    Path("/proc/self/environ").read_bytes()


@attack("files")
def read_the_memory_map_of_another(world):
    Path(f"/proc/{world.sibling}/maps").read_bytes()


@attack("files")
def write_a_new_file(world):
    (world.outside / "new").write_text("")


@attack("files")
def change_a_file(world):
    with open(world.secret, "a"):
        pass


@attack("files")
def change_the_course(world):
    with open(sandbox.__file__, "a"):
        pass


@attack("files")
def replace_a_file(world):
    (world.work / "own").write_text("")
    os.replace(world.work / "own", world.outside / "moved")


@attack("files")
def take_a_file_away(world):
    (world.outside / "victim").touch()  # in the free trial; a confined one fails here
    os.replace(world.outside / "victim", world.work / "taken")


@attack("files", "PermissionError", "OSError EXDEV")
def hard_link_a_file_into_reach(world):
    os.link(world.secret, world.work / f"hard{os.getpid()}")


@attack("files")
def make_a_link_in_reach(world):
    os.symlink(world.secret, world.work / f"soft{os.getpid()}")


@attack("files")
def use_shared_memory_of_all(world):
    Path(f"/dev/shm/opscourse-{os.getpid()}").touch()
    Path(f"/dev/shm/opscourse-{os.getpid()}").unlink()


@attack("files")
def start_a_program_that_it_may_read(world):
    os.execv(LINKER, ["ld.so", "--verify", sys.executable])


@attack("files")
def start_a_program_of_its_own(world):
    os.execv(world.work / "program", ["program", "--verify", sys.executable])


@attack("files")
def use_the_privileges_of_root(world):
    os.chroot("/")


# System calls: seccomp


@attack("calls")
def connect_by_tcp(world):
    socket.create_connection(world.tcp).close()


@attack("calls")
def offer_a_port(world):
    socket.create_server(("127.0.0.1", 0)).close()


@attack("calls")
def send_by_udp_as_name_resolution_does(world):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", world.udp)


@attack("calls")
def connect_to_a_socket_whose_path_it_knows(world):
    socket.socket(socket.AF_UNIX).connect(world.unix)


@attack("calls")
def connect_to_a_socket_without_path(world):
    socket.socket(socket.AF_UNIX).connect(world.abstract)


@attack("calls")
def send_to_any_address_from_one_end_of_a_pair(world):
    socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendmsg([b"x"], [], 0, world.datagrams)


@attack("calls")
def send_to_an_address_from_a_socket_that_is_there(world):
    world.open_datagram.sendto(b"x", world.datagrams)


@attack("calls")
def leave_descriptors_underway_which_linux_counts_for_the_user(world):
    socket.send_fds(socket.socketpair()[0], [b"x"], [0])


@attack("calls")
def ask_what_others_have_read_of_a_library(world):
    with open(os.__file__, "rb") as file:
        os.preadv(file.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT)


@attack("calls", "AssertionError")
def reserve_space_that_nobody_counts_as_written(world):
    with open(world.work / "reserved", "wb") as file:
        LIBC.fallocate(file.fileno(), 0, ctypes.c_long(0), ctypes.c_long(1 << 16))
        assert os.stat(file.fileno()).st_blocks > 0


@attack("calls", "AssertionError")
def lock_a_file_for_others_to_see(world):
    with open(os.__file__, "rb") as first, open(os.__file__, "rb") as second:
        fcntl.flock(first, fcntl.LOCK_EX)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            raise AssertionError


@attack("calls")
def fork(world):
    if os.fork() == 0:
        os._exit(0)


@attack("calls")
def fork_past_glibc(world):
    if call("fork") == 0:
        os._exit(0)


@attack("calls")
def run_a_program(world):
    subprocess.run([sys.executable, "-c", ""], check=True)


@attack("calls")
def spawn_a_program(world):
    os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {}), 0)


@attack("calls")
def run_a_worker_process(world):
    multiprocessing.get_context("fork").Process(target=os.getpid).start()


@attack("calls")
def become_another_program(world):
    os.execv(sys.executable, [sys.executable, "-c", ""])


@attack("calls")
def signal_the_parent(world):
    os.kill(os.getppid(), 0)


@attack("calls")
def signal_a_neighbour(world):
    os.kill(world.sibling, signal.SIGCONT)


@attack("calls")
def signal_the_group(world):
    os.kill(0, 0)


@attack("calls")
def signal_through_the_owner_of_a_file(world):
    fcntl.fcntl(world.pipe, fcntl.F_SETOWN, world.sibling)


@attack("calls")
def signal_through_a_chosen_number(world):
    fcntl.fcntl(world.pipe, 10, signal.SIGKILL)  # F_SETSIG


@attack("calls")
def signal_through_an_ioctl(world):
    fcntl.ioctl(world.pipe, 0x8901, world.sibling.to_bytes(4, sys.byteorder))  # FIOSETOWN: no socket, so ENOTTY without us


@attack("calls")
def type_into_the_terminal(world):
    fcntl.ioctl(world.pipe, 0x5412, b"x")  # TIOCSTI: no terminal, so ENOTTY without us


@attack("calls")
def slow_a_neighbour_down(world):
    os.setpriority(os.PRIO_PROCESS, world.sibling, 5)


@attack("calls")
def take_a_neighbours_processors(world):
    os.sched_setaffinity(world.sibling, os.sched_getaffinity(world.sibling))


@attack("calls")
def limit_a_neighbour(world):
    resource.prlimit(world.sibling, resource.RLIMIT_CORE, (0, 0))


@attack("calls")
def leave_the_group_that_is_killed(world):
    os.setsid()


@attack("calls")
def outlive_the_parent(world):
    prctl(1, 0)  # PR_SET_PDEATHSIG


@attack("calls")
def become_readable_for_others(world):
    prctl(4, 1)  # PR_SET_DUMPABLE


def prctl(option, value):
    if LIBC.prctl(option, value, 0, 0, 0) == -1:
        raise OSError(ctypes.get_errno(), "prctl")


@attack("calls")
def change_the_mode_of_a_file(world):
    os.chmod(world.secret, 0o600)


@attack("calls")
def change_the_mode_of_a_library(world):
    with open(sandbox.__file__) as file:
        os.fchmod(file.fileno(), os.fstat(file.fileno()).st_mode & 0o7777)


@attack("calls")
def change_the_owner_of_a_file(world):
    os.chown(world.secret, os.getuid(), os.getgid())


@attack("calls")
def change_the_times_of_a_file(world):
    os.utime(world.secret)


@attack("calls")
def hide_data_in_attributes(world):
    os.setxattr(world.secret, "user.note", b"x")


@attack("calls")
def empty_a_file_by_name(world):
    os.truncate(world.outside / "emptied", 0)


@attack("calls")
def empty_a_file_that_it_may_read(world):
    os.open(world.outside / "emptied", os.O_RDONLY | os.O_TRUNC)


@attack("calls")
def link_a_file(world):
    os.link(world.secret, world.work / f"hard{os.getpid()}")


@attack("calls")
def link_by_name(world):
    os.symlink("x", world.work / f"soft{os.getpid()}")


@attack("calls")
def make_a_pipe_that_hangs_its_reader(world):
    os.mkfifo(world.work / f"pipe{os.getpid()}")


@attack("calls")
def share_memory_without_a_file(world):
    mmap.mmap(-1, 4096)


@attack("calls")
def use_memory_that_is_not_counted(world):
    mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100)  # MAP_GROWSDOWN


@attack("calls")
def make_a_file_in_memory(world):
    os.memfd_create("x")


@attack("calls")
def call_as_a_32_bit_program(world):
    if platform.machine() != "x86_64":
        raise PermissionError("not on this machine")
    code = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
    code.write(b"\x53\xb8\x14\x00\x00\x00\xcd\x80\x5b\xc3")  # push rbx; mov eax, 20 (getpid); int 0x80; pop rbx; ret
    if ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))() == -errno.EPERM:
        raise PermissionError


@attack("calls")
def call_by_the_numbers_of_x32(world):
    LIBC.syscall(ctypes.c_long(0x40000000 + 41), 1, 1, 0)  # socket
    if ctypes.get_errno() == errno.EPERM:
        raise PermissionError


def sibling(world):
    return world.sibling


THREAD_IN_NEW_NAMESPACE, PTRACE_SEIZE = 0x10000 | 0x10000000, 0x4206
for name, *arguments in (  # with arguments that do no harm where they are let through
    ("acct", 1),
    ("add_key", 0, 0, 0, 0, -3),
    ("adjtimex", 0),
    ("bind", -1, 0, 0),
    ("bpf", -1, 0, 0),
    ("clock_settime", 0, 0),
    ("clone", THREAD_IN_NEW_NAMESPACE, 0, 0, 0, 0),
    ("connect", -1, 0, 0),
    ("delete_module", 0, 0),
    ("execveat", -1, 0, 0, 0, 0),
    ("fanotify_init", -1, 0),
    ("fchmodat", -1, 0, 0),
    ("fchownat", -1, 0, 0, 0, 0),
    ("fsetxattr", -1, 0, 0, 0, 0),
    ("fsopen", 0, 0),
    ("init_module", 0, 0, 0),
    ("inotify_init1", 0),
    ("io_setup", 1, 0),
    ("io_uring_setup", 1, 0),
    ("ioperm", 0, 1, 0),
    ("iopl", 0),
    ("ioprio_set", 1, sibling, 0),
    ("kcmp", sibling, sibling, 0, 0, 0),
    ("kexec_load", 0, 0, 0, 0xFFFF),
    ("keyctl", 0, -3, 0),
    ("landlock_restrict_self", -1, 0),
    ("linkat", -1, 0, -1, 0, 0),
    ("listen", -1, 0),
    ("lookup_dcookie", 0, 0, 0),
    ("memfd_create", 0, 0),
    ("migrate_pages", sibling, 0, 0, 0),
    ("mknodat", -1, 0, 0, 0),
    ("mlock", 0, 0),
    ("modify_ldt", 0, 0, 0),
    ("mount", 0, 0, 0, 0, 0),
    ("move_pages", sibling, 0, 0, 0, 0, 0),
    ("mq_open", 0, 0, 0, 0),
    ("msgget", 0, 0o1600),
    ("name_to_handle_at", -100, 0, 0, 0, 0),
    ("open_by_handle_at", -1, 0, 0),
    ("open_tree", -1, 0, 0),
    ("openat2", -1, 0, 0, 0),
    ("perf_event_open", 0, 0, -1, -1, 0),
    ("personality", 0xFFFFFFFF),
    ("pidfd_getfd", -1, 0, 0),
    ("pidfd_open", sibling, 0),
    ("pidfd_send_signal", -1, 0, 0, 0),
    ("pivot_root", 0, 0),
    ("process_madvise", -1, 0, 0, 0, 0),
    ("process_vm_readv", sibling, 0, 0, 0, 0, 0),
    ("process_vm_writev", sibling, 0, 0, 0, 0, 0),
    ("ptrace", PTRACE_SEIZE, sibling, 0, 0),
    ("quotactl", 0, 0, 0, 0),
    ("reboot", 0, 0, 0, 0),
    ("request_key", 0, 0, 0, 0),
    ("rt_sigqueueinfo", sibling, 0, 0),
    ("rt_tgsigqueueinfo", sibling, sibling, 0, 0),
    ("sched_setparam", sibling, 0),
    ("sched_setscheduler", sibling, -1, 0),
    ("seccomp", 99, 0, 0),
    ("semget", 0, 1, 0o1600),
    ("setfsuid", os.getuid()),
    ("setgid", os.getgid()),
    ("setgroups", 0, 0),
    ("sethostname", 0, -1),
    ("setns", -1, 0),
    ("setpgid", 0, 0),
    ("setresuid", os.getuid(), os.getuid(), os.getuid()),
    ("setuid", os.getuid()),
    ("shmat", -1, 0, 0),
    ("shmget", 0, 4096, 0o1600),
    ("signalfd4", -1, 0, 8, 0),
    ("socket", -1, 0, 0),
    ("swapon", 0, 0),
    ("symlinkat", 0, -1, 0),
    ("syslog", 3, 0, 0),
    ("tgkill", sibling, sibling, 0),
    ("tkill", sibling, 0),
    ("umount2", 0, 0),
    ("unshare", 0),
    ("userfaultfd", 1),
    ("utimensat", -1, 0, 0, -1),
    ("vmsplice", -1, 0, 0, 0),
):
    raw(name, *arguments)


@attack("calls", "OSError ENOSYS")  # which makes glibc use clone
def start_a_process_by_clone3(world):
    call("clone3", 0, 0)


# Limits


@attack("limits", "MemoryError")
def take_more_memory_than_allowed(world):
    bytearray(2**30)


@attack("limits", "OSError ENOMEM")
def map_more_memory_than_allowed(world):
    mmap.mmap(-1, 2**30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


@attack("limits", "OSError ENOMEM")
def fill_the_page_tables(world):
    # MAP_NORESERVE
    mmap.mmap(-1, 2**36, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, prot=mmap.PROT_READ)


@attack("limits", "OSError EFBIG")
def write_a_larger_file_than_allowed(world):
    (world.work / "large").write_bytes(bytes(2**21))


@attack("limits", "OSError EMFILE")
def open_very_many_files(world):
    [os.dup(0) for _ in range(600)]


@attack("limits", "RuntimeError")
def start_very_many_threads(world):
    end = threading.Event()
    try:
        for _ in range(400):
            threading.Thread(target=end.wait, daemon=True).start()
    finally:
        end.set()


@attack("all", "ValueError")
def raise_own_limits(world):
    resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@attack("limits", "signal SIGKILL")
def use_the_processor_for_ever(world):
    while not world.trial and time.process_time() < 20:
        pass


# What honest code does


@honest
def group():
    import pandas as pd

    assert pd.DataFrame({"a": [1, 2, 1], "b": [1.0, 2, 3]}).groupby("a").b.mean().tolist() == [2, 2]


@honest
def decompose():
    import numpy as np

    matrix = np.random.default_rng(0).normal(size=(300, 300))
    u, s, v = np.linalg.svd(matrix)
    assert np.allclose(u * s @ v, matrix)


@honest
def fit_a_forest_with_two_jobs():
    from sklearn.ensemble import RandomForestClassifier

    RandomForestClassifier(10, n_jobs=2).fit([[0], [1]] * 9, [0, 1] * 9)


@honest
def cluster():
    from sklearn.cluster import KMeans

    KMeans(2, n_init=2).fit([[0.0], [1.0]] * 9)


@honest
def validate_with_two_jobs():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score

    cross_val_score(LogisticRegression(), [[0], [1]] * 9, [0, 1] * 9, n_jobs=2)


@honest
def ask_joblib_for_processes():
    from joblib import Parallel, delayed

    assert Parallel(n_jobs=2, backend="loky")(delayed(abs)(-i) for i in range(3)) == [0, 1, 2]


@honest
def draw():
    import seaborn as sns

    sns.histplot(x=[1, 2, 2]).figure.savefig("figure.png")
    assert Path("figure.png").read_bytes().startswith(b"\x89PNG")


@honest
def query():
    import duckdb

    duckdb.sql("copy (select range as a from range(100_000)) to 'a.parquet'")
    assert duckdb.sql("select sum(a) from 'a.parquet'").fetchall() == [(4999950000,)]


@honest
def use_parquet():
    import pandas as pd
    import pyarrow.parquet as pq

    pd.DataFrame({"a": [7]}).to_parquet("b.parquet")
    assert pd.read_parquet("b.parquet").a[0] == pq.read_table("b.parquet", memory_map=True)["a"][0].as_py() == 7


@honest
def import_what_was_not_imported():
    import sqlite3
    import xml.dom.minidom  # noqa: F401

    import IPython.display  # noqa: F401
    import ipywidgets  # noqa: F401
    import statsmodels.api as sm

    assert sm.OLS([1.0, 2, 3], [1.0, 2, 3]).fit().params[0] == pytest.approx(1)
    sqlite3.connect("own.db").execute("create table t (a)")


@honest
def use_temporary_files():
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        assert file.name.startswith(os.getcwd())
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(threading.__file__, f"{folder}/a")
        shutil.move(f"{folder}/a", "b")


@honest
def use_threads():
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(abs, (-1, -2))) == [1, 2]


@honest
def warn():
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("well", stacklevel=1)
    assert caught


@honest
def use_time_zones():
    import zoneinfo

    import pandas as pd

    assert pd.Timestamp("2026-07-01", tz="Europe/Berlin").utcoffset() == pd.Timedelta(hours=2)
    assert zoneinfo.ZoneInfo("Asia/Shanghai").utcoffset(pd.Timestamp("2026-07-01")) == pd.Timedelta(hours=8)
    assert time.tzname[0] == "UTC"


@honest
def use_chance():
    import secrets
    import uuid

    assert secrets.token_hex() != str(uuid.uuid4())


@honest
def wait_in_a_loop():
    import asyncio

    asyncio.run(asyncio.sleep(0))


@honest
def call_back_from_c():
    assert ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 3)() == 3


@honest
def signal_itself():
    heard = []
    signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    assert heard


# The world that is attacked


def end_of(function, world, layers, in_thread=False):
    """How a function ended in a forked process that these layers confine, in one word or two."""
    listen, tell = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            os.chdir(world.work)
            os.environ.update(sandbox.environment(world.work))
            time.tzset()
            if "limits" in layers:
                sandbox.limit(world.limits)
            if "files" in layers:
                sandbox.confine_files(sandbox.readable(), [world.work])
            thread = ThreadPoolExecutor(1)
            thread.submit(int).result() if in_thread else None
            if "calls" in layers:
                sandbox.confine_calls()
            thread.submit(function, world).result() if in_thread else function(world)
            end = "done"
        except PermissionError:
            end = "PermissionError"
        except OSError as error:
            end = f"OSError {errno.errorcode[error.errno]}" if error.errno else repr(error)
        except BaseException as error:
            end = type(error).__name__
        os.write(tell, end.encode())
        os._exit(0)
    os.close(tell)
    with open(listen) as told:
        end = told.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return end or f"done: exit {status}"


def attacked(folder):
    """Make the world and attack it; returns how each attack ended in each setting."""
    work, outside = folder / "work", folder / "outside"
    for made in (work, outside):
        made.mkdir()
    (outside / "secret").write_text("secret")
    (outside / "secret").chmod(0o600)  # of the same user, so that its mode protects nothing
    (outside / "emptied").touch()
    (work / "link").symlink_to(outside / "secret")
    shutil.copy(LINKER, work / "program")
    unix, datagrams = str(folder / "unix"), str(folder / "datagrams")
    abstract = f"\0opscourse-test-{os.getpid()}"
    sockets = [
        socket.create_server(("127.0.0.1", 0)),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        socket.socket(socket.AF_UNIX),
        socket.socket(socket.AF_UNIX),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
    ]
    sockets[1].bind(("127.0.0.1", 0))
    for made, address in zip(sockets[2:], (unix, abstract, datagrams), strict=True):
        made.bind(address)
    for made in sockets[2:4]:
        made.listen(1000)
    neighbour = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    world = SimpleNamespace(
        work=work,
        outside=outside,
        secret=outside / "secret",
        home=Path.home(),
        tcp=sockets[0].getsockname(),
        udp=sockets[1].getsockname(),
        unix=unix,
        abstract=abstract,
        datagrams=datagrams,
        open_datagram=socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
        pipe=os.pipe()[0],
        sibling=neighbour.pid,
        limits=LIMITS,
        trial=False,
    )
    ends = {}
    for name, (function, layer, _) in ATTACKS.items():
        if name == "use_the_processor_for_ever":
            world.limits = Limits(notebook_seconds=0)  # a second
        world.trial = True
        ends[name] = {"free": end_of(function, world, ())}
        world.trial = False
        every = ("limits", "files", "calls")
        ends[name]["alone"] = end_of(function, world, every if layer == "all" else (layer,))
        ends[name]["all"] = end_of(function, world, every)
        ends[name]["thread"] = end_of(function, world, every, in_thread=True)
    neighbour.communicate()
    return ends


def worked(folder):
    """Do each honest thing in a confined process forked from one that has imported libraries; returns how it ended."""
    os.environ.update(sandbox.AT_START)
    import duckdb  # noqa: F401
    import matplotlib.pyplot
    import seaborn  # noqa: F401
    import sklearn.ensemble  # noqa: F401

    matplotlib.use("agg")
    ends = {}
    for name, function in HONEST.items():
        world = SimpleNamespace(work=folder / name, limits=Limits())
        world.work.mkdir()
        ends[name] = end_of(lambda world, function=function: function(), world, ("limits", "files", "calls"))
    return ends


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](Path(sys.argv[2]))))
    sys.exit()


def told(function, folder):
    run = subprocess.run(
        [sys.executable, __file__, function.__name__, str(folder)], stdout=subprocess.PIPE, check=True, text=True
    )
    return json.loads(run.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    return told(attacked, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def works(tmp_path_factory):
    return told(worked, tmp_path_factory.mktemp("honest"))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_works_without_its_protection_and_fails_with_it(ends, name):
    free = ends[name].pop("free")
    if free in ("PermissionError", "signal SIGSEGV"):
        pytest.skip("this machine denies it to everybody")
    stopped = ATTACKS[name][2]
    assert free.startswith(("done", "OSError"))
    assert free not in stopped
    assert [(setting, end) for setting, end in ends[name].items() if end not in stopped] == []


@pytest.mark.parametrize("name", HONEST)
def test_what_data_work_needs_still_works(works, name):
    assert works[name] == "done"
