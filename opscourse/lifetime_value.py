"""What a customer will still be worth where nobody cancels: buy-till-you-die models, and the simple forms beside them.

BG/NBD says how often, Gamma-Gamma how much at a time. Times are in days.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.eventlog import purchases
from opscourse.frames import Source
from opscourse.periods import CENTURY, duration
from opscourse.values import array, number, together, whole_number

__all__ = ["BgNbd", "GammaGamma", "bg_nbd", "clv", "clv_summary", "gamma_gamma", "ltv_from_retention"]

HOLE = 1e-6  # so close to a removable singularity of the expectation rounding decides
LARGEST = 7  # of the absolute logarithm of a parameter, in units of the data: beyond it customers are all alike
SMALLEST = 1e-100  # amount: what is below it has no logarithm beside usual ones


def clv_summary(
    orders: Any,
    *,
    observed_until: str | dt.date | None = None,
    user_col: str = "user_id",
    timestamp_col: str = "ts",
    amount_col: str = "net_cny",
) -> Any:
    """What buy-till-you-die models need to know of each customer.

    Definition: an occasion is a day with at least one order. repeats (x) = occasions after the first; first_to_last_days (t_x)
    = days from the first to the last; age_days (T) = days from the first to observed_until; repeat_value = mean amount of the
    repeats, the first occasion left out. This is the summary of the packages lifetimes and BTYD, which call them frequency,
    recency, T and monetary_value. Mind the name: their recency is not that of `rfm`, the days since the last order.

    Parameters
    ----------
    orders : frame with one row for each order, in any order; leave out beforehand what should not count.
    observed_until : last day that is completely observed, later orders do not exist yet; default: the day of the last order.
    user_col, timestamp_col : names of the columns.
    amount_col : what an order was worth, in any currency, not negative.

    Returns
    -------
    frame of the same kind, one row for each customer, sorted: user_col, repeats, first_to_last_days, age_days, repeat_value
    (currency of amount_col, rounded to 4 decimals; empty without a repeat).

    Raises
    ------
    ArgumentError : a missing column, an empty key or amount, a negative amount, no order until observed_until.

    Source: Fader, Hardie and Lee (2005a), "Counting your customers" the easy way, Marketing Science 24.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"user_id": [1, 1, 1, 2], "net_cny": [10.0, 20.0, 5.0, 9.0]})
    >>> orders["ts"] = pd.to_datetime(["2025-06-01 09:00", "2025-06-21 10:00", "2025-06-21 22:00", "2025-06-29 12:00"])
    >>> clv_summary(orders, observed_until="2025-06-30")
       user_id  repeats  first_to_last_days  age_days  repeat_value
    0        1        1                  20        29          25.0
    1        2        0                   0         1           NaN
    """
    source, bought, until = purchases(orders, observed_until, "observed_until", user_col, timestamp_col, amount_col)
    days = bought.group_by("_user", "_day").agg(nw.col("_amount").sum())
    days = days.with_columns(_first=nw.col("_day").min().over("_user"))
    again = nw.col("_day") > nw.col("_first")
    days = days.with_columns(_again=again.cast(nw.Int64), _repeated=nw.when(again).then(nw.col("_amount")).otherwise(0.0))
    customers = days.group_by("_user", "_first").agg(nw.col("_day").max(), nw.col("_again", "_repeated").sum())
    return source.answer(
        customers.select(
            nw.col("_user").alias(user_col),
            nw.col("_again").cast(nw.Int64).alias("repeats"),
            (nw.col("_day") - nw.col("_first")).cast(nw.Int64).alias("first_to_last_days"),
            (nw.lit(until) - nw.col("_first")).cast(nw.Int64).alias("age_days"),
            nw.when(nw.col("_again") > 0).then(nw.col("_repeated") / nw.col("_again")).round(4).alias("repeat_value"),
        ).sort(user_col)
    )


@dataclass(frozen=True)
class BgNbd:
    """Customers who buy at a rate of their own until, after some purchase, they silently stop.

    A customer buys at random with a rate that is Gamma(r, alpha) over the customers, and stops after each purchase with a
    probability that is Beta(a, b) over them. Methods take numbers, arrays or Series, as in `clv_summary`, and answer in the
    same form; without a history they speak of a new customer on the first day.

    Attributes
    ----------
    r, alpha, a, b : the parameters; alpha in days, the mean rate is r / alpha a day, the mean probability a / (a + b).
    log_likelihood : of the customers it was fitted to.

    Examples
    --------
    >>> model = BgNbd(r=0.243, alpha=4.414 * 7, a=0.793, b=2.426)
    >>> round(model.expected_purchases("273d", repeats=2, first_to_last_days=213, age_days=272), 3)
    1.226
    >>> round(model.probability_alive(repeats=2, first_to_last_days=213, age_days=272), 3)
    0.727
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")

    def probability_alive(self, repeats: Any = 0, first_to_last_days: Any = 0, age_days: Any = 0) -> Any:
        """Probability that a customer with this history has not stopped; 1 before the first repeat, by the model."""
        x, last, age, form = _histories(repeats, first_to_last_days, age_days)
        return form(self._alive(x, last, age))

    def expected_purchases(
        self, horizon: str | dt.timedelta, repeats: Any = 0, first_to_last_days: Any = 0, age_days: Any = 0
    ) -> Any:
        """Expected days with an order in the horizon ("90d") that begins at age_days."""
        x, last, age, form = _histories(repeats, first_to_last_days, age_days)
        return form(self._expected(duration(horizon, "horizon") / dt.timedelta(days=1), x, last, age))

    def _alive(self, x: np.ndarray, last: np.ndarray, age: np.ndarray) -> np.ndarray:
        from scipy.special import expit

        stopped = np.log(self.a / (self.b + np.maximum(x, 1) - 1))
        stopped = stopped + (self.r + x) * np.log((self.alpha + age) / (self.alpha + last))
        return np.where(x > 0, expit(-stopped), 1.0)

    def _expected(self, days: float, x: np.ndarray, last: np.ndarray, age: np.ndarray) -> np.ndarray:
        from scipy.special import hyp2f1

        a, offset = self.a, self.r - self.a
        if min(abs(a - 1), abs(offset - round(offset))) < HOLE:  # the second: of 2F1 in scipy
            a += 2 * HOLE
        c, z = a + self.b + x - 1, days / (self.alpha + age + days)
        # Euler's transformation of the published 2F1(r + x, b + x; c; z), which overflows for good customers.
        rest = (1 - z) ** (a - 1) * hyp2f1(a - 1, a + self.b - 1 - self.r, c, z)
        return c / (a - 1) * (1 - rest) * self._alive(x, last, age)


