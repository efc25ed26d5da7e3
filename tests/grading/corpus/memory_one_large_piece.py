"""More memory than any machine has, in one piece."""

EXPECTED = {"92.3": ("out of memory", "MemoryError")}

# %% 92.3
piece = bytearray(10**13)
