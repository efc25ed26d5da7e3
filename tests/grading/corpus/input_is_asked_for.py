"""Asks a person who is not there, in each way; what comes after still runs."""

EXPECTED = {"92.1": ("error", "StdinNotImplementedError"), "92.3": "error", "92.5": "error"}

# %% 92.1
yoga_seats = float(input("How many? "))

# %% 92.3
import getpass

topics = getpass.getpass()

# %% 92.5
import sys

all_seats = int(sys.stdin.readline())
