"""Candles to judge forecasters on: recorded ones, and two kinds with nothing to find."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from core.clock import SystemClock
from core.domain import ForecastSpec
from core.exchanges.simulated import SimulatedMarket
from core.history.candle_file import read_candle_file

DATA: Final = Path(__file__).resolve().parents[2] / "shared" / "data"
MADE_DAYS: Final = 30
SIMULATED_FROM: Final = datetime(2026, 3, 1, tzinfo=UTC)

_DAY: Final = 1_440
_COIN: Final = re.compile(r"([A-Z0-9]+?)USD[TC]?-")

Kind = Literal["recorded", "random walk", "simulated"]


@dataclass(frozen=True, slots=True)
class Series:
    """Closed 1-minute candles, and what is usually forecast of their ticker."""

    name: str
    kind: Kind
    candles: pd.DataFrame
    spec: ForecastSpec


def recorded(names: Sequence[str], days: int = 0) -> Iterator[Series]:
    """Yield the newest `days` (0 for all) of recorded files, all of them where none is named."""
    for path in sorted(DATA.glob("*.csv.gz")):
        name = path.name.removesuffix(".csv.gz")
        if not names or name in names:
            candles = read_candle_file(path).iloc[-days * _DAY :]
            yield Series(name, "recorded", candles, ForecastSpec.usual(ticker_of(name)))


def ticker_of(name: str) -> str:
    """Return the ticker of a recorded file: ``ETH-USD`` of ``ETHUSDT-1m-...``."""
    found = _COIN.match(name)
    return f"{found[1]}-USD" if found else ForecastSpec().ticker


def random_walks(count: int) -> Iterator[Series]:
    """Yield months of independent log returns, see `random_walk`."""
    for seed in range(count):
        candles = random_walk(seed, MADE_DAYS * _DAY)
        yield Series(f"random walk {seed}", "random walk", candles, ForecastSpec())


def simulated(tickers: Sequence[str]) -> Iterator[Series]:
    """Yield a month of the simulated market per ticker."""
    market = SimulatedMarket(SystemClock())
    until = SIMULATED_FROM + timedelta(days=MADE_DAYS)
    for ticker in tickers:
        candles = pd.concat(list(market.candles(ticker, SIMULATED_FROM, until)))
        yield Series(f"simulated {ticker}", "simulated", candles, ForecastSpec.usual(ticker))


def random_walk(seed: int, minutes: int) -> pd.DataFrame:
    """Return candles whose log returns are independent, with fat tails and varying volume.

    Volatility is clustered, so that a model may take it for a signal; the sign is a coin.
    """
    rng = np.random.default_rng(seed)
    calm = np.zeros(minutes)
    shocks = rng.normal(0.0, 0.05, minutes)
    for i in range(1, minutes):
        calm[i] = 0.99 * calm[i - 1] + shocks[i]
    volatility = 5e-4 * np.exp(calm)
    close = 50_000.0 * np.exp(np.cumsum(volatility * rng.standard_t(5, minutes)))
    opened = np.concatenate(([50_000.0], close[:-1]))
    wick = volatility * close * rng.exponential(0.5, minutes)
    index = pd.date_range("2026-01-01", periods=minutes, freq="min", tz="UTC", unit="us")
    return pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) + wick,
            "low": np.minimum(opened, close) - wick,
            "close": close,
            "volume": volatility * rng.lognormal(10.0, 0.5, minutes),
        },
        index=index.rename("open_time"),
    )
