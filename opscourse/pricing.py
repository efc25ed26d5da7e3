"""What a price does to the quantity that is sold, and what it would have to do to pay."""

from __future__ import annotations

from typing import Any

import numpy as np

from opscourse.errors import ArgumentError
from opscourse.values import array, fraction, together

__all__ = ["breakeven_lift", "elasticity"]


def breakeven_lift(discount: Any, margin: Any) -> Any:
    """How much more has to be sold so that a price cut costs nothing.

    Definition: lift = discount / (margin - discount), all of the old price: what the old quantity no longer earns, by what each
    piece still does. A price rise is a negative discount, and its negative lift the sales that may be lost.

    Where it misleads: it leaves out that buyers of a sale buy less afterwards, and that those at the full price wait for the
    next one.

    Parameters
    ----------
    discount : cut of the price, a fraction of the old one, at most 1.
    margin : contribution margin before the cut, a fraction of the old price, at most 1.

    Returns
    -------
    fraction (0.5 is +50%), as number, array or Series; missing where the discount takes the whole margin, and no quantity pays.

    Raises
    ------
    ArgumentError : a discount or margin above 1, something that is not a number, lengths that do not match.

    Source: textbook break-even sales change (Nagle, The Strategy and Tactics of Pricing); M20 of the course's topics.

    Examples
    --------
    >>> round(breakeven_lift(discount=0.15, margin=0.45), 3)
    0.5
    """
    (discount, margin), form = together(discount=discount, margin=margin)
    for name, value in (("discount", discount), ("margin", margin)):
        if (value > 1).any():
            raise ArgumentError(f"{name} is up to {np.nanmax(value):g}; give a fraction of the old price, 0.15 for 15%.")
    discount, margin = np.broadcast_arrays(discount, margin)
    left = np.where(margin > discount, margin - discount, np.nan)
    return form(discount / left)


def elasticity(price: Any, quantity: Any, confidence: float = 0.95) -> tuple[float, float, float]:
    """Price elasticity of demand: by how many per cent the quantity changes with one per cent of price.

    Definition: the slope of the straight line through ln quantity over ln price, by least squares; the interval is Student's t
    on its standard error. Below -1, a cut brings more revenue.

    Where it misleads: unless prices were set by lot, they were cut when demand was weak and raised when it was strong, and the
    slope is about the seller. Rows of the same day or buyer resemble each other, which makes the interval too short.

    Parameters
    ----------
    price : price of each row, above 0; at least two different ones in three rows.
    quantity : quantity sold at it, above 0: add up rows until none is 0, as leaving those out biases the slope.
    confidence : of the interval, a fraction.

    Returns
    -------
    elasticity, low, high

    Raises
    ------
    ArgumentError : a price or quantity that is missing or not above 0, too few rows or prices, lengths that do not match.

    Source: the constant-elasticity demand curve; M19 of the course's topics.

    Examples
    --------
    >>> value, low, high = elasticity(price=[10, 20, 40, 10, 20, 40], quantity=[100, 26, 6, 99, 24, 6.5])
    >>> round(value, 2), round(low, 2), round(high, 2)
    (-2.0, -2.08, -1.92)
    """
    from scipy import stats

    fraction(confidence, "confidence")
    price, quantity = (np.atleast_1d(array(value, name, least=0)) for name, value in (("price", price), ("quantity", quantity)))
    if price.shape != quantity.shape:
        raise ArgumentError(f"Each price needs its quantity, but there are {price.size} and {quantity.size}.")
    for name, value in (("price", price), ("quantity", quantity)):
        if not value.all():
            raise ArgumentError(f"{name} is 0 in {(value == 0).sum():,} of {value.size:,} rows; add up rows until none is.")
    if len(price) < 3 or len(np.unique(price)) < 2:
        raise ArgumentError(f"An elasticity needs three rows and two different prices; there are {len(price)} rows.")
    line = stats.linregress(np.log(price), np.log(quantity))
    margin = stats.t.ppf((1 + confidence) / 2, len(price) - 2) * line.stderr
    return float(line.slope), float(line.slope - margin), float(line.slope + margin)
