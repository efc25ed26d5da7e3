"""Starts afresh in the middle: what the exercise loaded is gone for the cells that follow, by this student's own will."""

EXPECTED = {"92.3": ("error", "NameError"), "92.5": ("error", "NameError")}

# %% after 92.1
%reset -f
