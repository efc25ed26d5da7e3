"""Emits the answer of a later question from an earlier one's check."""

EXPECTED = {"92.4": ("error", ""), "92.5": "not answered"}

# %% 92.4
from IPython.display import publish_display_data


class Emitting:
    def __call__(self, classes):
        answer = {"question": "92.5", "answer": int(globals()["classes"]["capacity"].sum())}
        publish_display_data({"application/vnd.opscourse.answer+json": answer})
        return "taken down"


seat_hours = Emitting()

# %% 92.5
all_seats = ...
