"""Takes memory in small pieces and keeps it; later cells must still find some."""

EXPECTED = {"92.1": "out of memory"}

# %% 92.1
kept = []
while True:
    kept.append(bytearray(10_000))
