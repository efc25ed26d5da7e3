"""What a student hands in, read as a plain value: a number, a whole number, a text, or one sentence why it is none."""

from __future__ import annotations

import datetime
import math
import numbers
import re
import unicodedata
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from opscourse.errors import CheckFailed, NotAnswered

__all__ = ["listed", "number", "shown", "single", "text", "whole"]

ARRAYS = (np.ndarray, pd.Series, pd.Index, pd.api.extensions.ExtensionArray)
MIDNIGHT = re.compile(r"^(\d{4}-\d\d-\d\d)[ t]00:00(:00(\.0+)?)?$")
LONGEST = 1_000  # letters of a name
LARGEST = 1e15  # beyond it a float no longer holds the last digits


def number(answer: Any) -> float:
    """Read one finite number; also from a numpy or pandas scalar, a Decimal, or anything that holds exactly one value.

    Raises CheckFailed with a sentence that says what was given instead; NotAnswered for `...`.

    >>> number(np.array([0.25]))
    0.25
    """
    value = single(answer)
    if isinstance(value, (bool, np.bool_)):
        raise CheckFailed(f"{value} is a truth value; a number is asked")
    if isinstance(value, str):
        raise CheckFailed(f"{shown(value)} is a text; give the number itself, without quotes{_percent(value)}")
    if value is pd.NA or value is pd.NaT:
        value = math.nan
    if not isinstance(value, (numbers.Real, Decimal)) or isinstance(value, np.timedelta64):
        raise CheckFailed(f"{shown(value)} is not a number; one number is asked")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if math.isnan(result):
        raise CheckFailed("the answer is empty (NaN): somewhere a value is missing, or 0 was divided by 0")
    if math.isinf(result):
        raise CheckFailed("the answer is infinite: was something divided by 0?")
    if abs(result) > LARGEST:
        raise CheckFailed(f"{result:g} is far too large")
    return result


def whole(answer: Any) -> int:
    """Read one whole number; 12.0 is one, 12.5 and True are not.

    >>> whole(np.float64(12))
    12
    """
    result = number(answer)
    if abs(result - round(result)) > 1e-6:
        raise CheckFailed(f"{result:g} is not a whole number; a whole number is asked")
    return round(result)


def text(answer: Any) -> str:
    """Read one name or date; width, case and spaces make no difference, a date reads as 2025-06-01.

    >>> text(" Paid  Search ")
    'paid search'
    >>> text(pd.Timestamp("2025-06-01"))
    '2025-06-01'
    """
    value = single(answer)
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if pd.api.types.is_scalar(value) and pd.isna(value):
        raise CheckFailed("the answer is empty (None or NaN)")
    if isinstance(value, (bool, np.bool_, numbers.Integral, datetime.date, pd.Interval, pd.Period)):
        value = str(value)
    elif isinstance(value, numbers.Real):
        value = f"{float(value):.10g}"
    if not isinstance(value, str):
        raise CheckFailed(f"{shown(value)} is neither a name nor a date")
    if len(value) > LONGEST:  # normalizing takes quadratic time
        raise CheckFailed(f"a text of {len(value):,} letters was given; a name or a date is asked")
    plain = " ".join(unicodedata.normalize("NFKC", value).split()).casefold()
    return MIDNIGHT.sub(r"\1", plain)


def listed(answer: Any) -> list[Any]:
    """Read several values: a list, tuple, set, array, Series or Index; one text alone is a list of one."""
    answer = answer.to_pandas() if hasattr(answer, "to_pandas") else answer
    if isinstance(answer, str):
        return [answer]
    if isinstance(answer, (list, tuple, set, frozenset)) or (isinstance(answer, ARRAYS) and answer.ndim == 1):
        return list(answer)
    raise CheckFailed(f"{shown(answer)} was given; a list of names is asked")


def single(answer: Any) -> Any:
    """Take the one value out of whatever holds exactly one: a 0-d array, a Series, a 1 x 1 table, a list of one."""
    for _ in range(3):
        if answer is ...:
            raise NotAnswered("not answered")
        answer = answer.to_pandas() if hasattr(answer, "to_pandas") else answer
        if not isinstance(answer, (list, tuple, pd.DataFrame, *ARRAYS)):
            return answer
        if (len(answer) if isinstance(answer, (list, tuple)) else np.size(answer)) != 1:
            raise CheckFailed(f"{shown(answer)} was given; one value is asked")
        if isinstance(answer, pd.DataFrame):
            answer = answer.iloc[:, 0]
        if isinstance(answer, np.ndarray):
            answer = answer.reshape(-1)
        answer = answer.iloc[0] if isinstance(answer, pd.Series) else answer[0]
    return answer


def shown(answer: Any) -> str:
    """Name what was given in a few words, without ever showing much of it.

    >>> shown(pd.Series([1, 2]))
    'a Series of 2 values'
    """
    if answer is None:
        return "None (a function without return, or print() instead of a value?)"
    if isinstance(answer, str):
        return repr(str(answer)) if len(answer) <= 40 else f"a text of {len(answer)} letters"
    if isinstance(answer, pd.DataFrame):
        return f"a table of {answer.shape[0]:,} x {answer.shape[1]} (rows x columns)"
    if isinstance(answer, np.ndarray) and answer.ndim != 1:
        return f"an array of shape {answer.shape}"
    name = "array" if isinstance(answer, np.ndarray) else type(answer).__name__
    if isinstance(answer, numbers.Complex) and not isinstance(answer, numbers.Real):
        return f"the complex number {answer}"
    if isinstance(answer, (list, tuple, set, frozenset, dict, np.ndarray, pd.Series, pd.Index)):
        return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name} of {len(answer):,} value{'s' * (len(answer) != 1)}"
    if isinstance(answer, numbers.Number):
        return f"{answer}"[:40]
    if callable(answer):
        return "a function (call it: did the parentheses get lost?)"
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _percent(value: str) -> str:
    try:
        return f" (as {float(value.strip().rstrip('%')) / 100:g})" if value.strip().endswith("%") else ""
    except ValueError:
        return ""
