"""Makes itself more important than the grader, and stops being killed when memory is short."""

EXPECTED = {"92.1": "error", "92.5": "error"}

# %% 92.1
import os

os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
with open("/proc/self/oom_score_adj", "w") as file:
    file.write("-1000")
all_seats = classes["capacity"].sum()
