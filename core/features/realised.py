"""Volatility that came to pass, and what the next is foretold from."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from core.features.calendar import day_and_week
from core.features.volatility import log_returns
from core.features.windows import Floats, window_sum

_WINDOW_MINUTES: Final = (5, 15, 60, 240, 1_440)
_VOLUME_MINUTES: Final = ((5, 240), (30, 1_440))
_KNOWN_SHARE: Final = 0.25
_SMALLEST: Final = 1e-10
_QUARTER: Final = 15

HISTORY_BARS: Final = max(_WINDOW_MINUTES)
"""Bars that a row looks back, itself included, at one minute a bar; fewer at longer bars."""


def realised_volatility(candles: pd.DataFrame, minutes: int) -> pd.Series[float]:
    """Return the realised volatility of the last `minutes` minutes.

    The root of the sum of squared 1-minute log returns (Andersen and Bollerslev, Answering
    the Skeptics, International Economic Review 39, 1998).

    Parameters
    ----------
    candles : pandas.DataFrame
        Closed 1-minute candles, column ``close``, indexed by open time.
    minutes : int

    Returns
    -------
    pandas.Series
        By open time of the last minute, dimensionless; NaN where a minute is missing.
    """
    returns = log_returns(candles, 1)
    known = np.isfinite(returns)
    total = window_sum(np.where(known, returns, 0.0) ** 2, minutes)
    whole = window_sum(known.astype(np.float64), minutes) == minutes
    return pd.Series(np.where(whole, np.sqrt(total), np.nan), index=candles.index)


def volatility_columns(bars: pd.DataFrame, bar_minutes: int) -> Floats:
    """Return what the volatility after each bar is foretold from.

    Logs of the root mean variance over windows from one bar to a day (Corsi, A Simple
    Approximate Long-Memory Model of Realized Volatility, J. Financial Econometrics 7, 2009),
    from squared returns and from the range within bars (Garman and Klass, On the Estimation
    of Security Price Volatilities from Historical Data, J. Business 53, 1980); volume against
    its usual; time of day and week.

    Parameters
    ----------
    bars : pandas.DataFrame
        Closed bars, `core.domain.CANDLE_COLUMNS`, indexed by open time.
    bar_minutes : int

    Returns
    -------
    array, shape (n, k)
        Finite in every row. Where less than a quarter of a window is known, after a gap or
        at the start, the next shorter window stands in.

    Notes
    -----
    A row depends on the last `HISTORY_BARS` bars at most and is the same to the last bit
    whatever came before them.
    """
    index = pd.DatetimeIndex(bars.index)
    issued_at = index + pd.Timedelta(minutes=bar_minutes)
    columns = [*_variances(bars, bar_minutes), *_volumes(bars, bar_minutes)]
    if bar_minutes == 1:
        minute = np.asarray(issued_at.minute)
        columns += [(minute % _QUARTER == 0) * 1.0, (minute % 60 == 0) * 1.0]
    table: Floats = np.column_stack((*columns, day_and_week(issued_at)))
    return table


def _variances(bars: pd.DataFrame, bar_minutes: int) -> list[Floats]:
    ranged = _range_variance(bars)
    squares = log_returns(bars, bar_minutes) ** 2
    longest_known = [ranged, ranged]
    columns = [_log_root(ranged)]
    for minutes in _WINDOW_MINUTES:
        window = _bars_of(minutes, bar_minutes)
        if window == 1:  # the bar itself stands there already
            continue
        means = (_known_mean(variance, window) for variance in (ranged, squares))
        longest_known = [
            np.where(np.isfinite(mean), mean, shorter)
            for mean, shorter in zip(means, longest_known, strict=True)
        ]
        columns += map(_log_root, longest_known)
    return columns


def _range_variance(bars: pd.DataFrame) -> Floats:
    opened, high, low, close = (
        np.ascontiguousarray(bars[name].to_numpy(dtype=np.float64))
        for name in ("open", "high", "low", "close")
    )
    drift = (2.0 * math.log(2.0) - 1.0) * np.log(close / opened) ** 2
    variance: Floats = np.maximum(0.5 * np.log(high / low) ** 2 - drift, 0.0)
    return variance


def _volumes(bars: pd.DataFrame, bar_minutes: int) -> list[Floats]:
    volume = np.ascontiguousarray(bars["volume"].to_numpy(dtype=np.float64))
    columns = []
    for recent, usual in _VOLUME_MINUTES:
        now, before = (_known_mean(volume, _bars_of(m, bar_minutes)) for m in (recent, usual))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.log(np.maximum(now / before, 1e-3))
        columns.append(np.nan_to_num(ratio))
    return columns


def _bars_of(minutes: int, bar_minutes: int) -> int:
    return max(1, minutes // bar_minutes)


def _known_mean(values: Floats, window: int) -> Floats:
    """Return the mean of what is known in the last `window` rows; NaN where that is little."""
    known = np.isfinite(values)
    count = window_sum(known.astype(np.float64), window)
    total = window_sum(np.where(known, values, 0.0), window)
    enough = count >= np.maximum(1.0, _KNOWN_SHARE * window)
    return np.where(enough, total / np.maximum(count, 1.0), np.nan)


def _log_root(variance: Floats) -> Floats:
    root: Floats = 0.5 * np.log(variance + _SMALLEST)
    return root
