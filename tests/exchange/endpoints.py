"""Binance's public endpoints: their parameters, weights and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.exchange import refusals
from tests.exchange.market_clock import MarketClock
from tests.exchange.params import Params, one_symbol, symbols_asked, whole_number
from tests.exchange.series import (
    CLOSE,
    DAY_MS,
    HIGH,
    LOW,
    OPEN,
    QUOTE_VOLUME,
    TRADES,
    VOLUME,
    Series,
)

DEFAULT_LIMIT, LARGEST_LIMIT = 500, 1_000
# Intervals of fixed length up to a day, in minutes; longer ones are refused as unknown.
_INTERVAL_MINUTES = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "6h": 360,
    "8h": 480,
    "12h": 720,
    "1d": 1_440,
}
_STATUSES = ("TRADING", "HALT", "BREAK")
_QUOTE_ASSET = "USDT"


@dataclass
class Floor:
    """What is traded: series by symbol, the clock, and each symbol's status."""

    clock: MarketClock
    series: Mapping[str, Series]
    statuses: dict[str, str]
    weight_limit: int

    def find(self, symbol: str) -> Series:
        """Return the series of a symbol that is traded and has begun."""
        series = self.series.get(symbol)
        if series is None or not series.begun(self.clock.now_ms()):
            raise refusals.invalid_symbol()
        return series


@dataclass(frozen=True)
class Endpoint:
    """Parameters it reads, those it needs, what it weighs and what it answers."""

    answer: Callable[[Floor, Params], Any]
    weight: Callable[[Params], int]
    known: tuple[str, ...] = ()
    mandatory: tuple[str, ...] = ()


def ping(_floor: Floor, _params: Params) -> Any:
    return {}


def time(floor: Floor, _params: Params) -> Any:
    return {"serverTime": floor.clock.now_ms()}


def klines(floor: Floor, params: Params) -> Any:
    """Both bounds are inclusive and compared with the open time; start after end gives nothing."""
    symbol = one_symbol(params)
    start, end = whole_number(params, "startTime"), whole_number(params, "endTime")
    limit = whole_number(params, "limit")
    if params["interval"] not in _INTERVAL_MINUTES:
        raise refusals.invalid_interval()
    if params.get("timeZone", "0") != "0":
        raise refusals.invalid_data("timeZone")
    if limit == 0:
        raise refusals.invalid_data("limit")
    rows = min(limit or DEFAULT_LIMIT, LARGEST_LIMIT)
    series = floor.series.get(symbol)
    if series is None:
        raise refusals.invalid_symbol()
    step_ms = _INTERVAL_MINUTES[params["interval"]] * 60_000
    return series.klines(step_ms, start, end, rows, floor.clock.now_ms())


def ticker_price(floor: Floor, params: Params) -> Any:
    now = floor.clock.now_ms()
    return _per_symbol(
        floor, params, lambda s: {"symbol": s.symbol, "price": f"{s.price(now):.8f}"}
    )


def book_ticker(floor: Floor, params: Params) -> Any:
    return _per_symbol(floor, params, lambda s: {"symbol": s.symbol, **_book(s, floor)})


def ticker_24hr(floor: Floor, params: Params) -> Any:
    kind = params.get("type", "FULL")
    if kind not in ("FULL", "MINI"):
        raise refusals.invalid_ticker_type()
    now = floor.clock.now_ms()
    full = kind == "FULL"
    return _per_symbol(
        floor,
        params,
        lambda s: {
            "symbol": s.symbol,
            **(_changes(s, now) if full else {}),
            **(_book(s, floor) if full else {}),
            **_mini(s, now),
        },
    )


def exchange_info(floor: Floor, params: Params) -> Any:
    asked = symbols_asked(params)
    if asked is not None and ("permissions" in params or "symbolStatus" in params):
        raise refusals.invalid_combination()
    names = asked if asked is not None else list(floor.series)
    if any(name not in floor.series for name in names):
        raise refusals.invalid_symbol()
    wanted = _status_asked(params)
    described = [_describe(floor, name) for name in names]
    return {
        "timezone": "UTC",
        "serverTime": floor.clock.now_ms(),
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", 1, floor.weight_limit),
            _rate_limit("RAW_REQUESTS", 5, 300_000),
        ],
        "exchangeFilters": [],
        "symbols": [d for d in described if wanted in (None, d["status"])],
    }


