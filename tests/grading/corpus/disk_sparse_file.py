"""A file of a petabyte that takes no place yet."""

EXPECTED = {"92.1": ("error", "OSError")}

# %% 92.1
with open("sparse", "wb") as file:
    file.truncate(10**15)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()
