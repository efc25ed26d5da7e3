"""Reads its parent's memory, or traces it, by the bare system call."""

EXPECTED = {"92.1": ("error", "AssertionError"), "92.5": ("error", "AssertionError")}

# %% 92.1
import ctypes
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
traced, read = {"x86_64": (101, 310), "aarch64": (117, 270)}[platform.machine()]
assert libc.syscall(traced, 16, os.getppid(), 0, 0) == 0  # PTRACE_ATTACH
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
there = ctypes.create_string_buffer(8)
piece = (ctypes.c_void_p * 2)(ctypes.addressof(there), 8)
ours = (ctypes.c_void_p * 2)(id(libc), 8)
assert libc.syscall(read, os.getppid(), piece, 1, ours, 1, 0) == 8
all_seats = classes["capacity"].sum()
