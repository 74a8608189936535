"""One ticker's closed candles, followed: at first caught up, then polled after each close."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import pandas as pd

from core.domain import DEFAULT_TICKERS
from core.errors import ExchangeError, HistoryError, UnknownSymbol
from core.exchanges.base import Provider
from core.forecasting.holding import Holding
from core.forecasting.holes import has_come
from core.forecasting.poll_times import PollTimes
from core.history.cleaning import MINUTE, empty_candles, find_gaps, last_open
from core.history.csv_store import CsvStore
from core.history.filling import LONGEST_QUIET_MINUTES
from core.history.finality import without_unproven
from core.history.sync import SyncPage, fetch_ranges, sync

# Just-closed candles may still be revised: each poll reads these again.
_REREAD: Final = 2 * MINUTE
# A poll reaches back to short holes of so long that were not asked for again.
_REREAD_HOLES: Final = 30 * MINUTE
# Candles later than this by the exchange's clock make that clock doubtful, once a minute;
_CLOCK_DOUBTED_AFTER: Final = LONGEST_QUIET_MINUTES * MINUTE
# so do candles held that have not closed by it: the next one closes within a minute.
_CLOCK_DOUBTED_BEFORE: Final = 2 * MINUTE
_CONTEXT_SPAN: Final = timedelta(days=30)
_CONTEXT_EVERY: Final = timedelta(hours=1)


class TickerFeed:
    """Candles of one ticker, on disk first and in memory after.

    Catching up (`start`) and polling may run in two threads at once. `candles` is
    replaced, never changed, so that other threads may keep reading what they took.

    Attributes
    ----------
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
        self.context: pd.DataFrame = empty_candles()
        self.rows_synced = 0
        self.refusal = ""
        self.notice = ""
        self.provider = provider
        self._holding = Holding(provider, store)
        self._caught_up = False
        self._given_up: frozenset[datetime] = frozenset()
        self._poll_times = PollTimes(provider.omits_empty_minutes)
        self._next_poll = self._next_context = self._next_doubt = provider.now()

    @property
    def candles(self) -> pd.DataFrame:
        """Return what is held; see `core.domain.CANDLE_COLUMNS`."""
        return self._holding.candles

    @candles.setter
    def candles(self, candles: pd.DataFrame) -> None:
        """Begin with `candles`, where there is no file to begin with."""
        self._holding.candles = candles

    @property
    def ready(self) -> bool:
        """Tell whether the newest candles are held, and followed."""
        return self._caught_up and not self._holding.is_closed()

    def start(self, rows: int, on_page: Callable[[SyncPage], None] | None = None) -> None:
        """Load what is stored and fetch what is missing of the newest `rows` minutes.

        A retired feed does nothing.

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
        if self._holding.is_closed():
            return
        if self.candles.empty:
            raise HistoryError(f"{self.provider.name} has no closed candle of {self.ticker}.")
        if not self._caught_up:
            self._holding.tidy()
            self._schedule(news=True)
            self._caught_up = True
        self.rows_synced = rows

    def _catch_up(self, rows: int, on_page: Callable[[SyncPage], None] | None) -> None:
        if self._holding.is_closed():
            return
        # The default tickers are traded nearly everywhere: their candles tell as much as a check.
        if self.ticker not in DEFAULT_TICKERS and not self.provider.lists(self.ticker):
            raise UnknownSymbol(f"{self.ticker} is not traded.")
        self.notice = self._holding.load() or self.notice
        since = self.provider.now() - rows * MINUTE
        for page in sync(self.provider, self.ticker, self.candles, rows, self._given_up):
            self._holding.keep(page.candles)
            if self._holding.is_closed():
                return
            if on_page is not None:
                on_page(page)
        left = frozenset(hole.start for hole in find_gaps(self.candles) if hole.start >= since)
        self._given_up |= left

    def retire(self) -> None:
        """Store and show nothing more: another feed does. Returns when nothing is being stored."""
        self._holding.close()

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
        held_to = last_open(self.candles)
        holes = self._holding.holes.unproven_quiet(held_to - _REREAD_HOLES)
        try:
            self._doubt_clock()
            news = self._holding.keep(self._newest([hole.start for hole in holes], held_to))
        except (ExchangeError, HistoryError):
            self._next_poll = self._poll_times.after_failure(self.provider.now())
            raise
        self._holding.note_asked(holes, answered=True)
        self._schedule(news=news)
        return news

    def take_revised(self) -> list[datetime]:
        """Return open times of candles corrected meanwhile; see `Holding.take_revised`."""
        return self._holding.take_revised()

    def usable(self) -> tuple[pd.DataFrame, pd.DatetimeIndex]:
        """Return the candles to learn and forecast from; see `Holding.usable`."""
        return self._holding.usable()

    def refill_due(self) -> bool:
        """Tell whether missing minutes of the last day should be asked for again."""
        return self.ready and self._holding.holes.is_due(self.provider.now())

    @property
    def refill_pending(self) -> bool:
        """Tell whether any missing minutes are still to be asked for, now or later."""
        return self._holding.holes.pending

    def refill(self) -> bool:
        """Ask for missing minutes of the last day again; return whether any came.

        Raises
        ------
        ExchangeError, HistoryError
            What came before is kept.
        """
        holes = self._holding.holes.due(self.provider.now())
        # At once, so that what fails is not asked for again before its pause is over.
        self._holding.note_asked(holes, answered=False)
        before = len(self.candles)
        for page in fetch_ranges(self.provider, self.ticker, self.candles, holes):
            self._holding.keep(page.candles)
        self._holding.note_asked(holes, answered=True)
        return len(self.candles) > before

    @property
    def refilling(self) -> str:
        """Return a sentence while missing minutes may still come, else nothing."""
        return self._holding.holes.sentence(self.ticker)

    @property
    def next_close(self) -> datetime:
        """Return when the candle after the newest one closes."""
        return last_open(self.candles) + 2 * MINUTE

    def _has_come(self, time: datetime, longest: timedelta) -> bool:
        return has_come(time, self.provider.now(), longest)

    def _newest(self, holes: list[datetime], held_to: datetime) -> pd.DataFrame:
        """Return the closed candles from before `held_to` on, and from the first of `holes`."""
        start = min([held_to - _REREAD, *holes])
        end = self.provider.now().replace(second=0, microsecond=0)
        pages = list(self.provider.candles(self.ticker, start, end))
        if not pages:
            return empty_candles()
        return without_unproven(pd.concat(pages), self.provider.now(), last_open(self.candles))

    def _doubt_clock(self) -> None:
        """Read the exchange's clock again where the candles held tell that it may be wrong."""
        now = self.provider.now()
        late_by = now - self.next_close
        doubtful = late_by > _CLOCK_DOUBTED_AFTER or late_by < -_CLOCK_DOUBTED_BEFORE
        if doubtful and self._has_come(self._next_doubt, MINUTE):
            self._next_doubt = now + MINUTE
            self.provider.sync_clock()

    def _schedule(self, *, news: bool) -> None:
        now = self.provider.now()
        self._next_poll = self._poll_times.after_answer(now, self.next_close, news)
