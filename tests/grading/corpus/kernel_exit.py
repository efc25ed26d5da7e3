"""Ends its kernel at once."""

EXPECTED = {"92.3": ("error", "kernel")}

# %% 92.3
import os

os._exit(0)
