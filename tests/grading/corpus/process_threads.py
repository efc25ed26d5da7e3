"""Ten thousand threads; where memory ends them first, those that are there stay."""

EXPECTED = {"92.3": ("error", "threads")}

# %% 92.3
import threading
import time

try:
    for _ in range(10_000):
        threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
except RuntimeError:
    pass
time.sleep(5)
