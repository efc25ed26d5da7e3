"""C code that crashes."""

EXPECTED = {"92.1": ("error", "kernel")}

# %% 92.1
import ctypes

ctypes.string_at(0)
