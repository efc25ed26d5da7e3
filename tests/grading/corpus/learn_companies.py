"""Looks for the companies of others beside the own one."""

EXPECTED = {"92.5": ("error", "PermissionError")}
STOPPED_BY = "files"

# %% 92.5
import os
from pathlib import Path

assert len(os.listdir(Path(os.environ["OPSCOURSE_DATA"]).parent)) > 0
all_seats = classes["capacity"].sum()
