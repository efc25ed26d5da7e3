"""Climbs its own stack up to the server that forked it, and reads all that lies there."""

EXPECTED = {"92.5": ("error", "AssertionError: nothing in")}

# %% 92.5
import re
import sys

frames, told = 0, ""
for frame in sys._current_frames().values():
    while frame:
        frames += 1
        if frame.f_globals is not globals():
            told += " ".join(repr(value)[:100_000] for value in list(frame.f_locals.values()) if isinstance(value, (dict, list, str)))
        frame = frame.f_back
assert frames > 20, "few frames"
assert re.search(r"[0-9]{3}-a-h[o]nest|can[a]ry-|grades\.sqlite|private/secre[t]", told), f"nothing in {frames} frames"
all_seats = classes["capacity"].sum()
