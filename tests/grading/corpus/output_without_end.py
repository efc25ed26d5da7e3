"""Prints for ever."""

EXPECTED = {"92.3": "error or out of memory"}  # whichever of its limits it meets first

# %% 92.3
while True:
    print("yes " * 10_000)
