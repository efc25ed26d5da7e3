"""Raises the exceptions by which the grader tells what happened, so as to look unlucky."""

EXPECTED = {"92.1": "error", "92.2": "not answered", "92.3": "out of memory", "92.4": "error", "92.5": "error"}

# %% 92.1
raise KeyboardInterrupt

# %% 92.2
from opscourse.errors import NotAnswered

raise NotAnswered("✓ 92.2: right")

# %% 92.3
raise MemoryError

# %% 92.4
raise GeneratorExit

# %% 92.5
from opscourse.errors import CheckFailed

raise CheckFailed("✓ 92.5: right, 1 of 1 points")
