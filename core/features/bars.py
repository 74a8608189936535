"""Longer bars made of 1-minute candles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.domain import CANDLE_COLUMNS, LONG_BAR_MINUTES
from core.features.gaps import open_minutes


def aggregate_bars(candles: pd.DataFrame, minutes: int = LONG_BAR_MINUTES) -> pd.DataFrame:
    """Aggregate 1-minute candles into bars on the UTC grid.

    Parameters
    ----------
    candles : pandas.DataFrame
        Closed 1-minute candles, `core.domain.CANDLE_COLUMNS`, indexed by open time.
    minutes : int
        Length of a bar; bars open at multiples of it since the epoch.

    Returns
    -------
    pandas.DataFrame
        Indexed by the bar's open time: first open, highest high, lowest low, last close,
        summed volume, and ``complete`` (bool): no minute of the bar is missing. Bars
        without any candle are absent. An incomplete bar is neither issue nor target.
    """
    index = pd.DatetimeIndex(candles.index)
    bar = open_minutes(index) // minutes
    starts = np.flatnonzero(np.diff(bar, prepend=bar[:1] - 1))
    opens, highs, lows, closes, volumes = (_contiguous(candles, c) for c in CANDLE_COLUMNS)
    counts = np.diff(starts, append=len(bar))
    open_time = pd.DatetimeIndex((bar[starts] * minutes * 60).astype("datetime64[s]"))
    return pd.DataFrame(
        {
            "open": opens[starts],
            "high": np.maximum.reduceat(highs, starts) if len(starts) else highs,
            "low": np.minimum.reduceat(lows, starts) if len(starts) else lows,
            "close": closes[starts + counts - 1],
            "volume": np.add.reduceat(volumes, starts) if len(starts) else volumes,
            "complete": counts == minutes,
        },
        index=open_time.as_unit("us").tz_localize("UTC").rename(index.name),
    )


def complete_bars(candles: pd.DataFrame, minutes: int) -> pd.DataFrame:
    """Return the complete bars only, so that an incomplete one is a gap like any other.

    Same columns as `candles`; with ``minutes=1`` the candles themselves.
    """
    if minutes == 1:
        return candles
    bars = aggregate_bars(candles, minutes)
    return bars.loc[bars["complete"], list(CANDLE_COLUMNS)]


def _contiguous(candles: pd.DataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.ascontiguousarray(candles[column].to_numpy(dtype=np.float64))
