"""Memory that is shared between processes is not counted as this one's; so there is none."""

EXPECTED = {"92.3": ("error", "PermissionError")}
STOPPED_BY = "calls"

# %% 92.3
import mmap

piece = mmap.mmap(-1, 4096)
of_topic = classes.groupby("topic", as_index=False, observed=True)
topics = of_topic.agg(classes=("class_id", "size"), minutes=("minutes", "mean"), seats=("capacity", "sum"))
