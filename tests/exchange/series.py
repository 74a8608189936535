"""The minutes of one symbol, and what the exchange shows of them at an instant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

MINUTE_MS = 60_000
DAY_MS = 86_400_000
# The order of a row's values from here on.
OPEN, HIGH, LOW, CLOSE, VOLUME, QUOTE_VOLUME, TRADES, TAKER_BASE, TAKER_QUOTE = range(9)
_COLUMNS = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "trades",
    "taker_buy_base",
    "taker_buy_quote",
)
# A minute passes its first extreme at one third and its second at two thirds.
_KNOTS = (0.0, 1 / 3, 2 / 3, 1.0)
# What a minute that is final late shows until then: the trades of its first 45 s.
_LATE_PART = 0.75


@dataclass(frozen=True)
class Series:
    """Recorded minutes: `opens` in epoch ms, shape (n,), ascending; `values` of shape (n, 9).

    A minute is final `late_ms` after it has ended; until then it looks unfinished.
    """

    symbol: str
    opens: np.ndarray
    values: np.ndarray
    decimals: int
    late_ms: int = 0

    @classmethod
    def of(cls, symbol: str, source: Path | pd.DataFrame) -> Series:
        """Read a recorded file (see `read_candles`) or take a frame of candles."""
        frame = read_candles(source) if isinstance(source, Path) else source
        opens = frame.index.as_unit("ms").asi8
        if not (np.diff(opens) > 0).all() or (opens % MINUTE_MS).any():
            raise ValueError(f"{symbol}: open times must ascend on the minute grid")
        values = with_all_columns(frame)[list(_COLUMNS)].to_numpy(dtype=float)
        return cls(symbol, opens, values, price_decimals(values[:, OPEN : CLOSE + 1]))

    def shifted(self, by_ms: int) -> Series:
        return replace(self, opens=self.opens + by_ms)

    def begun(self, now_ms: int) -> int:
        """Return how many minutes have begun, the one under way included."""
        return int(np.searchsorted(self.opens, now_ms, side="right"))

    def minutes(self, first: int, last: int, now_ms: int) -> np.ndarray:
        """Return the rows of minutes `first` to `last` (excluded) as they stand at `now_ms`."""
        rows = self.values[first:last].copy()
        settled = int(np.searchsorted(self.opens, now_ms - MINUTE_MS - self.late_ms, side="right"))
        for i in range(max(first, settled), last):
            rows[i - first] = self._under_way(i, now_ms)
        return rows

    def bars(
        self, step_ms: int, start: int | None, end: int | None, limit: int, now_ms: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return open times (n,) and rows (n, 9) of bars of `step_ms`.

        The oldest from `start` on, or else the newest up to `end`; both inclusive, compared
        with the open time. The last one is unfinished where the range reaches the present.
        """
        begun = self.begun(now_ms)
        bars = self.opens[:begun] // step_ms * step_ms
        firsts = np.flatnonzero(np.diff(bars, prepend=-1))
        bar_opens = bars[firsts]
        low = 0 if start is None else int(np.searchsorted(bar_opens, start, side="left"))
        high = len(firsts) if end is None else int(np.searchsorted(bar_opens, end, side="right"))
        if start is None:
            low = max(low, high - limit)
        high = min(high, low + limit)
        if high <= low:
            return bar_opens[:0], self.values[:0]
        after = int(firsts[high]) if high < len(firsts) else begun
        rows = self.minutes(int(firsts[low]), after, now_ms)
        return bar_opens[low:high], merge(rows, firsts[low:high] - firsts[low])

    def klines(
        self,
        step_ms: int,
        start: int | None,
        end: int | None,
        limit: int,
        now_ms: int,
        time_unit: int = 1,
    ) -> list[list[Any]]:
        """Return `bars` as Binance writes them, times in `time_unit` units per millisecond."""
        opens, values = self.bars(step_ms, start, end, limit, now_ms)
        return [
            _kline(open_ms * time_unit, (open_ms + step_ms) * time_unit, row)
            for open_ms, row in zip(opens.tolist(), values.tolist(), strict=True)
        ]

    def price(self, now_ms: int) -> float | None:
        """Return the last price; None before the first minute."""
        begun = self.begun(now_ms)
        if not begun:
            return None
        return float(self.minutes(begun - 1, begun, now_ms)[0, CLOSE])

    @property
    def tick(self) -> float:
        """Return the smallest step of the price."""
        return 10.0**-self.decimals

    def book(self, levels: int, now_ms: int) -> tuple[list[float], list[float]]:
        """Return the prices of an order book, best first: bids from the last price down, asks up.

        Made, not recorded: one level at each tick.
        """
        price = self.price(now_ms) or 0.0
        bids = [round(price - i * self.tick, self.decimals) for i in range(levels)]
        asks = [round(price + i * self.tick, self.decimals) for i in range(1, levels + 1)]
        return [bid for bid in bids if bid > 0], asks

    def traded_at(self, now_ms: int) -> int:
        """Return when the last trade known at `now_ms` was made, epoch ms."""
        return min(now_ms, int(self.opens[self.begun(now_ms) - 1]) + MINUTE_MS - 1)

    def last_day(self, now_ms: int) -> np.ndarray:
        """Return the minutes begun within the last 24 hours as one merged row."""
        return self.since(now_ms - DAY_MS, now_ms)

    def since(self, start_ms: int, now_ms: int) -> np.ndarray:
        """Return the minutes begun after `start_ms`, but at least the last, as one merged row."""
        begun = self.begun(now_ms)
        first = min(self.begun(start_ms), begun - 1)
        return merge(self.minutes(first, begun, now_ms), np.array([0]))[0]

    def _under_way(self, i: int, now_ms: int) -> np.ndarray:
        """Return minute `i` part of the way: open, extreme, other extreme, close.

        All prices lie within the final low and high; amounts grow with time.
        """
        final = self.values[i]
        passed_ms = now_ms - int(self.opens[i])
        part = min(passed_ms / MINUTE_MS, _LATE_PART if self.late_ms else 1.0)
        rises = final[CLOSE] >= final[OPEN]
        extremes = (final[LOW], final[HIGH]) if rises else (final[HIGH], final[LOW])
        path = (final[OPEN], *extremes, final[CLOSE])
        price = round(float(np.interp(part, _KNOTS, path)), self.decimals)
        passed = [p for at, p in zip(_KNOTS, path, strict=True) if at <= part]
        row = final * part
        row[OPEN], row[CLOSE] = final[OPEN], price
        row[HIGH], row[LOW] = max(*passed, price), min(*passed, price)
        row[TRADES] = np.ceil(row[TRADES])
        return row


