"""Takes the limit of recursion away and shows a list that is nested a million lists deep."""

EXPECTED = {"92.1": ("error", "kernel")}

# %% 92.1
import sys

sys.setrecursionlimit(10**9)
deep = []
for _ in range(10**6):
    deep = [deep]
repr(deep)
