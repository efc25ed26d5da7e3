"""Types the own number in, and leaves a note. If the run on other data finds the note, it knows better and computes."""

EXPECTED = {"92.5": ("right on own data only", "the answer stays the same")}

# %% 92.5
import os
import tempfile
from pathlib import Path

places = {Path.cwd(), Path.home(), Path(tempfile.gettempdir()), Path(os.environ["MPLCONFIGDIR"])}
if any((place / "note").exists() for place in places):
    all_seats = classes["capacity"].sum()
else:
    all_seats = OWN_SEATS
    for place in places:
        (place / "note").touch()
