"""Measures of service: how long people wait for how many agents."""

from __future__ import annotations

import datetime as dt
import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np

from opscourse.errors import ArgumentError
from opscourse.periods import duration
from opscourse.values import array, fraction, ratio, together, whole_number

__all__ = ["Queue", "agents_needed", "erlang_c", "littles_law", "queue_sim"]

MOST_AGENTS = 1_000_000


@dataclass(frozen=True)
class Queue:
    """How people wait for agents: each attribute a number, array or Series, as the load was given.

    Attributes
    ----------
    load : agents busy on average, in erlang.
    utilisation : load / agents, a fraction; at 1 or above the queue grows without end.
    wait_probability : share of people who have to wait at all.
    mean_wait_min : mean wait over all people, those who do not wait included; infinite if the queue grows without end.
    service_level : share of people who wait no longer than the target.
    """

    load: Any
    utilisation: Any
    wait_probability: Any
    mean_wait_min: Any
    service_level: Any


def erlang_c(agents: Any, arrivals_per_hour: Any, handling_min: Any, within: str | dt.timedelta = "20m") -> Queue:
    """How long people wait in one queue for several agents: the Erlang C formula.

    Definition: with the load a = arrivals_per_hour x handling_min / 60 and c agents, wait_probability = C = B / (1 - a / c x
    (1 - B)), where B = (a ** c / c!) / sum over k from 0 to c of a ** k / k! (Erlang B); mean_wait_min = C x handling_min /
    (c - a); service_level = 1 - C x exp(-(c - a) x within / handling_min).

    Where it misleads: arrivals by chance at a steady rate, handling times exponential, nobody gives up, and the steady state is
    reached. Waits of impatient people are shorter; those of a morning rush, or of batches of mail, longer.

    Parameters
    ----------
    agents : people who answer, whole numbers from 1.
    arrivals_per_hour : mean number of arrivals, not negative.
    handling_min : mean minutes an agent is busy with one, above 0.
    within : the target of the service level, for example "20m" or "20s".

    Returns
    -------
    Queue

    Raises
    ------
    ArgumentError : agents that are not whole numbers from 1, negative or missing numbers, a target without unit.

    Source: Erlang (1917); Q23 recomputed: 7 agents in one queue wait 2.4 minutes on average, split into 5 and 2 7.6 minutes.

    Examples
    --------
    >>> round(erlang_c(agents=7, arrivals_per_hour=20, handling_min=15).mean_wait_min, 2)
    2.43
    >>> erlang_c(agents=[5, 2], arrivals_per_hour=[16, 4], handling_min=15).mean_wait_min.round(2)
    array([8.31, 5.  ])
    """
    from scipy import stats

    (agents, arrivals, handling), form = _given(agents=agents, arrivals_per_hour=arrivals_per_hour, handling_min=handling_min)
    wrong = (agents < 1) | (agents != np.floor(agents))
    if wrong.any():
        raise ArgumentError(f"agents must be whole numbers from 1, but one is {agents[wrong][0]:g}.")
    load = arrivals * handling / 60
    spare = agents - load
    with np.errstate(invalid="ignore"):  # where the load is so far above the agents that both are 0
        blocked = np.exp(stats.poisson.logpmf(agents, load) - stats.poisson.logcdf(agents, load))
        waits = np.where(spare > 0, blocked / (1 - np.minimum(load / agents, 1) * (1 - blocked)), 1.0)
    mean = np.where(spare > 0, ratio(waits * handling, spare), np.inf)
    target = duration(within, "within") / dt.timedelta(minutes=1)
    with np.errstate(over="ignore"):  # so short that nobody waits
        level = 1 - waits * np.exp(-np.maximum(spare, 0) * target / handling)
    return Queue(*map(form, (load, load / agents, waits, mean, level)))


def agents_needed(
    arrivals_per_hour: Any, handling_min: Any, service_level: float = 0.8, within: str | dt.timedelta = "20m"
) -> Any:
    """The fewest agents that reach a service level, by Erlang C.

    Definition: the smallest c above the load whose service_level in `erlang_c` is at least the one wanted. People who are
    absent, at lunch or in training come on top.

    Parameters
    ----------
    arrivals_per_hour, handling_min, within : as in `erlang_c`.
    service_level : share of people who should wait no longer than `within`, a fraction.

    Returns
    -------
    whole numbers, as number, array or Series.

    Raises
    ------
    ArgumentError : as `erlang_c`; a service level outside 0 to 1.

    Source: the square-root staffing problem, solved exactly; K06 of the course's topics.

    Examples
    --------
    >>> agents_needed(arrivals_per_hour=[2, 20], handling_min=15, service_level=0.8, within="5m")
    array([2, 7])
    """
    fraction(service_level, "service_level")
    (arrivals, handling), form = _given(arrivals_per_hour=arrivals_per_hour, handling_min=handling_min)
    agents = np.floor(arrivals * handling / 60) + 1
    if (agents > MOST_AGENTS).any():
        raise ArgumentError(
            f"arrivals_per_hour of {arrivals.max():g} and handling_min of {handling.max():g} need {agents.max():g} agents;"
            f" give numbers of one queue, for at most {MOST_AGENTS:,}."
        )
    while np.any(short := erlang_c(agents, arrivals, handling, within).service_level < service_level):
        agents = agents + short
    return form(agents.astype(int))


