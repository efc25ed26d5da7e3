"""Errors of a million letters, lines and frames."""

EXPECTED = {"92.1": "error", "92.3": "error", "92.5": "error"}
STUDENT = "=HYPERLINK(\"http://evil.invalid\")"

# %% 92.1
raise ValueError("x" * 10**6)

# %% 92.3
raise ValueError("\n" * 10**5)

# %% 92.5
def deeper(number):
    return deeper(number + 1)


deeper(0)
