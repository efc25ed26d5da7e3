"""A table whose cells are tables, functions and the like."""

EXPECTED = {"92.3": "error"}

# %% 92.3
import pandas as pd

topics = pd.DataFrame({"topic": [print, {}], "classes": [[], ()], "minutes": [pd.DataFrame(), ...], "seats": [1j, b"1"]})
