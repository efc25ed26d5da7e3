"""A proportion and how sure we are of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.frames import one_of
from opscourse.values import array, fraction

__all__ = ["proportion_interval"]

INTERVALS = ("wilson", "beta", "agresti_coull", "normal")


def proportion_interval(successes: Any, n: Any, method: str = "wilson", confidence: float = 0.95) -> tuple[Any, Any]:
    """Confidence interval of a proportion.

    Definition: bounds for successes / n, each of the n a yes or no of its own with the same probability. "wilson" inverts the
    score test and is a good default from n = 10 on; "beta" (Clopper-Pearson) is never too short, and so mostly too long;
    "normal" is the textbook's formula, which fails near 0 and 1.

    Parameters
    ----------
    successes, n : whole numbers, or arrays or Series of them; 0 <= successes <= n.
    method : "wilson", "beta", "agresti_coull" or "normal".
    confidence : fraction between 0 and 1.

    Returns
    -------
    low, high : fractions; numbers, arrays or Series as `successes` is; NaN where n is 0.

    Raises
    ------
    ArgumentError : an unknown method, a confidence outside (0, 1), successes below 0 or above n, or a missing number.

    Source: Wilson (1927), Brown, Cai and DasGupta (2001); computed by statsmodels. Q30 recomputed: 81 of 92.

    Examples
    --------
    >>> low, high = proportion_interval(81, 92)
    >>> round(low, 3), round(high, 3)
    (0.798, 0.932)
    """
    from statsmodels.stats.proportion import proportion_confint

    one_of(method, INTERVALS, "method")
    fraction(confidence, "confidence")
    try:
        shapes = np.shape(successes), np.shape(n)
        given = array(np.ravel(successes), "successes", missing=True), array(np.ravel(n), "n", missing=True)
        count, total = np.broadcast_arrays(*(numbers.reshape(shape) for numbers, shape in zip(given, shapes, strict=True)))
        count, total = count.copy(), total.copy()  # what is broadcast cannot be written to
        if isinstance(successes, pd.Series) and count.shape != shapes[0]:
            raise ValueError(f"successes is a Series of {len(successes)}, n has {total.size}")
    except ArgumentError:
        raise
    except ValueError as error:
        raise ArgumentError(f"successes and n do not match in length: {error}") from error
    wrong = ~((count >= 0) & (count <= total) & np.isfinite(total))
    if wrong.any():
        raise ArgumentError(
            f"{wrong.sum()} of {wrong.size} proportions are impossible, for example {count[wrong][0]:g} of {total[wrong][0]:g};"
            " successes must lie between 0 and n."
        )
    known = np.where(total > 0, total, 1.0)
    bounds = proportion_confint(count, known, alpha=1 - confidence, method=method)
    low, high = (np.where(total > 0, bound, np.nan) for bound in bounds)
    if isinstance(successes, pd.Series):
        return pd.Series(low, successes.index, name="low"), pd.Series(high, successes.index, name="high")
    return (low, high) if low.ndim else (float(low), float(high))
