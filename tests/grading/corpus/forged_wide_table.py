"""A table of one column and as many rows as fit into an answer, for a judge that compares each with each."""

EXPECTED = {"92.3": ("error", "too large")}

# %% 92.3
import pandas as pd

topics = pd.DataFrame({"topic": range(10_000), "classes": 1, "minutes": 1.0, "seats": 1})
