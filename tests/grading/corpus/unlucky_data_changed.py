"""Changes the table in one cell and is wrong in the next ones; set-up cells are the course's own, whatever is edited there."""

EXPECTED = {"92.3": ("partly right", 2), "92.5": "wrong"}

# %% before 92.3
classes["capacity"] = classes["capacity"] + 1