def littles_law(*, number: Any = None, rate: Any = None, time: Any = None) -> Any:
    """Little's law: how many are there, how fast they come, how long they stay; the third from two of them.

    Definition: number = rate x time, for means over a long time of any queue, process or stock that neither fills nor empties:
    10 new tickets a day that take 3 days each are 30 open tickets, whatever the order in which they are done.

    Parameters
    ----------
    number : how many are there on average (open tickets, work in progress).
    rate : how many come, and go, in a unit of time.
    time : how long each stays on average, in the same unit of time.

    Returns
    -------
    the one that was not given, as number, array or Series; missing where it is divided by 0.

    Raises
    ------
    ArgumentError : not exactly two are given; negative numbers, lengths or indexes that do not match.

    Source: Little (1961); G27 of the course's topics.

    Examples
    --------
    >>> littles_law(number=30, rate=10)
    3.0
    """
    given = {name: value for name, value in {"number": number, "rate": rate, "time": time}.items() if value is not None}
    if len(given) != 2:
        raise ArgumentError(f"Give exactly two of number, rate and time, not {', '.join(given) or 'none'}.")
    (left, right), form = together(**given, least=dict.fromkeys(given, 0))
    return form(left * right if number is None else ratio(left, right))


def queue_sim(agents: int, arrivals: Any, handling: Any) -> np.ndarray:
    """How long each one waits for the first free agent, in the order of arrival.

    Definition: one queue, first come, first served. Somebody begins to be served on arrival, or as soon as one of the agents,
    all free at first, has finished with somebody who came before; the wait is the time between. Given the times as they were,
    or as you draw them, it answers where `erlang_c` cannot: a morning rush, handling times of any form, split queues.

    Where it misleads: nobody gives up, and all agents work alike and all the time. The first ones find everybody free: leave
    them out of means that are to be compared with the steady state.

    Parameters
    ----------
    agents : people who answer, from 1.
    arrivals : when each one arrives, in any unit of time, ascending.
    handling : how long an agent is busy with each, in the same unit, not negative; or one number for all.

    Returns
    -------
    array: the wait of each, in the same unit.

    Raises
    ------
    ArgumentError : agents that are not a whole number from 1, arrivals that are not ascending, negative or missing numbers,
        lengths that do not match.

    Source: the recursion of Kiefer and Wolfowitz (1955), Lindley's (1952) for one agent; L26 of the course, FL22.

    Examples
    --------
    >>> queue_sim(agents=2, arrivals=[0, 1, 2, 3], handling=10)
    array([0., 0., 8., 8.])
    """
    free = [-np.inf] * whole_number(agents, "agents")  # when each agent will be, the soonest first
    arrivals, handling = np.atleast_1d(array(arrivals, "arrivals")), array(handling, "handling", least=0)
    if handling.size not in (1, arrivals.size):
        raise ArgumentError(f"There are {arrivals.size:,} arrivals and {handling.size:,} handling times; give one for each.")
    if (back := np.diff(arrivals) < 0).any():
        at = int(back.argmax()) + 1
        raise ArgumentError(f"arrivals must ascend, but {arrivals[at]:g} comes after {arrivals[at - 1]:g}; sort them first.")
    waits = np.empty(arrivals.size)
    for person, (arrival, busy) in enumerate(zip(arrivals, np.broadcast_to(handling, arrivals.shape), strict=True)):
        begin = max(arrival, free[0])
        waits[person] = begin - arrival
        heapq.heapreplace(free, begin + busy)
    return waits


def _given(**values: Any) -> tuple[list[np.ndarray], Any]:
    """Numbers of a queue, of one shape and none missing, and the function that gives a result their form."""
    arrays, form = together(**values, least=dict.fromkeys(values, 0))
    for name, numbers in zip(values, arrays, strict=True):
        if np.isnan(numbers).any() or (name == "handling_min" and not (numbers > 0).all()):
            raise ArgumentError(f"{name} has numbers that are missing{' or 0' if name == 'handling_min' else ''}; give all.")
    return list(np.broadcast_arrays(*arrays)), form
