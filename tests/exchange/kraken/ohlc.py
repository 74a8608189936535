"""Candles: the newest 720, oldest first, the last one always under way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.exchange.floor import View
from tests.exchange.kraken.pairs import one_pair
from tests.exchange.kraken.refusal import invalid_arguments
from tests.exchange.series import (
    CLOSE,
    HIGH,
    LOW,
    MINUTE_MS,
    OPEN,
    QUOTE_VOLUME,
    TRADES,
    VOLUME,
    Series,
)

_INTERVALS_MIN = (1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600)
_MOST_ROWS = 720


def ohlc(view: View, params: Mapping[str, str]) -> Any:
    """Return rows after `since` (epoch s) among the newest 720, and the id to ask from next.

    The last row is the present interval's, whatever `since` is; an interval without trades
    is absent once it is over.
    """
    pair, series = one_pair(view, params.get("pair"))
    step_ms = MINUTE_MS * _whole(params, "interval", 1)
    if step_ms // MINUTE_MS not in _INTERVALS_MIN:
        raise invalid_arguments()
    since = _whole(params, "since", 0)
    rows = _rows(series, step_ms, view.now_ms)
    newer = [row for row in rows[:-1] if row[0] > since]
    last = rows[-2][0] if len(rows) > 1 else rows[-1][0]
    return {pair.key: [*newer, rows[-1]], "last": last}


def _whole(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not text.isdigit():
        raise invalid_arguments()
    return int(text)


def _rows(series: Series, step_ms: int, now_ms: int) -> list[list[Any]]:
    """Return the newest 720 rows, the present one included."""
    present = now_ms // step_ms * step_ms
    opens, values = series.bars(step_ms, None, None, _MOST_ROWS, now_ms)
    if opens[-1] < present:
        opens = np.append(opens, present)
        values = np.vstack([values, _without_trades(float(values[-1, CLOSE]))])
    pairs = list(zip(opens.tolist(), values.tolist(), strict=True))
    return [_row(series, open_ms, row) for open_ms, row in pairs[-_MOST_ROWS:]]


def _without_trades(price: float) -> np.ndarray:
    row = np.zeros(9)
    row[OPEN : CLOSE + 1] = price
    return row


def _row(series: Series, open_ms: int, row: list[float]) -> list[Any]:
    """Return ``[time, open, high, low, close, vwap, volume, count]``: text but time and count."""
    places, volume = series.decimals, row[VOLUME]
    prices = [f"{x:.{places}f}" for x in row[OPEN : CLOSE + 1]]
    # The amounts of an unfinished row are a share of the final ones, its prices are not.
    mean = np.clip(row[QUOTE_VOLUME] / volume, row[LOW], row[HIGH]) if volume else 0.0
    vwap = f"{mean:.{places}f}"
    return [open_ms // 1000, *prices, vwap, f"{volume:.8f}", int(row[TRADES])]
