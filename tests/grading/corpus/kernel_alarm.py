"""An alarm clock whose ringing kills."""

EXPECTED = {"92.3": ("error", "kernel")}

# %% 92.3
import signal
import time

signal.setitimer(signal.ITIMER_REAL, 0.01)
time.sleep(30)
