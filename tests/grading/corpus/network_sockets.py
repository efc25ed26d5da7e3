"""Opens sockets of each kind."""

EXPECTED = {"92.1": ("error", "PermissionError"), "92.3": ("error", "PermissionError"), "92.5": ("error", "PermissionError")}
STOPPED_BY = "calls"

# %% 92.1
import socket

socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.3
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).close()
of_topic = classes.groupby("topic", as_index=False, observed=True)
topics = of_topic.agg(classes=("class_id", "size"), minutes=("minutes", "mean"), seats=("capacity", "sum"))

# %% 92.5
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()
all_seats = classes["capacity"].sum()
