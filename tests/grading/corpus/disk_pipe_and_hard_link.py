"""A named pipe, on which whoever opens it waits for ever, and a second name for somebody else's file."""

EXPECTED = {"92.1": ("error", "PermissionError"), "92.5": ("error", "PermissionError")}

# %% 92.1
import os

os.mkfifo("wait-for-me.ipynb")
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
import opscourse

os.link(opscourse.__file__, "mine.py")
all_seats = classes["capacity"].sum()
