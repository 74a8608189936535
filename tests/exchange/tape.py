"""Trades made up from recorded minutes: at most four prices a minute, on the same way.

The minutes' open, extremes and close are traded at the instants at which the unfinished
minute passes them, so that trades, candles and prices agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tests.exchange.series import (
    CLOSE,
    HIGH,
    LOW,
    MINUTE_MS,
    OPEN,
    TRADES,
    VOLUME,
    Series,
)

_PRICES = 4


class Fill(NamedTuple):
    """Trades `first_id` to `last_id` at one price and instant, in all `quantity` coins."""

    fill_id: int
    price: float
    quantity: float
    first_id: int
    last_id: int
    time_ms: int
    falling: bool


@dataclass(frozen=True)
class Tape:
    """All fills of a series up to an instant; ids begin at 0 with its first minute."""

    series: Series
    now_ms: int

    def from_id(self, fill_id: int) -> Iterator[Fill]:
        """Yield the fills from that id on, oldest first."""
        minute = int(np.searchsorted(self._fills_until, fill_id, side="right")) - 1
        return (fill for fill in self._from_minute(minute) if fill.fill_id >= fill_id)

    def from_time(self, start_ms: int) -> Iterator[Fill]:
        """Yield the fills from that instant on, oldest first."""
        minute = int(np.searchsorted(self.series.opens, start_ms - MINUTE_MS, side="right"))
        return (fill for fill in self._from_minute(minute) if fill.time_ms >= start_ms)

    def newest_first(self, end_ms: int | None = None) -> Iterator[Fill]:
        """Yield the fills up to that instant, or all, newest first."""
        end_ms = self.now_ms if end_ms is None else min(end_ms, self.now_ms)
        for minute in range(self.series.begun(end_ms) - 1, -1, -1):
            fills = [fill for fill in self._of_minute(minute) if fill.time_ms <= end_ms]
            yield from fills[::-1]

    @cached_property
    def _fills_until(self) -> np.ndarray:
        """Return the number of fills until the beginning of each minute, and in all."""
        return _sums_until(np.minimum(self.series.values[:, TRADES], _PRICES))

    @cached_property
    def _trades_until(self) -> np.ndarray:
        """Return the number of trades until the beginning of each minute, and in all."""
        return _sums_until(self.series.values[:, TRADES])

    def _from_minute(self, first: int) -> Iterator[Fill]:
        for minute in range(first, self.series.begun(self.now_ms)):
            yield from (f for f in self._of_minute(minute) if f.time_ms <= self.now_ms)

    def _of_minute(self, minute: int) -> list[Fill]:
        row, opened = self.series.values[minute], int(self.series.opens[minute])
        return _fills(row, opened, int(self._fills_until[minute]), int(self._trades_until[minute]))


def _sums_until(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], counts.cumsum()]).astype(int)


def _fills(row: np.ndarray, open_ms: int, fill_id: int, trade_id: int) -> list[Fill]:
    path = _path(row)
    counts = np.diff(np.linspace(0, row[TRADES], len(path) + 1).astype(int)).tolist()
    share = round(row[VOLUME] / max(1, len(path)), 8)
    fills = []
    for i, (part, price) in enumerate(path):
        last = i == len(path) - 1
        quantity = round(row[VOLUME] - share * i, 8) if last else share
        time_ms = open_ms + int(part * (MINUTE_MS - 1))
        falling = i > 0 and price < path[i - 1][1]
        ids = trade_id, trade_id + counts[i] - 1
        fills.append(Fill(fill_id + i, price, quantity, *ids, time_ms, falling))
        trade_id += counts[i]
    return fills


def _path(row: np.ndarray) -> list[tuple[float, float]]:
    """Return (part of the minute, price) of each fill; fewer than four trades leave some out."""
    opened, high, low, closed = (float(row[c]) for c in (OPEN, HIGH, LOW, CLOSE))
    first, second = (low, high) if closed >= opened else (high, low)
    whole = [(0.0, opened), (1 / 3, first), (2 / 3, second), (1.0, closed)]
    trades = int(row[TRADES])
    if trades == 3:
        return [whole[0], whole[2] if first == opened else whole[1], whole[3]]
    return {0: [], 1: whole[3:], 2: [whole[0], whole[3]]}.get(trades, whole)
