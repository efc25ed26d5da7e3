"""What 92.1 leaves behind ends the kernel two cells later. The cell that did it is found and taken out."""

EXPECTED = {}

# %% after 92.1
import os

get_ipython().events.register("pre_run_cell", lambda info: "slide" in info.raw_cell and os._exit(0))
