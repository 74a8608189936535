"""The engine: the one process that talks to the exchange, trains, forecasts and publishes.

Its main loop only decides what is due; everything that may take long (the exchange,
training) runs as a job in a thread, so that the heartbeat tells the truth.
"""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from core.clock import Clock
from core.domain import EngineStatus, Progress
from core.errors import ExchangeError, OverBudget, UnknownSymbol
from core.exchanges.base import Provider
from core.forecasting.desk import SpecDesk
from core.forecasting.doctor import engine_diagnosis
from core.forecasting.feed import TickerFeed
from core.forecasting.jobs import Jobs
from core.forecasting.quotes import quotes_of_traded
from core.forecasting.roster import Roster
from core.forecasting.service import JUST_STARTED
from core.forecasting.store import RetrainRequest, SnapshotStore
from core.forecasting.venues import Venues, staleness
from core.history.sync import SyncPage
from core.settings import Settings

_LOOP_S: Final = 0.1
_BEAT_EVERY: Final = timedelta(seconds=1)
_DEMAND_EVERY: Final = timedelta(seconds=1)
_EXAMINE_EVERY: Final = timedelta(minutes=15)
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
    venues : Venues
        What is followed, and what may be instead.
    reason : str
        Why that was chosen at start, in a sentence.
    store : SnapshotStore
    clock : Clock
    """

    def __init__(
        self,
        settings: Settings,
        venues: Venues,
        reason: str,
        store: SnapshotStore,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._venues = venues
        self._reason = reason
        self._store = store
        self._clock = clock
        self._started_at = clock.now()
        self._roster = Roster(settings, venues.current, store, clock)
        self._switch_to: Provider | None = None
        self._asked: dict[str, RetrainRequest] = {}
        self._due: dict[str, float] = {}
        self._look_out = Jobs(clock, workers=1, name="look-out")
        self._open_jobs()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""
        log.info("Engine %d follows %s. %s", os.getpid(), self._venues.current.name, self._reason)
        while not stop.is_set():
            self.step()
            stop.wait(_LOOP_S)
        for jobs in self._all_jobs:
            jobs.stop()

    def _open_jobs(self) -> None:
        self._network = Jobs(self._clock, workers=4, name="network")
        # Apart, so that visitors' long catching up never keeps prices and candles waiting.
        self._catching_up = Jobs(self._clock, workers=2, name="catching-up")
        self._training = Jobs(self._clock, workers=1, name="training")

    @property
    def _all_jobs(self) -> tuple[Jobs, ...]:
        return *self._venue_jobs, self._look_out

    @property
    def _venue_jobs(self) -> tuple[Jobs, ...]:
        return self._network, self._catching_up, self._training

    def step(self) -> None:
        """Start whatever is due; never waits for the exchange or for training."""
        if self._switch_to is not None:
            self._switch(self._switch_to)
        if self._is_due("demand", _DEMAND_EVERY):
            self._follow_demand()
        if self._is_due("beat", _BEAT_EVERY):
            self._store.publish_status(self._status())
        if self._clock.monotonic() >= self._due.get("clock", -math.inf):
            self._network.start("clock", self._sync_clock)
        if self._roster.feeds and self._is_due("quotes", self._quote_every()):
            self._network.start("quotes", self._fetch_quotes)
        if self._is_due("examine", _EXAMINE_EVERY):
            self._look_out.start("examine", self._examine)
        if self._venues.look_due():
            self._look_out.start("look for an exchange", self._look)
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
        provider = self._venues.current
        offset = provider.sync_clock()
        # Only now: what failed is tried again after the job's own pauses.
        self._due["clock"] = self._clock.monotonic() + _CLOCK_EVERY.total_seconds()
        log.info("The clock of %s is %+.0f ms from ours.", provider.name, offset)

    # --- which exchange ---------------------------------------------------------

    def _examine(self) -> None:
        """Publish the doctor's table for Model Health."""
        self._store.publish_diagnosis(engine_diagnosis(self._settings, self._clock))

    def _look(self) -> None:
        """Find out whether another exchange should be followed; the loop then changes to it."""
        self._switch_to = self._venues.look()

    def _switch(self, provider: Provider) -> None:
        """Follow `provider` from now on, with candles, models and files of its own."""
        self._switch_to = None
        self._roster.retire()
        # What still waits for the one that is left ends on its own, unheard.
        for jobs in self._venue_jobs:
            jobs.stop()
        self._open_jobs()
        why = self._venues.switch(provider)
        log.warning("%s is followed from now on. %s", provider.name, why)
        self._roster = Roster(self._settings, provider, self._store, self._clock)
        self._due.clear()

    def _proves(self, ticker: str) -> bool:
        """Tell whether trouble with `ticker` is the exchange's: no visitor's pair moves us all."""
        watched = self._settings.watch
        return not watched or ticker in {spec.ticker for spec in watched}

    @contextmanager
    def _noted(self, what: str, proves: bool) -> Iterator[None]:
        """Tell how a call to the exchange went, if it proves something of the one followed."""
        provider = self._venues.current
        try:
            yield
        except (UnknownSymbol, OverBudget):
            raise  # a pair that is not traded, or our own thrift: nothing is proved
        except ExchangeError as error:
            self._note(provider, what, error, proves)
            raise
        self._note(provider, what, None, proves)

    def _note(
        self, provider: Provider, what: str, error: ExchangeError | None, proves: bool
    ) -> None:
        if proves and provider is self._venues.current:
            self._venues.note(what, error)

    def _desks_of(self, feed: TickerFeed) -> list[SpecDesk]:
        """Return the desks that `feed` serves; after a switch others follow the same ticker."""
        desks = self._roster.desks_of(feed.ticker)
        return [desk for desk in desks if desk.provider == feed.provider.name]

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
            self._set_progress(feed, Progress("failed", message=feed.refusal))
        if feed.rows_synced < self._roster.rows_wanted(feed.ticker) and self._may_start(feed):
            self._catching_up.start(f"start {feed.ticker}", lambda: self._start_feed(feed))
        if feed.due():
            self._network.start(f"poll {feed.ticker}", lambda: self._poll(feed))
        if feed.refill_due():
            self._catching_up.start(f"refill {feed.ticker}", lambda: self._refill(feed))
        if feed.context_due():
            self._network.start(f"context {feed.ticker}", feed.refresh_context)

    def _may_start(self, feed: TickerFeed) -> bool:
        return not feed.refusal or self._is_due(f"listing {feed.ticker}", _LISTING_EVERY)

    def _start_feed(self, feed: TickerFeed) -> None:
        rows = self._roster.rows_wanted(feed.ticker)
        with self._noted("start", self._proves(feed.ticker)):
            feed.start(rows, lambda page: self._show_sync(feed, page))
        if feed.notice:
            log.warning(feed.notice)
        if feed.ready:
            self._publish(feed)

    def _show_sync(self, feed: TickerFeed, page: SyncPage) -> None:
        pages = -(-page.total // _PAGE_ROWS)
        done = min(pages, -(-page.done // _PAGE_ROWS))
        self._set_progress(feed, Progress("fetching", done, pages, "pages"))

    def _set_progress(self, feed: TickerFeed, progress: Progress) -> None:
        for desk in self._desks_of(feed):
            if not desk.published:
                desk.progress = progress

    def _poll(self, feed: TickerFeed) -> None:
        with self._noted("candles", self._proves(feed.ticker)):
            news = feed.poll()
        stale = staleness(feed.candles, feed.provider)
        self._note(feed.provider, "freshness", stale, self._proves(feed.ticker))
        if news:
            revised = feed.take_revised()
            for desk in self._desks_of(feed):
                desk.note_revised(revised)
            self._publish(feed)

    def _refill(self, feed: TickerFeed) -> None:
        if feed.refill():
            self._publish(feed)

    def _publish(self, feed: TickerFeed) -> None:
        """Forecast and publish for every desk of the ticker whose models are there."""
        for desk in self._desks_of(feed):
            if desk.next_training is not None:
                candles, filled = feed.usable()
                desk.publish(self._store, candles, feed.context, filled)
                if desk.progress.stage != "training":
                    desk.progress = Progress("ready")

    def _fetch_quotes(self) -> None:
        tickers = sorted(t for t, feed in list(self._roster.feeds.items()) if feed.ready)
        if not tickers:
            return
        provider = self._venues.current
        with self._noted("quotes", True):
            quotes = quotes_of_traded(provider, tickers)
        if provider is self._venues.current:
            self._store.publish_quotes(quotes)

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
        candles, filled = feed.usable()
        desk.train(candles, cause)
        desk.publish(self._store, candles, feed.context, filled)

    # --- heartbeat --------------------------------------------------------------

    def _status(self) -> EngineStatus:
        provider = self._venues.current
        usage = provider.usage()
        return EngineStatus(
            pid=os.getpid(),
            started_at=self._started_at,
            beat_at=self._clock.now(),
            market=provider.market,
            provider=provider.name,
            reason=self._reason,
            weight_used=usage.weight_used,
            weight_limit=usage.weight_limit,
            clock_offset_ms=usage.clock_offset_ms,
            trouble=" ".join(self._troubles()),
            served=tuple(desk.spec.to_text() for desk in self._roster.desks.values()),
            progress={key: desk.progress for key, desk in self._roster.desks.items()},
            provider_since=self._venues.since,
            degraded=self._venues.degraded,
            block=usage.block,
            frozen_at=provider.now() if provider.name == "cache" else None,
            refilling=" ".join(filter(None, (f.refilling for f in self._roster.feeds.values()))),
        )

    def _troubles(self) -> list[str]:
        """Return what is wrong in sentences, each once."""
        troubles = [said for jobs in self._all_jobs for said in jobs.trouble().values()]
        just_started = self._clock.now() - self._started_at < _STARTED_SAID_FOR
        said = [JUST_STARTED] if just_started else []
        return list(dict.fromkeys([*said, *troubles]))
