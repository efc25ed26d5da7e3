"""Numbers in, numbers of the same form out: a number, an array or a pandas Series with its index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from opscourse.errors import ArgumentError

__all__ = ["array", "fraction", "named", "number", "ratio", "together", "weights_of", "whole_number"]

LARGEST = 1e100  # a product of three such numbers is still a float
EDGE = 1e-12  # a confidence nearer to 0 or 1 has no quantile that could be computed with


def array(value: Any, argument: str, least: float | None = None, missing: bool = False) -> np.ndarray:
    """The value as an array of floats; raises ArgumentError if it is not made of finite numbers from `least` on.

    Numbers so large that no product of them could be computed are refused as well.

    Examples
    --------
    >>> array([1, 2], "cost", least=0)
    array([1., 2.])
    """
    try:
        if getattr(getattr(value, "dtype", None), "kind", None) in ("c", "m", "M"):
            raise TypeError(f"it is of type {value.dtype}")
        if isinstance(value, pd.Series):
            numbers = value.to_numpy(dtype=float, na_value=np.nan)
        else:
            numbers = np.ma.filled(np.ma.array(value, dtype=float), np.nan)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ArgumentError(f"{argument} holds something that is not a number: {error}.") from error
    if np.ndim(numbers) > 1:
        raise ArgumentError(f"{argument} has {np.ndim(numbers)} dimensions; give one number, or a plain list of them.")
    wrong = np.isinf(numbers) if missing else ~np.isfinite(numbers)
    if least is not None:
        wrong |= numbers < least
    if wrong.any():
        expected = "finite numbers" if least is None else f"finite numbers from {least:g} on"
        raise ArgumentError(
            f"{argument} must be {expected}, but {wrong.sum():,} of {wrong.size:,} are not, for example {numbers[wrong][0]:g}."
        )
    if (huge := np.abs(numbers) > LARGEST).any():
        raise ArgumentError(f"{argument} holds {numbers[huge][0]:g}, too large a number to compute with; use a larger unit.")
    return numbers


def number(value: Any, argument: str, least: float | None = None) -> float:
    """The value as one float; raises ArgumentError as `array` does, or if there is not exactly one.

    Examples
    --------
    >>> number(100, "cost")
    100.0
    """
    one = array(value, argument, missing=True)
    if one.ndim or not one >= (-np.inf if least is None else least):
        raise ArgumentError(f"{argument} is {value!r}; give one number{'' if least is None else f' from {least:g} on'}.")
    return float(one)


def fraction(value: Any, argument: str) -> float:
    """The value, if it is a number between 0 and 1, at least 1e-12 away from both; else ArgumentError.

    Examples
    --------
    >>> fraction(0.95, "confidence")
    0.95
    """
    if isinstance(value, bool) or not (isinstance(value, (int, float, np.number)) and EDGE <= value <= 1 - EDGE):
        raise ArgumentError(f"{argument} is {value!r}; give a fraction between 0 and 1, for example 0.95.")
    return value


def named(value: Any, argument: str) -> pd.Series:
    """A mapping, Series or list as a Series with each name once; raises ArgumentError for anything else.

    Examples
    --------
    >>> named({"control": 3}, "units").to_dict()
    {'control': 3}
    """
    try:
        series = pd.Series(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{argument} is a {type(value).__name__}; give a mapping, a Series or a list.") from error
    if not series.index.is_unique:
        twice = series.index[series.index.duplicated()][0]
        raise ArgumentError(f"{argument} has {twice!r} more than once; add these up first.")
    return series


def together(least: dict[str, float] | None = None, **values: Any) -> tuple[list[np.ndarray], Callable[[np.ndarray], Any]]:
    """Several values as arrays that belong together, and the function that gives a result the form of the input.

    Series are matched by their index, not by their order; a missing number stays missing. Raises ArgumentError where the
    indexes or lengths do not match, or as `array` does.
    """
    indexes = {name: value.index for name, value in values.items() if isinstance(value, pd.Series)}
    first = next(iter(indexes), None)
    for name, index in indexes.items():
        if not index.equals(indexes[first]):
            if not index.is_unique or set(index) != set(indexes[first]):
                raise ArgumentError(f"{first} and {name} have different indexes; give both the same one.")
            values[name] = values[name].reindex(indexes[first])
    arrays = [array(value, name, (least or {}).get(name), missing=True) for name, value in values.items()]
    try:
        shape = np.broadcast_shapes(*(numbers.shape for numbers in arrays))
        if first is not None and shape != indexes[first].shape:
            raise ValueError(f"one of them is a Series of {len(indexes[first])}")
    except ValueError as error:
        lengths = ", ".join(f"{name} {numbers.size}" for name, numbers in zip(values, arrays, strict=True))
        raise ArgumentError(f"The lengths do not match: {lengths}.") from error

    def form(result: np.ndarray) -> Any:
        if first is not None:
            return pd.Series(result, index=indexes[first])
        return result if np.ndim(result) else np.asarray(result).item()

    return arrays, form


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Numerator by denominator; missing where the denominator is 0, or so near to it that the ratio is no number."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    with np.errstate(over="ignore"):
        result = np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator != 0)
    return np.where(np.isinf(result), np.nan, result)


def weights_of(value: Any, argument: str) -> dict[Any, float]:
    """Name -> weight, from a mapping or Series; raises ArgumentError for a negative or missing one, or if all are 0.

    Examples
    --------
    >>> weights_of({"use": 3, "billing": 1}, "stage_weights")
    {'use': 3.0, 'billing': 1.0}
    """
    series = named(value, argument)
    found = dict(zip(series.index, array(series, argument).tolist(), strict=True))
    if not sum(found.values()) > 0 or min(found.values()) < 0:
        raise ArgumentError(f"{argument} is {found}; give at least one positive weight, and none below 0.")
    return found


def whole_number(value: Any, argument: str, least: int = 1) -> int:
    """The value, if it is a whole number from `least` to a thousand million; else ArgumentError.

    Examples
    --------
    >>> whole_number(5, "k")
    5
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= 10**9:
        raise ArgumentError(f"{argument} is {value!r}; give a whole number from {least} to a thousand million.")
    return int(value)
