"""A daemon that outlives its kernel: double fork, new session."""

EXPECTED = {"92.1": ("error", "PermissionError")}
STOPPED_BY = "calls"

# %% 92.1
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(10**6)
    os._exit(0)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()
