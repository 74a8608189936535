"""Who is served: a desk for every wanted spec, a feed for every ticker of a desk."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from core.clock import Clock
from core.domain import DEFAULT_TICKERS, ForecastSpec
from core.exchanges.base import Provider
from core.exchanges.live import LIVE_NAMES
from core.forecasting.desk import SpecDesk
from core.forecasting.feed import TickerFeed
from core.forecasting.service import DEMAND_IDLE_AFTER
from core.forecasting.store import SnapshotStore
from core.history.csv_store import CsvStore
from core.ledger.recording import Ledger
from core.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dropped:
    """Keys of specs and tickers that nobody wants any more."""

    keys: frozenset[str]
    tickers: frozenset[str]


class Roster:
    """Opens and closes desks and feeds as demand comes and goes.

    What a dropped spec left on disk and in the cache goes with it, so that visitors cannot
    fill the disk: its models can be trained again in seconds. Candles are kept for the
    tickers of `WATCH` and the default ones.
    """

    def __init__(
        self,
        settings: Settings,
        provider: Provider,
        store: SnapshotStore,
        clock: Clock,
        ledger: Ledger | None = None,
    ) -> None:
        self.feeds: dict[str, TickerFeed] = {}
        self.desks: dict[str, SpecDesk] = {}
        self._settings = settings
        self._provider = provider
        self._store = store
        self._clock = clock
        # What is on disk stays as it is while only it is looked at.
        self._ledger = None if provider.name == "cache" else ledger
        self._directory = None if provider.name == "cache" else settings.files_of(provider.name)
        self._kept_tickers: Final = {*DEFAULT_TICKERS, *(spec.ticker for spec in settings.watch)}

    def follow_demand(self) -> Dropped:
        """Open what is wanted, close what is idle, and return what was closed."""
        wanted = {spec.key: spec for spec in self._wanted_specs()}
        keys = frozenset(self.desks.keys() - wanted.keys())
        for key in keys:
            self._close_desk(key)
        for key, spec in wanted.items():
            if key not in self.desks:
                self.desks[key] = self._open_desk(spec)
        tickers = {desk.spec.ticker for desk in self.desks.values()}
        gone = frozenset(self.feeds.keys() - tickers)
        for ticker in gone:
            self._close_feed(ticker)
        for ticker in tickers - self.feeds.keys():
            self.feeds[ticker] = TickerFeed(self._provider, self._history(ticker), ticker)
        return Dropped(keys, gone)

    def desks_of(self, ticker: str) -> list[SpecDesk]:
        return [desk for desk in list(self.desks.values()) if desk.spec.ticker == ticker]

    def rows_wanted(self, ticker: str) -> int:
        """Return the most rows that a spec of `ticker` asks for."""
        return max((desk.spec.rows_wanted for desk in self.desks_of(ticker)), default=0)

    def _wanted_specs(self) -> list[ForecastSpec]:
        now = self._clock.now()
        visitors = sorted(self._store.wanted().values(), key=lambda want: want.since)
        live = [want.spec for want in visitors if now - want.last_seen < DEMAND_IDLE_AFTER]
        return [*self._settings.watch, *live[: self._settings.max_specs]]

    def _open_desk(self, spec: ForecastSpec) -> SpecDesk:
        desk = SpecDesk(
            spec,
            self._provider.market,
            self._provider.name,
            self._directory,
            self._clock,
            timedelta(hours=self._settings.retrain_hours),
            timedelta(hours=self._settings.model_expiry_hours),
            self._ledger,
            self._provider.now,
        )
        desk.load()
        return desk

    def _close_desk(self, key: str) -> None:
        log.info("%s has been idle; it is dropped.", key)
        desk = self.desks.pop(key)
        desk.retire()
        for directory in self._directories():
            SpecDesk.discard(directory, desk.spec)
        self._store.withdraw(desk.spec)

    def _close_feed(self, ticker: str) -> None:
        self.feeds.pop(ticker).retire()
        if ticker not in self._kept_tickers:
            for directory in self._directories():
                CsvStore(directory, ticker, self._provider.market).discard()

    def _directories(self) -> list[Path]:
        """Return where something of a dropped spec may lie: also from before a switch."""
        if self._directory is None:
            return []
        if self._provider.name == "simulated":
            return [self._directory]
        return [self._settings.files_of(name) for name in LIVE_NAMES]

    def _history(self, ticker: str) -> CsvStore | None:
        if self._directory is None:
            return None
        return CsvStore(self._directory, ticker, self._provider.market)

    def retire(self) -> None:
        """Let nothing be published or stored any more: another roster takes over."""
        for desk in self.desks.values():
            desk.retire()
        for feed in self.feeds.values():
            feed.retire()
