"""Answers that were typed in: right on the student's own data, and on no others."""

EXPECTED = {
    "92.1": ("wrong", 0),
    "92.3": ("partly right", 2),
    "92.5": ("right on own data only", "stays the same"),
}

# %% 92.1
yoga_seats = 50

# %% 92.3
of_topic = classes.groupby("topic", as_index=False, observed=True)
topics = of_topic.agg(classes=("class_id", "size"), minutes=("minutes", "mean")).assign(seats=20_000)

# %% 92.5
all_seats = OWN_SEATS
