"""The engine: the one process that talks to the exchange, trains, forecasts and publishes.

Its main loop only decides what is due; everything that may take long (the exchange,
training) runs as a job in a thread, so that the heartbeat tells the truth.
"""

from __future__ import annotations

import logging
import math
import os
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Final

from core.clock import Clock
from core.domain import EngineStatus, Progress, Quote
from core.errors import UnknownSymbol
from core.exchanges.base import Provider
from core.forecasting.desk import SpecDesk
from core.forecasting.feed import TickerFeed
from core.forecasting.jobs import Jobs
from core.forecasting.roster import Roster
from core.forecasting.service import JUST_STARTED
from core.forecasting.store import RetrainRequest, SnapshotStore
from core.history.sync import SyncPage
from core.settings import Settings

_LOOP_S: Final = 0.1
_BEAT_EVERY: Final = timedelta(seconds=1)
_DEMAND_EVERY: Final = timedelta(seconds=1)
_CLOCK_EVERY: Final = timedelta(minutes=15)
# The exchange may trade tomorrow what it does not trade today.
_LISTING_EVERY: Final = timedelta(minutes=10)
_PAGE_ROWS: Final = 1_000
# Long enough that every open page, also a slow one, sees that the engine was started again.
_STARTED_SAID_FOR: Final = timedelta(seconds=6)

log = logging.getLogger(__name__)


