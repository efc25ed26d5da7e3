"""Measures of controlled experiments (A/B tests), as far as statsmodels and scipy do not have them.

statsmodels has the test of two proportions (`proportions_ztest`), its interval (`confint_proportions_2indep`), the units it
needs (`samplesize_proportions_2indep_onetail`), its power (`power_proportions_2indep`) and Holm's correction (`multipletests`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError
from opscourse.frames import Source, names
from opscourse.growth import cells
from opscourse.sequential import RatePosterior, beta_binomial, peeking, sequential_interval
from opscourse.values import EDGE, array, fraction, named, ratio, together

__all__ = ["RatePosterior", "beta_binomial", "cuped", "detectable", "peeking", "ratio_metric", "sequential_interval", "srm"]

COMPARISON = ("units", "control", "treatment", "difference", "standard_error", "low", "high", "p_value")


def srm(units: Any, planned: Any = None) -> tuple[float, float]:
    """Sample-ratio mismatch: were the units sent to the arms in the planned shares?

    Definition: chi-square = sum over the arms of (units - expected)² / expected, with expected = planned share x all units, on
    arms - 1 degrees of freedom. A small p-value (below 0.001 is usual, since it is asked of every test) says that assignment or
    logging is broken: no other result of the test is to be read before it is explained, however small the mismatch looks.

    Parameters
    ----------
    units : number of units in each arm: a mapping or Series by arm, such as `assignments["arm"].value_counts()`, or a list.
    planned : share of each arm, in the same form and in any scale; None: all the same.

    Returns
    -------
    chi-square, p-value.

    Raises
    ------
    ArgumentError : fewer than two arms, no units, a planned share that is not above 0, arms that do not match.

    Source: Pearson (1900), computed by scipy; Fabijan et al. (2019). Agrees with tea-tasting's SampleRatio without correction.

    Examples
    --------
    >>> chi_square, p_value = srm({"control": 4242, "one_page": 3758})
    >>> round(chi_square, 1), p_value < 0.001
    (29.3, True)
    """
    from scipy import stats

    units = named(units, "units")
    planned = pd.Series(1.0, index=units.index) if planned is None else named(planned, "planned")
    if set(units.index) != set(planned.index):
        raise ArgumentError(f"units has the arms {list(units.index)}, planned has {list(planned.index)}; give both the same.")
    count, share = array(units, "units", least=0), array(planned.reindex(units.index), "planned", least=0)
    if len(count) < 2 or not count.sum() > 0 or not (share > EDGE * share.sum()).all():
        raise ArgumentError(
            f"{len(count)} arms with {count.sum():g} units and planned shares of {share.tolist()}; give two arms or more, with"
            " units, each with a share above 0."
        )
    return tuple(map(float, stats.chisquare(count, count.sum() * (share / share.sum()))))


def cuped(
    units: Any,
    metric_col: str,
    covariate_col: str,
    *,
    arm_col: str = "arm",
    control: Any = "control",
    confidence: float = 0.95,
) -> Any:
    """Difference of two means with less noise: CUPED takes out what was known of each unit before the test.

    Definition: adjusted = metric - theta x (covariate - its mean), with theta = covariance of metric and covariate / variance
    of the covariate over both arms together; then Welch's t-test of the adjusted values. variance_removed = 1 - the squared
    standard error / that without adjustment, about the squared correlation.

    Where it misleads: the covariate must be older than the assignment. One that the treatment can change takes part of the
    effect out with the noise.

    Parameters
    ----------
    units : frame with one row for each unit that was assigned.
    metric_col : what was measured during the test.
    covariate_col : what was known before it, mostly the same metric; 0 for units without a past, never empty.
    arm_col : column with the arm; each arm is compared with the control.
    control : name of the control arm.
    confidence : of the interval, a fraction.

    Returns
    -------
    frame of the same kind, one row for each other arm, sorted: arm_col, units (of both), control and treatment (adjusted
    means), difference, standard_error, low, high (in units of the metric), p_value, variance_removed (a fraction; negative if
    it was of no use). Empty where nothing varies.

    Raises
    ------
    ArgumentError : a missing column, an empty or infinite number, no such control, one arm alone or with fewer than two units.

    Source: Deng, Xu, Kohavi and Walker (2013). Agrees with tea-tasting's Mean with a covariate: theta over both arms, unequal
    variances, Student's t.

    Examples
    --------
    >>> units = pd.DataFrame({"arm": ["control", "new"] * 3, "before": [1, 2, 3, 4, 5, 6], "minutes": [2, 5, 5, 9, 8, 14]})
    >>> cuped(units, "minutes", "before")[["units", "difference", "standard_error", "variance_removed"]].round(2)
       units  difference  standard_error  variance_removed
    0      6        2.25            0.72              0.95
    """
    source, rows, facts = _read(units, arm_col, metric_col, covariate_col, confidence, (*COMPARISON, "variance_removed"))
    low, size = facts["min__a"], (facts["max__a"] - facts["min__a"]) or 1.0
    past, past_size = facts["min__b"], (facts["max__b"] - facts["min__b"]) or 1.0
    rows = rows.with_columns(_a=(nw.col("_a") - low) / size, _b=(nw.col("_b") - past) / past_size)  # from 0 to 1: no overflow
    labels, zero, arms = _sums(source, rows, arm_col, control)

    _, _, mean, _, covariance, variance = _moments(zero + arms)  # of both arms together
    theta = np.nan_to_num(ratio(covariance, variance))

    def adjusted(sums: np.ndarray) -> tuple[np.ndarray, ...]:
        n, metric, covariate, spread, together, past_spread = _moments(sums)
        return n, metric - theta * (covariate - mean), spread - 2 * theta * together + theta**2 * past_spread

    columns = _welch(adjusted(zero), adjusted(arms), confidence, size, low)
    before = sum(moments[3] / moments[0] for moments in map(_moments, (zero, arms)))
    columns["variance_removed"] = 1 - ratio((columns["standard_error"] / size) ** 2, before)
    return _answer(source, labels, columns)


def ratio_metric(
    units: Any,
    numerator_col: str,
    denominator_col: str,
    *,
    arm_col: str = "arm",
    control: Any = "control",
    unit_col: str | None = None,
    confidence: float = 0.95,
) -> Any:
    """Difference between two arms of a rate whose denominator is chance too: orders per session, clicks per page.

    Definition: each arm's value is its sum of numerators / sum of denominators. The variance is the delta method's over the
    units that were assigned: variance of (numerator - value x denominator) / (units x mean denominator²); then Welch's t-test.
    Sessions of one user resemble each other: a test that counts sessions instead of users finds effects that are not there.

    Parameters
    ----------
    units : frame with one row or more for each unit that was assigned.
    numerator_col : amounts, for example orders.
    denominator_col : amounts, not negative, for example sessions.
    arm_col : column with the arm; each arm is compared with the control.
    control : name of the control arm.
    unit_col : column with the unit that was assigned: its rows are added up first; None: each row is a unit of its own.
    confidence : of the interval, a fraction.

    Returns
    -------
    frame of the same kind, one row for each other arm, sorted: arm_col, units (of both), control and treatment (ratios),
    difference, standard_error, low, high (in units of the ratio), p_value. Empty where a denominator is 0 or nothing varies.

    Raises
    ------
    ArgumentError : as `cuped`; a negative denominator, a unit in two arms.

    Source: Deng, Knoblich and Lu (2018). Agrees with tea-tasting's RatioOfMeans: unequal variances, Student's t.

    Examples
    --------
    >>> users = pd.DataFrame({"arm": ["control", "new"] * 3, "orders": [0, 1, 1, 2, 1, 2], "sessions": [4, 2, 2, 5, 4, 3]})
    >>> ratio_metric(users, "orders", "sessions")[["control", "treatment", "difference", "standard_error"]].round(3)
       control  treatment  difference  standard_error
    0      0.2        0.5         0.3           0.152
    """
    source, rows, facts = _read(units, arm_col, numerator_col, denominator_col, confidence, COMPARISON, unit_col)
    if facts["min__b"] < 0:
        raise ArgumentError(f"Column {denominator_col!r} of units goes down to {facts['min__b']:g}; none may be negative.")
    size, below = max(abs(facts["min__a"]), abs(facts["max__a"])) or 1.0, facts["max__b"] or 1.0
    rows = rows.with_columns(_a=nw.col("_a") / size, _b=nw.col("_b") / below)  # up to 1: no overflow
    if unit_col is not None:
        rows = rows.group_by("_arm", "_unit").agg(nw.col("_a", "_b").sum())
        often = rows.group_by("_unit").agg(nw.len().alias("arms")).filter(nw.col("arms") > 1)
        if len(often := source.collect(often.sort("_unit"))):
            example = f"{unit_col} {often['_unit'][0]}"
            raise ArgumentError(f"{len(often):,} units are in more than one arm, for example {example}; leave them out first.")
    labels, zero, arms = _sums(source, rows, arm_col, control)

    def rate(sums: np.ndarray) -> tuple[np.ndarray, ...]:
        n, above, under, spread, together, under_spread = _moments(sums)
        value = ratio(above, under)
        return n, value, ratio(spread - 2 * value * together + value**2 * under_spread, under**2)

    with np.errstate(over="ignore", invalid="ignore"):  # a rate beyond all numbers has an empty interval
        return _answer(source, labels, _welch(rate(zero), rate(arms), confidence, size / below))


def _read(
    units: Any, arm_col: str, first: str, second: str, confidence: float, result: Sequence[str], unit_col: str | None = None
) -> tuple[Source, nw.LazyFrame, dict[str, Any]]:
    """The rows of a test as `_arm`, `_a`, `_b` and, if there is one, `_unit`."""
    fraction(confidence, "confidence")
    names(arm_col, "arm_col", result)
    source = Source(units=units)
    key = {"_arm": arm_col} | ({"_unit": unit_col} if unit_col is not None else {})
    return source, *source.read("units", key=key, number={"_a": first, "_b": second})


def _sums(source: Source, rows: nw.LazyFrame, arm_col: str, control: Any) -> tuple[nw.DataFrame, np.ndarray, np.ndarray]:
    """The names of the arms beside the control, its sums (n, a, b, aa, ab, bb), and theirs, one row each."""
    a, b = nw.col("_a"), nw.col("_b")
    rows = rows.with_columns(_n=nw.lit(1.0), _aa=a * a, _ab=a * b, _bb=b * b)
    total = nw.col("_n", "_a", "_b", "_aa", "_ab", "_bb").sum()
    sums = source.collect(rows.group_by("_arm").agg(total).sort("_arm"))
    arms = sums["_arm"].to_list()
    if not isinstance(control, Hashable) or control not in arms or len(arms) < 2:
        raise ArgumentError(
            f"Column {arm_col!r} of units has the arms {arms}; it needs the control {control!r} and at least one other arm."
        )
    numbers = sums.drop("_arm").to_numpy().astype(float)
    if (numbers[:, 0] < 2).any():
        few = arms[int(numbers[:, 0].argmin())]
        raise ArgumentError(f"Arm {few!r} of units has one unit only; a spread needs two.")
    others = [at for at, arm in enumerate(arms) if arm != control]
    return sums[others].select(nw.col("_arm").alias(arm_col)), numbers[[arms.index(control)]], numbers[others]


def _moments(sums: np.ndarray) -> tuple[np.ndarray, ...]:
    """Number, means of a and b, variance of a, covariance, variance of b."""
    n, a, b, aa, ab, bb = sums.T
    return n, a / n, b / n, *((square - product / n) / (n - 1) for square, product in ((aa, a * a), (ab, a * b), (bb, b * b)))


def _welch(
    control: tuple[np.ndarray, ...], treatment: tuple[np.ndarray, ...], confidence: float, unit: float, origin: float = 0.0
) -> dict[str, np.ndarray]:
    """Welch's comparison of n, value and variance of two arms; values and differences in the unit they came from."""
    from scipy import stats

    (n0, value0, variance0), (n1, value1, variance1) = control, treatment
    own0, own1 = np.maximum(variance0, 0) / n0, np.maximum(variance1, 0) / n1  # below 0 by rounding only
    difference, error = value1 - value0, np.sqrt(own0 + own1)
    freedom = ratio((own0 + own1) ** 2, own0**2 / (n0 - 1) + own1**2 / (n1 - 1))
    margin = stats.t.ppf((1 + confidence) / 2, freedom) * error
    columns = {"units": n0 + n1, "control": value0 * unit + origin, "treatment": value1 * unit + origin}
    spans = {"difference": difference, "standard_error": error, "low": difference - margin, "high": difference + margin}
    columns |= {name: span * unit for name, span in spans.items()}
    return columns | {"p_value": 2 * stats.t.sf(ratio(np.abs(difference), error), freedom)}


