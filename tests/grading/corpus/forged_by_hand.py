"""Emits the answer's type by hand in the answer cell and leaves the question open."""

EXPECTED = {"92.2": "not answered", "92.5": "not answered"}

# %% 92.2
from IPython.display import publish_display_data

publish_display_data({"application/vnd.opscourse.answer+json": {"question": "92.2", "answer": "b"}, "text/plain": ""})
slide = ...

# %% 92.5
for question in ("92.5", 92.5, "92.50", None):
    answer = {"question": question, "answer": int(classes["capacity"].sum())}
    publish_display_data({"application/vnd.opscourse.answer+json": answer, "text/plain": ""})
all_seats = ...
