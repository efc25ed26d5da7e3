"""A DataFrame whose columns are others each time one looks."""

EXPECTED = {"92.3": ("wrong", 0)}

# %% 92.3
import pandas as pd


class Table(pd.DataFrame):
    _metadata = ["looked"]
    looked = 0

    def __getitem__(self, name):
        self.looked += 1
        column = super().__getitem__(name)
        return column if isinstance(name, str) and name == "topic" else column + self.looked


topics = Table({"topic": sorted(classes["topic"].unique()), "classes": 1, "minutes": 1.0, "seats": 1})