class Engine:
    """Follows every wanted spec and publishes snapshots, quotes and a heartbeat.

    Parameters
    ----------
    settings : Settings
    provider : Provider
        Chosen once, for the life of the engine.
    reason : str
        Why that provider, in a sentence.
    store : SnapshotStore
    clock : Clock
    """

    def __init__(
        self,
        settings: Settings,
        provider: Provider,
        reason: str,
        store: SnapshotStore,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._provider = provider
        self._reason = reason
        self._store = store
        self._clock = clock
        self._started_at = clock.now()
        self._roster = Roster(settings, provider, store, clock)
        self._asked: dict[str, RetrainRequest] = {}
        self._due: dict[str, float] = {}
        self._network = Jobs(clock, workers=4, name="network")
        # Apart, so that visitors' long catching up never keeps prices and candles waiting.
        self._catching_up = Jobs(clock, workers=2, name="catching-up")
        self._training = Jobs(clock, workers=1, name="training")

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        log.info("Engine %d follows %s. %s", os.getpid(), self._provider.name, self._reason)
        while not stop.is_set():
            self.step()
            stop.wait(_LOOP_S)
        for jobs in self._all_jobs:
            jobs.stop()

    @property
    def _all_jobs(self) -> tuple[Jobs, ...]:
        return self._network, self._catching_up, self._training

    def step(self) -> None:
        """Start whatever is due; never waits for the exchange or for training."""
        if self._is_due("demand", _DEMAND_EVERY):
            self._follow_demand()
        if self._is_due("beat", _BEAT_EVERY):
            self._store.publish_status(self._status())
        if self._clock.monotonic() >= self._due.get("clock", -math.inf):
            self._network.start("clock", self._sync_clock)
        if self._roster.feeds and self._is_due("quotes", self._quote_every()):
            self._network.start("quotes", self._fetch_quotes)
        for feed in list(self._roster.feeds.values()):
            self._tend(feed)
        for desk in list(self._roster.desks.values()):
            self._tend_models(desk)

    def _is_due(self, name: str, every: timedelta) -> bool:
        now = self._clock.monotonic()
        if now < self._due.get(name, -math.inf):
            return False
        self._due[name] = now + every.total_seconds()
        return True

    def _quote_every(self) -> timedelta:
        return timedelta(seconds=self._settings.quote_seconds)

    def _sync_clock(self) -> None:
        offset = self._provider.sync_clock()
        # Only now: what failed is tried again after the job's own pauses.
        self._due["clock"] = self._clock.monotonic() + _CLOCK_EVERY.total_seconds()
        log.info("The clock of %s is %+.0f ms from ours.", self._provider.name, offset)

    # --- demand -----------------------------------------------------------------

    def _follow_demand(self) -> None:
        """Serve what is wanted; jobs of what is not leave no trouble behind."""
        self._asked = self._store.retrain_requests()
        dropped = self._roster.follow_demand()
        for key in dropped.keys:
            self._training.forget(f"train {key}")
            self._network.forget(f"publish {key}")
        for ticker in dropped.tickers:
            self._due.pop(f"listing {ticker}", None)
            self._catching_up.forget(f"start {ticker}")
            for job in ("poll", "context"):
                self._network.forget(f"{job} {ticker}")

    # --- candles and quotes -----------------------------------------------------

    def _tend(self, feed: TickerFeed) -> None:
        if feed.refusal:
            self._set_progress(feed.ticker, Progress("failed", message=feed.refusal))
        if feed.rows_synced < self._roster.rows_wanted(feed.ticker) and self._may_start(feed):
            self._catching_up.start(f"start {feed.ticker}", lambda: self._start_feed(feed))
        if feed.due():
            self._network.start(f"poll {feed.ticker}", lambda: self._poll(feed))
        if feed.context_due():
            self._network.start(f"context {feed.ticker}", feed.refresh_context)

    def _may_start(self, feed: TickerFeed) -> bool:
        return not feed.refusal or self._is_due(f"listing {feed.ticker}", _LISTING_EVERY)

    def _start_feed(self, feed: TickerFeed) -> None:
        feed.start(self._roster.rows_wanted(feed.ticker), lambda page: self._show_sync(feed, page))
        if feed.notice:
            log.warning(feed.notice)
        if feed.ready:
            self._publish(feed)

    def _show_sync(self, feed: TickerFeed, page: SyncPage) -> None:
        pages = -(-page.total // _PAGE_ROWS)
        done = min(pages, -(-page.done // _PAGE_ROWS))
        self._set_progress(feed.ticker, Progress("fetching", done, pages, "pages"))

    def _set_progress(self, ticker: str, progress: Progress) -> None:
        for desk in self._roster.desks_of(ticker):
            if not desk.published:
                desk.progress = progress

    def _poll(self, feed: TickerFeed) -> None:
        if feed.poll():
            self._publish(feed)

    def _publish(self, feed: TickerFeed) -> None:
        """Forecast and publish for every desk of the ticker whose models are there."""
        for desk in self._roster.desks_of(feed.ticker):
            if desk.next_training is not None:
                desk.publish(self._store, feed.candles, feed.context)
                if desk.progress.stage != "training":
                    desk.progress = Progress("ready")

    def _fetch_quotes(self) -> None:
        tickers = sorted(t for t, feed in list(self._roster.feeds.items()) if feed.ready)
        if tickers:
            self._store.publish_quotes(self._quotes(tickers))

    def _quotes(self, tickers: list[str]) -> dict[str, Quote]:
        """Return quotes of those that are traded: one delisted pair fails the call for all."""
        try:
            return self._provider.quotes(tickers)
        except UnknownSymbol:
            if len(tickers) == 1:
                raise
        half = len(tickers) // 2
        found: dict[str, Quote] = {}
        for part in (tickers[:half], tickers[half:]):
            with suppress(UnknownSymbol):
                found |= self._quotes(part)
        return found

    # --- models -----------------------------------------------------------------

    def _tend_models(self, desk: SpecDesk) -> None:
        feed = self._roster.feeds.get(desk.spec.ticker)
        if feed is None or feed.rows_synced < desk.spec.rows_wanted:
            return
        request = self._asked.get(desk.spec.key)
        cause = desk.training_cause(request.at if request else None)
        if cause is not None:
            self._training.start(f"train {desk.spec.key}", lambda: self._train(desk, feed, cause))
        elif not desk.published:
            self._network.start(f"publish {desk.spec.key}", lambda: self._publish(feed))

    def _train(self, desk: SpecDesk, feed: TickerFeed, cause: str) -> None:
        desk.train(feed.candles, cause)
        desk.publish(self._store, feed.candles, feed.context)

    # --- heartbeat --------------------------------------------------------------

    def _status(self) -> EngineStatus:
        usage = self._provider.usage()
        return EngineStatus(
            pid=os.getpid(),
            started_at=self._started_at,
            beat_at=self._clock.now(),
            market=self._provider.market,
            provider=self._provider.name,
            reason=self._reason,
            weight_used=usage.weight_used,
            weight_limit=usage.weight_limit,
            clock_offset_ms=usage.clock_offset_ms,
            trouble=" ".join(self._troubles()),
            served=tuple(desk.spec.to_text() for desk in self._roster.desks.values()),
            progress={key: desk.progress for key, desk in self._roster.desks.items()},
        )

    def _troubles(self) -> list[str]:
        """Return what is wrong in sentences, each once."""
        troubles = [said for jobs in self._all_jobs for said in jobs.trouble().values()]
        just_started = self._clock.now() - self._started_at < _STARTED_SAID_FOR
        said = [JUST_STARTED] if just_started else []
        return list(dict.fromkeys([*said, *troubles]))
