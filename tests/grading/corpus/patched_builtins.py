"""Whoever compares in this process finds that all is equal."""

EXPECTED = {"92.1": "known mistake", "92.5": "wrong"}

# %% 92.1
import builtins

builtins.print = lambda *texts, **more: None
builtins.abs = lambda value: 0
builtins.hash = lambda value: 1
yoga_seats = classes["capacity"].mean()

# %% 92.5
all_seats = 2
