"""Confine a kernel that runs a stranger's code, with what Linux gives an ordinary user: no root, no container, no daemon.

Order, in the process forked for one run, before its first cell:

1. `limit`, then `confine_files`, while the process has a single thread (Landlock covers one thread and those it starts);
2. the kernel binds its sockets and starts its threads;
3. `confine_calls`, which covers the threads that already run as well.

Three layers, because each leaves something out. Landlock decides by path what can be opened, but not who may be signalled or
what a file's mode becomes. seccomp decides by system call and closes that, and all of the network: after step 3 no socket can
be made, so a network namespace (which many distributions deny to ordinary users) would add nothing. The limits bound memory and
file sizes. Number of threads, disk space in total, output and time are for the watch outside: the kernel counts threads per
*user*, so a limit on them would let one run starve its neighbours.

Descriptors that are open already stay open: whoever forks closes all that the run must not have.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import site
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from opscourse.errors import OpsCourseError
from opscourse.grading.records import Limits
from opscourse.health import Finding

try:
    from py_landlock import AccessFs, Landlock, LandlockError
except ImportError:
    Landlock = None
else:
    with contextlib.suppress(LandlockError):  # which confine_files will say
        _ = Landlock().abi_version  # finds libc through another process: once, instead of in each fork
try:
    import pyseccomp
except (ImportError, RuntimeError):  # RuntimeError: there is no libseccomp
    pyseccomp = None

__all__ = ["AT_START", "CannotConfine", "abilities", "confine_calls", "confine_files", "environment", "limit", "readable"]

MB = 2**20
LANDLOCK = "needs Linux 5.13 or later with landlock in lsm=, on x86_64 or aarch64, and: pip install 'opscourse[grading]'"
SECCOMP = "needs libseccomp (Debian, Ubuntu: apt install libseccomp2) and: pip install 'opscourse[grading]'"
NO_FILTER = f"System calls cannot be confined ({{}}): seccomp {SECCOMP}, and a kernel with filters."
PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_DROP, PR_SET_VMA = 15, 16, 24, 0x53564D41
CAPABILITY_VERSION_3 = 0x20080522

# Environment of the process from which kernels are forked; libraries read it when they are imported. With it, joblib (so
# scikit-learn's n_jobs) works in the calling thread instead of failing to start processes; and the C library keeps what a
# cell frees for the next one, instead of giving it back and paying for each page again, and asks for large pages.
AT_START = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"),
    "JOBLIB_MULTIPROCESSING": "0",
    **{"MALLOC_MMAP_THRESHOLD_": f"{32 * MB}", "MALLOC_TRIM_THRESHOLD_": f"{128 * MB}"},
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


class CannotConfine(OpsCourseError, RuntimeError):
    """A protection that cannot be enforced here; the message says which, and what to do."""


def readable() -> list[Path]:
    """What a kernel must read to import the course and its libraries and to draw: no home, no /proc, no /tmp, no data."""
    paths = sysconfig.get_paths()
    python = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    python += [site.getusersitepackages(), f"{sys.prefix}/share/jupyter"]
    if sys.base_prefix not in ("/usr", "/usr/local"):
        python += [f"{sys.base_prefix}/lib"]  # libpython and what conda brings
    course = Path(__file__).parents[1]  # not the clone around it, which has the answers
    system = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/sys/devices/system/cpu"]
    system += ["/usr/share/zoneinfo", "/usr/share/fonts", "/usr/local/share/fonts", "/dev/null", "/dev/urandom"]
    return list(dict.fromkeys(path for path in map(Path, [*python, course, *system]) if path.exists()))


def environment(work: Path) -> dict[str, str]:
    """What a confined kernel's environment must say: home, settings and temporary files are in `work`, the time is UTC."""
    home = ("HOME", "TMPDIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR")
    return {**AT_START, **dict.fromkeys(home, str(work)), "MPLBACKEND": "agg", "TZ": "UTC"}


