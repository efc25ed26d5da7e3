"""Growth accounting: who is active on each day of a log, and whether they are new, back, or about to be missed."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from opscourse.periods import period_start

__all__ = ["MONTH", "accounts", "cells"]

WEEK, MONTH = 7, 28  # days in the trailing windows


def accounts(spell: np.ndarray, start: int) -> dict[str, tuple[list, Any]]:
    """The columns of `activity`, from the number of users by day, days to their next active day, and being new."""
    users = spell.sum(axis=2)
    dau, new = users.sum(axis=1), spell[:, :, 1].sum(axis=1)
    returning = sum(_later(users[:, gap], gap) for gap in range(1, MONTH + 1))
    resurrecting = dau - new - returning
    dormant = _later(users[:, MONTH + 1], MONTH)
    mau = _trailing_users(users, MONTH)
    with np.errstate(divide="ignore", invalid="ignore"):
        stickiness = _trailing_sum(dau) / MONTH / mau
        quick_ratio = _trailing_sum(new + resurrecting) / _trailing_sum(dormant)
    return {
        "date": ([period_start(start + day, "day") for day in range(len(spell))], nw.Date),
        "dau": (dau.tolist(), nw.Int64),
        "wau": (cells(_trailing_users(users, WEEK), WEEK - 1), nw.Float64),
        "mau": (cells(mau, MONTH - 1), nw.Float64),
        "stickiness": (cells(stickiness, MONTH - 1), nw.Float64),
        "new": (new.tolist(), nw.Int64),
        "returning": (cells(returning, MONTH), nw.Float64),
        "resurrecting": (cells(resurrecting, MONTH), nw.Float64),
        "dormant": (cells(dormant, MONTH), nw.Float64),
        "quick_ratio": (cells(quick_ratio, 2 * MONTH - 1), nw.Float64),
    }


def _later(values: np.ndarray, days: int) -> np.ndarray:
    """The values moved so many days later; 0 before."""
    return np.concatenate([np.zeros(days, values.dtype), values])[: len(values)]


def _trailing_users(users: np.ndarray, window: int) -> np.ndarray:
    """Distinct users of the window up to each day: an active day counts until the user's next one, at most for the window."""
    leave = sum(_later(users[:, gap], min(gap, window)) for gap in range(1, MONTH + 2))
    return np.cumsum(users.sum(axis=1) - leave)


def _trailing_sum(values: np.ndarray) -> np.ndarray:
    total = np.cumsum(values)
    return total - _later(total, MONTH)


def cells(values: np.ndarray, first: int = 0) -> list[float | None]:
    """The values as floats; empty before the first day, and where they are not finite."""
    return [float(value) if day >= first and np.isfinite(value) else None for day, value in enumerate(values)]
