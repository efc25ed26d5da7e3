"""The measures of opscourse, as a user calls them: the same on every kind of frame."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from logs import STEPS

from opscourse.attribution import attribution
from opscourse.data import cohorts as our_cohorts
from opscourse.data import funnel as our_funnel
from opscourse.data import sessions as our_sessions
from opscourse.users import rfm as our_rfm


def cohorts(log: SimpleNamespace) -> Any:
    return our_cohorts(log.events, log.users, timestamp_col="ts")


def funnel(log: SimpleNamespace) -> Any:
    return our_funnel(log.events, STEPS, "7d")


def rfm(log: SimpleNamespace) -> Any:
    return our_rfm(log.orders)


def last_touch(log: SimpleNamespace) -> Any:
    return attribution(log.touches, log.orders, "last_touch")


def linear(log: SimpleNamespace) -> Any:
    return attribution(log.touches, log.orders, "linear")


def markov(log: SimpleNamespace) -> Any:
    return attribution(log.touches, log.orders, "markov")


def sessions(log: SimpleNamespace) -> Any:
    return our_sessions(log.events)
