"""A cell before all others ends the kernel. It is taken out, and the other cells earn what they earn."""

EXPECTED = {}

# %% first
import os

os._exit(3)
