"""Asks the course for the truth, and reads what the company's manifest says of it."""

EXPECTED = {"92.1": "error", "92.5": ("error", "AssertionError")}

# %% 92.1
from opscourse import truth

truth("live_classes")
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
import json
import os
from pathlib import Path

manifest = json.loads((Path(os.environ["OPSCOURSE_DATA"]) / "company.json").read_text())
assert manifest["truth"] or manifest["parameters"]
all_seats = classes["capacity"].sum()
