"""Confine a kernel that runs a stranger's code, with what Linux gives an ordinary user: no root, no container, no daemon.

Order, in the process forked for one run, before its first cell:

1. `limit`, then `confine_files`, while the process has a single thread (both need that; Landlock covers one thread and its heirs);
2. the kernel binds its sockets and starts its threads;
3. `confine_calls`, which covers the threads that already run as well.

Three layers, because each leaves something out. Landlock decides by path what can be opened, but not who may be signalled or
what a file's mode becomes. seccomp decides by system call and closes that, and all of the network: after step 3 no socket can
be made, so a network namespace (which many distributions deny to ordinary users) would add nothing. The limits bound memory and
file sizes. Number of threads, disk space in total, output and time are for the watch outside: the kernel counts threads per
*user*, so a limit on them would let one run starve its neighbours.

Descriptors that are already open stay open: whoever forks closes all that the run must not have.
"""

from __future__ import annotations

import ctypes
import os
import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from opscourse.errors import OpsCourseError
from opscourse.grading.records import Limits

__all__ = ["CannotConfine", "confine_calls", "confine_files", "environment", "limit", "readable"]

MB = 2**20
PR_SET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_DROP, PR_SET_VMA = 4, 15, 16, 24, 0x53564D41
CAPABILITY_VERSION_3 = 0x20080522


class CannotConfine(OpsCourseError, OSError):
    """This machine cannot enforce a protection; the message says which and what to do."""


