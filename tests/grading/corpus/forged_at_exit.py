"""Sends answers when the kernel ends."""

EXPECTED = {"92.5": "not answered"}

# %% 92.5
import atexit

from IPython.display import publish_display_data

answer = {"question": "92.5", "answer": int(classes["capacity"].sum())}
atexit.register(publish_display_data, {"application/vnd.opscourse.answer+json": answer})
all_seats = ...
