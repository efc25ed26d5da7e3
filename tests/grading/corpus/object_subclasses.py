"""Numbers and texts of their own kind, which say something else each time they are asked."""

EXPECTED = {"92.1": "wrong", "92.2": "error", "92.5": "wrong"}

# %% 92.1
class Number(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__

    def __repr__(self):
        return "102.5"


yoga_seats = Number(1)

# %% 92.2
class Text(str):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return hash("b")

    def __str__(self):
        return "b"


slide = Text("z")

# %% 92.5
class Whole(int):
    def __round__(self, digits=None):
        return self

    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


all_seats = Whole(1)
