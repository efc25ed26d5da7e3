"""What honest people write: magics, plots, widgets, files, async, SQL, threads, several processors."""

EXPECTED = {}

# %% first
%matplotlib inline
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

# %% 92.1
%%time
import duckdb

yoga_seats = duckdb.sql("select avg(capacity) from classes where topic = 'yoga'").fetchall()[0][0]
print(f"yoga: {yoga_seats}")

# %% before 92.2
from tqdm.auto import tqdm

for topic in tqdm(classes["topic"].unique()):
    pass
sns.countplot(classes, y="topic")
plt.savefig("topics.png")
plt.show()
%timeit -n 1 -r 1 sum(range(10))

# %% 92.2
import asyncio

slide = await asyncio.sleep(0.01, "b")

# %% 92.3
import tempfile

with tempfile.TemporaryDirectory() as folder:
    classes.to_csv(f"{folder}/classes.csv")
    again = pd.read_csv(f"{folder}/classes.csv", parse_dates=["start_ts"])
of_topic = again.groupby("topic", as_index=False)
topics = of_topic.agg(classes=("class_id", "size"), minutes=("minutes", "mean"), seats=("capacity", "sum"))
display(topics)

# %% 92.5
from concurrent.futures import ThreadPoolExecutor

from sklearn.ensemble import RandomForestRegressor

RandomForestRegressor(10, n_jobs=-1, random_state=0).fit(classes[["minutes"]], classes["capacity"])
with ThreadPoolExecutor(4) as pool:
    all_seats = sum(pool.map(lambda topic: classes.loc[classes["topic"] == topic, "capacity"].sum(), topics["topic"]))
