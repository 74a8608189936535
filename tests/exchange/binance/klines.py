"""Candles, and the mean price of five minutes."""

from __future__ import annotations

from typing import Any

from tests.exchange.binance import refusals
from tests.exchange.binance.params import instant
from tests.exchange.binance.query import Query
from tests.exchange.series import CLOSE, MINUTE_MS, QUOTE_VOLUME, VOLUME

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


def klines(query: Query) -> Any:
    """Both bounds are inclusive and compared with the open time; start after end gives nothing."""
    minutes = _INTERVAL_MINUTES.get(query.params["interval"])
    if minutes is None:
        raise refusals.invalid_interval()
    if query.params.get("timeZone", "0") != "0":
        raise refusals.invalid_data("timeZone")
    start = instant(query.params, "startTime", up=True)
    end = instant(query.params, "endTime", up=False)
    rows, step_ms = query.limit(500, 1_000), minutes * MINUTE_MS
    now_ms = query.view.now_ms
    return query.listed().klines(step_ms, start, end, rows, now_ms, query.time_unit)


def average_price(query: Query) -> Any:
    """Mean price of the last five minutes weighted by volume; the last one where none traded."""
    series, now_ms = query.traded(), query.view.now_ms
    row = series.since(now_ms - 5 * MINUTE_MS, now_ms)
    mean = row[QUOTE_VOLUME] / row[VOLUME] if row[VOLUME] else row[CLOSE]
    traded_at = query.stamp(series.traded_at(now_ms))
    return {"mins": 5, "price": f"{mean:.8f}", "closeTime": traded_at}