def _per_symbol(floor: Floor, params: Params, show: Callable[[Series], Any]) -> Any:
    """Answer for `symbol` with an object, for `symbols` or nothing with a list."""
    asked, wanted = symbols_asked(params), _status_asked(params)
    if asked is not None:
        shown = [show(floor.find(name)) for name in asked]
        return shown[0] if "symbol" in params else shown
    now = floor.clock.now_ms()
    traded = [s for s in floor.series.values() if s.begun(now)]
    return [show(s) for s in traded if wanted in (None, floor.statuses[s.symbol])]


def _status_asked(params: Params) -> str | None:
    status = params.get("symbolStatus")
    if status is not None and status not in _STATUSES:
        raise refusals.Refusal(-1122, "Invalid symbolStatus.")
    return status


def _tick(series: Series) -> float:
    return 10.0**-series.decimals


def _book(series: Series, floor: Floor) -> dict[str, str]:
    price = series.price(floor.clock.now_ms()) or 0.0
    return {
        "bidPrice": f"{price:.8f}",
        "bidQty": "1.00000000",
        "askPrice": f"{price + _tick(series):.8f}",
        "askQty": "1.00000000",
    }


def _mini(series: Series, now: int) -> dict[str, Any]:
    day = series.last_day(now)
    begun, before = series.begun(now), series.begun(now - DAY_MS)
    first_id, count = int(series.values[:before, TRADES].sum()), int(day[TRADES])
    return {
        "lastPrice": f"{day[CLOSE]:.8f}",
        "openPrice": f"{day[OPEN]:.8f}",
        "highPrice": f"{day[HIGH]:.8f}",
        "lowPrice": f"{day[LOW]:.8f}",
        "volume": f"{day[VOLUME]:.8f}",
        "quoteVolume": f"{day[QUOTE_VOLUME]:.8f}",
        "openTime": max(now - DAY_MS, int(series.opens[min(before, begun - 1)])),
        "closeTime": now,
        "firstId": first_id if count else -1,
        "lastId": first_id + count - 1 if count else -1,
        "count": count,
    }


def _changes(series: Series, now: int) -> dict[str, str]:
    day = series.last_day(now)
    change = day[CLOSE] - day[OPEN]
    before = series.begun(now - DAY_MS)
    mean = day[QUOTE_VOLUME] / day[VOLUME] if day[VOLUME] else day[CLOSE]
    return {
        "priceChange": f"{change:.8f}",
        "priceChangePercent": f"{100 * change / day[OPEN]:.3f}",
        "weightedAvgPrice": f"{mean:.8f}",
        "prevClosePrice": f"{series.values[before - 1, CLOSE] if before else day[OPEN]:.8f}",
        "lastQty": "1.00000000",
    }


def _describe(floor: Floor, symbol: str) -> dict[str, Any]:
    tick = f"{_tick(floor.series[symbol]):.8f}"
    return {
        "symbol": symbol,
        "status": floor.statuses[symbol],
        "baseAsset": symbol.removesuffix(_QUOTE_ASSET),
        "baseAssetPrecision": 8,
        "quoteAsset": _QUOTE_ASSET,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": "1000000.00000000",
                "tickSize": tick,
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": "0.00001000",
                "maxQty": "9000.00000000",
                "stepSize": "0.00001000",
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def _rate_limit(kind: str, minutes: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": "MINUTE", "intervalNum": minutes, "limit": limit}


def _always(weight: int) -> Callable[[Params], int]:
    return lambda _params: weight


def _one_or_many(params: Params) -> int:
    return 2 if "symbol" in params else 4


def _weight_24hr(params: Params) -> int:
    if "symbol" in params:
        return 2
    named = params.get("symbols", "").count(",") + 1 if "symbols" in params else 101
    return 2 if named <= 20 else 40 if named <= 100 else 80


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
    "/api/v3/ticker/price": Endpoint(ticker_price, _one_or_many, _TICKER),
    "/api/v3/ticker/bookTicker": Endpoint(book_ticker, _one_or_many, _TICKER),
    "/api/v3/ticker/24hr": Endpoint(ticker_24hr, _weight_24hr, (*_TICKER, "type")),
}
