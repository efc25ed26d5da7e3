"""The last line of a cell, and a display that is updated later, of the answer's type."""

EXPECTED = {"92.2": "not answered", "92.5": "not answered"}

# %% 92.2
from IPython.display import display, update_display


class Answer:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"application/vnd.opscourse.answer+json": {"question": "92.2", "answer": "b"}}


slide = ...
Answer()

# %% 92.5
all_seats = ...
display(Answer(), display_id="mine")
update_display({"application/vnd.opscourse.answer+json": {"question": "92.5", "answer": 1}}, display_id="mine", raw=True)
