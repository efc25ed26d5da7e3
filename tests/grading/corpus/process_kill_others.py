"""Sends signals to the grader: its parent, its process group, everybody."""

EXPECTED = {"92.1": "error", "92.3": "error", "92.5": "error"}

# %% 92.1
import os
import signal

os.kill(os.getppid(), signal.SIGTERM)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.3
os.killpg(0, signal.SIGKILL)
of_topic = classes.groupby("topic", as_index=False, observed=True)
topics = of_topic.agg(classes=("class_id", "size"), minutes=("minutes", "mean"), seats=("capacity", "sum"))

# %% 92.5
os.kill(-1, signal.SIGKILL)
all_seats = classes["capacity"].sum()
