"""Answers to exercise 15: which denominator answers which question."""

import numpy as np
import pandas as pd

from opscourse.exercise import Choice, Frame, Function, Number

# 15.2 What the three sources bring in the app


def gini(amounts):
    """Mean difference of all pairs of amounts, divided by twice their mean."""
    amounts = np.asarray(amounts, dtype=float)
    return np.abs(amounts[:, None] - amounts).mean() / (2 * amounts.mean())


def summary(pieces, amount):
    """One row a source: number, mean, median and Gini of an amount."""
    rows = [(source, len(some), some.mean(), some.median(), gini(some)) for source, some in pieces.groupby("source")[amount]]
    return pd.DataFrame(rows, columns=["source", "items", "mean_minutes", "median_minutes", "gini"])


def watched(load):
    """One row a view of a piece by a user: minutes watched, with the source and the length of the piece."""
    items = load("content_items")[["content_id", "source", "minutes"]].rename(columns={"minutes": "length"})
    return load("content_views").merge(items, on="content_id")


def per_piece(load, column="minutes", how="sum"):
    """One row a piece: what its views come to."""
    return watched(load).groupby(["source", "content_id"], as_index=False).agg(amount=(column, how))


def supply(load):
    """What the pieces of each source bring: minutes watched a piece."""
    return summary(per_piece(load), "amount")


def supply_of_views(load):
    """The same for single views."""
    return summary(watched(load).sample(5000, random_state=0), "minutes").drop(columns=["items", "gini"]).merge(
        watched(load).groupby("source")["minutes"].agg(items="size", mean_minutes="mean", median_minutes="median")[
            ["items"]
        ].reset_index()
    )
