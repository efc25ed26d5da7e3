"""Stops its own process: it neither runs nor ends, and hears no interrupt."""

EXPECTED = {"92.1": "timed out"}
HANGS = True

# %% 92.1
import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
