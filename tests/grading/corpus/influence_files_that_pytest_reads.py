"""Leaves what pytest and Python look for where they work, and ends the kernel, so that the notebook is run again there."""

EXPECTED = {"92.1": ("error", "kernel")}

# %% 92.1
import os
from pathlib import Path

for name in ("conftest.py", "sitecustomize.py", "opscourse.py", "json.py", "nbval.py"):
    Path(name).write_text("raise SystemExit('hello')")
Path("pytest.ini").write_text("[pytest]\naddopts = --collect-only")
Path("notebook.ipynb").write_text("{}")
os._exit(0)
