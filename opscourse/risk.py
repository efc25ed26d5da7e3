"""Measures of risk: what a year may cost, and what answering late does to a crisis."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.periods import duration
from opscourse.values import number, together, whole_number

__all__ = ["loss_simulation", "spread"]

WITHIN_90 = 1.6448536269514722  # standard deviations to each side that hold 90% of a normal distribution


def loss_simulation(p_year: Any, loss_low: Any, loss_high: Any, *, years: int = 10_000, seed: int = 0) -> np.ndarray:
    """What the risks of a register cost together in many possible years.

    Definition: in each year each risk happens with its probability, or not, independently of the others; its loss is then
    lognormal with 5% below loss_low and 5% above loss_high. The mean of the years is the expected loss, their quantile of 0.95
    what is exceeded in one year of twenty.

    Where it misleads: risks that share a cause come together, and bad years are then worse than here. The expected loss of
    a wide range is far above its middle.

    Parameters
    ----------
    p_year : probability of each risk in a year, a fraction.
    loss_low, loss_high : range that holds its loss with 90%, in one currency; 0 < loss_low <= loss_high.
    years : how many to simulate, from 1.
    seed : of the random numbers; the same seed gives the same answer.

    Returns
    -------
    array with the total loss of each year, in the currency of the losses.

    Raises
    ------
    ArgumentError : a probability outside 0 to 1, a range that is not positive or upside down, a missing number.

    Source: Hubbard and Seiersen, How to Measure Anything in Cybersecurity Risk (2016); G14 of the course's topics.

    Examples
    --------
    >>> losses = loss_simulation(p_year=[0.5, 0.1], loss_low=[10, 1000], loss_high=[10, 1000], years=10_000)
    >>> round(float(losses.mean())), round(float(np.quantile(losses, 0.8)))
    (106, 10)
    """
    (p, low, high), _ = together(p_year=p_year, loss_low=loss_low, loss_high=loss_high, least={"p_year": 0})
    p, low, high = (np.atleast_1d(numbers) for numbers in np.broadcast_arrays(p, low, high))
    wrong = ~((p <= 1) & (low > 0) & (low <= high))
    if wrong.any():
        raise ArgumentError(
            f"{wrong.sum():,} of {p.size:,} risks are impossible, for example p_year {p[wrong][0]:g} with {low[wrong][0]:g} to"
            f" {high[wrong][0]:g}; each needs a p_year from 0 to 1 and 0 < loss_low <= loss_high."
        )
    whole_number(years, "years")
    random = np.random.default_rng(whole_number(seed, "seed", least=0))
    middle, width = (np.log(low) + np.log(high)) / 2, (np.log(high) - np.log(low)) / (2 * WITHIN_90)
    total = np.zeros(years)
    for probability, mu, sigma in zip(p, middle, width, strict=True):
        total += (random.random(years) < probability) * random.lognormal(mu, sigma, years)
    return total


def spread(
    response_delay: str | dt.timedelta | None,
    *,
    hours: int = 72,
    audience: float = 1_000_000,
    first: float = 10,
    growth: float = 0.5,
    fade: float = 0.2,
    effect: float = 0.5,
) -> pd.DataFrame:
    """How a crisis spreads from hour to hour, with an answer after a delay.

    Definition: in each hour every one who is talking wins over growth x (share of the audience not reached yet) others, and a
    share fade of those talking stops. From response_delay on growth is multiplied by 1 - effect. The expected course of the
    epidemic model SIR, without chance.

    Where it misleads: growth, fade and effect must come from earlier crises, of which there are few; and people do not meet by
    chance. What holds for many values: as long as growth is above fade, each hour of delay costs a constant factor.

    Parameters
    ----------
    response_delay : from the first mention to the answer, for example "6h"; None for no answer.
    hours : how long to look, from 1.
    audience : people who can be reached.
    first : people talking at the start, not more than the audience.
    growth : people won over by each in an hour at the start, not negative.
    fade : share who stop talking each hour, a fraction.
    effect : share by which the answer lowers growth, a fraction.

    Returns
    -------
    pandas frame, one row an hour: hour (from 1), new (people won over in it), talking (at its end), reached (all so far).

    Raises
    ------
    ArgumentError : a number outside its range, a delay without unit.

    Source: Kermack and McKendrick (1927), in steps of an hour; G15 and TP31 of the simulated company.

    Examples
    --------
    >>> [round(float(spread(delay)["reached"].iloc[-1]), -3) for delay in ("6h", "12h")]
    [6000.0, 20000.0]
    """
    delay = np.inf if response_delay is None else duration(response_delay, "response_delay") / dt.timedelta(hours=1)
    whole_number(hours, "hours")
    given = {"audience": audience, "first": first, "growth": growth, "fade": fade, "effect": effect}
    audience, first, growth, fade, effect = (number(value, name, least=0) for name, value in given.items())
    for name, value, most in (("first", first, audience), ("fade", fade, 1), ("effect", effect, 1)):
        if value > most or not audience:
            raise ArgumentError(f"{name} is {value:g}; give a number from 0 to {most:g}, and an audience above 0.")
    talking = reached = first
    rows = []
    for hour in range(hours):
        rate = growth * (1 - effect if hour >= delay else 1)
        new = min(rate * talking * (1 - reached / audience), audience - reached)
        talking, reached = talking * (1 - fade) + new, reached + new
        rows.append((hour + 1, new, talking, reached))
    return pd.DataFrame(rows, columns=["hour", "new", "talking", "reached"])
