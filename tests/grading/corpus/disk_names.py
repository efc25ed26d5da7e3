"""Leaves files and folders that are hard to remove: deep, closed, or with names that no program likes."""

EXPECTED = {}

# %% 92.1
import os

home = os.getcwd()
for name in (b"-rf", b"new\nline", b"\xff\xfe", b"x" * 255, b"$(touch gone)", b"* ", b"'"):
    open(name, "w").close()
for _ in range(300):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
os.chdir(home)
os.makedirs("closed/inside")
os.mkdir("closed/never", 0)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()
