"""Walk-forward splits: train on the past, forecast what follows, move on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Split:
    """One refit: candles up to row `train_end` (exclusive) train, rows up to `test_end` test.

    `test_start` is the first row whose close issues a forecast: the newest candle the
    training was given, as the live engine forecasts from the candle it has just seen.
    """

    train_end: int
    test_start: int
    test_end: int


def walk_forward_splits(
    index: pd.DatetimeIndex, refit_minutes: int, min_train_rows: int
) -> list[Split]:
    """Return the refits of a walk-forward over candles, oldest first.

    The first refit happens with `min_train_rows` candles, each next one at the first
    candle `refit_minutes` of clock time later, whatever is missing between.

    Parameters
    ----------
    index : pandas.DatetimeIndex
        Open times of 1-minute candles (aware, UTC, ascending).
    refit_minutes, min_train_rows : int
        Both at least 1.

    Notes
    -----
    Rows are purged where they are fitted: `core.models.training.train` uses no target
    that lies after the last candle it is given, and a forecast issued at `test_start`
    or later has its target after that candle.
    """
    if refit_minutes < 1 or min_train_rows < 1:
        raise ValueError("refit_minutes and min_train_rows must be at least 1")
    splits: list[Split] = []
    step = pd.Timedelta(minutes=refit_minutes)
    end = min_train_rows
    while end <= len(index):
        # A refit's block ends with the candle before the one the next refit issues from.
        following = max(int(index.searchsorted(index[end - 1] + step)), end)
        splits.append(Split(train_end=end, test_start=end - 1, test_end=min(following, len(index))))
        end = following + 1
    return splits
