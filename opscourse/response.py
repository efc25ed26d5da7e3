"""What spending more on a channel brings, and how to split a budget by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.frames import one_of
from opscourse.values import array, fraction, number, ratio, together

__all__ = ["ResponseCurve", "allocate", "response_fit"]


@dataclass(frozen=True)
class ResponseCurve:
    """A response of a x spend ** b: b is what one more per cent of spend brings, in per cent.

    Attributes
    ----------
    a, b : the parameters; a is the response to a spend of 1, in units of the response.
    b_low, b_high : confidence interval of b.

    Examples
    --------
    >>> curve = ResponseCurve(a=2.0, b=0.5, b_low=0.4, b_high=0.6)
    >>> curve.response(100), curve.marginal(100)
    (20.0, 0.1)
    """

    a: float
    b: float
    b_low: float
    b_high: float

    def response(self, spend: Any) -> Any:
        """Expected response to a spend: a x spend ** b."""
        (spend,), form = together(spend=spend, least={"spend": 0})
        return form(self.a * spend**self.b)

    def marginal(self, spend: Any) -> Any:
        """Response to the next unit of spend: a x b x spend ** (b - 1); infinite at 0 if b is below 1."""
        (spend,), form = together(spend=spend, least={"spend": 0})
        with np.errstate(divide="ignore"):
            return form(self.a * self.b * spend ** (self.b - 1))


def response_fit(spend: Any, response: Any, method: str = "nonlinear", confidence: float = 0.95) -> ResponseCurve:
    """Fit the diminishing returns of a channel: response = a x spend ** b.

    Definition: "nonlinear" is least squares of the response itself and keeps days without any; "log_log" is a straight line
    through the logarithms and has to leave them out, which bends b downwards where responses are few. The interval is
    Student's t on the standard error of b.

    Where it misleads: spend is not assigned by chance. It is raised on days that would have been good anyway, and b then comes
    out too high. Neighbouring days resemble each other, so that the interval is too short.

    Parameters
    ----------
    spend : spend of each day, week or region, not negative, at least three different values.
    response : what came of it (installs, revenue), not negative.
    method : "nonlinear" or "log_log".
    confidence : of the interval of b, a fraction.

    Returns
    -------
    ResponseCurve

    Raises
    ------
    ArgumentError : fewer than three different spends above 0, a negative or missing number, no response, a fit that fails.

    Source: the constant-elasticity response function (Little, 1979); TP07 of the simulated company.

    Examples
    --------
    >>> curve = response_fit(spend=[100, 400, 900, 1600], response=[20, 40, 60, 80])
    >>> round(curve.a, 3), round(curve.b, 3)
    (2.0, 0.5)
    """
    from scipy import optimize, stats

    one_of(method, ("nonlinear", "log_log"), "method")
    fraction(confidence, "confidence")
    spend, response = np.atleast_1d(array(spend, "spend", least=0)), np.atleast_1d(array(response, "response", least=0))
    if spend.shape != response.shape:
        raise ArgumentError(f"Each spend needs its response, but there are {spend.size} and {response.size}.")
    positive = (spend > 0) & (response > 0)
    if len(np.unique(spend[positive])) < 3:
        raise ArgumentError("A curve needs a response at three different spends at least; give more days, or other ones.")
    line = stats.linregress(np.log(spend[positive]), np.log(response[positive]))
    a, b, error, rest = np.exp(line.intercept), line.slope, line.stderr, positive.sum() - 2
    if method == "nonlinear":
        # Spend and response in units of their own size, so that both parameters are near 1.
        unit, size = spend.mean(), response.mean()
        start = (a * unit**b / size, b)
        try:
            (scale, b), spread = optimize.curve_fit(lambda x, k, power: k * x**power, spend / unit, response / size, p0=start)
        except RuntimeError as failure:
            raise ArgumentError(f"No curve a x spend ** b fits: {failure}") from failure
        a, error, rest = scale * size / unit**b, np.sqrt(spread[1, 1]), len(spend) - 2
    margin = stats.t.ppf((1 + confidence) / 2, rest) * error
    return ResponseCurve(float(a), float(b), float(b - margin), float(b + margin))


def allocate(
    curves: Mapping[str, ResponseCurve],
    budget: float,
    *,
    value: float | Mapping[str, float] = 1.0,
    at_least: float | Mapping[str, float] = 0.0,
    at_most: float | Mapping[str, float] = float("inf"),
) -> pd.DataFrame:
    """Split a budget so that the response is worth most.

    Definition: the spends that maximise the sum of value x a x spend ** b, add up to the budget and keep to the limits.
    Inside the limits all channels then have the same marginal return; a channel at its upper limit has a higher one, at its
    lower limit a lower one. Equal *average* returns, the usual rule, are not the best.

    Parameters
    ----------
    curves : channel -> its `ResponseCurve`, with 0 < b < 1.
    budget : to be spent completely.
    value : worth of one unit of response, for all channels or by channel.
    at_least, at_most : limits of the spend, for all channels or by channel.

    Returns
    -------
    pandas frame, one row for each channel: channel, spend, response, average (value of the response by spend), marginal
    (value of the next unit of spend), limit ("none", "at_least" or "at_most").

    Raises
    ------
    ArgumentError : no curve, b outside (0, 1), a budget that is not positive or that the limits do not allow.

    Source: the equal-marginal rule (Dorfman and Steiner, 1954); M04 of the course's topics.

    Examples
    --------
    >>> curves = {"search": ResponseCurve(2, 0.5, 0.4, 0.6), "video": ResponseCurve(4, 0.5, 0.4, 0.6)}
    >>> allocate(curves, 1000)[["channel", "spend", "marginal"]].round(3)
      channel  spend  marginal
    0  search  200.0     0.071
    1   video  800.0     0.071
    """
    if not (isinstance(curves, Mapping) and curves and all(isinstance(curve, ResponseCurve) for curve in curves.values())):
        raise ArgumentError(f"curves is {curves!r}; give a `ResponseCurve` for each of one channel or more.")
    budget = number(budget, "budget")
    a, b = (np.array([getattr(curve, name) for curve in curves.values()], dtype=float) for name in "ab")
    for channel, curve in curves.items():
        if not (0 < curve.b < 1 and curve.a > 0):
            raise ArgumentError(
                f"The curve of {channel!r} has a = {curve.a:g} and b = {curve.b:g}; a split by marginal returns needs a > 0 and"
                " 0 < b < 1 (diminishing returns)."
            )
    worth = _by_channel(value, "value", curves)
    low, limit = _by_channel(at_least, "at_least", curves), _by_channel(at_most, "at_most", curves)
    if not ((worth > 0) & (worth < np.inf)).all():
        raise ArgumentError("value must be above 0 for every channel; leave out a channel whose response is worth nothing.")
    slack = 1e-9 * budget  # three thirds of a budget need not add up to it exactly
    fits = (low >= 0).all() and (low <= limit).all() and low.sum() <= budget + slack and budget <= limit.sum() + slack
    if not (budget > 0 and fits):
        raise ArgumentError(
            f"A budget of {budget!r} does not fit the limits: together at least {low.sum():g}, at most {limit.sum():g}."
        )
    spend = _equal_marginal(worth * a * b, b, budget, low, np.minimum(limit, budget))

    gain = worth * a * spend**b
    with np.errstate(divide="ignore"):
        marginal = worth * a * b * spend ** (b - 1)
    at = np.select([spend >= limit, (spend <= low) & (low > 0)], ["at_most", "at_least"], "none")
    columns = {"spend": spend, "response": gain / worth, "average": ratio(gain, spend), "marginal": marginal, "limit": at}
    return pd.DataFrame({"channel": list(curves), **columns})


def _equal_marginal(slope: np.ndarray, b: np.ndarray, budget: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The spends within the limits that add up to the budget and have one marginal return where they are free."""
    from scipy import optimize

    if low.sum() >= budget or high.sum() <= budget:
        return low if low.sum() >= budget else high

    def spend_at(log_marginal: float) -> np.ndarray:
        """What each channel spends until its marginal return has come down to this."""
        log_spend = (np.log(slope) - log_marginal) / (1 - b)
        return np.clip(np.exp(np.minimum(log_spend, np.log(budget) + 1)), low, high)

    alone = np.log(slope) - (1 - b) * np.log(budget)  # log marginal return of a channel that gets everything
    flat, steep = alone.min() - 1, alone.max() + 1
    while spend_at(steep).sum() > budget:
        steep += 1 + abs(steep)
    spend = spend_at(optimize.brentq(lambda level: spend_at(level).sum() - budget, flat, steep, xtol=1e-14))
    free = (spend > low) & (spend < high)
    if free.any():  # what the solver's tolerance left over
        spend[free] *= (budget - spend[~free].sum()) / spend[free].sum()
    return spend


def _by_channel(value: Any, argument: str, curves: Mapping[str, ResponseCurve]) -> np.ndarray:
    """One number for each channel, from one for all or a mapping."""
    if not isinstance(value, Mapping):
        value = dict.fromkeys(curves, value)
    if set(value) != set(curves):
        raise ArgumentError(f"{argument} names {sorted(map(str, value))}, but the channels are {sorted(map(str, curves))}.")
    try:
        numbers = np.array([float(value[channel]) for channel in curves])
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ArgumentError(f"{argument} holds something that is not a number: {error}.") from error
    if np.isnan(numbers).any():
        raise ArgumentError(f"{argument} holds a missing number; give one for each channel.")
    array(numbers[np.isfinite(numbers)], argument)
    return numbers
