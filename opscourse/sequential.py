"""Tests that are looked at while they run: what looking costs, intervals that allow it, and what to believe meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from opscourse.errors import ArgumentError
from opscourse.values import array, fraction, number, together

__all__ = ["RatePosterior", "beta_binomial", "peeking", "sequential_interval"]

_legendre = cache(np.polynomial.legendre.leggauss)  # points and weights of an integral from -1 to 1


def sequential_interval(
    difference: Any, standard_error: Any, n: Any, *, tuned_for: float, confidence: float = 0.95
) -> tuple[Any, Any]:
    """Interval of an effect that stays valid however often one looks, and whatever made one stop.

    Definition: the asymptotic confidence sequence of a normal mixture. difference ± standard_error x
    sqrt(2 (v + 1) / v x log(sqrt(v + 1) / alpha)), with alpha = 1 - confidence, v = n rho² and
    rho² = (-2 log(alpha) + log(1 - 2 log(alpha))) / tuned_for. With probability `confidence` the truth lies in *all* intervals
    of a test, from the first look to the last. It is always wider than the usual one, by the least near tuned_for: 1.5 times.

    Where it misleads: it trusts the standard error, and so not before some hundred units; and tuned_for must be chosen before
    the test, like a sample size.

    Parameters
    ----------
    difference : estimated effect at each look, of `cuped`, `ratio_metric` or two means.
    standard_error : its standard error, from 0.
    n : units in both arms so far, from 1.
    tuned_for : number of units in both arms at which the interval shall be shortest compared with the usual one.
    confidence : fraction between 0 and 1.

    Returns
    -------
    low, high : in units of the difference; numbers, arrays or Series as `difference` is.

    Raises
    ------
    ArgumentError : a negative standard error, n or tuned_for below 1, confidence outside (0, 1), lengths that do not match.

    Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-uniform central limit theory. Agrees with GrowthBook's
    engine, whose tuning parameter (5,000) is our tuned_for.

    Examples
    --------
    >>> low, high = sequential_interval(0.010, 0.004, n=20_000, tuned_for=20_000)
    >>> round(low, 4), round(high, 4)
    (-0.0021, 0.0221)
    """
    fraction(confidence, "confidence")
    tuned_for = number(tuned_for, "tuned_for", least=1)
    least = {"standard_error": 0, "n": 1}
    (difference, standard_error, n), form = together(difference=difference, standard_error=standard_error, n=n, least=least)
    margin = standard_error * _mixture_bound(n / tuned_for, 1 - confidence)
    return form(difference - margin), form(difference + margin)


def _mixture_bound(time: np.ndarray, alpha: float) -> np.ndarray:
    """How many standard errors the always-valid interval reaches, at a time of 1 where it is tuned for."""
    v = time * (-2 * np.log(alpha) + np.log1p(-2 * np.log(alpha)))
    return np.sqrt(2 * (v + 1) / v * (np.log1p(v) / 2 - np.log(alpha)))


def peeking(looks: int | Sequence[float] = 7, alpha: float = 0.05) -> float:
    """How often a test of two equal arms is called significant by somebody who looks several times and stops at once.

    Definition: probability that |z| of the units so far exceeds the two-sided bound of alpha on at least one of the looks,
    though there is no effect. Exact for normal z, by integrating the distribution of those not yet stopped from look to look.

    Parameters
    ----------
    looks : number of looks, 1 to 1,000, with the same number of new units before each; or the units so far at each look.
    alpha : level at which each look is called significant.

    Returns
    -------
    a fraction; alpha itself for one look.

    Raises
    ------
    ArgumentError : no looks or more than 1,000, units that do not grow, alpha outside (0, 1).

    Source: Armitage, McPherson and Rowe (1969). Q07 recomputed: 7 daily looks.

    Examples
    --------
    >>> [round(peeking(looks), 3) for looks in (1, 2, 7, 30)]
    [0.05, 0.083, 0.166, 0.28]
    """
    from scipy import stats

    fraction(alpha, "alpha")
    counted = isinstance(looks, (int, np.integer)) and looks <= 1000
    units = np.arange(1.0, looks + 1) if counted else array(looks, "looks")
    if not (units.ndim == 1 and 1 <= len(units) <= 1000 and (np.diff(units, prepend=0) > 0).all()):
        raise ArgumentError(f"looks is {looks!r}; give 1 to 1,000 looks, or growing numbers of units such as [1000, 2000].")
    return _ever_beyond(units, np.full(len(units), stats.norm.isf(alpha / 2)))


def _ever_beyond(time: np.ndarray, z: np.ndarray) -> float:
    """Probability that a Brownian motion is further than z x sqrt(time) from 0 at one of the times at least."""
    bound, step = z * np.sqrt(time), np.sqrt(np.diff(time, prepend=0))
    enough = int(4 * (bound / step).max()) + 40  # points of the integral: the distance between them is below a step
    if enough > 4_000:
        raise ArgumentError("Two of the looks have nearly the same units; leave one of them out.")
    point, weight = _legendre(enough)
    at, mass = np.zeros(1), np.ones(1)  # where those are who have not been beyond, and how many
    for limit, spread in zip(bound, step, strict=True):
        to = limit * point
        arrived = np.exp(-(((to[:, None] - at) / spread) ** 2) / 2) @ mass / (spread * np.sqrt(2 * np.pi))
        at, mass = to, limit * weight * arrived
    return float(1 - mass.sum())


@dataclass(frozen=True)
class RatePosterior:
    """What is believed of two rates after a test.

    Attributes
    ----------
    better : probability that the treatment's rate is higher.
    difference : expected difference, treatment - control.
    low, high : credible interval of the difference, with equal tails.
    loss : expected loss of shipping the treatment: the mean of what it is worse by, counting 0 where it is not worse.

    Examples
    --------
    >>> RatePosterior(better=0.9, difference=0.01, low=-0.004, high=0.024, loss=0.0004).better
    0.9
    """

    better: float
    difference: float
    low: float
    high: float
    loss: float


def beta_binomial(
    successes: Sequence[float], n: Sequence[float], prior: tuple[float, float] = (1.0, 1.0), confidence: float = 0.95
) -> RatePosterior:
    """Bayesian comparison of two rates.

    Definition: each rate has the prior Beta(prior) and so, after the test, the distribution Beta(prior[0] + successes, prior[1]
    + n - successes), independent of the other's. What is said of both is an integral over
    their log odds, computed to seven digits or more without random numbers.

    Where it misleads: looking every day is not free either. "Stop when better > 0.95" stops more than 5% of tests without an
    effect; and the prior (1, 1) takes a rate of 90% to be as likely as one of 1%.

    Parameters
    ----------
    successes, n : control first, then treatment, as in statsmodels; 0 <= successes <= n.
    prior : successes and failures believed in beforehand, above 0; (1, 1) is every rate alike, (0.5, 0.5) Jeffreys'.
    confidence : of the credible interval, a fraction.

    Returns
    -------
    RatePosterior

    Raises
    ------
    ArgumentError : not two arms, successes below 0 or above n, a prior below 0.1, confidence outside (0, 1).

    Source: the beta-binomial model; expected loss after Stucchio (2015). Agrees with Miller's (2015) sum for whole numbers.

    Examples
    --------
    >>> result = beta_binomial(successes=[100, 120], n=[1000, 1000])
    >>> round(result.better, 4), round(result.difference, 4), round(result.loss, 5)
    (0.9232, 0.02, 0.00048)
    """
    from scipy import optimize

    fraction(confidence, "confidence")
    given = {"successes": successes, "n": n, "prior": prior}
    successes, n, prior = (array(values, name, least=0) for name, values in given.items())
    if not (successes.shape == n.shape == prior.shape == (2,) and (successes <= n).all() and (n <= 2**53).all()):
        raise ArgumentError(
            f"successes {successes.tolist()}, n {n.tolist()}, prior {prior.tolist()}: give two numbers each, control and"
            " treatment (prior: successes and failures), with successes from 0 to n."
        )
    if (prior < 0.1).any():
        raise ArgumentError(f"prior is {prior.tolist()}; both numbers must be at least 0.1.")
    control, treatment = ((prior[0] + k, prior[1] + of - k) for k, of in zip(successes, n, strict=True))
    mean0, mean1 = (a / (a + b) for a, b in (control, treatment))
    more0, more1 = ((a + 1, b) for a, b in (control, treatment))  # mean x P(... | one success more) = E(rate; ...)
    tail, width = (1 - confidence) / 2, 1e-12
    return RatePosterior(
        better=_below(control, treatment),
        difference=float(mean1 - mean0),
        low=optimize.brentq(lambda d: _below(treatment, control, d) - tail, -1, 1, xtol=width),
        high=optimize.brentq(lambda d: _below(treatment, control, d) - 1 + tail, -1, 1, xtol=width),
        loss=max(float(mean0 * _below(treatment, more0) - mean1 * _below(more1, control)), 0.0),
    )


def _below(one: tuple[float, float], other: tuple[float, float], margin: float = 0.0) -> float:
    """Probability that one beta-distributed rate is below another one + margin, integrated over the other's log odds."""
    from scipy import special, stats

    if sum(one) > sum(other):  # the integral is over the narrower of the two, the other one is smooth beside it
        return 1 - _below(other, one, -margin)
    a, b = other
    low, high = special.logit(stats.beta.ppf(1e-15, a, b)), -special.logit(stats.beta.ppf(1e-15, b, a))
    inside = special.logit([max(-margin, 0.0), min(1 - margin, 1.0)])  # where the other + margin is a rate
    low, high = np.clip(inside, low, high)
    point, weight = _legendre(600)
    odds = (low + high + (high - low) * point) / 2
    density = np.exp(a * special.log_expit(odds) + b * special.log_expit(-odds) - special.betaln(a, b))
    below = density * special.betainc(*one, np.clip(special.expit(odds) + margin, 0, 1))
    return float(np.clip(below @ weight * (high - low) / 2 + special.betainc(b, a, max(margin, 0.0)), 0, 1))
