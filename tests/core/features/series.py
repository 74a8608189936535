"""Candles for tests: made by a seeded generator, or recorded where the files are there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "data"
START = pd.Timestamp("2026-01-05 00:00", tz="UTC")


def candles(
    minutes: int,
    seed: int = 0,
    gaps: Sequence[tuple[int, int]] = (),
    bounce: float = 0.0,
    start: pd.Timestamp = START,
) -> pd.DataFrame:
    """Return a random walk of `minutes` candles.

    `gaps` are (first minute, length) taken out; `bounce` adds independent noise of so many
    minute volatilities to each close, which the next minute takes back: something to learn.
    """
    rng = np.random.default_rng(seed)
    volatility = 1e-3
    walk = np.cumsum(volatility * rng.standard_t(5, minutes))
    close = 100.0 * np.exp(walk + bounce * volatility * rng.normal(size=minutes))
    opened = np.concatenate(([100.0], close[:-1]))
    wick = close * volatility * rng.exponential(0.5, minutes)
    frame = pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) + wick,
            "low": np.minimum(opened, close) - wick,
            "close": close,
            "volume": rng.lognormal(1.0, 0.7, minutes),
        },
        index=pd.date_range(start, periods=minutes, freq="min", unit="us", name="open_time"),
    )
    keep = np.ones(minutes, dtype=bool)
    for first, length in gaps:
        keep[first : first + length] = False
    return frame[keep]


def flat_candles(minutes: int, price: float = 3.3, volume: float = 0.0) -> pd.DataFrame:
    """Return candles of a price that never moves."""
    frame = candles(minutes)
    frame[["open", "high", "low", "close"]] = price
    frame["volume"] = volume
    return frame


def recorded(name: str, rows: int) -> pd.DataFrame:
    """Return the first `rows` of a recorded file, or skip the test where it is absent."""
    path = RECORDED / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip(f"the recorded candles {path.name} are not beside this repository")
    table = pd.read_csv(path, usecols=["open_time", *CANDLE_COLUMNS], nrows=rows)
    opened = pd.to_datetime(table.pop("open_time"), unit="ms", utc=True)
    table.index = pd.DatetimeIndex(opened, name="open_time").as_unit("us")
    return table[list(CANDLE_COLUMNS)].astype("float64")


def altered_after(frame: pd.DataFrame, row: int, seed: int) -> pd.DataFrame:
    """Return `frame` with every candle after `row` replaced by other values."""
    changed = frame.copy()
    rng = np.random.default_rng(seed)
    later = changed.iloc[row + 1 :]
    factor = rng.lognormal(0.0, 0.5, size=later.shape)
    changed.iloc[row + 1 :] = later.to_numpy() * factor
    return changed
