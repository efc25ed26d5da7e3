"""Reads the secret of the course, from which every company follows."""

EXPECTED = {"92.5": ("error", "PermissionError")}
STOPPED_BY = "files"

# %% 92.5
from pathlib import Path

Path(SECRET).read_text()
all_seats = classes["capacity"].sum()
