"""Rates of many small groups, drawn towards each other as far as chance explains their differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.values import fraction, together

__all__ = ["shrink_rates"]


def shrink_rates(successes: Any, n: Any, confidence: float = 0.95) -> pd.DataFrame:
    """Estimate the true rates of many groups from few trials each: empirical-Bayes shrinkage.

    Definition: true rates are taken as Beta(m s, (1 - m) s) over the groups, with m = sum of successes / sum of n and s =
    1 / rho - 1. rho is the part of the variance of single trials that lies between groups: (S / (m (1 - m)) - (k - 1)) /
    (N - sum of n ** 2 / N - (k - 1)), at least 0, with S = sum of n (rate - m) ** 2, k groups, N = sum of n. Then shrunken =
    weight x rate + (1 - weight) x m, weight = n / (n + s). low and high are quantiles of Beta(m s + successes, (1 - m) s + n -
    successes). At rho = 0 all groups are taken as equal, and there is no interval.

    Where it misleads: m and s are taken as known, so with few groups the interval is too short. And groups that differ for a
    known reason (a platform, a size) should be drawn towards others of their kind, not towards all.

    Parameters
    ----------
    successes, n : whole numbers of each group, 0 <= successes <= n.
    confidence : of the interval, a fraction.

    Returns
    -------
    pandas frame, one row a group in the given order (with the index of a Series): successes, n, rate (missing where n is 0),
    weight, shrunken, low, high (fractions).

    Raises
    ------
    ArgumentError : fewer than two groups with trials, only successes or none, at most one trial each, an impossible number.

    Source: moments of the beta-binomial (Kleinman, 1973); Efron and Morris (1975). FL09, Q21: twenty equal creators, of which
    the best shows 18%.

    Examples
    --------
    >>> shrink_rates(successes=[2, 20, 90], n=[4, 100, 300])[["rate", "weight", "shrunken"]].round(3)
       rate  weight  shrunken
    0   0.5   0.067     0.292
    1   0.2   0.644     0.227
    2   0.3   0.844     0.296
    """
    from scipy import stats

    fraction(confidence, "confidence")
    (x, n), form = together(successes=successes, n=n)
    x, n = np.atleast_1d(*np.broadcast_arrays(x, n))
    wrong = ~((x >= 0) & (x <= n) & (x == np.floor(x)) & (n == np.floor(n)) & (n <= 2**53))
    if wrong.any():
        raise ArgumentError(
            f"{wrong.sum():,} of {wrong.size:,} groups are impossible, for example {x[wrong][0]:g} of {n[wrong][0]:g}; give"
            " whole numbers with 0 <= successes <= n."
        )
    total, groups = n.sum(), (n > 0).sum()
    if groups < 2 or not 0 < x.sum() < total or n.max() < 2:
        raise ArgumentError(
            f"{groups:,} groups with {x.sum():,.0f} successes of {total:,.0f} do not tell how much they differ; shrinkage needs"
            " two groups with trials, some with more than one, and both successes and failures."
        )
    rate = np.divide(x, n, out=np.full(len(n), np.nan), where=n > 0)
    m = x.sum() / total
    excess = np.nansum(n * (rate - m) ** 2) / (m * (1 - m)) - (groups - 1)
    rho = min(max(excess / (total - (n**2).sum() / total - (groups - 1)), 0.0), 1 - 1e-9)
    weight = n * rho / (n * rho + 1 - rho)
    shrunken = weight * np.nan_to_num(rate) + (1 - weight) * m
    low = high = np.full(len(n), np.nan)
    if rho > 0:
        s = 1 / rho - 1
        low, high = stats.beta.interval(confidence, m * s + x, (1 - m) * s + n - x)
    columns = {"successes": x.astype(int), "n": n.astype(int), "rate": rate, "weight": weight, "shrunken": shrunken}
    index = getattr(form(rate), "index", None)
    return pd.DataFrame({**columns, "low": low, "high": high}, index=index)