def limit(limits: Limits) -> None:
    """Bound memory, size of a file, open files and (as a last resort) processor time of this process, for good. No core dumps.

    Memory is what the process makes writable on top of what it inherited (`RLIMIT_DATA`). Arrow, DuckDB and OpenBLAS reserve
    far more addresses than they use, so `RLIMIT_AS` would stop honest work; a wide one bounds the page tables.

    Raises:
        CannotConfine: the process's size cannot be read, because `confine_files` came first.
    """
    try:
        import resource

        size, *_, data, _ = (int(pages) * resource.getpagesize() for pages in Path("/proc/self/statm").read_text().split())
    except (ImportError, OSError) as error:
        raise CannotConfine("The limits cannot be set: they need Linux's /proc/self/statm, before confine_files.") from error
    memory = limits.memory_mb * MB
    for what, most in (
        (resource.RLIMIT_DATA, data + memory),
        (resource.RLIMIT_AS, size + memory + 2**35),
        (resource.RLIMIT_FSIZE, limits.disk_mb * MB),
        (resource.RLIMIT_CPU, int(limits.notebook_seconds * (os.cpu_count() or 1)) + 1),
        (resource.RLIMIT_NOFILE, 512),
        (resource.RLIMIT_CORE, 1),  # too little for a file; and alone of all numbers, it keeps Linux from starting a program
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


def confine_files(read: Iterable[Path], write: Iterable[Path]) -> None:
    """Let this process open only what is under `read`, and under `write` (folders) also to write, for good; no new privileges.

    Beside these it can read its own memory map and the limits of cgroups, which scikit-learn and DuckDB need, and write to
    /dev/null. A root process also loses its capabilities.

    Raises:
        CannotConfine: the kernel does not enforce Landlock, or there are threads already.
    """
    if Landlock is None:
        raise CannotConfine(f"Files cannot be confined: Landlock {LANDLOCK}.")
    if (threads := len(os.listdir("/proc/self/task"))) > 1:
        raise CannotConfine(
            f"Files cannot be confined: there are {threads} threads, but Landlock covers only one; do it earlier."
        )
    file_read, file_write = AccessFs.READ_FILE, AccessFs.READ_FILE | AccessFs.WRITE_FILE | AccessFs.TRUNCATE
    make = AccessFs.MAKE_REG | AccessFs.MAKE_DIR | AccessFs.MAKE_SOCK | AccessFs.REMOVE_FILE | AccessFs.REMOVE_DIR
    rules = Landlock(strict=False)  # an older kernel knows fewer rights; what it then leaves open, confine_calls closes
    try:
        for path in read:
            rules.add_path_rule(path, access=file_read | AccessFs.READ_DIR if path.is_dir() else file_read)
        for path in write:
            rules.add_path_rule(path, access=file_write | AccessFs.READ_DIR | AccessFs.REFER | make)
        rules.add_path_rule("/dev/null", access=file_write)
        if Path("/sys/fs/cgroup").exists():
            rules.add_path_rule("/sys/fs/cgroup", access=file_read)
        for own in ("/proc/self/cgroup", "/proc/self/maps"):
            os.open(own, os.O_PATH)  # stays open: the rule is for this inode, and /proc makes a new one when nobody holds it
            rules.add_path_rule(own, access=file_read)
        _drop_capabilities()
        rules.apply()  # and no_new_privs
    except LandlockError as error:
        raise CannotConfine(f"Files cannot be confined ({error}): Landlock {LANDLOCK}.") from error
    except OSError as error:
        raise CannotConfine(
            f"Files cannot be confined ({error}): grade as a user who may read that without privileges."
        ) from error
    tempfile.tempdir = None  # what was chosen before is out of reach


def _drop_capabilities() -> None:
    """Root without capabilities is a user like any other; such a user has none to lose."""
    libc = ctypes.CDLL(None, use_errno=True)
    capability = 0
    while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:  # fails after the last one, or at once for an ordinary user
        capability += 1
    if libc.capset((ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()) != 0:
        raise CannotConfine(f"The capabilities cannot be dropped ({os.strerror(ctypes.get_errno())}): do not grade as root.")


# What Python, numpy, Arrow, DuckDB, matplotlib and a kernel with its sockets call, and what cannot be turned against others:
# nothing that makes a socket, a process, a program, a link or a device, that names another process, or that changes a file's
# owner, mode, times or attributes (Landlock does not look at those); no lock is taken: it is memory without a limit, and seen
# by others; no descriptors sent away, which are counted for all of a user's processes; nothing that tells what the page
# cache holds. What a later Linux adds is denied until it is listed.
CALLS = """
    access alarm arch_prctl brk capget chdir clock_getres clock_gettime clock_nanosleep close close_range copy_file_range
    creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 exit
    exit_group faccessat faccessat2 fchdir fdatasync fstat fstatfs fsync ftruncate futex getcpu getcwd getdents getdents64
    getegid geteuid getgid getgroups getitimer getpgid getpgrp getpid getppid getrandom getresgid getresuid getrlimit
    getrusage getsid gettid gettimeofday getuid lseek lstat madvise membarrier mkdir mkdirat mprotect mremap msync munmap
    nanosleep newfstatat pause pipe pipe2 poll ppoll pread64 preadv pselect6 pwrite64 pwritev read readlink readlinkat readv
    rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend
    rt_sigtimedwait sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam sched_getscheduler
    sched_yield select sendfile set_robust_list set_tid_address setitimer setrlimit sigaltstack stat statfs statx sysinfo time
    times umask uname unlink unlinkat wait4 waitid write writev
    accept accept4 getpeername getsockname getsockopt recvfrom recvmmsg recvmsg setsockopt shutdown
"""
# Not F_SETOWN and F_SETSIG, which send any signal to anybody.
FCNTL = "F_DUPFD F_DUPFD_CLOEXEC F_GETFD F_SETFD F_GETFL F_SETFL"
THREAD, NOT_FOR_THREADS = 0x10000, 0x7E020080 | 0x8000 | 0x2000  # new namespaces, another parent, traced
TYPE_OF_MAP, MAP_GROWSDOWN, TYPE_OF_SOCKET = 0xF, 0x100, 0xF
TCGETS2, FICLONE = 0x802C542A, 0x40049409


def confine_calls() -> None:
    """Let all threads of this process make only the system calls that data work needs, for good; any other fails with EPERM.

    No new sockets, processes, programs, shared memory or links; no signal to anybody else. Call it when the kernel has bound
    its sockets and started its threads, before the first cell.

    Raises:
        CannotConfine: libseccomp or the kernel's support for it is missing.
    """
    rules = allowed_calls()
    try:
        for call in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
            rules.add_rule(pyseccomp.ALLOW, call, pyseccomp.Arg(0, pyseccomp.EQ, os.getpid()))
        rules.load()
    except OSError as error:
        raise CannotConfine(NO_FILTER.format(error)) from error


@cache
def allowed_calls() -> pyseccomp.SyscallFilter:
    """What is the same for every process: made once, before the fork. Raises CannotConfine."""
    if pyseccomp is None:
        raise CannotConfine(f"System calls cannot be confined: seccomp {SECCOMP}.")
    import fcntl  # these are not on Windows
    import termios
    from mmap import MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED

    arg, equal, masked = pyseccomp.Arg, pyseccomp.EQ, pyseccomp.MASKED_EQ
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))

    def allow(call: str, *conditions: pyseccomp.Arg) -> None:
        if pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, call) >= 0:  # aarch64 never had open, dup2, poll
            rules.add_rule(pyseccomp.ALLOW, call, *conditions)

    try:
        rules.set_attr(pyseccomp.Attr.CTL_TSYNC, 1)
        rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.ERRNO(errno.EPERM))  # 32-bit calls of a 64-bit process
        for call in CALLS.split():
            allow(call)
        for call, flags in (("open", 1), ("openat", 2)):  # not O_RDONLY | O_TRUNC, which Landlock allows before Linux 6.2
            allow(call, arg(flags, masked, os.O_TRUNC, 0))
            for mode in (os.O_WRONLY, os.O_RDWR):
                allow(call, arg(flags, masked, os.O_ACCMODE, mode))
        allow("clone", arg(0, masked, THREAD | NOT_FOR_THREADS, THREAD))
        rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags are out of a filter's sight; glibc then takes clone
        for call in ("fadvise64", "readahead", "flock"):  # advice is not taken; who is alone has every lock
            rules.add_rule(pyseccomp.ERRNO(0), call)
        for name in ("F_SETLK", "F_SETLKW", "F_OFD_SETLK", "F_OFD_SETLKW"):
            rules.add_rule(pyseccomp.ERRNO(0), "fcntl", arg(1, equal, getattr(fcntl, name)))
        # Space that is reserved is nowhere counted as written; the C library then writes instead.
        rules.add_rule(pyseccomp.ERRNO(errno.EOPNOTSUPP), "fallocate")
        allow("prlimit64", arg(0, equal, 0))
        allow("sched_setscheduler", arg(1, equal, 0))  # the ordinary one: each thread of ZeroMQ asks for it, some after this
        # A Unix stream: a datagram could go to any address.
        allow("socketpair", arg(0, equal, socket.AF_UNIX), arg(1, masked, TYPE_OF_SOCKET, socket.SOCK_STREAM))
        allow("sendto", arg(4, equal, 0))
        # Private memory, and what a file shares: shared or downward growing memory without a file escapes RLIMIT_DATA.
        allow("mmap", arg(3, masked, TYPE_OF_MAP | MAP_GROWSDOWN, MAP_PRIVATE))
        allow("mmap", arg(3, masked, TYPE_OF_MAP | MAP_GROWSDOWN | MAP_ANONYMOUS, MAP_SHARED))
        for option in (PR_SET_NAME, PR_GET_NAME, PR_SET_VMA):
            allow("prctl", arg(0, equal, option))
        for name in FCNTL.split():
            allow("fcntl", arg(1, equal, getattr(fcntl, name)))
        for name in ("FIONBIO", "FIONREAD", "FIOCLEX", "FIONCLEX", "TCGETS", "TIOCGWINSZ"):
            allow("ioctl", arg(1, equal, getattr(termios, name)))
        for request in (TCGETS2, FICLONE):
            allow("ioctl", arg(1, equal, request))
    except OSError as error:
        raise CannotConfine(NO_FILTER.format(error)) from error
    return rules


