"""The market as it is on disk: read-only, its clock frozen where the newest candle closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd

from core.clock import Clock
from core.domain import CANDLE_COLUMNS, Market, Quote, parse_ticker
from core.errors import HistoryError, ParameterError, UnknownSymbol
from core.exchanges.base import CandleInterval, Usage
from core.history.cleaning import MINUTE, last_open, open_times
from core.history.csv_store import CsvStore

_SUFFIX: Final = "_history.csv"
_HOUR: Final = pd.Timedelta(hours=1)
_WHOLE: Final = dict(zip(CANDLE_COLUMNS, ("first", "max", "min", "last", "sum"), strict=True))


@dataclass(frozen=True, slots=True)
class _Shelf:
    """One exchange's candles on disk, by ticker."""

    source: str
    candles: Mapping[str, pd.DataFrame]

    @property
    def end(self) -> datetime:
        return max(last_open(candles) + MINUTE for candles in self.candles.values())


class CachedMarket:
    """`core.exchanges.base.Provider` over stored candles; nothing is ever written.

    The exchange whose candles reach furthest is the one shown.

    Parameters
    ----------
    directories : mapping
        Where each exchange's candles lie, by its name.
    clock : Clock
        Ours, which the frozen one is told apart from.

    Raises
    ------
    HistoryError
        Nothing that can be read is stored.
    """

    name: str = "cache"
    market: Market = "live"
    rows_kept: int | None = None

    def __init__(self, directories: Mapping[str, Path], clock: Clock) -> None:
        self._clock = clock
        shelves = [_Shelf(name, _read_all(path)) for name, path in directories.items()]
        filled = [shelf for shelf in shelves if shelf.candles]
        if not filled:
            raise HistoryError("No candle that can be read is stored: there is nothing to show.")
        self._shelf = max(filled, key=lambda shelf: shelf.end)
        self._end = self._shelf.end

    @property
    def source(self) -> str:
        """Return the name of the exchange that the candles came from."""
        return self._shelf.source

    @property
    def omits_empty_minutes(self) -> bool:
        """Tell it of the exchange that the candles came from."""
        return self.source in ("coinbase", "kraken")

    def now(self) -> datetime:
        """Return the close of the newest candle on disk, always."""
        return self._end

    def sync_clock(self) -> float:
        """Return how far the frozen clock is from ours, in ms."""
        return (self._end - self._clock.now()) / timedelta(milliseconds=1)

    def candles(
        self,
        ticker: str,
        start: datetime,
        end: datetime | None = None,
        interval: CandleInterval = "1m",
    ) -> Iterator[pd.DataFrame]:
        """Yield what is stored of ``start <= open_time < end`` as one page; see `Provider`."""
        held = self._held(ticker)
        if interval == "1h":
            held = _hours(held)
        page = held[(held.index >= start) & (held.index < (end or self._end))]
        if len(page):
            yield page

    def quotes(self, tickers: Sequence[str]) -> dict[str, Quote]:
        """Return each ticker's last stored close, at the time it was made."""
        return {ticker: self._quote(ticker) for ticker in tickers}

    def lists(self, ticker: str) -> bool:
        """Tell whether candles of `ticker` are stored."""
        return ticker in self._shelf.candles

    def usage(self) -> Usage:
        """Return nothing: no exchange is used."""
        return Usage()

    def _held(self, ticker: str) -> pd.DataFrame:
        try:
            return self._shelf.candles[ticker]
        except KeyError:
            raise UnknownSymbol(f"No candles of {ticker} are stored.") from None

    def _quote(self, ticker: str) -> Quote:
        held = self._held(ticker)
        closed_at = last_open(held) + MINUTE
        return Quote(ticker, float(held["close"].iloc[-1]), closed_at, self.name, self.market)


def _hours(minutes: pd.DataFrame) -> pd.DataFrame:
    """Return the hours of which every minute could have been stored."""
    hours = minutes.resample("1h").agg(_WHOLE).dropna()
    first, after = open_times(minutes)[0], open_times(minutes)[-1] + pd.Timedelta(MINUTE)
    return hours.loc[first : after - _HOUR]


def _read_all(directory: Path) -> dict[str, pd.DataFrame]:
    found = {}
    for path in sorted(directory.glob(f"*{_SUFFIX}")):
        candles = _read(directory, path.name.removesuffix(_SUFFIX))
        if candles is not None and len(candles):
            found[path.name.removesuffix(_SUFFIX)] = candles
    return found


def _read(directory: Path, name: str) -> pd.DataFrame | None:
    """Return a ticker's candles; None for a file that is not ours or cannot be read."""
    try:
        return CsvStore(directory, parse_ticker(name), "live").load(repair=False)
    except (HistoryError, ParameterError):
        return None
