"""A text that looks like the number, a truth value, a complex number, the wrong container."""

EXPECTED = {"92.1": ("error", "text"), "92.4": ("error", "function itself"), "92.5": ("error", "truth value")}

# %% 92.1
yoga_seats = str(classes.loc[classes["topic"] == "yoga", "capacity"].mean())

# %% 92.4
seat_hours = (classes["minutes"] * classes["capacity"]).sum() / 60

# %% 92.5
all_seats = True