def abilities() -> list[Finding]:
    """Each protection, tried in a process of its own: whether this machine enforces it, and what to do where it does not."""
    if sys.platform != "linux":
        remedy = "grade on Linux (a virtual machine or WSL 2 will do), or with --isolation best"
        return [Finding("isolation", f"a run can be confined on Linux only, and this is {sys.platform}", remedy)]
    return [_tried(what) for what in TRIES]


def _tried(what: str) -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "inside").mkdir()
        Path(folder, "outside").write_text("secret")
        code = "import sys; from opscourse.grading import sandbox; sandbox._try(*sys.argv[1:])"
        run = subprocess.run([sys.executable, "-c", code, what, folder], capture_output=True, text=True, cwd=folder)
    if run.returncode == 0:
        return Finding(what)
    return Finding(what, run.stderr.strip()[-300:] or f"the trial ended with {run.returncode}")


def _try(what: str, folder: str) -> None:
    """What `_tried` starts: confine this process, then try to break out."""
    try:
        if not TRIES[what](Path(folder)):
            raise CannotConfine("this machine accepts it, but does not enforce it: grade on another, or with --isolation best")
    except CannotConfine as error:
        sys.exit(str(error))


def _stops(error: type[Exception], attack: Callable[[], object]) -> bool:
    try:
        attack()
    except error:
        return True
    return False


def _try_files(folder: Path) -> bool:
    confine_files(readable(), [folder / "inside"])
    Path(folder, "inside", "own").touch()
    attacks = (Path(folder, "outside").read_text, Path(folder, "new").touch, lambda: os.chroot("/"))  # the last as root
    return all(_stops(PermissionError, attack) for attack in attacks)


def _try_calls(folder: Path) -> bool:
    def stopped() -> bool:
        return all(_stops(PermissionError, attack) for attack in (socket.socket, lambda: os.kill(os.getppid(), 0)))

    with ThreadPoolExecutor(1) as earlier:
        earlier.submit(stopped).result()
        confine_calls()
        return stopped() and earlier.submit(stopped).result()


def _try_limits(folder: Path) -> bool:
    limit(Limits(memory_mb=64, disk_mb=1))
    return _stops(MemoryError, lambda: bytearray(128 * MB)) and _stops(
        OSError, lambda: Path(folder, "inside", "large").write_bytes(bytes(2 * MB))
    )


TRIES = {
    "files: a run opens only its own (Landlock), and root's privileges are gone": _try_files,
    "calls: no network, no processes, no signals to others (seccomp)": _try_calls,
    "limits: memory and size of files": _try_limits,
}
