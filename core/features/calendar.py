"""What the clock tells of a forecast's time of issue."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from core.features.windows import Floats

CALENDAR_NAMES: Final = ("minute_of_hour", "minute_of_quarter", "minute_of_five")
HARMONICS: Final = 4
_DAY_MINUTES: Final = 1_440
_SATURDAY: Final = 5


def calendar_features(issued_at: pd.DatetimeIndex) -> Floats:
    """Return whole minutes since the hour, the quarter and the five minutes began (UTC).

    Bars of many lengths end, and orders of many programs are sent, at round minutes.

    Parameters
    ----------
    issued_at : pandas.DatetimeIndex
        When the bars closed, aware UTC.

    Returns
    -------
    array, shape (n, 3)
        In the order of `CALENDAR_NAMES`.
    """
    minute = np.asarray(issued_at.minute, dtype=np.float64)
    return np.column_stack((minute, minute % 15, minute % 5))


def day_and_week(issued_at: pd.DatetimeIndex) -> Floats:
    """Return sines and cosines of the time of day (UTC), and 1 at weekends.

    Returns
    -------
    array, shape (n, 2 * HARMONICS + 1)
    """
    minute = np.asarray(issued_at.hour * 60 + issued_at.minute, dtype=np.float64)
    angle = 2.0 * np.pi * minute / _DAY_MINUTES
    waves = [wave(k * angle) for k in range(1, HARMONICS + 1) for wave in (np.sin, np.cos)]
    weekend = np.asarray(issued_at.day_of_week >= _SATURDAY, dtype=np.float64)
    return np.column_stack((*waves, weekend))
