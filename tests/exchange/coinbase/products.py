"""The clock, what is listed, and the last 24 hours of a product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.exchange.coinbase.refusal import Refusal
from tests.exchange.floor import View
from tests.exchange.market_clock import from_ms
from tests.exchange.series import CLOSE, HIGH, LOW, OPEN, TRADES, VOLUME, Series

_LEVELS = {"1": 1, "2": 50}


def time(view: View) -> Any:
    return {"iso": _iso(view.time_ms), "epoch": view.time_ms / 1000}


def listing(view: View) -> Any:
    return [_describe(view, series) for series in view.series.values()]


def product(view: View, series: Series, _params: Mapping[str, str]) -> Any:
    return _describe(view, series)


def ticker(view: View, series: Series, _params: Mapping[str, str]) -> Any:
    """The last trade, the best prices, and the volume of 24 hours in coins."""
    now_ms = view.now_ms
    (bid,), (ask,) = series.book(1, now_ms)
    begun = series.begun(now_ms)
    return {
        "ask": _price(series, ask),
        "bid": _price(series, bid),
        "volume": f"{series.last_day(now_ms)[VOLUME]:.8f}",
        "trade_id": int(series.values[:begun, TRADES].sum()),
        "price": _price(series, series.price(now_ms) or 0.0),
        "size": "1.00000000",
        "time": _iso(series.traded_at(now_ms)),
        "rfq_volume": "0.000000",
        "conversions_volume": "0.00",
    }


def stats(view: View, series: Series, _params: Mapping[str, str]) -> Any:
    """The last 24 hours, not the UTC day."""
    day = series.last_day(view.now_ms)
    columns = {"open": OPEN, "high": HIGH, "low": LOW, "last": CLOSE}
    shown = {name: _price(series, day[column]) for name, column in columns.items()}
    return {**shown, "volume": f"{day[VOLUME]:.8f}"}


def book(view: View, series: Series, params: Mapping[str, str]) -> Any:
    """Level 1, the best prices, or level 2, fifty on each side: price, size, orders."""
    levels = _LEVELS.get(params.get("level", "1"))
    if levels is None:
        raise Refusal(400, "Invalid level")
    bids, asks = series.book(levels, view.now_ms)
    return {
        "bids": [[_price(series, price), "1.00000000", 1] for price in bids],
        "asks": [[_price(series, price), "1.00000000", 1] for price in asks],
        "sequence": view.now_ms,
        "time": _iso(view.now_ms),
    }


def _describe(view: View, series: Series) -> dict[str, Any]:
    base, quote = series.symbol.split("-")
    traded = view.statuses[series.symbol] == "TRADING"
    return {
        "id": series.symbol,
        "base_currency": base,
        "quote_currency": quote,
        "quote_increment": _price(series, series.tick),
        "base_increment": "0.00000001",
        "display_name": f"{base}-{quote}",
        "min_market_funds": "1",
        "margin_enabled": False,
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "status": "online" if traded else "delisted",
        "status_message": "",
        "trading_disabled": not traded,
        "fx_stablecoin": False,
        "auction_mode": False,
    }


def _price(series: Series, price: float) -> str:
    return f"{price:.{series.decimals}f}"


def _iso(epoch_ms: int) -> str:
    return from_ms(epoch_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
