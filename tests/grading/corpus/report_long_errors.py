"""Errors of a million letters, a hundred thousand lines, a hundred frames."""

EXPECTED = {"92.1": "error", "92.3": "error", "92.5": ("error", "ZeroDivisionError")}
STUDENT = "=HYPERLINK(\"http://evil.invalid\")"

# %% 92.1
raise ValueError("x" * 10**6)

# %% 92.3
raise ValueError("\n" * 10**5)

# %% 92.5
def deeper(number):
    return deeper(number + 1) if number < 100 else 1 / 0


deeper(0)
