"""A link to a folder outside, for a grader that follows links when it cleans up."""

EXPECTED = {"92.1": ("error", "PermissionError")}

# %% 92.1
import os

os.symlink("/tmp", "down-there")
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()
