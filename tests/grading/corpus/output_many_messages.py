"""A hundred thousand small messages: they take all the time there is, or all the room."""

EXPECTED = {"92.3": "timed out or error"}
HANGS = True

# %% 92.3
from IPython.display import publish_display_data

for number in range(100_000):
    publish_display_data({"text/plain": str(number)})
raise ValueError("not answered")