def bg_nbd(repeats: Any, first_to_last_days: Any, age_days: Any) -> BgNbd:
    """Fit how often customers buy and how soon they silently stop: the BG/NBD model.

    Definition: the parameters of `BgNbd` with the largest likelihood of all histories: equation 6 of the source, summed over
    customers, without a penalty. They agree with the archived package lifetimes to 1e-3.

    Where it misleads: a customer without a repeat counts as alive with certainty, since one can stop only after a repeat; and
    season, price and age of the customer play no part.

    Parameters
    ----------
    repeats, first_to_last_days, age_days : one number for each customer, as in `clv_summary`; at least one has a repeat.

    Returns
    -------
    BgNbd

    Raises
    ------
    ArgumentError : impossible histories, nobody with a repeat, or customers who do not tell the parameters (all alike, or too
        few); lengths or indexes that do not match.

    Source: Fader, Hardie and Lee (2005a), Marketing Science 24, 275-284.

    Examples
    --------
    >>> repeats, last, age = [0, 0, 0, 1, 1, 2, 4, 9], [0, 0, 0, 5, 150, 30, 160, 190], [200, 190, 180, 170, 160, 200, 190, 200]
    >>> model = bg_nbd(repeats, last, age)
    >>> round(model.log_likelihood, 2)
    -86.97
    """
    x, last, age, _ = _histories(repeats, first_to_last_days, age_days)
    if not x.size or not x.any():
        raise ArgumentError(f"None of {x.size:,} customers has a repeat; a rate of buying again needs some.")
    unit = float(age.mean())
    histories, customers = np.unique(np.stack([x, last / unit, age / unit]), axis=1, return_counts=True)
    log_likelihood, (r, alpha, a, b) = _most_likely(_bg_nbd, histories, customers, ("r", "alpha", "a", "b"))
    return BgNbd(r, alpha * unit, a, b, log_likelihood - float(x.sum() * np.log(unit)))


