"""Prices: of today, of the last 24 hours, and the order book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.exchange.floor import View
from tests.exchange.kraken.pairs import find_all, one_pair
from tests.exchange.kraken.refusal import invalid_arguments
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

_MOST_LEVELS = 500


def ticker(view: View, params: Mapping[str, str]) -> Any:
    """Return each pair under Kraken's own name for it; all of them where none is asked for."""
    return {pair.key: _ticker(s, view.now_ms) for pair, s in find_all(view, params.get("pair"))}


def depth(view: View, params: Mapping[str, str]) -> Any:
    pair, series = one_pair(view, params.get("pair"))
    count = params.get("count", "100")
    if not count.isdigit() or not 1 <= int(count) <= _MOST_LEVELS:
        raise invalid_arguments()
    bids, asks = series.book(int(count), view.now_ms)
    at = view.now_ms // 1000
    return {
        pair.key: {
            "asks": [[_price(series, price), "1.000", at] for price in asks],
            "bids": [[_price(series, price), "1.000", at] for price in bids],
        }
    }


def _ticker(series: Series, now_ms: int) -> dict[str, Any]:
    """Return ``[today, last 24 hours]`` of each amount; `o` is today's first price."""
    midnight = now_ms // DAY_MS * DAY_MS
    # A minute that begins at midnight is today's.
    today, day = series.since(midnight - 1, now_ms), series.last_day(now_ms)
    (bid,), (ask,) = series.book(1, now_ms)
    both = (today, day)
    return {
        "a": [_price(series, ask), "1", "1.000"],
        "b": [_price(series, bid), "1", "1.000"],
        "c": [_price(series, day[CLOSE]), "1.00000000"],
        "v": [f"{row[VOLUME]:.8f}" for row in both],
        "p": [_price(series, _mean(row)) for row in both],
        "t": [int(row[TRADES]) for row in both],
        "l": [_price(series, row[LOW]) for row in both],
        "h": [_price(series, row[HIGH]) for row in both],
        "o": _price(series, today[OPEN]),
    }


def _mean(row: np.ndarray) -> float:
    return float(row[QUOTE_VOLUME] / row[VOLUME] if row[VOLUME] else row[CLOSE])


def _price(series: Series, price: float) -> str:
    return f"{price:.{series.decimals}f}"
