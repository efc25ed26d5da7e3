"""Numbers that JSON can hold and nobody can use."""

EXPECTED = {"92.1": "wrong", "92.3": "wrong", "92.4": "wrong", "92.5": "wrong"}

# %% 92.1
from opscourse.exercise import session

session._read = lambda asked, answer: answer
yoga_seats = float("nan")

# %% 92.3
topics = {
    "rows": [[topic] for topic in sorted(classes["topic"].unique())],
    "columns": {"classes": [float("inf")] * 8, "minutes": [10**4000] * 8, "seats": [True] * 8},
    "extra": [],
}

# %% 92.4
seat_hours = [float("-inf"), 10**308]

# %% 92.5
all_seats = 10**4000
