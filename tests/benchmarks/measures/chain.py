"""Markov attribution by hand, once the steps are counted: remove each channel and see what is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd


def credit(steps: pd.DataFrame) -> pd.DataFrame:
    """Credit by channel, from how often (`rows`) there was a step `before` (or "") -> `after`, by whether its path `converts`
    and this is its `last`."""
    channels = sorted(steps["after"].unique())
    at = {channel: row for row, channel in enumerate(channels)}
    size = len(at)
    moves = np.zeros((size + 1, size + 1))  # from each channel or the start, to each channel or the conversion
    before = steps["before"].map(at).fillna(size).astype(int)
    np.add.at(moves, (before, steps["after"].map(at)), steps["rows"])
    ends = steps[steps["converts"] & steps["last"]]
    np.add.at(moves, (ends["after"].map(at), size), ends["rows"])
    lost = steps[~steps["converts"] & steps["last"]].groupby("after")["rows"].sum().reindex(channels, fill_value=0)
    shares = moves / (moves.sum(axis=1) + np.append(lost, 0))[:, None]

    def converts(without: int | None) -> float:
        stay = [row for row in range(size) if row != without]
        inside = np.linalg.solve(np.eye(len(stay)) - shares[np.ix_(stay, stay)], shares[stay, size])
        return shares[size, stay] @ inside

    effects = np.array([1 - converts(row) / converts(None) for row in range(size)])
    return pd.DataFrame({"channel_id": channels, "credit": ends["rows"].sum() * effects / effects.sum()})
