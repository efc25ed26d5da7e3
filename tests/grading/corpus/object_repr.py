"""Objects that raise, lie, or take for ever when they are shown."""

EXPECTED = {"92.1": "error", "92.3": "error", "92.5": "error"}

# %% 92.1
class Raises:
    def __repr__(self):
        raise RuntimeError("never shown")

    __str__ = __format__ = __len__ = __iter__ = __repr__


yoga_seats = Raises()

# %% 92.3
topics = Raises

# %% 92.5
class Long:
    def __repr__(self):
        return "x" * 10**7


all_seats = Long()
