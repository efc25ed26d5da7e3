"""Exceptions that raise, lie or take for ever when they are shown."""

EXPECTED = {"92.1": "error", "92.3": "error", "92.5": "error"}

# %% 92.1
class Raises(Exception):
    def __str__(self):
        raise RuntimeError("again")

    __repr__ = __str__


raise Raises

# %% 92.3
class Lies(Exception):
    def _render_traceback_(self):
        return [1, None, "\x00"]


raise Lies({"a": 1})

# %% 92.5
class Text(str):
    def __str__(self):
        return None


raise ValueError(Text("x"))
