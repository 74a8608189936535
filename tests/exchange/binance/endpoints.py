"""Binance's public endpoints: their parameters and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.exchange.binance.general import exchange_info, ping, time
from tests.exchange.binance.klines import average_price, klines
from tests.exchange.binance.params import Params
from tests.exchange.binance.query import Query
from tests.exchange.binance.tickers import book_ticker, depth, ticker_24hr, ticker_price
from tests.exchange.binance.trades import aggregate_trades, recent_trades


@dataclass(frozen=True)
class Endpoint:
    """Parameters it reads, those it needs, what it weighs and what it answers."""

    answer: Callable[[Query], Any]
    weight: Callable[[Params], int]
    known: tuple[str, ...] = ()
    mandatory: tuple[str, ...] = ()


def _always(weight: int) -> Callable[[Params], int]:
    return lambda _params: weight


def _one_or_many(params: Params) -> int:
    return 2 if "symbol" in params else 4


def _weight_24hr(params: Params) -> int:
    if "symbol" in params:
        return 2
    named = params.get("symbols", "").count(",") + 1 if "symbols" in params else 101
    return 2 if named <= 20 else 40 if named <= 100 else 80


def _weight_depth(params: Params) -> int:
    text = params.get("limit", "100")
    levels = int(text) if text.isdigit() else 100
    steps = ((100, 5), (500, 25), (1_000, 50))
    return next((weight for most, weight in steps if levels <= most), 250)


_TICKER = ("symbol", "symbols", "symbolStatus")
ENDPOINTS: Mapping[str, Endpoint] = {
    "/api/v3/ping": Endpoint(ping, _always(1)),
    "/api/v3/time": Endpoint(time, _always(1)),
    "/api/v3/exchangeInfo": Endpoint(
        exchange_info, _always(20), (*_TICKER, "permissions", "showPermissionSets")
    ),
    "/api/v3/klines": Endpoint(
        klines,
        _always(2),
        ("symbol", "interval", "startTime", "endTime", "timeZone", "limit"),
        ("symbol", "interval"),
    ),
    "/api/v3/avgPrice": Endpoint(average_price, _always(2), ("symbol",), ("symbol",)),
    "/api/v3/depth": Endpoint(
        depth, _weight_depth, ("symbol", "limit", "symbolStatus"), ("symbol",)
    ),
    "/api/v3/trades": Endpoint(recent_trades, _always(25), ("symbol", "limit"), ("symbol",)),
    "/api/v3/aggTrades": Endpoint(
        aggregate_trades,
        _always(4),
        ("symbol", "fromId", "startTime", "endTime", "limit"),
        ("symbol",),
    ),
    "/api/v3/ticker/price": Endpoint(ticker_price, _one_or_many, _TICKER),
    "/api/v3/ticker/bookTicker": Endpoint(book_ticker, _one_or_many, _TICKER),
    "/api/v3/ticker/24hr": Endpoint(ticker_24hr, _weight_24hr, (*_TICKER, "type")),
}
