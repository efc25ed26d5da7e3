"""Stays in C code, which looks for no signal and never lets another thread run."""

EXPECTED = {"92.5": "timed out"}
HANGS = True

# %% 92.5
import itertools

all(itertools.repeat(True))
