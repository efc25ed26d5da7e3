"""Prints for ever."""

EXPECTED = {"92.3": "error"}

# %% 92.3
while True:
    print("yes " * 10_000)
