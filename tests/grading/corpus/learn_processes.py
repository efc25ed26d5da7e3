"""Reads of other processes what /proc tells: command lines, environments, memory."""

EXPECTED = {"92.1": "error", "92.3": ("error", "PermissionError"), "92.5": ("error", "PermissionError")}
STOPPED_BY = "files"

# %% 92.1
import os
from pathlib import Path

read = [path.read_bytes() for path in Path("/proc").glob("[1-9]*/cmdline")]
assert any(read), "nothing to read"
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.3
Path(f"/proc/{os.getppid()}/environ").read_bytes()
of_topic = classes.groupby("topic", as_index=False, observed=True)
topics = of_topic.agg(classes=("class_id", "size"), minutes=("minutes", "mean"), seats=("capacity", "sum"))

# %% 92.5
Path("/proc/self/status").read_bytes()
all_seats = classes["capacity"].sum()
