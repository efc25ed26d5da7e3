"""Writes to the streams below Python, and warns a lot."""

EXPECTED = {}

# %% first
import os
import warnings

for _ in range(1000):
    os.write(1, b"x" * 10_000)
    os.write(2, b"x" * 10_000)
for number in range(2000):
    warnings.warn(f"number {number}")
