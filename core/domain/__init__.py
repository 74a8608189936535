"""Frozen values that every room shares: specs, forecasts, snapshots, quotes, positions.

Times are aware `datetime` in UTC. Prices and amounts are USD. A *candle* is closed
unless said otherwise, and is known by its open time.

A frame of candles (`CANDLE_COLUMNS`) is a `pandas.DataFrame` indexed by `open_time`
(tz-aware UTC, strictly ascending) with float columns `open, high, low, close, volume`
(volume in units of the coin). Missing minutes are missing rows.
"""

from __future__ import annotations

from core.domain.engine import Block, Diagnosis, EngineStatus, Finding, Progress, Stage, Verdict
from core.domain.forecasts import (
    Forecast,
    Interval,
    Losses,
    ModelCard,
    Quote,
    Retrain,
    TailScore,
)
from core.domain.portfolio import (
    Position,
    Trade,
)
from core.domain.snapshot import (
    Series,
    Snapshot,
    TailTrace,
)
from core.domain.spec import (
    DEFAULT_TICKERS,
    PARAMETER_RANGES,
    TICKER_DEFAULTS,
    ForecastSpec,
    Range,
    TickerDefaults,
    parse_ticker,
    parse_whole_number,
)
from core.domain.words import (
    CANDLE_COLUMNS,
    HORIZONS,
    LONG_BAR_MINUTES,
    Horizon,
    Market,
)

__all__ = [
    "CANDLE_COLUMNS",
    "DEFAULT_TICKERS",
    "HORIZONS",
    "LONG_BAR_MINUTES",
    "PARAMETER_RANGES",
    "TICKER_DEFAULTS",
    "Block",
    "Diagnosis",
    "EngineStatus",
    "Finding",
    "Forecast",
    "ForecastSpec",
    "Horizon",
    "Interval",
    "Losses",
    "Market",
    "ModelCard",
    "Position",
    "Progress",
    "Quote",
    "Range",
    "Retrain",
    "Series",
    "Snapshot",
    "Stage",
    "TailScore",
    "TailTrace",
    "TickerDefaults",
    "Trade",
    "Verdict",
    "parse_ticker",
    "parse_whole_number",
]
