"""Exceptions that raise when they are shown, or are shown as something else."""

EXPECTED = {"92.1": "error", "92.5": "error"}

# %% 92.1
class Raises(Exception):
    def __str__(self):
        raise RuntimeError("again")

    __repr__ = __str__


raise Raises

# %% 92.5
class Text(str):
    def __str__(self):
        return None


raise ValueError(Text("x"))
