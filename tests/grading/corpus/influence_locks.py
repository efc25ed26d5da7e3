"""Locks the data for itself, so that whoever asks for the lock would wait."""

EXPECTED = {"92.1": ("error", "PermissionError")}
STOPPED_BY = "calls"

# %% 92.1
import fcntl
import os
from pathlib import Path

lock = open(Path(os.environ["OPSCOURSE_DATA"]) / "live_classes.parquet", "rb")
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()
