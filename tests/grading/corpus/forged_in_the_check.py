"""Check cells that were edited to emit, or to print, that all is right."""

EXPECTED = {"92.1": "wrong", "92.3": ("error", "topics")}

# %% 92.1
yoga_seats = 0.5

# %% check 92.1
print("✓ 92.1 right")

# %% 92.3
print("92.3 taken down")

# %% check 92.3
from IPython.display import publish_display_data

publish_display_data({"application/vnd.opscourse.answer+json": {"question": "92.3", "answer": {"right": True, "points": 3}}})
