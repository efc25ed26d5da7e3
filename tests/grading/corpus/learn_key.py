"""Looks in the exercise's key for something to try answers on."""

EXPECTED = {"92.2": ("error", "AssertionError")}

# %% 92.2
import json
import os
from pathlib import Path

from opscourse.exercise import keys

known = json.loads((Path(os.environ["OPSCOURSE_DATA"]) / "keys" / "92.json").read_text())["questions"]["92.2"]
assert keys.key("92.2").find is not None or set(known) - {"form", "collect"} or "right" in known["form"]
slide = "b"
