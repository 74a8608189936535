"""How often the side of the move was right, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.evaluation.significance import NORMAL_95


@dataclass(frozen=True, slots=True)
class Direction:
    """Hits among the forecasts that named a side and were answered by one.

    Attributes
    ----------
    n : int
        Forecasts counted: neither the forecast nor the price stood still.
    n_eff : float
        Independent forecasts they are worth: overlapping targets count once.
    rate : float
        Share of hits; NaN where `n` is 0.
    low, high : float
        95 % Wilson interval of `rate`; NaN where `n` is 0.
    """

    n: int
    n_eff: float
    rate: float
    low: float
    high: float


def wilson_interval(rate: float, n: float) -> tuple[float, float]:
    """Return the 95 % score interval of a share observed in `n` trials.

    Unlike the usual ``rate +- 1.96 * error`` it stays within 0 and 1 and keeps its promise
    for few trials and for shares near the ends.

    Parameters
    ----------
    rate : float
        Share of successes, 0 to 1.
    n : float
        Independent trials, more than 0; need not be whole (an effective number).

    References
    ----------
    Wilson, Probable Inference, the Law of Succession, and Statistical Inference, J. American
    Statistical Association 22 (1927).

    Examples
    --------
    >>> low, high = wilson_interval(0.5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    square = NORMAL_95**2
    centre = (rate + square / (2.0 * n)) / (1.0 + square / n)
    spread = math.sqrt(rate * (1.0 - rate) / n + square / (4.0 * n * n))
    reach = NORMAL_95 * spread / (1.0 + square / n)
    return centre - reach, centre + reach


def direction(forecasts: pd.DataFrame, steps: int) -> Direction:
    """Count on which side of the price at issue forecasts and prices ended.

    A price that ended where it started is neither hit nor miss, and a forecast of no change
    names no side: both are left out.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        ``price_at_issue``, ``point``, ``actual`` (USD), no NaN.
    steps : int
        This many consecutive targets overlap.
    """
    start = forecasts["price_at_issue"].to_numpy(dtype=np.float64)
    said = np.sign(forecasts["point"].to_numpy(dtype=np.float64) - start)
    came = np.sign(forecasts["actual"].to_numpy(dtype=np.float64) - start)
    counted = (said != 0) & (came != 0)
    n = int(counted.sum())
    if n == 0:
        return Direction(0, 0.0, math.nan, math.nan, math.nan)
    rate = float((said == came)[counted].mean())
    return Direction(n, n / steps, rate, *wilson_interval(rate, n / steps))