def _bg_nbd(parameters: np.ndarray, x: np.ndarray, last: np.ndarray, age: np.ndarray) -> np.ndarray:
    """Log-likelihood of each history."""
    from scipy.special import betaln, gammaln

    r, alpha, a, b = parameters
    bought = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    alive = -(r + x) * np.log(alpha + age)
    stopped = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + last)
    return bought + np.where(x > 0, np.logaddexp(alive, stopped), alive)


@dataclass(frozen=True)
class GammaGamma:
    """How much a customer spends at a time, if it has nothing to do with how often.

    Amounts of one customer are Gamma(p, nu), and nu is Gamma(q, v) over the customers.

    Attributes
    ----------
    p, q, v : the parameters; v in currency, the mean over customers is p v / (q - 1).
    log_likelihood : of the customers it was fitted to.

    Examples
    --------
    >>> spend = GammaGamma(p=6.25, q=3.74, v=15.44)
    >>> round(spend.expected_value(), 2), round(spend.expected_value(repeats=2, repeat_value=22.35), 2)
    (35.22, 24.66)
    """

    p: float
    q: float
    v: float
    log_likelihood: float = float("nan")

    def expected_value(self, repeats: Any = 0, repeat_value: Any = 0) -> Any:
        """Expected amount at a time: between the customer's own mean and that of all; infinite where the model has no mean."""
        (x, mean), form = together(repeats=repeats, repeat_value=repeat_value, least={"repeats": 0, "repeat_value": 0})
        weight = self.p * x + self.q - 1
        amount = self.p * (self.v + np.where(x > 0, x * mean, 0.0))
        none = np.where(np.isnan(weight + amount), np.nan, np.inf)
        return form(np.divide(amount, weight, out=none, where=weight > 0))


def gamma_gamma(repeats: Any, repeat_value: Any) -> GammaGamma:
    """Fit how much customers spend at a time: the Gamma-Gamma model.

    Definition: the parameters of `GammaGamma` with the largest likelihood of the mean amounts of all customers with a repeat.
    They agree with the archived package lifetimes to 1e-3.

    Where it misleads: it assumes that amount and frequency have nothing to do with each other: look at their correlation first.

    Parameters
    ----------
    repeats, repeat_value : one number for each customer, as in `clv_summary`; those without a repeat are left out.

    Returns
    -------
    GammaGamma

    Raises
    ------
    ArgumentError : fewer than two customers with a repeat, an amount that is not positive, or customers who do not tell the
        parameters (all alike, or too few); lengths or indexes that do not match.

    Source: Fader, Hardie and Lee (2005b), RFM and CLV, Journal of Marketing Research 42, 415-430.

    Examples
    --------
    >>> spend = gamma_gamma(repeats=[0, 1, 2, 3, 5, 8], repeat_value=[None, 20.0, 80.0, 35.0, 60.0, 25.0])
    >>> round(spend.expected_value(repeats=2, repeat_value=80.0), 1)
    67.9
    """
    (x, mean), _ = together(repeats=repeats, repeat_value=repeat_value, least={"repeats": 0})
    x, mean = np.atleast_1d(*np.broadcast_arrays(x, mean))
    x, mean = x[x != 0], mean[x != 0]
    if x.size < 2:
        raise ArgumentError(f"{x.size} customers have a repeat; how amounts differ needs at least two.")
    wrong = ~((mean > SMALLEST) & (x == np.floor(x)))
    if wrong.any():
        raise ArgumentError(
            f"repeats must be whole and repeat_value positive where there are any, but {wrong.sum():,} of {wrong.size:,} are"
            f" not, for example {x[wrong][0]:g} of {mean[wrong][0]:g}; leave them out, or count gifts as no order."
        )
    unit = float(mean.mean())
    log_likelihood, (p, q, v) = _most_likely(_gamma_gamma, np.stack([x, mean / unit]), np.ones(x.size), ("p", "q", "v"))
    return GammaGamma(p, q, v * unit, log_likelihood - x.size * float(np.log(unit)))


