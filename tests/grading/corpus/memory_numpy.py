"""Takes memory and writes to all of it."""

EXPECTED = {"92.3": "out of memory"}

# %% 92.3
import numpy as np

kept = [np.ones(10**7) for _ in range(1000)]
