"""Reads the grader's memory: all solutions, all answers, all files of all students."""

EXPECTED = {"92.5": ("error", "PermissionError")}
STOPPED_BY = "files"

# %% 92.5
from pathlib import Path

Path(GRADES).read_bytes()
all_seats = classes["capacity"].sum()
