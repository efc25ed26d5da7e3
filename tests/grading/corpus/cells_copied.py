"""A number that is right on a neighbour's data."""

EXPECTED = {"92.5": "wrong"}

# %% 92.5
all_seats = NEIGHBOUR_SEATS
