"""Nothing was answered."""

EXPECTED = {
    "92.1": "not answered",
    "92.2": "not answered",
    "92.3": "not answered",
    "92.4": "not answered",
    "92.5": "not answered",
}

# %% 92.1
yoga_seats = ...

# %% 92.2
slide = ...

# %% 92.3
topics = ...

# %% 92.4
def seat_hours(classes):
    """Return minutes times seats of all classes, in hours."""
    ...


# %% 92.5
all_seats = ...
