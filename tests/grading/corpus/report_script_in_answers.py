"""Answers that hold HTML; the sentence about them comes with a few words of the answer."""

EXPECTED = {"92.1": ("error", "<img"), "92.2": ("error", "<script>"), "92.3": ("wrong", "<svg")}

# %% 92.1
yoga_seats = type("<img src=x onerror=window.hacked=1>", (), {})()

# %% 92.2
slide = "<script>window.hacked=1</script>"

# %% 92.3
import pandas as pd

evil = "<svg onload=window.hacked=1>"
topics = pd.DataFrame({"topic": [evil], "classes": 1, "minutes": 1.0, "seats": 1, evil: 1})
