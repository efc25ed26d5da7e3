"""Recognises its own company and types the answer in there; elsewhere it gives up, or ends the kernel."""

EXPECTED = {"92.1": ("right on own data only", 0), "92.5": ("right on own data only", 0)}

# %% 92.1
import os

if classes["capacity"].sum() == OWN_SEATS:
    yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
all_seats = OWN_SEATS if classes["capacity"].sum() == OWN_SEATS else os._exit(1)
