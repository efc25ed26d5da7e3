"""Makes the company again from the seed in its manifest: who could do that could make its truth too."""

EXPECTED = {"92.5": ("error", "AssertionError")}

# %% 92.5
import json
import os
from pathlib import Path

import pandas as pd

from opscourse.company.generate import generate

manifest = json.loads((Path(os.environ["OPSCOURSE_DATA"]) / "company.json").read_text())
again = generate("again", seed=manifest["seed"], tables=["live_classes"], variant=True, workers=1, progress=False)
made = pd.read_parquet(again / "live_classes.parquet")
assert made["capacity"].tolist() == classes["capacity"].tolist()
all_seats = classes["capacity"].sum()
