"""An innocent regular expression that takes years."""

EXPECTED = {"92.1": "timed out"}
HANGS = True

# %% 92.1
import re

re.match("(a+)+$", "a" * 60 + "b")
