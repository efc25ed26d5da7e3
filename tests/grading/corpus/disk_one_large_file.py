"""Fills the disk with one file."""

EXPECTED = {"92.1": "error"}

# %% 92.1
with open("large", "wb") as file:
    while True:
        file.write(bytes(10**6))
