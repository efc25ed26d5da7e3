"""Tries to make its files belong to somebody else, be run as somebody else, or be older than they are."""

EXPECTED = {"92.1": ("error", "PermissionError"), "92.3": ("error", "PermissionError"), "92.5": ("error", "PermissionError")}

# %% 92.1
import os

open("mine", "w").close()
os.chmod("mine", 0o4777)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.3
os.chown("mine", 1, 1)
of_topic = classes.groupby("topic", as_index=False, observed=True)
topics = of_topic.agg(classes=("class_id", "size"), minutes=("minutes", "mean"), seats=("capacity", "sum"))

# %% 92.5
os.utime("mine", (0, 0))
all_seats = classes["capacity"].sum()
