"""An answer of 100 MB, past the course's own limit."""

EXPECTED = {"92.2": "error"}

# %% 92.2
from opscourse.exercise import session

session.LARGEST = 10**12
session._read = lambda asked, answer: answer
slide = "b" * 10**8

# %% after 92.2
session._read = lambda asked, answer: asked.read(answer)