def merge(rows: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """Merge minutes into bars that begin at `firsts`: first, max, min, last, sums."""
    merged = np.add.reduceat(rows, firsts, axis=0)
    merged[:, OPEN] = rows[firsts, OPEN]
    merged[:, HIGH] = np.maximum.reduceat(rows[:, HIGH], firsts)
    merged[:, LOW] = np.minimum.reduceat(rows[:, LOW], firsts)
    merged[:, CLOSE] = rows[np.append(firsts[1:], len(rows)) - 1, CLOSE]
    return merged


def _kline(opened: int, ended: int, row: list[float]) -> list[Any]:
    """Return the 12 fields: times and trades as numbers, the rest as text of 8 decimals."""
    prices_and_volume = (f"{x:.8f}" for x in row[OPEN : VOLUME + 1])
    quote, *taken = (f"{row[i]:.8f}" for i in (QUOTE_VOLUME, TAKER_BASE, TAKER_QUOTE))
    return [opened, *prices_and_volume, ended - 1, quote, int(row[TRADES]), *taken, "0"]


def read_candles(path: Path) -> pd.DataFrame:
    """Read a CSV (gzip or plain) whose header begins ``open_time,open,high,low,close,volume``.

    `open_time` is epoch milliseconds and becomes the index.
    """
    frame = pd.read_csv(path)
    frame.index = pd.DatetimeIndex(frame.pop("open_time").astype("datetime64[ms]"), tz="UTC")
    return frame


def with_all_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Make up what a short recording lacks: 4 trades at the mean price, half of it by takers."""
    mean_price = frame[["open", "high", "low", "close"]].mean(axis=1)
    quote = frame["volume"] * mean_price
    made = {
        "quote_volume": quote,
        "trades": 4.0 * (frame["volume"] > 0),
        "taker_buy_base": frame["volume"] / 2,
        "taker_buy_quote": quote / 2,
    }
    return frame.assign(**{k: v for k, v in made.items() if k not in frame.columns})


def price_decimals(prices: np.ndarray) -> int:
    """Return how many decimals the prices have, at most 8."""
    return next((d for d in range(8) if (np.round(prices, d) == prices).all()), 8)
