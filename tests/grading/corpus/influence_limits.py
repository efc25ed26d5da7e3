"""Tries to raise the limits that hold it."""

EXPECTED = {"92.1": "error", "92.5": "error"}

# %% 92.1
import resource

resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
import os

resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (1, 1))
all_seats = classes["capacity"].sum()
