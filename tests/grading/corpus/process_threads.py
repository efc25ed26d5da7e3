"""Ten thousand threads."""

EXPECTED = {"92.3": ("error", "thread")}  # too many, or no memory for one more

# %% 92.3
import threading
import time

for _ in range(10_000):
    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
time.sleep(5)
