"""Kills itself twice, as a machine that is short of memory would."""

EXPECTED = {"92.1": ("error", "kernel"), "92.5": ("error", "kernel")}

# %% 92.1
import os
import signal

os.kill(os.getpid(), signal.SIGKILL)

# %% 92.5
import os
import signal

os.kill(os.getpid(), signal.SIGKILL)
