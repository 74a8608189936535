"""How much the price moves now: what scales targets, features and bands."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from core.features.gaps import segment_ids
from core.features.windows import Floats, decayed_sum

VOLATILITY_BARS: Final = 576
"""Bars the estimate looks back: eight half-lives, and a square number."""

HALF_LIFE_BARS: Final = 72
MIN_RETURNS: Final = 30

FLOOR: Final = 1e-6
"""Smallest volatility told (a hundredth of a basis point a bar): flat prices divide by it."""


def ewma_volatility(bars: pd.DataFrame, bar_minutes: int) -> pd.Series[float]:
    """Return the volatility of one bar's log return, from this bar and those before.

    The square root of the exponentially weighted mean of squared log returns over the last
    `VOLATILITY_BARS` bars (J.P. Morgan, RiskMetrics Technical Document, 1996, eq. 5.2, with
    half-life `HALF_LIFE_BARS`, cut off so that the window is finite). A return across a gap
    has no weight; the bars before the gap keep theirs, so the estimate is known at once
    after it.

    Parameters
    ----------
    bars : pandas.DataFrame
        Column ``close``; indexed by open time.
    bar_minutes : int

    Returns
    -------
    pandas.Series
        Per bar, dimensionless, at least `FLOOR`; NaN with fewer than `MIN_RETURNS` returns.
    """
    index = pd.DatetimeIndex(bars.index)
    returns = log_returns(bars, bar_minutes)
    known = np.isfinite(returns)
    squares = np.where(known, returns, 0.0) ** 2
    decay = 0.5 ** (1.0 / HALF_LIFE_BARS)
    weight = decayed_sum(known.astype(np.float64), decay, VOLATILITY_BARS)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = decayed_sum(squares, decay, VOLATILITY_BARS) / weight
    enough = weight >= _weight_of(MIN_RETURNS, decay)
    volatility = np.where(enough, np.maximum(np.sqrt(variance), FLOOR), np.nan)
    return pd.Series(volatility, index=index, name="volatility")


def log_returns(bars: pd.DataFrame, bar_minutes: int) -> Floats:
    """Return the log return of each bar on the one before; NaN at the start of a segment."""
    returns = np.full(len(bars), np.nan)
    if len(bars) > 1:
        close = np.ascontiguousarray(bars["close"].to_numpy(dtype=np.float64))
        returns[1:] = np.diff(np.log(close))
        segments = segment_ids(pd.DatetimeIndex(bars.index), bar_minutes)
        returns[1:][np.diff(segments) != 0] = np.nan
    return returns


def _weight_of(returns: int, decay: float) -> float:
    """Return the weight of the newest `returns` returns, less what rounding may take."""
    return (1.0 - decay**returns) / (1.0 - decay) * (1.0 - 1e-9)
