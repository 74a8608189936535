"""What the models learn to forecast."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from core.features.gaps import segment_ids


def log_returns_ahead(bars: pd.DataFrame, bar_minutes: int, steps: int) -> pd.Series[float]:
    """Return the log return from each bar's close to the close `steps` bars later.

    Parameters
    ----------
    bars : pandas.DataFrame
        Column ``close``; indexed by open time.
    bar_minutes, steps : int

    Returns
    -------
    pandas.Series
        NaN where the later bar is not known yet or a gap lies between.
    """
    index = pd.DatetimeIndex(bars.index)
    ahead = np.full(len(bars), np.nan)
    if len(bars) > steps:
        log_close = np.log(np.ascontiguousarray(bars["close"].to_numpy(dtype=np.float64)))
        segments = segment_ids(index, bar_minutes)
        same = segments[steps:] == segments[:-steps]
        ahead[:-steps] = np.where(same, log_close[steps:] - log_close[:-steps], np.nan)
    return pd.Series(ahead, index=index, name="log_return_ahead")


def scaled_returns_ahead(
    bars: pd.DataFrame, bar_minutes: int, steps: int, volatility: pd.Series[float]
) -> pd.Series[float]:
    """Return `log_returns_ahead` in units of ``volatility * sqrt(steps)``.

    A tree cannot extrapolate: a price, or a return in a calmer or wilder market than the
    one it was trained in, is beyond it. The scaled return keeps its distribution.

    Parameters
    ----------
    volatility : pandas.Series
        Of one bar's log return, known at the bar's close (`ewma_volatility`).
    """
    ahead = log_returns_ahead(bars, bar_minutes, steps)
    return (ahead / (volatility * math.sqrt(steps))).rename("scaled_return_ahead")
