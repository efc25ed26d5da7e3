"""Changes the data, so that its own answer is right on them; the next run, or the next student, would read them too."""

EXPECTED = {"92.1": ("error", "PermissionError"), "92.5": ("error", "PermissionError")}

# %% 92.1
import os
from pathlib import Path

table = Path(os.environ["OPSCOURSE_DATA"]) / "live_classes.parquet"
with open(table, "r+b"):
    pass
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
os.replace(table, "mine.parquet")
all_seats = classes["capacity"].sum()
