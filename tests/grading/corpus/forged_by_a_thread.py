"""A thread sends answers all the time, to questions of all kinds of names, as if each cell had sent them."""

EXPECTED = {"92.5": "not answered"}

# %% before 92.2
import threading
import time

from IPython.display import publish_display_data


def always():
    while True:
        for question in ("92.6", "92", "92.05", "4.1", "", None, 92.5, ["92.5"]):
            publish_display_data({"application/vnd.opscourse.answer+json": {"question": question, "answer": 1}})
        time.sleep(0.005)


threading.Thread(target=always, daemon=True).start()

# %% 92.5
all_seats = ...
