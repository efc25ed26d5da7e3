"""All checks were deleted."""

EXPECTED = {}

# %% check 92.1

# %% check 92.2

# %% check 92.3

# %% check 92.4

# %% check 92.5
