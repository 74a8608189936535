"""Rules that every stored candle obeys, and the gaps between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

import numpy as np
import pandas as pd

from core.domain import CANDLE_COLUMNS
from core.errors import HistoryError

MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of missing minutes: open times from `start` up to, not including, `end`."""

    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        return int((self.end - self.start) / MINUTE)


def empty_candles() -> pd.DataFrame:
    """Return a frame of candles without rows (see `core.domain.CANDLE_COLUMNS`)."""
    index = pd.DatetimeIndex([], dtype="datetime64[us, UTC]", name="open_time")
    return pd.DataFrame({name: np.empty(0) for name in CANDLE_COLUMNS}, index=index)


def open_times(candles: pd.DataFrame) -> pd.DatetimeIndex:
    """Return the index of `candles`, typed as what it is."""
    return cast(pd.DatetimeIndex, candles.index)


def last_open(candles: pd.DataFrame) -> datetime:
    """Return the open time of the newest candle; there must be one."""
    return open_times(candles)[-1].to_pydatetime()


def check_candles(candles: pd.DataFrame) -> None:
    """Refuse candles that break a rule of the schema.

    Raises
    ------
    HistoryError
        Names the first rule broken and the open time of the first row that breaks it.
    """
    prices = candles[["open", "high", "low", "close"]]
    opens = open_times(candles)
    rules = {
        "a price or volume is not a finite number": np.isfinite(candles).all(axis=1),
        "a price is not above zero": (prices > 0).all(axis=1),
        "low is above open or close": candles["low"] <= prices[["open", "close"]].min(axis=1),
        "high is below open or close": candles["high"] >= prices[["open", "close"]].max(axis=1),
        "volume is negative": candles["volume"] >= 0,
        "the open time is not a whole minute": opens.floor("min") == opens,
    }
    for rule, kept in rules.items():
        broken = ~np.asarray(kept, dtype=bool)
        if broken.any():
            raise HistoryError(f"{rule} at {candles.index[broken][0].isoformat()}.")


def merge(older: pd.DataFrame, newer: pd.DataFrame) -> pd.DataFrame:
    """Return both frames as one, ascending; a row of `newer` wins over the same open time."""
    if newer.empty:
        return older
    if older.empty or newer.index[0] > older.index[-1]:
        return pd.concat([older, newer]) if len(older) else newer
    both = pd.concat([older, newer])
    return both[~both.index.duplicated(keep="last")].sort_index()


def find_gaps(candles: pd.DataFrame) -> list[Gap]:
    """Return the runs of missing minutes inside `candles`, oldest first."""
    opens = open_times(candles)
    before = np.flatnonzero(opens[1:] - opens[:-1] > pd.Timedelta(MINUTE)).tolist()
    return [Gap((opens[i] + MINUTE).to_pydatetime(), opens[i + 1].to_pydatetime()) for i in before]


def missing_minutes(candles: pd.DataFrame) -> int:
    """Return how many minutes are missing between the first and the last candle."""
    if candles.empty:
        return 0
    span = int((candles.index[-1] - candles.index[0]) / MINUTE) + 1
    return span - len(candles)