def _answer(source: Source, labels: nw.DataFrame, columns: dict[str, np.ndarray]) -> Any:
    return source.answer(
        labels.with_columns(
            nw.new_series(
                name,
                cells(np.broadcast_to(values, len(labels))) if name != "units" else values.astype(int).tolist(),
                nw.Int64 if name == "units" else nw.Float64,
                backend=labels.implementation,
            )
            for name, values in columns.items()
        )
    )


def detectable(rate: Any, n: Any, power: float = 0.8, alpha: float = 0.05) -> Any:
    """The smallest rise of a rate that a test with n units an arm will probably find.

    Definition: the difference above `rate` at which the two-sided z-test of two proportions with pooled variance has the given
    power. Its inverse, the units that a difference needs, is statsmodels' `samplesize_proportions_2indep_onetail`: for 10 to
    11% 14,751 an arm, as R's power.prop.test. Rounded up as well, the arcsine formula (`NormalIndPower`) says 14,745 and
    unpooled variances 14,749; the short formula with the variance of the first rate alone, 14,128, is too small.

    Parameters
    ----------
    rate : rate without the treatment, a fraction above 0.
    n : units in each arm.
    power : probability of finding it.
    alpha : level of the test.

    Returns
    -------
    difference of fractions, as number, array or Series; missing where not even a rate of 1 would be found.

    Raises
    ------
    ArgumentError : a rate outside (0, 1), n below 1, power not between alpha and 1.

    Source: Fleiss, Levin and Paik (2003), without continuity correction; power by statsmodels. Q06 recomputed.

    Examples
    --------
    >>> detectable(rate=[0.30, 0.02], n=1000).round(3)
    array([0.059, 0.022])
    """
    from scipy import optimize
    from statsmodels.stats.proportion import power_proportions_2indep

    fraction(alpha, "alpha")
    fraction(power, "power")
    if alpha >= power:
        raise ArgumentError(f"alpha is {alpha!r} and power {power!r}; power must be above alpha.")
    (rate, n), form = together(rate=rate, n=n, least={"rate": 0, "n": 1})
    wrong = (rate <= 0) | (rate >= 1)
    if wrong.any():
        raise ArgumentError(f"rate must lie between 0 and 1, but {wrong.sum()} of {rate.size} do not: {rate[wrong][0]:g}.")

    if (n > 1e15).any():
        raise ArgumentError(f"n is up to {np.nanmax(n):g}; give the units of one arm, at most 1e15.")

    def smallest(rate: float, n: float) -> float:
        if np.isnan(rate + n):
            return np.nan

        def missing(difference: float) -> float:
            return power_proportions_2indep(difference, rate, n, alpha=alpha).power - power

        most = 1 - rate
        return optimize.brentq(missing, 1e-9 * most, most) if missing(most) > 0 else np.nan

    return form(np.vectorize(smallest, otypes=[float])(rate, n))
