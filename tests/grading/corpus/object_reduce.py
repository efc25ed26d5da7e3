"""Objects that run a program where somebody unpickles or copies them."""

EXPECTED = {"92.1": "error", "92.5": "error"}

# %% 92.1
import os


class Bomb:
    def __reduce__(self):
        return os.system, ("touch /tmp/opscourse-was-here",)

    def __deepcopy__(self, memo):
        os._exit(1)

    def to_pandas(self):
        raise SystemExit


yoga_seats = Bomb()

# %% 92.5
all_seats = [Bomb()]
