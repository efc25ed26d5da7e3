"""Looks for the answers in the clone of the course, around the package."""

EXPECTED = {"92.1": ("error", "PermissionError"), "92.5": ("error", "PermissionError")}
STOPPED_BY = "files"

# %% 92.1
import os
from pathlib import Path

os.listdir(ANSWERS)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
import opscourse

os.listdir(Path(opscourse.__file__).parents[1] / "exercises" / "solutions")
all_seats = classes["capacity"].sum()