def _gamma_gamma(parameters: np.ndarray, x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Log-likelihood of each customer's mean amount."""
    from scipy.special import betaln

    p, q, v = parameters
    total = x * mean
    return -betaln(p * x, q) + q * np.log(v / (v + total)) + p * x * np.log(total / (v + total)) - np.log(mean)


def _most_likely(
    log_likelihood: Callable[..., np.ndarray], data: np.ndarray, weights: np.ndarray, names: tuple[str, ...]
) -> tuple[float, list[float]]:
    """The largest log-likelihood, and the parameters, all positive, that have it."""
    from scipy.optimize import minimize

    size = weights.sum()
    found = minimize(
        lambda logs: -(weights @ log_likelihood(np.exp(logs), *data)) / size,
        np.zeros(len(names)),
        method="L-BFGS-B",
        bounds=[(-LARGEST, LARGEST)] * len(names),
        options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 1000},
    )
    at_border = [name for name, log in zip(names, found.x, strict=True) if abs(log) > LARGEST - 0.01]
    if at_border or not np.isfinite(found.fun):
        raise ArgumentError(
            f"These {size:,.0f} customers do not tell {' and '.join(at_border) or 'the parameters'} of the model: the"
            " likelihood has no maximum. They are too few, or all alike."
        )
    return float(-found.fun * size), np.exp(found.x).tolist()


def _histories(repeats: Any, first_to_last_days: Any, age_days: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, Callable]:
    """The three as arrays of one shape, checked to be possible, and the function that gives a result their form."""
    given = {"repeats": repeats, "first_to_last_days": first_to_last_days, "age_days": age_days}
    numbers, form = together(**given, least=dict.fromkeys(given, 0))
    x, last, age = np.broadcast_arrays(*numbers)
    wrong = ~((x == np.floor(x)) & (last <= age) & ((last > 0) == (x > 0)))
    if wrong.any():
        raise ArgumentError(
            f"{wrong.sum():,} of {wrong.size:,} histories are impossible, for example {x[wrong][0]:g} repeats with the last"
            f" {last[wrong][0]:g} days after the first order at an age of {age[wrong][0]:g} days; repeats are whole, without"
            " one the last order is the first, and none comes after age_days. `clv_summary` makes histories from orders."
        )
    return x, last, age, form


