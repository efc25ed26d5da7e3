"""After each cell, IPython itself sends answers to all questions: too late, the cell's own error came first."""

EXPECTED = {"92.3": "not answered", "92.5": "not answered"}

# %% before 92.3
from IPython.display import publish_display_data


def send(result):
    for question in ("92.3", "92.5"):
        publish_display_data({"application/vnd.opscourse.answer+json": {"question": question, "answer": 1}})


get_ipython().events.register("post_run_cell", send)

# %% 92.3
topics = ...

# %% 92.5
all_seats = ...