def readable() -> list[Path]:
    """What a kernel must read to import the course and its libraries and to draw: no home, no /proc, no /tmp, no data."""
    paths = sysconfig.get_paths()
    python = [paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"], site.getusersitepackages()]
    python += [
        f"{sys.base_prefix}/lib/python{sys.version_info.major}{sys.version_info.minor}.zip",
        f"{sys.prefix}/share/jupyter",
    ]
    if Path(sys.base_prefix) not in (Path("/usr"), Path("/usr/local")):
        python += [f"{sys.base_prefix}/lib"]
    course = [Path(__file__).parents[1]]  # not the clone around it: that has the answers
    system = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime"]
    system += ["/usr/share/zoneinfo", "/usr/share/fonts", "/usr/local/share/fonts", "/dev/null", "/dev/urandom"]
    system += ["/sys/devices/system/cpu"]
    return list(dict.fromkeys(path for path in map(Path, [*python, *course, *system]) if path.exists()))


def confine_files(read: Iterable[Path], write: Iterable[Path]) -> None:
    """Open nothing but what is under `read` (also /dev/null, to write), and under `write`, for good; no new privileges.

    Needs a process with one thread. A root process also loses its capabilities.

    Raises:
        CannotConfine: the kernel does not enforce Landlock, or there are threads already.
    """
    try:
        from py_landlock import AccessFs, Landlock, LandlockError
    except ImportError as error:
        raise CannotConfine("Landlock needs the package py-landlock: pip install 'opscourse[grading]'.") from error
    if (threads := len(os.listdir("/proc/self/task"))) > 1:
        raise CannotConfine(f"Landlock covers one thread and those it starts, but there are {threads} already.")
    file_read, file_write = AccessFs.READ_FILE, AccessFs.READ_FILE | AccessFs.WRITE_FILE | AccessFs.TRUNCATE
    make = AccessFs.MAKE_REG | AccessFs.MAKE_DIR | AccessFs.MAKE_SOCK | AccessFs.REMOVE_FILE | AccessFs.REMOVE_DIR
    rules = Landlock(strict=False)  # of the rights below, those that this kernel knows; older ones are covered by confine_calls
    try:
        for path in read:
            rules.add_path_rule(path, access=file_read | AccessFs.READ_DIR if path.is_dir() else file_read)
        for path in write:
            rules.add_path_rule(path, access=file_write | AccessFs.READ_DIR | AccessFs.REFER | make)
        rules.add_path_rule("/dev/null", access=file_write)
        if Path("/sys/fs/cgroup").exists():  # DuckDB reads its limits there and crashes if it may not
            rules.add_path_rule("/sys/fs/cgroup", access=AccessFs.READ_FILE)
        for own in ("/proc/self/cgroup", "/proc/self/maps"):  # the latter for scikit-learn's KMeans
            os.open(own, os.O_PATH)  # stays open: the rule is for this inode, which /proc would otherwise make anew at will
            rules.add_path_rule(own, access=file_read)
        _drop_capabilities()
        rules.apply()  # sets no_new_privs
    except LandlockError as error:
        raise CannotConfine(
            f"This kernel does not enforce Landlock ({error}): Linux 5.13 with landlock in lsm= does."
        ) from error


def _drop_capabilities() -> None:
    """Root without capabilities is an ordinary user that owns root's files; an ordinary user has none to lose."""
    libc = ctypes.CDLL(None, use_errno=True)
    capability = 0
    while libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:  # fails after the last one, or at once for an ordinary user
        capability += 1
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    if libc.capset(header, (ctypes.c_uint32 * 6)()) != 0:
        raise CannotConfine(f"The capabilities could not be dropped: {os.strerror(ctypes.get_errno())}.")


def limit(limits: Limits) -> None:
    """Bound memory, the size of a file, open files and (as a last resort) processor time of this process, for good; no core dumps.

    Memory is what the process makes writable on top of what it inherited (`RLIMIT_DATA`): numpy, Arrow and DuckDB reserve far
    more addresses than they use, so a limit on addresses (`RLIMIT_AS`) would stop honest work; a wide one keeps page tables small.

    Raises:
        CannotConfine: the process's own size cannot be read, because `confine_files` came first.
    """
    import resource

    try:
        size, _, _, _, _, data, _ = (
            int(pages) * resource.getpagesize() for pages in Path("/proc/self/statm").read_text().split()
        )
    except OSError as error:
        raise CannotConfine("The limits must be set before the files are confined: they need /proc/self/statm.") from error
    memory = limits.memory_mb * MB
    for what, most in (
        (resource.RLIMIT_DATA, data + memory),
        (resource.RLIMIT_AS, size + memory + 2**35),
        (resource.RLIMIT_FSIZE, limits.disk_mb * MB),
        (resource.RLIMIT_CPU, int(limits.notebook_seconds * (os.cpu_count() or 1)) + 1),
        (resource.RLIMIT_NOFILE, 512),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # RLIMIT_CORE alone does not stop a dump into a pipe


# What Python, numpy, Arrow, DuckDB, matplotlib and a kernel that has its sockets call, and cannot be turned against others:
# no call that makes a socket, a process, a program, a link or a device, that names another process, or that changes owners,
# modes, times or attributes of a file (Landlock does not look at those). A call that a later Linux adds is denied until listed.
CALLS = """
access arch_prctl brk capget chdir clock_getres clock_gettime clock_nanosleep close close_range copy_file_range creat dup dup2 dup3
epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd eventfd2 exit exit_group faccessat faccessat2 fadvise64
fallocate fchdir fdatasync flock fstat fstatfs fsync ftruncate futex getcpu getcwd getdents getdents64 getegid geteuid getgid
getgroups getitimer getpgid getpgrp getpid getppid getrandom getresgid getresuid getrlimit getrusage getsid gettid gettimeofday
getuid lseek lstat madvise membarrier mkdir mkdirat mprotect mremap msync munmap nanosleep newfstatat open openat pause pipe pipe2
poll ppoll pread64 preadv preadv2 pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv rename renameat
renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait
sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam sched_getscheduler sched_yield select sendfile
set_robust_list set_tid_address setitimer setrlimit sigaltstack stat statfs statx sysinfo time times umask uname unlink unlinkat
wait4 waitid write writev alarm
accept accept4 getpeername getsockname getsockopt recvfrom recvmmsg recvmsg sendmmsg sendmsg setsockopt shutdown
""".split()
THREAD, NAMESPACES, TRACED_OR_ORPHANED = 0x10000, 0x7E020080, 0x8000 | 0x2000
PRIVATE, SHARED, TYPE, ANONYMOUS, GROWS_DOWN = 2, 1, 0xF, 0x20, 0x100
DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK, SETLK, SETLKW, OFD_GETLK, OFD_SETLK, OFD_SETLKW = (*range(8), 36, 37, 38)
DUPFD_CLOEXEC = 1030
FIONBIO, FIONREAD, FIONCLEX, FIOCLEX, TCGETS, TCGETS2, TIOCGWINSZ = 0x5421, 0x541B, 0x5450, 0x5451, 0x5401, 0x802C542A, 0x5413


def confine_calls() -> None:
    """Let all threads of this process make only the system calls that data work needs; each other one fails with EPERM.

    No new sockets, processes, programs, shared memory or links; no signal to anybody else. Call it when the kernel has bound its
    sockets and started its threads, before the first cell.

    Raises:
        CannotConfine: the library libseccomp or the kernel's support for it is missing.
    """
    try:
        import pyseccomp as seccomp
    except (ImportError, RuntimeError) as error:
        raise CannotConfine(
            f"System calls cannot be confined ({error}): install libseccomp2 and pip install 'opscourse[grading]'."
        ) from error
    import errno

    arg, equal, masked = seccomp.Arg, seccomp.EQ, seccomp.MASKED_EQ
    own = os.getpid()
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    rules.set_attr(seccomp.Attr.CTL_TSYNC, 1)
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.ERRNO(errno.EPERM))  # 32-bit calls on a 64-bit machine

    def allow(call: str, *conditions) -> None:
        if seccomp.resolve_syscall(seccomp.Arch.NATIVE, call) >= 0:  # aarch64 has no open, fork or poll
            rules.add_rule(seccomp.ALLOW, call, *conditions)

    for call in CALLS:
        allow(call)
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags are out of a filter's sight; glibc then takes clone
    allow("clone", arg(0, masked, THREAD | NAMESPACES | TRACED_OR_ORPHANED, THREAD))
    for call in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        allow(call, arg(0, equal, own))
    allow("prlimit64", arg(0, equal, 0))
    allow("socketpair", arg(0, equal, 1), arg(1, masked, 0xF, 1))  # unix stream: a datagram one could send to any address
    allow("sendto", arg(4, equal, 0))
    allow("mmap", arg(3, masked, TYPE | GROWS_DOWN, PRIVATE))  # memory that grows down or is shared escapes RLIMIT_DATA
    allow("mmap", arg(3, masked, TYPE | GROWS_DOWN | ANONYMOUS, SHARED))
    for option in (PR_SET_NAME, PR_GET_NAME, PR_SET_VMA):
        allow("prctl", arg(0, equal, option))
    for command in (*range(DUPFD, SETLKW + 1), OFD_GETLK, OFD_SETLK, OFD_SETLKW, DUPFD_CLOEXEC):
        allow("fcntl", arg(1, equal, command))  # not F_SETOWN and F_SETSIG: they send any signal to anybody
    for request in (FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, TCGETS, TCGETS2, TIOCGWINSZ):
        allow("ioctl", arg(1, equal, request))
    try:
        rules.load()
    except OSError as error:
        raise CannotConfine(f"This kernel does not confine system calls ({error}): it needs seccomp filters.") from error


def environment(work: Path) -> dict[str, str]:
    """What a confined kernel's environment must say: its home and its temporary files are in `work`, one thread a library."""
    one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")}
    folders = dict.fromkeys(
        ("HOME", "TMPDIR", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"), str(work)
    )
    return {**one, **folders, "MPLBACKEND": "agg", "JOBLIB_MULTIPROCESSING": "0", "PYTHONDONTWRITEBYTECODE": "1"}
