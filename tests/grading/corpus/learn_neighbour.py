"""Reads what a neighbour handed in."""

EXPECTED = {"92.5": ("error", "PermissionError")}
STOPPED_BY = "files"

# %% 92.5
from pathlib import Path

Path(HANDED_IN).read_text()
all_seats = classes["capacity"].sum()
