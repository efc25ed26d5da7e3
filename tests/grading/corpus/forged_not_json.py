"""Bytes that are no message at all, on the sockets of the kernel."""

EXPECTED = {"92.3": "error"}

# %% 92.3
kernel = get_ipython().kernel
for parts in ([b""], [b"\xff" * 1000], [b"<IDS|MSG>", b"", b"{", b"}", b"[", b"]"]):
    kernel.iopub_thread.socket.send_multipart(parts)
raise ValueError("the student goes on")
