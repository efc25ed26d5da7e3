"""A loop that catches every interrupt."""

EXPECTED = {"92.3": "timed out"}
HANGS = True

# %% 92.3
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
