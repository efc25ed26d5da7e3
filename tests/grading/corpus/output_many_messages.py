"""A hundred thousand messages, none of them large."""

EXPECTED = {"92.3": ("error", "MB in this cell")}

# %% 92.3
from IPython.display import publish_display_data

for number in range(100_000):
    publish_display_data({"text/plain": f"{number:2000}"})
raise ValueError("not answered")
