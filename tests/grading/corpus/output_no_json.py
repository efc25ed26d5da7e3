"""Displays what cannot be sent."""

EXPECTED = {"92.3": "error"}

# %% 92.3
from IPython.display import publish_display_data

publish_display_data({"image/png": b"\xff" * 100, "application/json": float("nan"), "x" * 10**5: "y"})
publish_display_data({"text/plain": object()})
raise ValueError("not answered")
