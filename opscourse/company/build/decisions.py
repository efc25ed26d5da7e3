"""The register of decisions: on what each rested, and whether that can be found again (lesson 7)."""

from __future__ import annotations

from hashlib import sha256
from itertools import product

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.experiments import TESTS
from opscourse.company.build.people import DAY, stamp
from opscourse.company.build.staff import spread
from opscourse.company.tables.work import METHODS
from opscourse.company.world import Block, Columns, World, builds, coded, optional, tallies

__all__ = ["WINDOW", "data_hash"]

WINDOW = 28  # days of data that each decision looked at
_VERBS = ("Move", "Shorten", "Redesign", "Remove", "Repeat", "Translate", "Pay more for", "Automate")
_OBJECTS = (
    "the evening push", "the home page", "the welcome mail", "the sign-up form", "the coach's page", "the weekly plan",
    "the shop banner", "the live-class reminder", "the invitation page", "the coupon page", "the farewell mail",
    "the search page",
)  # fmt: skip
_QUESTIONS = [f"{verb} {thing}" for verb, thing in product(_VERBS, _OBJECTS)]
_OUTCOMES = ("better", "same", "worse")


@tallies("active_users")
def active_users(block: Block) -> np.ndarray:
    """Users of the block who were active on each day."""
    return np.bincount(day_index(block["daily_activity"]["date"]), minlength=DAYS)


def data_hash(users: np.ndarray) -> str:
    """First 16 digits of the sha256 of the numbers of users of consecutive days, joined by commas.

    >>> data_hash(np.array([120, 118, 131]))
    '5b86e560dfbe08e5'
    """
    return sha256(",".join(str(int(count)) for count in users).encode()).hexdigest()[:16]


@builds("decisions")
def decisions(world: World) -> Columns:
    """One row a decision: one after each test, the others by opinion, trend and comparison in equal parts."""
    stream, known = world.stream("decisions"), world.parameters.decision
    tests, others = len(TESTS), len(_QUESTIONS)
    method = np.append(np.full(tests, METHODS.index("test")), stream.permutation(np.arange(others) % 3))
    day = np.append(day_index(np.array([test.end for test in TESTS], dtype="datetime64[D]")) + stream.integers(1, 6, tests),
                    stream.integers(WINDOW, DAYS, others))  # fmt: skip
    lift = np.array([test.arms[-1].rate / test.arms[0].rate - 1 for test in TESTS])
    does = np.append(stream.random(tests) < np.where(lift > 0, 0.9, 0.35), stream.random(others) < 0.6)
    outcome = np.append(np.where(does[:tests], 1 - np.sign(lift).astype(int), 1), np.zeros(others, dtype=int))
    for number, better in enumerate(known.better):
        rows = np.flatnonzero(method == number)
        outcome[rows] = np.searchsorted([better, better + (1 - better) * 0.6], spread(stream, rows.size), side="right")
    users = np.lib.stride_tricks.sliding_window_view(world.totals["active_users"], WINDOW)[day - WINDOW].copy()
    lost = spread(stream, day.size) < known.irreproducible
    wrong = stream.integers(0, WINDOW, day.size)
    users[np.flatnonzero(lost), wrong[lost]] += 1 + stream.poisson(0.05 * users.mean(), int(lost.sum()))
    second = day * DAY + stream.integers(9 * 3600, 18 * 3600, day.size)
    order = np.argsort(second)
    question = np.array(
        [test.hypothesis for test in TESTS] + [str(text) for text in stream.permutation(_QUESTIONS)], dtype=object
    )
    exp_id = np.append(np.arange(1, tests + 1), np.zeros(others, dtype=int))
    return {
        "decision_id": np.arange(1, day.size + 1),
        "ts": stamp(second[order]),
        "question": question[order],
        "method": coded(method[order], METHODS),
        "exp_id": optional(exp_id[order], exp_id[order] > 0),
        "choice": np.where(does, "do it", "leave it").astype(object)[order],
        "window_start": FIRST_DAY + day[order] - WINDOW,
        "dau_mean": users.mean(axis=1).round(2)[order],
        "data_hash": np.array([data_hash(row) for row in users[order]], dtype=object),
        "outcome": coded(outcome[order], _OUTCOMES),
    }
