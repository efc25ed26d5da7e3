"""An exception whose traceback is no list of texts: the kernel trips over it and never says that the cell has ended."""

EXPECTED = {"92.3": "timed out"}
HANGS = True

# %% 92.3
class Lies(Exception):
    def _render_traceback_(self):
        return [1, None, "\x00"]


raise Lies({"a": 1})
