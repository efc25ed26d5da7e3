"""The comments by which nbval is told to leave a cell out."""

EXPECTED = {"92.1": ("error", "ZeroDivisionError")}

# %% 92.1
# NBVAL_SKIP
# NBVAL_RAISES_EXCEPTION
# PYTEST_VALIDATE_IGNORE_OUTPUT
yoga_seats = 1 / 0

# %% check 92.5
# NBVAL_SKIP
check("92.5", all_seats)
