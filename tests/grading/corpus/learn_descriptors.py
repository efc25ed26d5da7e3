"""Looks for descriptors that the grader, or the server that forked this kernel, left open: files, pipes, sockets of others."""

EXPECTED = {"92.5": ("error", "AssertionError: none of")}

# %% 92.5
import os
import socket
import stat
import struct
from collections import Counter

seen, pipes, left = [], Counter(), []
for number in range(3, 512):
    try:
        status = os.fstat(number)
    except OSError:
        continue
    seen.append(number)
    if stat.S_ISFIFO(status.st_mode):
        pipes[status.st_ino] += 1
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        try:
            os.pread(number, 1, 0) or os.listdir(number)
            left.append((number, "file"))
        except OSError:
            pass  # a path without the right to read it
    if stat.S_ISSOCK(status.st_mode):
        with socket.socket(fileno=os.dup(number)) as one:
            name = one.getsockname()
            pid, _, _ = struct.unpack("3i", one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if not name and pid not in (0, os.getpid()):
            left.append((number, "socket of", pid))
left += [("pipe", inode) for inode, ends in pipes.items() if ends == 1]
assert len(seen) > 5, "nothing was looked at"
assert left, f"none of {len(seen)}"
all_seats = classes["capacity"].sum()
