"""Coinbase and Kraken served by the local exchange, each with its provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from core.exchanges.coinbase import CoinbaseProvider
from core.exchanges.kraken import KrakenProvider
from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.made import START, made_candles

ROWS, NOW_ROW = 1_000, 700
AT = START + timedelta(minutes=NOW_ROW, seconds=30)
# The local exchange sends as many decimals as its series has.
CANDLES = made_candles(ROWS).round(8)


@dataclass(frozen=True)
class Site:
    """A venue, its provider, and where it answers what."""

    provider: CoinbaseProvider | KrakenProvider
    exchange: LocalExchange
    candles: str
    ticker: str
    listing: str
    time: str

    def minutes(self, start: float = 0, end: float | None = None) -> pd.DataFrame:
        last = None if end is None else minute(end)
        return pd.concat(list(self.provider.candles("BTC-USD", minute(start), last)))


def minute(count: float) -> datetime:
    return START + timedelta(minutes=count)


def coinbase(clock: ManualClock, candles: pd.DataFrame, at: datetime) -> Site:
    series = {"BTC-USD": candles, "DOGE-USD": candles}
    exchange = LocalExchange(series, venue="coinbase", at=at, clock=clock)
    exchange.start()
    provider = CoinbaseProvider(exchange.base_url, clock)
    path = "/products/BTC-USD"
    return Site(provider, exchange, f"{path}/candles", f"{path}/ticker", path, "/time")


def kraken(clock: ManualClock, candles: pd.DataFrame, at: datetime) -> Site:
    series = {"XBTUSD": candles, "XDGUSD": candles}
    exchange = LocalExchange(series, venue="kraken", at=at, clock=clock)
    exchange.start()
    provider = KrakenProvider(exchange.base_url, clock)
    paths = (f"/0/public/{name}" for name in ("OHLC", "Ticker", "AssetPairs", "Time"))
    return Site(provider, exchange, *paths)


Opening = Callable[[ManualClock, pd.DataFrame, datetime], Site]
