"""Ends Python as a script would, and IPython as its user would."""

EXPECTED = {"92.1": ("error", "SystemExit"), "92.3": "error"}

# %% 92.1
import sys

sys.exit()

# %% 92.3
exit()
