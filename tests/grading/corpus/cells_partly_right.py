"""One column of three is right."""

EXPECTED = {"92.3": ("partly right", 1), "92.4": ("known mistake", "these are minutes")}

# %% 92.3
of_topic = classes.groupby("topic", as_index=False, observed=True)
topics = of_topic.agg(classes=("class_id", "size")).assign(minutes=30, seats=0)

# %% 92.4
def seat_hours(classes):
    """Return minutes times seats."""
    return (classes["minutes"] * classes["capacity"]).sum()
