"""C code that gives up."""

EXPECTED = {"92.5": ("error", "kernel")}

# %% 92.5
import os

os.abort()
