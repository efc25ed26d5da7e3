"""Runs a program, in each way that Python has."""

EXPECTED = {
    "92.1": ("error", "PermissionError"),
    "92.3": ("error", "PermissionError"),
    "92.4": ("error", ""),
    "92.5": ("error", "PermissionError"),
}

# %% 92.1
import os
import subprocess
import sys

subprocess.run([sys.executable, "-c", "pass"], check=True)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.3
os.posix_spawn("/bin/true", ["true"], {})
of_topic = classes.groupby("topic", as_index=False, observed=True)
topics = of_topic.agg(classes=("class_id", "size"), minutes=("minutes", "mean"), seats=("capacity", "sum"))

# %% 92.4
assert os.system("true") == 0


def seat_hours(classes):
    """Return minutes times seats of all classes, in hours."""
    return (classes["minutes"] * classes["capacity"]).sum() / 60


# %% 92.5
os.execv("/bin/true", ["true"])
