"""Makes a process by the bare system call, as no library would."""

EXPECTED = {"92.1": ("error", "AssertionError")}

# %% 92.1
import ctypes
import platform
import signal

libc = ctypes.CDLL(None, use_errno=True)
clone, vfork = {"x86_64": (56, 58), "aarch64": (220, 220)}[platform.machine()]
pid = libc.syscall(clone, signal.SIGCHLD, 0, 0, 0, 0)
if pid == 0:
    libc._exit(0)
assert pid > 0
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()
