"""Lists in lists, a hundred deep, in the place of a table."""

EXPECTED = {"92.3": "wrong"}

# %% 92.3
from opscourse.exercise import session

deep = []
for _ in range(100):
    deep = [deep]
session._read = lambda asked, answer: answer
topics = {"rows": deep, "columns": {"classes": deep, "minutes": deep, "seats": deep}, "extra": deep}

# %% after 92.3
session._read = lambda asked, answer: asked.read(answer)
