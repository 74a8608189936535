"""Connectivity, the clock, and what is listed."""

from __future__ import annotations

from typing import Any

from tests.exchange.binance import refusals
from tests.exchange.binance.params import symbols_asked
from tests.exchange.binance.query import Query

_QUOTE_ASSET = "USDT"


def ping(_query: Query) -> Any:
    return {}


def time(query: Query) -> Any:
    return {"serverTime": query.stamp(query.view.time_ms)}


def exchange_info(query: Query) -> Any:
    params, view = query.params, query.view
    asked = symbols_asked(params)
    if asked is not None and ("permissions" in params or "symbolStatus" in params):
        raise refusals.invalid_combination()
    names = asked if asked is not None else list(view.series)
    if any(name not in view.series for name in names):
        raise refusals.invalid_symbol()
    wanted = query.status_asked()
    described = [_describe(query, name) for name in names]
    return {
        "timezone": "UTC",
        "serverTime": query.stamp(view.time_ms),
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", 1, view.weight_limit),
            _rate_limit("RAW_REQUESTS", 5, 300_000),
        ],
        "exchangeFilters": [],
        "symbols": [d for d in described if wanted in (None, d["status"])],
    }


def _describe(query: Query, symbol: str) -> dict[str, Any]:
    tick = f"{query.view.series[symbol].tick:.8f}"
    return {
        "symbol": symbol,
        "status": query.view.statuses[symbol],
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
