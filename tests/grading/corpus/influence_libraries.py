"""Changes a library, or leaves a module that the grader would import."""

EXPECTED = {"92.1": ("error", "PermissionError"), "92.3": ("error", "PermissionError"), "92.5": ("error", "PermissionError")}

# %% 92.1
import opscourse

with open(opscourse.__file__, "a"):
    pass
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.3
import sysconfig
from pathlib import Path

(Path(sysconfig.get_path("purelib")) / "opscourse_corpus.pth").touch()
of_topic = classes.groupby("topic", as_index=False, observed=True)
topics = of_topic.agg(classes=("class_id", "size"), minutes=("minutes", "mean"), seats=("capacity", "sum"))

# %% 92.5
(Path(opscourse.__file__).parent / "opscourse_corpus.py").touch()
all_seats = classes["capacity"].sum()
