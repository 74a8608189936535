"""Prices, the order book, and the last 24 hours."""

from __future__ import annotations

from typing import Any

from tests.exchange.binance import refusals
from tests.exchange.binance.query import Query
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

_QUANTITY = "1.00000000"


def ticker_price(query: Query) -> Any:
    now_ms = query.view.now_ms
    return query.per_symbol(lambda s: {"symbol": s.symbol, "price": f"{s.price(now_ms):.8f}"})


def book_ticker(query: Query) -> Any:
    now_ms = query.view.now_ms
    return query.per_symbol(lambda s: {"symbol": s.symbol, **_best(s, now_ms)})


def depth(query: Query) -> Any:
    """A level at each tick, one coin each; the numbers of the book are its time in ms."""
    query.status_asked()
    series, now_ms = query.traded(), query.view.now_ms
    bids, asks = series.book(query.limit(100, 5_000), now_ms)
    return {
        "lastUpdateId": now_ms,
        "bids": [[f"{price:.8f}", _QUANTITY] for price in bids],
        "asks": [[f"{price:.8f}", _QUANTITY] for price in asks],
    }


def ticker_24hr(query: Query) -> Any:
    kind = query.params.get("type", "FULL")
    if kind not in ("FULL", "MINI"):
        raise refusals.invalid_ticker_type()
    full, now_ms = kind == "FULL", query.view.now_ms
    return query.per_symbol(
        lambda s: {
            "symbol": s.symbol,
            **(_changes(s, now_ms) if full else {}),
            **(_best(s, now_ms) if full else {}),
            **_mini(s, query),
        }
    )


def _best(series: Series, now_ms: int) -> dict[str, str]:
    (bid,), (ask,) = series.book(1, now_ms)
    return {
        "bidPrice": f"{bid:.8f}",
        "bidQty": _QUANTITY,
        "askPrice": f"{ask:.8f}",
        "askQty": _QUANTITY,
    }


def _mini(series: Series, query: Query) -> dict[str, Any]:
    now_ms = query.view.now_ms
    day = series.last_day(now_ms)
    begun, before = series.begun(now_ms), series.begun(now_ms - DAY_MS)
    first_id, count = int(series.values[:before, TRADES].sum()), int(day[TRADES])
    opened = max(now_ms - DAY_MS, int(series.opens[min(before, begun - 1)]))
    return {
        "lastPrice": f"{day[CLOSE]:.8f}",
        "openPrice": f"{day[OPEN]:.8f}",
        "highPrice": f"{day[HIGH]:.8f}",
        "lowPrice": f"{day[LOW]:.8f}",
        "volume": f"{day[VOLUME]:.8f}",
        "quoteVolume": f"{day[QUOTE_VOLUME]:.8f}",
        "openTime": query.stamp(opened),
        "closeTime": query.stamp(now_ms),
        "firstId": first_id if count else -1,
        "lastId": first_id + count - 1 if count else -1,
        "count": count,
    }


def _changes(series: Series, now_ms: int) -> dict[str, str]:
    day = series.last_day(now_ms)
    change = day[CLOSE] - day[OPEN]
    before = series.begun(now_ms - DAY_MS)
    mean = day[QUOTE_VOLUME] / day[VOLUME] if day[VOLUME] else day[CLOSE]
    return {
        "priceChange": f"{change:.8f}",
        "priceChangePercent": f"{100 * change / day[OPEN]:.3f}",
        "weightedAvgPrice": f"{mean:.8f}",
        "prevClosePrice": f"{series.values[before - 1, CLOSE] if before else day[OPEN]:.8f}",
        "lastQty": _QUANTITY,
    }
