"""The words and columns that every room uses."""

from __future__ import annotations

from typing import Final, Literal

Market = Literal["live", "simulated"]
Horizon = Literal["minute", "long"]
HORIZONS: Final[tuple[Horizon, ...]] = ("minute", "long")
CANDLE_COLUMNS: Final = ("open", "high", "low", "close", "volume")
LONG_BAR_MINUTES: Final = 5
