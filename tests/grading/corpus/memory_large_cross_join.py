"""An unlucky merge: every row with every row, many times."""

EXPECTED = {"92.3": "out of memory"}

# %% 92.3
pairs = classes.merge(classes, how="cross").merge(classes, how="cross")
