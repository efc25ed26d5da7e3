"""An unlucky student whose machine has more processors: a pool of processes."""

EXPECTED = {"92.3": "error"}

# %% 92.3
from multiprocessing import Pool

with Pool(2) as pool:
    pool.map(len, ["a", "b"])
