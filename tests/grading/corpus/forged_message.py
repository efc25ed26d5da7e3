"""Signs messages with its kernel's key and sends them by itself, as cells that nobody asked for."""

EXPECTED = {"92.2": "not answered", "92.5": "not answered"}

# %% 92.2
kernel = get_ipython().kernel
data = {"application/vnd.opscourse.answer+json": {"question": "92.2", "answer": "b"}, "text/plain": ""}
content = {"data": data, "metadata": {}, "transient": {}}
for kind in ("display_data", "update_display_data"):
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
slide = ...

# %% 92.5
kernel = get_ipython().kernel
for parent in ({}, None, {"header": {"msg_id": ["92.5"]}}):
    kernel.session.send(kernel.iopub_socket, "display_data", {"data": {}}, parent=parent)
all_seats = ...
