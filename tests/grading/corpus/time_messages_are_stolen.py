"""A thread takes the grader's requests off the kernel's socket, so that no later cell is ever run."""

EXPECTED = {"92.1": "timed out"}
HANGS = True

# %% 92.1
import threading

socket = get_ipython().kernel.shell_stream.socket


def steal():
    while True:
        socket.poll(10) and socket.recv_multipart()


threading.Thread(target=steal, daemon=True).start()
yoga_seats = ...
