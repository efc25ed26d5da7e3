"""IPython's own way to run a program."""

EXPECTED = {"92.1": "error", "92.5": "error"}

# %% 92.1
listing = !echo here
assert listing == ["here"]
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
%%bash
sleep 1000 &
