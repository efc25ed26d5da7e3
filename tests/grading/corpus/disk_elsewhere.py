"""Tries to leave a file wherever a program may."""

EXPECTED = {"92.1": ("error", "nowhere")}
STOPPED_BY = "files"

# %% 92.1
import contextlib
import uuid
from pathlib import Path

name = f"opscourse-corpus-{uuid.uuid4().hex}"
places = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/root", "/home", Path.cwd().parent, Path.cwd().parents[1]]
left = []
for place in map(Path, places):
    with contextlib.suppress(OSError):
        (place / name).touch()
        left.append(place / name)
for file in left:
    file.unlink()
assert left, "nowhere"
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()
