"""Names that a program may mistake for its own."""

EXPECTED = {"92.3": ("wrong", 0)}

# %% 92.3
from opscourse.exercise import session

session._read = lambda asked, answer: answer
names = ["__class__", "__proto__", "\0rows", "\0order", "classes", "minutes", "seats", ""]
topics = {"rows": [["yoga"]], "columns": {name: ["yoga"] for name in names}, "extra": names * 1000}

# %% after 92.3
session._read = lambda asked, answer: asked.read(answer)
