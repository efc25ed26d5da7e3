"""The function that is asked for hangs, so the check cell does."""

EXPECTED = {"92.4": "timed out"}
HANGS = True

# %% 92.4
def seat_hours(classes):
    """Return never."""
    while True:
        pass
