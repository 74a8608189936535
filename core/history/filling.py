"""Minutes in which nobody traded, on venues that leave them out."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.domain import CANDLE_COLUMNS
from core.history.cleaning import open_times

LONGEST_QUIET_MINUTES: Final = 5
"""A longer run of missing minutes is taken for an outage."""


def fill_quiet_minutes(
    candles: pd.DataFrame, longest: int = LONGEST_QUIET_MINUTES
) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Put flat candles where at most `longest` minutes in a row are missing.

    Only for a venue that omits minutes without trades; elsewhere a missing minute is an
    outage. What is filled is for computing with and is never written to the files on disk.

    Parameters
    ----------
    candles : pandas.DataFrame
        `core.domain.CANDLE_COLUMNS`, indexed by open time (UTC, ascending, whole minutes).
    longest : int
        Minutes of the longest run that is filled. Longer runs stay missing as a whole.

    Returns
    -------
    candles : pandas.DataFrame
        The same rows and, between them, those filled: all four prices are the last close
        before, volume is 0. Nothing is added before the first or after the last candle.
    filled : array of bool, shape (n,)
        Which rows of the frame returned were filled.
    """
    minutes = open_times(candles).as_unit("s").asi8 // 60
    missing = np.diff(minutes, append=minutes[-1:] + 1) - 1
    copies = np.where(missing <= longest, missing, 0) + 1
    if int(copies.sum()) == len(candles):
        return candles, np.zeros(len(candles), dtype=np.bool_)
    row = np.repeat(np.arange(len(candles)), copies)
    after = np.arange(len(row)) - (np.cumsum(copies) - copies)[row]
    values = candles[list(CANDLE_COLUMNS)].to_numpy(dtype=np.float64)[row]
    filled = after > 0
    values[filled, :-1] = values[filled, CANDLE_COLUMNS.index("close"), None]
    values[filled, -1] = 0.0
    return _frame(minutes[row] + after, values), filled


def _frame(minutes: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> pd.DataFrame:
    stamps = (minutes * 60).astype("datetime64[s]").astype("datetime64[us]")
    index = pd.DatetimeIndex(stamps, name="open_time").tz_localize("UTC")
    return pd.DataFrame(values, index=index, columns=list(CANDLE_COLUMNS))
