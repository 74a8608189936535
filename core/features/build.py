"""The columns a model sees."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.domain import CANDLE_COLUMNS
from core.features.gaps import bars_since_gap, segment_ids
from core.features.volatility import FLOOR, ewma_volatility, log_returns
from core.features.windows import (
    Floats,
    exponential_mean,
    lagged,
    rolling_mean,
    rolling_std,
)

LONGEST_WINDOW: Final = 64
"""Bars of its own segment, itself included, that a row needs for all its columns."""

_MEANS: Final = (5, 15, 60)
_DEVIATIONS: Final = (15, 60)
_MOMENTUM: Final = 10
_VOLUME: Final = 20
_RETURN_LAGS: Final = (1, 2)

FEATURE_NAMES: Final = (
    "return",
    "log_return",
    *(f"log_return_lag_{lag}" for lag in _RETURN_LAGS),
    *(f"mean_distance_{window}" for window in _MEANS),
    *(f"std_ratio_{window}" for window in _DEVIATIONS),
    f"momentum_{_MOMENTUM}",
    "range_fraction",
    "close_in_range",
    f"volume_to_mean_{_VOLUME}",
    f"volume_spread_{_VOLUME}",
    f"volume_to_ema_{_VOLUME}",
)


def build_features(
    bars: pd.DataFrame, bar_minutes: int, volatility: pd.Series[float] | None = None
) -> pd.DataFrame:
    """Return one row of features per bar, from this bar and those before it.

    Parameters
    ----------
    bars : pandas.DataFrame
        Closed bars with `core.domain.CANDLE_COLUMNS`, indexed by open time.
    bar_minutes : int
        Length of a bar; any other distance between neighbours is a gap.
    volatility : pandas.Series, optional
        ``ewma_volatility(bars, bar_minutes)`` where the caller has it already.

    Returns
    -------
    pandas.DataFrame
        Columns `FEATURE_NAMES`, index of `bars`, floats, dimensionless:

        ``return``
            Close on the close before, less 1.
        ``log_return``, ``log_return_lag_k``
            Log return of this bar, and of the bar k earlier, in units of volatility.
        ``mean_distance_w``
            Log of close over the mean close of w bars, in volatilities of w bars.
        ``std_ratio_w``
            Log of the standard deviation of w log returns over volatility.
        ``momentum_10``
            Log return over 10 bars in volatilities of 10 bars.
        ``range_fraction``
            High less low over close, in units of volatility.
        ``close_in_range``
            Where the close lies between low (-1) and high (1); 0 in a bar without range.
        ``volume_to_mean_20``, ``volume_to_ema_20``
            Log of volume over its mean and over its exponential mean.
        ``volume_spread_20``
            Standard deviation of 20 volumes over their mean.

        NaN where the window is not full or would span a gap, where volatility is not
        known yet, and where a ratio has no meaning (no volume at all in the window).

    Notes
    -----
    A value depends on the last `LONGEST_WINDOW` bars and on the volatility's
    `VOLATILITY_BARS` only, and is the same to the last bit whatever came before them.
    """
    if volatility is None:
        volatility = ewma_volatility(bars, bar_minutes)
    unit: Floats = np.asarray(volatility, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = _columns(bars, bar_minutes, unit)
    index = pd.DatetimeIndex(bars.index)
    return pd.DataFrame({name: columns[name] for name in FEATURE_NAMES}, index=index)


def _columns(bars: pd.DataFrame, bar_minutes: int, volatility: Floats) -> dict[str, Floats]:
    age = bars_since_gap(segment_ids(pd.DatetimeIndex(bars.index), bar_minutes))
    returns = log_returns(bars, bar_minutes)
    high, low, close, volume = (
        np.ascontiguousarray(bars[column].to_numpy(dtype=np.float64))
        for column in CANDLE_COLUMNS[1:]
    )
    return {
        **_return_columns(returns, volatility, age),
        **_price_columns(close, returns, volatility, age),
        **_range_columns(high, low, close, volatility),
        **_volume_columns(volume, age),
    }


def _return_columns(
    returns: Floats, volatility: Floats, age: npt.NDArray[np.int64]
) -> dict[str, Floats]:
    columns = {"return": np.expm1(returns), "log_return": returns / volatility}
    for lag in _RETURN_LAGS:
        scaled = lagged(returns, lag) / volatility
        columns[f"log_return_lag_{lag}"] = np.where(age > lag, scaled, np.nan)
    return columns


def _price_columns(
    close: Floats, returns: Floats, volatility: Floats, age: npt.NDArray[np.int64]
) -> dict[str, Floats]:
    columns: dict[str, Floats] = {}
    for window in _MEANS:
        distance = np.log(close / rolling_mean(close, window)) / (volatility * math.sqrt(window))
        columns[f"mean_distance_{window}"] = np.where(age >= window - 1, distance, np.nan)
    for window in _DEVIATIONS:
        ratio = np.maximum(rolling_std(returns, window), FLOOR) / volatility
        columns[f"std_ratio_{window}"] = np.log(ratio)
    change = np.log(close / lagged(close, _MOMENTUM)) / (volatility * math.sqrt(_MOMENTUM))
    columns[f"momentum_{_MOMENTUM}"] = np.where(age >= _MOMENTUM, change, np.nan)
    return columns


def _range_columns(
    high: Floats, low: Floats, close: Floats, volatility: Floats
) -> dict[str, Floats]:
    spread = high - low
    within = np.where(spread > 0, (2.0 * close - high - low) / spread, 0.0)
    return {"range_fraction": spread / close / volatility, "close_in_range": within}


def _volume_columns(volume: Floats, age: npt.NDArray[np.int64]) -> dict[str, Floats]:
    mean = rolling_mean(volume, _VOLUME)
    ema = exponential_mean(volume, _VOLUME, LONGEST_WINDOW)
    columns = {
        f"volume_to_mean_{_VOLUME}": (_log_ratio(volume, mean), _VOLUME),
        f"volume_spread_{_VOLUME}": (rolling_std(volume, _VOLUME) / mean, _VOLUME),
        f"volume_to_ema_{_VOLUME}": (_log_ratio(volume, ema), LONGEST_WINDOW),
    }
    return {
        name: np.where((age >= window - 1) & (mean > 0), values, np.nan)
        for name, (values, window) in columns.items()
    }


def _log_ratio(volume: Floats, mean: Floats) -> Floats:
    """Return the log of `volume` over `mean`, an empty bar counted as a thousandth of it."""
    return np.log(np.maximum(volume / mean, 1e-3))
