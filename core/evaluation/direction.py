"""How often the side of the move was right, and how sure that is."""

from __future__ import annotations

import math

import numpy as np

from core.domain import Direction
from core.evaluation.significance import wilson_interval
from core.losses import Floats


def direction(price: Floats, point: Floats, actual: Floats, steps: int) -> Direction:
    """Count on which side of the price at issue forecasts and prices ended.

    A price that ended where it started is neither hit nor miss, and a forecast of no change
    names no side: both are left out.

    Parameters
    ----------
    price, point, actual : array, shape (n,)
        At issue, forecast, and at the target, USD, no NaN.
    steps : int
        This many consecutive targets overlap.
    """
    said, came = sides(price, point, actual)
    counted = (said != 0) & (came != 0)
    n = int(counted.sum())
    if n == 0:
        return Direction(0, 0.0, math.nan, math.nan, math.nan)
    rate = float((said == came)[counted].mean())
    return Direction(n, n / steps, rate, *wilson_interval(rate, n / steps))


def sides(price: Floats, point: Floats, actual: Floats) -> tuple[Floats, Floats]:
    """Return the signs of the moves that were said and that came, each shape (n,)."""
    return np.sign(point - price), np.sign(actual - price)
