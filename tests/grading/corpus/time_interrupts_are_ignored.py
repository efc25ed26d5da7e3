"""Turns the interrupt off, then sleeps for days."""

EXPECTED = {"92.1": "timed out"}
HANGS = True

# %% 92.1
import signal
import time

signal.signal(signal.SIGINT, signal.SIG_IGN)
time.sleep(10**6)
