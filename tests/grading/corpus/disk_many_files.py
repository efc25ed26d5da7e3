"""Fills the disk with files, none of them large."""

EXPECTED = {"92.1": ("error", "MB of files")}

# %% 92.1
import itertools

for number in itertools.count():
    with open(f"file-{number}", "wb") as file:
        file.write(bytes(100_000))
