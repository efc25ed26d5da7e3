"""As deep as the course's own JSON allows, which is deeper than a message may be."""

EXPECTED = {"92.3": "error"}

# %% 92.3
from opscourse.exercise import session

deep = []
for _ in range(400):
    deep = [deep]
session._read = lambda asked, answer: answer
topics = {"rows": deep, "columns": {"classes": deep, "minutes": deep, "seats": deep}, "extra": deep}

# %% after 92.3
session._read = lambda asked, answer: asked.read(answer)
