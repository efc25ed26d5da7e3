"""Leaves a piece of memory that others can open by its name, of both kinds."""

EXPECTED = {"92.1": "error", "92.5": ("error", "AssertionError")}

# %% 92.1
from multiprocessing import shared_memory

shared_memory.SharedMemory("opscourse-corpus", create=True, size=16).unlink()
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
import ctypes
import platform

number = {"x86_64": 29, "aarch64": 194}[platform.machine()]
assert ctypes.CDLL(None).syscall(number, 4711, 4096, 0o1600) >= 0  # shmget
all_seats = classes["capacity"].sum()
