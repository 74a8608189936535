"""The exchanges of the settings, each host on its own, and whether it can be reached from here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from core.clock import SystemClock
from core.errors import ExchangeUnavailable, Forbidden, RateLimited, Restricted
from core.exchanges.binance import BinanceProvider
from core.exchanges.coinbase import CoinbaseProvider
from core.exchanges.kraken import KrakenProvider
from core.exchanges.live import LiveProvider
from core.settings import Settings

_PROBE_S: Final = 10.0
# What a place, a network or an exchange's bad hour may cause; anything else is our mistake.
_NOT_OURS: Final = (ExchangeUnavailable, Forbidden, RateLimited, Restricted)


def _providers() -> dict[str, Callable[[], LiveProvider]]:
    settings, clock = Settings.from_env(), SystemClock()
    return {
        **{url: lambda u=url: BinanceProvider([u], clock) for url in settings.binance_base_urls},
        settings.coinbase_base_url: lambda: CoinbaseProvider(settings.coinbase_base_url, clock),
        settings.kraken_base_url: lambda: KrakenProvider(settings.kraken_base_url, clock),
    }


HOSTS: Final = tuple(_providers())


@cache
def provider_at(host: str) -> LiveProvider:
    """Return the one provider of `host`, so that limits hold for all tests."""
    return _providers()[host]()


@cache
def refusal_of(host: str) -> str:
    """Probe `host` once; return why it cannot be asked, empty where it can.

    Raises
    ------
    BadAnswer, BadRequest
        It answers something that our parser does not understand: that is a failure.
    """
    try:
        provider_at(host).probe(host, _PROBE_S)
    except _NOT_OURS as error:
        return str(error)
    return ""
