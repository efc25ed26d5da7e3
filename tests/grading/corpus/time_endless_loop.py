"""A loop that never ends; Ctrl-C would end it."""

EXPECTED = {"92.3": ("timed out", "longer than")}
HANGS = True

# %% 92.3
while True:
    pass
