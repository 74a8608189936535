"""The words and columns that every room uses."""

from __future__ import annotations

from typing import Final, Literal

Market = Literal["live", "simulated"]
Horizon = Literal["minute", "long"]
HORIZONS: Final[tuple[Horizon, ...]] = ("minute", "long")
CANDLE_COLUMNS: Final = ("open", "high", "low", "close", "volume")
LONG_BAR_MINUTES: Final = 5

_PROVIDER_TITLES: Final = {
    "binance": "Binance",
    "coinbase": "Coinbase",
    "kraken": "Kraken",
    "cache": "the offline cache",
    "simulated": "the simulated market",
}


def provider_title(provider: str) -> str:
    """Return a provider's name as it stands in a sentence; assets/format.js has the same."""
    return _PROVIDER_TITLES.get(provider, provider)
