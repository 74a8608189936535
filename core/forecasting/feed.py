"""One ticker's closed candles, followed: at first caught up, then polled after each close."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from core.domain import DEFAULT_TICKERS
from core.errors import ExchangeError, HistoryError, UnknownSymbol
from core.exchanges.base import Provider
from core.history.cleaning import MINUTE, Gap, empty_candles, find_gaps, last_open, merge
from core.history.csv_store import CsvStore
from core.history.filling import LONGEST_QUIET_MINUTES, fill_quiet_minutes
from core.history.finality import without_unproven
from core.history.sync import SyncPage, sync

# Just-closed candles may still be revised: each poll reads these again.
_REREAD: Final = 2 * MINUTE
_FIRST_POLL_AFTER_CLOSE: Final = timedelta(milliseconds=400)
_RETRY_PAUSES: Final = tuple(timedelta(seconds=s) for s in (0.7, 1, 1, 1.5, 2, 3, 5))
_CONTEXT_SPAN: Final = timedelta(days=30)
_CONTEXT_EVERY: Final = timedelta(hours=1)
_REFILL_PAUSES: Final = tuple(timedelta(minutes=m) for m in (1, 2, 5, 15, 60))
_REFILL_WITHIN: Final = timedelta(hours=24)
_MAX_ROWS: Final = 100_000


class TickerFeed:
    """Candles of one ticker, on disk first and in memory after.

    Catching up (`start`) and polling may run in two threads at once. `candles` is
    replaced, never changed, so that other threads may keep reading what they took.

    Attributes
    ----------
    ready : bool
        Whether the newest candles are held.
    refusal : str
        Empty, or why this ticker could not be followed when last it was started.
    notice : str
        Empty, or what was found on disk and set aside.

    Parameters
    ----------
    provider : Provider
    store : CsvStore or None
        None keeps candles in memory only.
    ticker : str
    """

    def __init__(self, provider: Provider, store: CsvStore | None, ticker: str) -> None:
        self.ticker = ticker
        self.candles: pd.DataFrame = empty_candles()
        self.context: pd.DataFrame = empty_candles()
        self.ready = False
        self.rows_synced = 0
        self.refusal = ""
        self.notice = ""
        self.provider = provider
        self._store = store
        self._keeping = threading.Lock()
        self._polls_without_news = 0
        self._revised: list[datetime] = []
        self._refills = 0
        self._holes: list[Gap] = []
        self._next_poll = self._next_context = self._next_refill = provider.now()

    def start(self, rows: int, on_page: Callable[[SyncPage], None] | None = None) -> None:
        """Load what is stored and fetch what is missing of the newest `rows` minutes.

        Raises
        ------
        ExchangeError, HistoryError
            What was fetched before is kept; calling again goes on from there.
        """
        try:
            self._catch_up(rows, on_page)
        except UnknownSymbol:
            self.refusal = f"{self.provider.name.capitalize()} does not trade {self.ticker}."
            return
        self.refusal = ""
        if self.candles.empty:
            raise HistoryError(f"{self.provider.name} has no closed candle of {self.ticker}.")
        self.rows_synced = rows
        if not self.ready:
            self._compact()
            self._schedule()
            self.ready = True

    def _catch_up(self, rows: int, on_page: Callable[[SyncPage], None] | None) -> None:
        # The default tickers are traded nearly everywhere: their candles tell as much as a check.
        if self.ticker not in DEFAULT_TICKERS and not self.provider.lists(self.ticker):
            raise UnknownSymbol(f"{self.ticker} is not traded.")
        if self.candles.empty:
            self.candles = self._load()
        for page in sync(self.provider, self.ticker, self.candles, rows):
            self._keep(page.candles)
            if on_page is not None:
                on_page(page)

    def refresh_context(self) -> None:
        """Fetch the hourly candles of the last 30 days: for display and volatility only."""
        start = self.provider.now() - _CONTEXT_SPAN
        pages = list(self.provider.candles(self.ticker, start, None, interval="1h"))
        self.context = pd.concat(pages) if pages else empty_candles()
        self._next_context = self.provider.now() + _CONTEXT_EVERY

    def context_due(self) -> bool:
        """Tell whether the hourly candles are missing or an hour old."""
        return self.ready and self._has_come(self._next_context, _CONTEXT_EVERY)

    def due(self) -> bool:
        """Tell whether a new candle may be there."""
        return self.ready and self._has_come(self._next_poll, 2 * MINUTE)

    def poll(self) -> bool:
        """Fetch the newest closed candles; return whether any is new or revised.

        Raises
        ------
        ExchangeError, HistoryError
            Nothing was changed.
        """
        try:
            news = self._news()
        except (ExchangeError, HistoryError):
            self._retry_later()
            raise
        if news.empty:
            self._retry_later()
            return False
        self._revised += [t.to_pydatetime() for t in news.index.intersection(self.candles.index)]
        self._keep(news)
        self._polls_without_news = 0
        self._schedule()
        return True

    def take_revised(self) -> list[datetime]:
        """Return the open times of candles that were corrected since this was last called."""
        revised, self._revised = self._revised, []
        return revised

    def usable(self) -> tuple[pd.DataFrame, int]:
        """Return the candles to learn and forecast from, and how many of them were filled.

        They are those held, except that quiet minutes are filled where the exchange omits them.
        """
        if not self.provider.omits_empty_minutes:
            return self.candles, 0
        candles, filled = fill_quiet_minutes(self.candles)
        return candles, int(filled.sum())

    def refill_due(self) -> bool:
        """Tell whether missing minutes of the last day should be asked for again."""
        if not self.ready or not self._holes:
            return False
        return self._has_come(self._next_refill, _REFILL_PAUSES[-1])

    def refill(self) -> bool:
        """Ask for missing minutes of the last day again; return whether any came.

        Raises
        ------
        ExchangeError, HistoryError
            What came before is kept.
        """
        pause = _REFILL_PAUSES[min(self._refills, len(_REFILL_PAUSES) - 1)]
        self._refills += 1
        self._next_refill = self.provider.now() + pause
        before = len(self.candles)
        for page in sync(self.provider, self.ticker, self.candles, self.rows_synced):
            self._keep(page.candles)
        return len(self.candles) > before

    @property
    def refilling(self) -> str:
        """Return a sentence while missing minutes may still come, else nothing."""
        if not self._holes or self._refills >= len(_REFILL_PAUSES):
            return ""
        minutes = sum(hole.minutes for hole in self._holes)
        return (
            f"{minutes} {'minute' if minutes == 1 else 'minutes'} of {self.ticker} are missing "
            f"since {self._holes[0].start:%H:%M} UTC and are asked for again."
        )

    @property
    def next_close(self) -> datetime:
        """Return when the candle after the newest one closes."""
        return last_open(self.candles) + 2 * MINUTE

    def _has_come(self, time: datetime, longest: timedelta) -> bool:
        """Tell whether `time` has come, or lies further ahead than anything is put off.

        Then the exchange's clock was wrong when it was set, and has been corrected since.
        """
        return not timedelta(0) < time - self.provider.now() <= longest

    def _load(self) -> pd.DataFrame:
        if self._store is None:
            return empty_candles()
        try:
            return self._store.load().iloc[-_MAX_ROWS:]
        except HistoryError as error:
            aside = self._store.set_aside()
            self.notice = f"{error} It was set aside as {aside.name} and is fetched again."
            return empty_candles()

    def _keep(self, page: pd.DataFrame) -> None:
        """Put `page` on disk, then show it."""
        with self._keeping:
            if self._store is not None:
                self._store.append(page, self.provider.name)
            self.candles = merge(self.candles, page).iloc[-_MAX_ROWS:]
            self._look_for_holes()

    def _look_for_holes(self) -> None:
        """Note what is missing of the last day; new holes are asked for soon, old ones seldom."""
        since = self.provider.now() - _REFILL_WITHIN
        quiet = LONGEST_QUIET_MINUTES if self.provider.omits_empty_minutes else 0
        recent = self.candles[self.candles.index >= since]
        holes = [hole for hole in find_gaps(recent) if hole.minutes > quiet]
        if [hole.start for hole in holes] != [hole.start for hole in self._holes]:
            self._refills = 0
            self._next_refill = self.provider.now() + _REFILL_PAUSES[0]
        self._holes = holes

    def _compact(self) -> None:
        with self._keeping:
            if self._store is not None:
                self._store.compact(self.candles, self.provider.name)

    def _news(self) -> pd.DataFrame:
        """Return closed candles that are not held, or held with other values."""
        start = last_open(self.candles) - _REREAD
        end = self.provider.now().replace(second=0, microsecond=0)
        pages = list(self.provider.candles(self.ticker, start, end))
        if not pages:
            return empty_candles()
        now, newest = self.provider.now(), last_open(self.candles)
        page = without_unproven(pd.concat(pages), now, newest)
        held = self.candles.reindex(page.index)
        return page[~(held == page).all(axis=1)]

    def _schedule(self) -> None:
        """Poll right after the next close; while candles are missing, by growing pauses."""
        if self.provider.now() < self.next_close:
            self._next_poll = self.next_close + _FIRST_POLL_AFTER_CLOSE
        else:
            self._retry_later()

    def _retry_later(self) -> None:
        pause = _RETRY_PAUSES[min(self._polls_without_news, len(_RETRY_PAUSES) - 1)]
        self._polls_without_news += 1
        self._next_poll = self.provider.now() + pause
