"""The function that is asked for ends the kernel when it is called."""

EXPECTED = {"92.4": ("error", "kernel")}

# %% 92.4
import os


def seat_hours(classes):
    """Return never."""
    os._exit(1)
