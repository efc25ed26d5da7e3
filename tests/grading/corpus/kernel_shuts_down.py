"""Asks its kernel to shut down, as the menu of JupyterLab does."""

EXPECTED = {"92.3": "error"}

# %% 92.3
import time

get_ipython().kernel.do_shutdown(False)
get_ipython().kernel.io_loop.call_later(0, get_ipython().kernel.io_loop.stop)
time.sleep(0.1)
