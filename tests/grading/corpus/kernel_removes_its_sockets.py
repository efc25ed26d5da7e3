"""Removes the folder with its kernel's connection file and sockets, and the notebook that is being run."""

EXPECTED = {}

# %% 92.1
import os
import shutil

shutil.rmtree(".kernel")
for name in os.listdir():
    os.remove(name)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()
