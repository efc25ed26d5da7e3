"""Forks until the machine stands still."""

EXPECTED = {"92.3": ("error", "PermissionError")}

# %% 92.3
import os

while True:
    os.fork()
