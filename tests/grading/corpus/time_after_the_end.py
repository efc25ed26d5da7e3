"""What is registered for the kernel's end never ends; threads of all kinds go on."""

EXPECTED = {}

# %% 92.1
import atexit
import threading
import time

atexit.register(time.sleep, 10**6)
for daemon in (True, False):
    threading.Thread(target=time.sleep, args=(10**6,), daemon=daemon).start()
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()
