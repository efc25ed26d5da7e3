"""A hundred megabytes of text, printed at once."""

EXPECTED = {"92.3": "error"}

# %% 92.3
print("x" * 10**8)
raise ValueError("not answered")