def clv(
    summary: Any,
    purchases: BgNbd,
    spend: GammaGamma,
    horizon: str | dt.timedelta = "365d",
    *,
    margin: float = 1.0,
    discount: float = 0.0,
) -> Any:
    """Expected value of each customer's future orders within a horizon.

    Definition: clv = margin x expected_value x sum over months of 30 days (the last may be shorter) of the purchases expected
    in it / (1 + discount) ** (days until its end / 365). Counted from age_days on: what was bought before is not in it.

    Where it misleads: it is a mean, not a forecast of one person; and it says what customers will bring, not what a campaign
    would add.

    Parameters
    ----------
    summary : result of `clv_summary`, or some of its rows.
    purchases, spend : the fitted models.
    horizon : how long to count, for example "365d".
    margin : share of an amount that is margin, a fraction.
    discount : yearly rate at which later money is worth less, a fraction from 0.

    Returns
    -------
    the same frame with probability_alive, expected_purchases (in the horizon), expected_value (currency for each) and clv
    (currency) at its end.

    Raises
    ------
    ArgumentError : a missing column, an impossible history, a horizon without unit, a negative discount, a margin
        that is no number.

    Source: Fader, Hardie and Lee (2005b), equation 2 with BG/NBD instead of Pareto/NBD; M17 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> summary = pd.DataFrame({"repeats": [2], "first_to_last_days": [213], "age_days": [272], "repeat_value": [22.35]})
    >>> models = BgNbd(0.243, 30.898, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44)
    >>> clv(summary, *models, horizon="273d", discount=0.1)["clv"].round(2).tolist()
    [29.13]
    """
    if not (isinstance(purchases, BgNbd) and isinstance(spend, GammaGamma)):
        kinds = f"{type(purchases).__name__} and {type(spend).__name__}"
        raise ArgumentError(f"purchases and spend are {kinds}; give the results of `bg_nbd` and `gamma_gamma`.")
    margin, discount, days = (
        number(margin, "margin"),
        number(discount, "discount", least=0),
        duration(horizon, "horizon") / dt.timedelta(days=1),
    )
    if days > CENTURY:
        raise ArgumentError(f"horizon is {horizon!r}; give at most {CENTURY:,} days.")
    columns = ("repeats", "first_to_last_days", "age_days")
    source = Source(summary=summary)
    source.read("summary", number={name: name for name in columns}, keep=["repeat_value"])
    rows = source.collect(source.whole("summary").lazy())
    kind = rows.schema["repeat_value"]
    if not (kind.is_numeric() or isinstance(kind, nw.Object) or rows["repeat_value"].is_null().all()):
        raise ArgumentError(f"Column 'repeat_value' of summary holds {kind}, not numbers.", column="repeat_value")
    x, last, age, _ = _histories(*(rows[name].cast(nw.Float64).to_numpy() for name in columns))
    value = spend.expected_value(x, array(pd.Series(rows["repeat_value"].to_numpy()), "repeat_value", missing=True))
    ends = np.append(np.arange(30, days, 30), days) if discount else [days]
    expected, worth = np.zeros(len(x)), np.zeros(len(x))
    for end in ends:
        before, expected = expected, purchases._expected(end, x, last, age)
        worth += (expected - before) / (1 + discount) ** (end / 365)
    added = {
        "probability_alive": purchases._alive(x, last, age),
        "expected_purchases": expected,
        "expected_value": value,
        "clv": margin * value * worth,
    }
    series = (nw.new_series(name, numbers, nw.Float64, backend=rows.implementation) for name, numbers in added.items())
    return source.answer(rows.with_columns(*series))


def ltv_from_retention(margin: Any, retention: Any, *, discount: Any = 0.0, periods: int | None = None) -> Any:
    """Lifetime value of a customer who stays with the same probability each period: the formula of the textbooks.

    Definition: sum over k from 0 of margin x (retention / (1 + discount)) ** k, so the first margin comes at once and whole;
    without an end margin / (1 - retention / (1 + discount)), which without a discount is margin / churn. Other books let the
    first margin come after a period, which is less by one margin.

    Where it misleads: in fact the customers who would leave leave first, so that retention rises with age. With the mean
    retention of young customers the result is too low, with that of old ones far too high.

    Parameters
    ----------
    margin : margin of a customer in a period, in any currency.
    retention : probability of staying for the next period, a fraction.
    discount : rate of a period at which later money is worth less, a fraction from 0.
    periods : how many periods to count; None for all.

    Returns
    -------
    currency of margin for each customer, as number, array or Series; missing where the sum has no end.

    Raises
    ------
    ArgumentError : a retention outside 0 to 1, a negative discount, periods that are not a whole number from 1.

    Source: Gupta and Lehmann, Managing Customers as Investments (2005); M17 of the course's topics.

    Examples
    --------
    >>> ltv_from_retention(margin=10, retention=0.75)
    40.0
    >>> ltv_from_retention(margin=10, retention=0.75, periods=2)
    17.5
    """
    if periods is not None:
        whole_number(periods, "periods")
    (margin, retention, discount), form = together(
        margin=margin, retention=retention, discount=discount, least={"retention": 0, "discount": 0}
    )
    wrong = retention > 1
    if wrong.any():
        raise ArgumentError(f"retention must be a fraction from 0 to 1, but one is {retention[wrong][0]:g}.")
    kept = retention / (1 + discount)
    with np.errstate(divide="ignore", invalid="ignore"):
        if periods is None:
            return form(np.where(kept < 1, margin / (1 - kept), np.nan))
        return form(margin * np.where(kept < 1, (1 - kept**periods) / (1 - kept), periods))
