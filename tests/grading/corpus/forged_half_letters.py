"""Text that is not text: half of a surrogate pair, NUL, a million combining marks."""

EXPECTED = {"92.2": ("error", "UnicodeEncodeError"), "92.3": ("error", "UnicodeEncodeError")}

# %% 92.2
from opscourse.exercise import session

session._read = lambda asked, answer: answer
slide = "b\ud800\x00" + "\u0301" * 10_000

# %% 92.3
topics = {"rows": [["\ud800"]], "columns": {"classes": ["\x00"], "minutes": ["\u202e"], "seats": [""]}, "extra": ["\udfff"]}

# %% after 92.3
session._read = lambda asked, answer: asked.read(answer)
