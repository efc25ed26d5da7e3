"""An object that is equal to everything, and larger, and true."""

EXPECTED = {"92.1": ("error", "cannot be read"), "92.5": ("error", "cannot be read")}

# %% 92.1
class Yes:
    def __eq__(self, other):
        return True

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = __eq__

    def __hash__(self):
        return 0

    def __float__(self):
        return 1.0

    def __getattr__(self, name):
        return self


yoga_seats = Yes()

# %% 92.5
all_seats = Yes()
