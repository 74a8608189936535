"""One ticker's candles as they are held: on disk first, then shown, and what is missing of them."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Final

import pandas as pd

from core.errors import HistoryError
from core.exchanges.base import Provider
from core.forecasting.holes import Holes
from core.history.cleaning import Gap, empty_candles, find_gaps, merge, open_times
from core.history.csv_store import CsvStore
from core.history.filling import LONGEST_QUIET_MINUTES, fill_quiet_minutes
from core.history.sync import ASK_AGAIN_FOR, first_to_be_had

_MAX_ROWS: Final = 100_000

log = logging.getLogger(__name__)


class Holding:
    """Candles that several threads may add to, until it is closed.

    `candles` is replaced, never changed, so that other threads may keep reading what they
    took.

    Attributes
    ----------
    holes : Holes
        What is missing of the last day.

    Parameters
    ----------
    provider : Provider
        Where the candles come from, and whose clock counts.
    store : CsvStore or None
        None keeps candles in memory only.
    """

    def __init__(self, provider: Provider, store: CsvStore | None) -> None:
        self.candles: pd.DataFrame = empty_candles()
        self.holes = Holes(LONGEST_QUIET_MINUTES if provider.omits_empty_minutes else 0)
        self._provider = provider
        self._store = store
        self._changing = threading.Lock()
        self._closed = threading.Event()
        self._revised: list[datetime] = []

    def is_closed(self) -> bool:
        """Tell whether nothing is written or shown any more."""
        return self._closed.is_set()

    def close(self) -> None:
        """Write and show nothing more; returns when nothing is being written."""
        with self._changing:
            self._closed.set()

    def load(self) -> str:
        """Take what is on disk unless candles are held; return what was found and set aside."""
        with self._changing:
            if self._store is None or self.is_closed() or not self.candles.empty:
                return ""
            try:
                self.candles = self._store.load().iloc[-_MAX_ROWS:]
            except HistoryError as error:
                aside = self._store.set_aside()
                return f"{error} It was set aside as {aside.name} and is fetched again."
            return ""

    def keep(self, page: pd.DataFrame) -> bool:
        """Put what is new or corrected on disk, then show it; return whether anything was.

        Raises
        ------
        HistoryError
            It cannot be written; nothing was changed.
        """
        with self._changing:
            news = self._news_of(page)
            if self.is_closed() or news.empty:
                return False
            if self._store is not None:
                self._store.append(news, self._provider.name)
            shown = self.usable()[0].index
            self._revised += [t.to_pydatetime() for t in news.index.intersection(shown)]
            self.candles = merge(self.candles, news).iloc[-_MAX_ROWS:]
            self._look_for_holes()
            return True

    def tidy(self) -> None:
        """Compact the file where that can be done, and look for holes in what was loaded."""
        with self._changing:
            if self.is_closed():
                return
            if self._store is not None:
                try:
                    self._store.compact(self.candles, self._provider.name)
                except HistoryError as error:
                    log.warning(error)
            self._look_for_holes()

    def note_asked(self, holes: list[Gap], *, answered: bool) -> None:
        """Note that `holes` are being asked for, or were `answered`."""
        with self._changing:
            self.holes.asked(holes, self._provider.now(), answered=answered)

    def take_revised(self) -> list[datetime]:
        """Return open times of candles that were corrected since this was last called.

        Minutes that were taken for quiet, and whose candles came later, are among them.
        """
        with self._changing:
            revised, self._revised = self._revised, []
        return revised

    def usable(self) -> tuple[pd.DataFrame, pd.DatetimeIndex]:
        """Return the candles to learn and forecast from, and open times of those filled.

        They are those held, except that quiet minutes are filled where the exchange omits them.
        """
        if not self._provider.omits_empty_minutes:
            return self.candles, open_times(self.candles)[:0]
        candles, filled = fill_quiet_minutes(self.candles)
        return candles, open_times(candles)[filled]

    def _news_of(self, page: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of `page` that are not held, or held with other values."""
        held = self.candles.reindex(page.index)
        return page[~(held == page).all(axis=1)]

    def _look_for_holes(self) -> None:
        """Note what is missing of the last day and still to be had."""
        now = self._provider.now()
        since = now - ASK_AGAIN_FOR
        since = max(since, first_to_be_had(self._provider, self.candles) or since)
        self.holes.note(find_gaps(self.candles[self.candles.index >= since]), now)
