"""Asks the library that the kernel already talks with for another connection."""

EXPECTED = {"92.5": "error"}

# %% 92.5
import zmq

request = zmq.Context().socket(zmq.REQ)
request.connect(f"tcp://127.0.0.1:{LISTENER}")
request.send(b"answer?")
request.poll(1000)
all_seats = int(request.recv(zmq.NOBLOCK))
