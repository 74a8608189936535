"""The exchanges that can be followed, in order of preference, and how each is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from core.clock import Clock
from core.exchanges.binance import BinanceProvider
from core.exchanges.coinbase import CoinbaseProvider
from core.exchanges.kraken import KrakenProvider
from core.exchanges.transport import Transport
from core.settings import Settings

LiveProvider = BinanceProvider | CoinbaseProvider | KrakenProvider
_Maker = Callable[[Settings, Clock, Transport | None, Path | None], LiveProvider]

_MAKERS: Final[Mapping[str, _Maker]] = {
    "binance": lambda settings, *rest: BinanceProvider(settings.binance_base_urls, *rest),
    "coinbase": lambda settings, *rest: CoinbaseProvider(settings.coinbase_base_url, *rest),
    "kraken": lambda settings, *rest: KrakenProvider(settings.kraken_base_url, *rest),
}

LIVE_NAMES: Final = tuple(_MAKERS)
"""In order of preference."""


def live_providers(settings: Settings, clock: Clock) -> list[LiveProvider]:
    """Return every exchange that may be followed, in order of preference.

    Each keeps its gate in a file, which it shares with the other processes.
    """
    return [
        live_provider(name, settings, clock, memory=gate_of(name, settings)) for name in LIVE_NAMES
    ]


def live_provider(
    name: str,
    settings: Settings,
    clock: Clock,
    transport: Transport | None = None,
    memory: Path | None = None,
) -> LiveProvider:
    """Return the exchange of that name at the hosts that the settings name.

    Parameters
    ----------
    name : str
        One of `LIVE_NAMES`.
    transport : Transport or None
        How a request is sent; None for the usual session and timeouts.
    memory : Path or None
        See `HttpClient`.
    """
    return _MAKERS[name](settings, clock, transport, memory)


def gate_of(name: str, settings: Settings) -> Path:
    """Return the file where all processes of this deployment keep the exchange's gate."""
    return settings.run_dir / "gates" / f"{name}.json"
