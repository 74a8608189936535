"""Small made candles for unit tests."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

START = datetime(2026, 3, 1, tzinfo=UTC)


def made_candles(rows: int, start: datetime = START, seed: int = 7) -> pd.DataFrame:
    """Return `rows` closed candles of a random walk near 80,000 USD, without gaps."""
    rng = np.random.default_rng(seed)
    close = 80_000 * np.exp(np.cumsum(rng.normal(0, 4e-4, rows)))
    opened = np.concatenate([[80_000], close[:-1]])
    spread = np.abs(rng.normal(0, 2e-4, (2, rows))) * close
    return pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) + spread[0],
            "low": np.minimum(opened, close) - spread[1],
            "close": close,
            "volume": rng.lognormal(2, 0.6, rows),
        },
        index=pd.date_range(start, periods=rows, freq="min", name="open_time", unit="us"),
    )


def shared_data(name: str) -> Path:
    """Return a recorded candle file beside the checkout, or skip the test, saying why."""
    path = Path(__file__).resolve().parents[2] / "shared" / "data" / name
    if not path.exists():
        pytest.skip(f"recorded candles are absent: ../shared/data/{name}")
    return path
