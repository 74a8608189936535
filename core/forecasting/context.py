"""What hourly candles add: the last day where minutes do not reach back, and a first band.

Hourly candles are for display and for volatility only; no model is trained on them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Final

import numpy as np
import pandas as pd

from core.domain import BAND_LEVELS, Forecast, Interval
from core.history.cleaning import open_times

_DAY: Final = pd.Timedelta(days=1)
_MIN_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class LastDay:
    """Lowest and highest price of the last 24 hours, and the change as a fraction."""

    low: float
    high: float
    change: float | None


def last_day(candles: pd.DataFrame, context: pd.DataFrame) -> LastDay:
    """Return the figures of the last 24 hours.

    Parameters
    ----------
    candles, context : pandas.DataFrame
        Closed 1-minute and 1-hour candles, see `core.domain.CANDLE_COLUMNS`. The hours
        are looked at only where the minutes begin later than 24 hours ago.
    """
    since = open_times(candles)[-1] - _DAY
    price = float(candles["close"].iloc[-1])
    known, older = candles[candles.index > since], candles[candles.index <= since]
    if older.empty:
        known = pd.concat([known, context[context.index > since]])
        older = context[context.index <= since]
    change = None if older.empty else price / float(older["close"].iloc[-1]) - 1.0
    return LastDay(float(known["low"].min()), float(known["high"].max()), change)


def seed_bands(forecast: Forecast, context: pd.DataFrame) -> Forecast:
    """Give a forecast without bands those from the volatility of hourly returns.

    They are those of a normal random walk around the point: the standard deviation of
    hourly log returns, scaled by the square root of time. They stand in until the minutes
    since a start or an outage are enough for the model's own.

    Parameters
    ----------
    context : pandas.DataFrame
        Closed 1-hour candles; fewer than 24 give no bands.
    """
    if forecast.bands or len(context) < _MIN_HOURS:
        return forecast
    hourly = float(np.diff(np.log(context["close"].to_numpy())).std())
    hours = (forecast.target_time - forecast.issued_at).total_seconds() / 3600.0
    volatility = hourly * math.sqrt(hours)
    bands = tuple(_normal_band(forecast.point, level, volatility) for level in BAND_LEVELS)
    return replace(forecast, bands=bands, volatility=volatility)


def _normal_band(point: float, level: float, volatility: float) -> Interval:
    width = NormalDist().inv_cdf((1.0 + level) / 2.0) * volatility
    return Interval(level, point * math.exp(-width), point * math.exp(width))
