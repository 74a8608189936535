"""How far the price is from its means of hours and days."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from core.features.gaps import bars_since_gap, segment_ids
from core.features.windows import Floats, window_sum

_WINDOWS: Final = (180, 288, 576, 1_440)

DISTANT_NAMES: Final = tuple(f"mean_distance_{window}" for window in _WINDOWS)
DISTANT_BARS: Final = max(_WINDOWS)
"""Bars of its own segment, itself included, that the last of these columns needs."""


def distant_features(
    bars: pd.DataFrame, bar_minutes: int, volatility: pd.Series[float]
) -> pd.DataFrame:
    """Return the log of close over its mean of w bars, in volatilities of w bars.

    Apart from `build_features` because a row may be used without them: they are known only
    hours after a gap, and until then NaN.

    Parameters
    ----------
    bars : pandas.DataFrame
        Column ``close``; indexed by open time.
    bar_minutes : int
    volatility : pandas.Series
        ``ewma_volatility(bars, bar_minutes)``.

    Returns
    -------
    pandas.DataFrame
        Columns `DISTANT_NAMES`, index of `bars`.
    """
    index = pd.DatetimeIndex(bars.index)
    close = np.ascontiguousarray(bars["close"].to_numpy(dtype=np.float64))
    unit: Floats = np.asarray(volatility, dtype=np.float64)
    age = bars_since_gap(segment_ids(index, bar_minutes))
    columns = {}
    for name, window in zip(DISTANT_NAMES, _WINDOWS, strict=True):
        mean = window_sum(close, window) / window
        distance = np.log(close / mean) / (unit * math.sqrt(window))
        columns[name] = np.where(age >= window - 1, distance, np.nan)
    return pd.DataFrame(columns, index=index)
