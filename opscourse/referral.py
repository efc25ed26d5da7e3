"""How a product spreads from person to person: invitations generation by generation, and the diffusion curve of a market."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import Any

import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.periods import duration
from opscourse.values import array, fraction, number, together, whole_number

__all__ = ["bass", "bass_fit", "branching", "doubling_time", "k_factor", "total_per_seed"]


def k_factor(invites: Any, acceptance: Any) -> Any:
    """K factor: how many new users each user brings.

    Definition: k = invitations sent for each user x share of invitations that become a user. Users who invite nobody count
    in the mean; leaving them out is the usual way to find a k above 1. At k below 1 referral adds to what other channels
    bring (`total_per_seed`), and dies out without them; above 1 it grows by itself until the friends run out.

    Parameters
    ----------
    invites : invitations for each user, not negative.
    acceptance : fraction from 0 to 1, up to the step that makes a user (opened, registered, activated).

    Returns
    -------
    new users for each user, as number, array or Series.

    Raises
    ------
    ArgumentError : a negative number, an acceptance above 1, something that is not a number, lengths that do not match.

    Source: the basic reproduction number of epidemics; Q42 and TP10 of the simulated company.

    Examples
    --------
    >>> round(k_factor(invites=0.9, acceptance=0.22), 3)
    0.198
    """
    (invites, acceptance), form = together(invites=invites, acceptance=acceptance, least={"invites": 0, "acceptance": 0})
    if (acceptance > 1).any():
        raise ArgumentError(f"acceptance is up to {np.nanmax(acceptance):g}; give a fraction from 0 to 1, 0.22 for 22%.")
    return form(invites * acceptance)


def total_per_seed(k: Any) -> Any:
    """All users that one user from another channel brings in the end, that user included.

    Definition: 1 + k + k**2 + ... = 1 / (1 - k), the sum over all generations of `branching`.

    Parameters
    ----------
    k : of `k_factor`, not negative.

    Returns
    -------
    users for each seed, as number, array or Series; missing where k is 1 or more, as then there is no such total.

    Raises
    ------
    ArgumentError : a negative k or something that is not a number.

    Source: the geometric series; M09 of the course's topics.

    Examples
    --------
    >>> total_per_seed([0.2, 0.5, 1.1])
    array([1.25, 2.  ,  nan])
    """
    (k,), form = together(k=k, least={"k": 0})
    with np.errstate(divide="ignore"):
        return form(np.where(k < 1, 1 / (1 - k), np.nan))


def doubling_time(k: Any, cycle: str | dt.timedelta) -> Any:
    """Days in which a referral that grows by itself doubles.

    Definition: cycle x ln 2 / ln k, since each cycle multiplies the new users by k. A shorter cycle helps as much as a higher
    ln k: at k = 1.2 twice a week beats k = 1.4 once.

    Parameters
    ----------
    k : of `k_factor`, not negative.
    cycle : time from becoming a user to the invited friends becoming users, such as "6d".

    Returns
    -------
    days, as number, array or Series; missing where k is at most 1, as it never doubles.

    Raises
    ------
    ArgumentError : a negative k, a cycle without unit.

    Source: exponential growth; M09 of the course's topics.

    Examples
    --------
    >>> doubling_time([2, 4, 0.2], cycle="6d")
    array([ 6.,  3., nan])
    """
    (k,), form = together(k=k, least={"k": 0})
    days = duration(cycle, "cycle") / dt.timedelta(days=1)
    return form(days * np.log(2) / np.log(np.where(k > 1, k, np.nan)))


def branching(
    k: float, generations: int = 10, *, seeds: int = 1, cycle: str | dt.timedelta = "7d", dispersion: float = float("inf")
) -> pd.DataFrame:
    """Referral generation by generation: how many to expect, how far chance moves it, and when it has died out.

    Definition: each user of a generation brings a number of users of the next one that is drawn independently with mean k and
    variance k + k**2 / dispersion: Poisson if dispersion is infinite, else negative binomial; the smaller the dispersion, the
    fewer are those who bring almost all. new is the mean of a generation's users, sd their standard deviation, total the sum
    of new so far, extinct the probability that this generation has nobody.

    Where it misleads: friends of friends are the same people, so that k falls with every generation; here it does not.

    Parameters
    ----------
    k : of `k_factor`, not negative.
    generations : how many after the seeds, from 0.
    seeds : users who came by other channels and start, from 1.
    cycle : time from one generation to the next.
    dispersion : above 0.

    Returns
    -------
    pandas frame, one row for each generation from 0, the seeds: generation, days (since the seeds), new, sd, total (users),
    extinct (fraction).

    Raises
    ------
    ArgumentError : a number out of range, a cycle without unit.

    Source: the Galton-Watson process (Harris, The Theory of Branching Processes, 1963); M09 of the course's topics.

    Examples
    --------
    >>> branching(0.5, generations=2, seeds=100, cycle="6d").round(2)
       generation  days    new    sd  total  extinct
    0           0   0.0  100.0  0.00  100.0      0.0
    1           1   6.0   50.0  7.07  150.0      0.0
    2           2  12.0   25.0  6.12  175.0      0.0
    """
    days = duration(cycle, "cycle") / dt.timedelta(days=1)
    whole_number(generations, "generations", 0)
    whole_number(seeds, "seeds")
    k = number(k, "k", least=0)
    if not (isinstance(dispersion, float) and dispersion == float("inf")):
        dispersion = number(dispersion, "dispersion")
    if not dispersion > 0:
        raise ArgumentError(f"dispersion is {dispersion!r}; give a number above 0, or infinity for Poisson.")

    def generating(s: float) -> float:
        """The generating function of how many users one brings: the mean of s ** number."""
        mean = k * (1 - s)
        return float(np.exp(-mean if np.isinf(dispersion) else -dispersion * np.log1p(mean / dispersion)))

    new, variance, extinct = [float(seeds)], [0.0], [0.0]  # extinct: of one seed's line
    for _ in range(generations):
        variance.append(new[-1] * (k + k**2 / dispersion) + k**2 * variance[-1])
        new.append(k * new[-1])
        extinct.append(generating(extinct[-1]))
    if not np.isfinite(variance[-1]):
        raise ArgumentError(f"With k = {k:g}, {generations} generations are too many people to be counted; give fewer.")
    generation = np.arange(generations + 1)
    return pd.DataFrame(
        {
            "generation": generation,
            "days": generation * days,
            "new": new,
            "sd": np.sqrt(variance),
            "total": np.cumsum(new),
            "extinct": np.array(extinct) ** seeds,
        }
    )


def bass(p: float, q: float, market: float, periods: int) -> pd.DataFrame:
    """Diffusion of a new product: who adopts by themselves, and who because others did.

    Definition: of those who have not adopted, the share p + q F(t) adopts at t, where F is the share who have. Hence F(t) =
    (1 - exp(-(p + q) t)) / (1 + q / p exp(-(p + q) t)), with nobody at t = 0; new = market x (F(t) - F(t - 1)). New adopters
    are most at t = ln(q / p) / (p + q), if q is above p.

    Parameters
    ----------
    p : innovation: rate without any adopter, above 0 (0.01 to 0.03 a year is common).
    q : imitation: what all others having adopted adds to it, not negative (0.3 to 0.5 a year is common).
    market : how many will have adopted in the end, above 0.
    periods : number of periods, of the unit in which p and q are rates.

    Returns
    -------
    pandas frame, one row for each period from 1: period, new, total (adopters, at the period's end).

    Raises
    ------
    ArgumentError : a number out of range.

    Source: Bass (1969); the difference of F is by Srinivasan and Mason (1986). F05 of the course's topics.

    Examples
    --------
    >>> bass(p=0.02, q=0.4, market=1000, periods=3).round(1)
       period   new  total
    0       1  24.3   24.3
    1       2  34.7   59.0
    2       3  48.4  107.3
    """
    whole_number(periods, "periods")
    p, q, market = (number(value, name, least=0) for name, value in (("p", p), ("q", q), ("market", market)))
    if not (p > 0 and market > 0):
        raise ArgumentError(f"p is {p:g} and market is {market:g}; both must be above 0, or nobody is ever the first.")
    total = market * _adopted(np.arange(periods + 1), p, q)
    return pd.DataFrame({"period": np.arange(1, periods + 1), "new": np.diff(total), "total": total[1:]})


def bass_fit(adopters: Any, confidence: float = 0.95) -> pd.DataFrame:
    """Innovation, imitation and market size from the adopters of each period since the launch.

    Definition: least squares of new in `bass`; the intervals are Student's t on the standard errors. (Bass's own regression
    takes a period for an instant, which biases p and q.)

    Where it misleads: until new adopters have begun to fall, hardly anything in the data tells the size of the market, and the
    interval says so. Periods resemble their neighbours, which makes it too short even then.

    Parameters
    ----------
    adopters : new adopters of each period, in order, from the first one on; not negative; at least five.
    confidence : of the intervals, a fraction.

    Returns
    -------
    pandas frame with the rows p, q and market: estimate, low, high. ``bass(**fit["estimate"], periods=20)`` draws the curve.

    Raises
    ------
    ArgumentError : fewer than five periods, a negative or missing number, no curve that fits.

    Source: Srinivasan and Mason (1986), nonlinear least squares; F05 of the course's topics.

    Examples
    --------
    >>> bass_fit(bass(p=0.02, q=0.4, market=1000, periods=15)["new"])["estimate"].round(4)
    p            0.02
    q            0.40
    market    1000.00
    Name: estimate, dtype: float64
    """
    from scipy import optimize, stats

    fraction(confidence, "confidence")
    adopters = np.atleast_1d(array(adopters, "adopters", least=0))
    if adopters.ndim > 1 or len(adopters) < 5 or not adopters.any():
        raise ArgumentError(f"adopters holds {adopters.size} numbers; give five periods at least, and somebody who adopted.")

    def curve(t: np.ndarray, p: float, q: float, market: float) -> np.ndarray:
        return market * (_adopted(t, p, q) - _adopted(t - 1, p, q))

    unit = np.array([1, 1, adopters.sum()])  # the market in units of those seen so far, so that all numbers are near 1
    bounds = ([1e-12, 0, 0], np.inf)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", optimize.OptimizeWarning)
            found, spread = optimize.curve_fit(
                curve,
                np.arange(1, len(adopters) + 1),
                adopters / unit[2],
                (0.03, 0.4, 1.5),
                bounds=bounds,
                ftol=1e-12,
                max_nfev=1000,
            )
    except (RuntimeError, optimize.OptimizeWarning) as failure:
        raise ArgumentError(f"No Bass curve fits these adopters: {failure}") from failure
    margin = stats.t.ppf((1 + confidence) / 2, len(adopters) - 3) * np.sqrt(np.diag(spread))
    fit = pd.DataFrame({"estimate": found, "low": found - margin, "high": found + margin}, index=["p", "q", "market"])
    return fit.mul(unit, axis="index")


def _adopted(t: np.ndarray, p: float, q: float) -> np.ndarray:
    left = np.exp(-(p + q) * t)
    return (1 - left) / (1 + q / p * left)
