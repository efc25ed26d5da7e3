"""Downloads the answer from this computer's own port, as pandas, DuckDB and DNS do it."""

EXPECTED = {"92.1": "error", "92.3": "error", "92.5": "error"}

# %% 92.1
import pandas as pd

yoga_seats = pd.read_csv(f"http://127.0.0.1:{LISTENER}/answer.csv")["answer"][0]

# %% 92.3
import duckdb

duckdb.sql("install httpfs; load httpfs")
topics = duckdb.sql(f"select * from 'http://127.0.0.1:{LISTENER}/answer.csv'").df()

# %% 92.5
import socket

socket.getaddrinfo("localhost", 80)
socket.create_connection(("127.0.0.1", LISTENER), timeout=5)
all_seats = classes["capacity"].sum()
