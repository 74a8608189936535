"""One local exchange of each venue, over the same made minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests

from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.made import START, made_candles

ROWS = 1_600
# Half a minute after the open of row 1,500.
AT = START + timedelta(minutes=1_500, seconds=30)


@dataclass(frozen=True)
class Venue:
    """A venue's name, its symbol, and its paths."""

    name: str
    symbol: str
    time: str
    candles: str
    query: dict[str, str]


VENUES = [
    Venue(
        "binance",
        "BTCUSDT",
        "/api/v3/time",
        "/api/v3/klines",
        {"symbol": "BTCUSDT", "interval": "1m", "limit": "100"},
    ),
    Venue("coinbase", "BTC-USD", "/time", "/products/BTC-USD/candles", {"granularity": "60"}),
    Venue("kraken", "XBTUSD", "/0/public/Time", "/0/public/OHLC", {"pair": "XBTUSD"}),
]


@dataclass(frozen=True)
class Asked:
    """A running exchange of a venue and a way to ask it."""

    venue: Venue
    exchange: LocalExchange

    def get(self, path: str, **params: Any) -> requests.Response:
        return requests.get(
            self.exchange.base_url + path, params=params, timeout=5, allow_redirects=False
        )

    def time(self) -> requests.Response:
        return self.get(self.venue.time)

    def candles(self) -> requests.Response:
        return self.get(self.venue.candles, **self.venue.query)

    def rows(self) -> list[list[Any]]:
        """Return the candles of an answer, oldest first, whatever is wrong with them."""
        body = self.candles().json()
        if self.venue.name == "kraken":
            return body["result"]["XXBTZUSD"]
        return body if self.venue.name == "binance" else body[::-1]

    def open_ms(self, row: list[Any]) -> int:
        return row[0] if self.venue.name == "binance" else row[0] * 1000

    def clock_ms(self) -> int:
        """Return what the exchange's clock shows."""
        body = self.time().json()
        if self.venue.name == "kraken":
            return body["result"]["unixtime"] * 1000
        return body["serverTime"] if self.venue.name == "binance" else round(body["epoch"] * 1000)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=VENUES, ids=lambda venue: venue.name)
def asked(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[Asked]:
    venue = request.param
    candles = {venue.symbol: made_candles(ROWS).round(2)}
    with LocalExchange(candles, venue=venue.name, at=AT, clock=clock, burst=100) as running:
        yield Asked(venue, running)
