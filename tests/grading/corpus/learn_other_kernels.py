"""Looks for kernels of other students beside its own, to read their connection files."""

EXPECTED = {"92.1": ("error", "PermissionError"), "92.5": ("error", "PermissionError")}

# %% 92.1
import os
from pathlib import Path

os.listdir(Path.cwd().parent)
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
import json
import socket

connection = json.loads(Path(".kernel/connection.json").read_text())
with socket.socket(socket.AF_UNIX) as own:
    own.connect(f"{connection['ip']}-{connection['shell_port']}")
all_seats = classes["capacity"].sum()
