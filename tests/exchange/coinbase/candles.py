"""Candles, newest first, at most 300."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.exchange.coinbase.refusal import Refusal
from tests.exchange.floor import View
from tests.exchange.market_clock import to_ms
from tests.exchange.series import CLOSE, HIGH, LOW, OPEN, VOLUME, Series

_GRANULARITIES_S = (60, 300, 900, 3_600, 21_600, 86_400)
_MOST_ROWS = 300
_TOO_LONG = (
    "granularity too small for the requested time range. Count of aggregations requested exceeds "
    f"{_MOST_ROWS}"
)


def candles(view: View, series: Series, params: Mapping[str, str]) -> Any:
    """Return ``[time, low, high, open, close, volume]``; without both bounds up to the present.

    Both bounds are inclusive. The row that contains `start` is sent, so one may begin before
    it. A range of exactly 300 intervals has 301 rows: the oldest is not sent.
    """
    step_ms = 1000 * _granularity(params)
    start, end = _bounds(params, view.now_ms, step_ms)
    if (end - start) // step_ms > _MOST_ROWS:
        raise Refusal(400, _TOO_LONG)
    first = start // step_ms * step_ms
    opens, rows = series.bars(step_ms, first, end, _MOST_ROWS + 1, view.now_ms)
    newest_first = list(zip(opens.tolist(), rows.tolist(), strict=True))[::-1]
    return [_row(open_ms, row) for open_ms, row in newest_first[:_MOST_ROWS]]


def _granularity(params: Mapping[str, str]) -> int:
    text = params.get("granularity", "60")
    if not text.isdigit() or int(text) not in _GRANULARITIES_S:
        raise Refusal(400, "Unsupported granularity")
    return int(text)


def _bounds(params: Mapping[str, str], now_ms: int, step_ms: int) -> tuple[int, int]:
    """Return both bounds in epoch ms; where one is missing, the newest 300 intervals."""
    if not params.get("start") or not params.get("end"):
        return now_ms - (_MOST_ROWS - 1) * step_ms, now_ms
    return _instant(params, "start"), _instant(params, "end")


def _instant(params: Mapping[str, str], name: str) -> int:
    """Return epoch ms of an ISO 8601 text, taken as UTC where it names no zone, or epoch s."""
    text = params[name]
    if text.isdigit():
        return int(text) * 1000
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"Invalid {name}") from None
    return to_ms(time if time.tzinfo else time.replace(tzinfo=UTC))


def _row(open_ms: int, row: list[float]) -> list[Any]:
    prices = (row[LOW], row[HIGH], row[OPEN], row[CLOSE])
    return [open_ms // 1000, *prices, round(row[VOLUME], 8)]
