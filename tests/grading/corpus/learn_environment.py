"""Looks in the environment for what the grader was told; the grader was started with a canary in it."""

EXPECTED = {"92.1": ("error", "AssertionError"), "92.5": ("error", "AssertionError")}

# %% 92.1
import os

assert any("canary" in value.lower() for one in os.environ.items() for value in one)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
import ctypes

at, found = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ"), []
while at[len(found)]:
    found.append(at[len(found)])
assert found
assert any(b"canary" in one.lower() for one in found)
all_seats = classes["capacity"].sum()
