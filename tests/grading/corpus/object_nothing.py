"""What comes out where a value is missing, or 0 was divided by 0."""

EXPECTED = {"92.1": ("error", "NaN"), "92.3": ("error", "no rows"), "92.4": ("error", "NaN"), "92.5": ("error", "infinite")}

# %% 92.1
yoga_seats = classes.loc[classes["topic"] == "chess", "capacity"].mean()

# %% 92.3
topics = classes.head(0).rename(columns={"minutes": "classes"}).assign(minutes=1, seats=1)

# %% 92.4
def seat_hours(classes):
    """Return nothing that is a number."""
    return float("nan")


# %% 92.5
all_seats = float("inf")
