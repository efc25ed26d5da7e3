"""What honest people leave behind: a name that was never made, a line that is no Python, a missing package, a missing file."""

EXPECTED = {
    "92.1": ("error", "NameError"),
    "92.3": ("error", "SyntaxError"),
    "92.4": ("error", "ModuleNotFoundError"),
    "92.5": ("error", "FileNotFoundError"),
}

# %% 92.1
yoga_seats = klasses["capacity"].mean()

# %% 92.3
topics = classes.groupby("topic"

# %% 92.4
import polarss

# %% 92.5
import pandas as pd

all_seats = pd.read_csv("C:\\Users\\me\\classes.csv")["capacity"].sum()
