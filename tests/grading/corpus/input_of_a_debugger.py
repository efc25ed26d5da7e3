"""A forgotten breakpoint: there is nobody to talk to, so it stops nothing."""

EXPECTED = {}

# %% 92.1
breakpoint()
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()
