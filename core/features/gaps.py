"""Where a series of bars is interrupted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]


def open_minutes(index: pd.DatetimeIndex) -> Ints:
    """Return open times as whole minutes since the epoch, whatever the index's resolution."""
    return np.asarray(index.as_unit("s").asi8, dtype=np.int64) // 60


def segment_ids(index: pd.DatetimeIndex, bar_minutes: int) -> Ints:
    """Return the number of gaps before each bar; bars with the same number are consecutive."""
    if len(index) == 0:
        return np.zeros(0, dtype=np.int64)
    after_gap = np.diff(open_minutes(index)) != bar_minutes
    return np.concatenate(([0], np.cumsum(after_gap))).astype(np.int64)


def mark_gaps(bars: pd.DataFrame, bar_minutes: int) -> pd.Series[int]:
    """Give each bar the number of its gapless segment.

    Parameters
    ----------
    bars : pandas.DataFrame
        Indexed by open time (aware, UTC, ascending).
    bar_minutes : int
        Length of a bar in minutes; any other distance between neighbours is a gap.

    Returns
    -------
    pandas.Series
        Named ``segment``: 0 for the first segment, one more after each gap.
    """
    index = pd.DatetimeIndex(bars.index)
    return pd.Series(segment_ids(index, bar_minutes), index=index, name="segment")


def bars_since_gap(segments: Ints) -> Ints:
    """Return how many bars of its own segment precede each bar.

    Parameters
    ----------
    segments : array of int, shape (n,)
        Ascending segment numbers, as `mark_gaps` gives them.
    """
    position = np.arange(len(segments), dtype=np.int64)
    starts = np.searchsorted(segments, segments, side="left")
    return position - starts
