"""One exchange followed, from the moment it is chosen to the moment it is left."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Final

import pandas as pd

from core.clock import Clock
from core.domain import Progress, Quote
from core.errors import ExchangeError, LedgerError, OverBudget, UnknownSymbol
from core.exchanges.base import Provider
from core.exchanges.patience import patient
from core.forecasting.desk import SpecDesk
from core.forecasting.due import Due
from core.forecasting.feed import TickerFeed
from core.forecasting.idle import IdleStudies
from core.forecasting.jobs import Jobs
from core.forecasting.quotes import quotes_of_traded
from core.forecasting.roster import Roster
from core.forecasting.store import RetrainRequest, SnapshotStore
from core.forecasting.venues import Venues, staleness
from core.history.sync import SyncPage
from core.ledger.recording import Ledger
from core.settings import Settings

_CLOCK_EVERY: Final = timedelta(minutes=15)
# The exchange may trade tomorrow what it does not trade today.
_LISTING_EVERY: Final = timedelta(minutes=10)
# A champion set on the command line forecasts within this time and one candle.
_CHAMPIONS_EVERY: Final = timedelta(seconds=15)
_STUDIES_EVERY: Final = timedelta(seconds=10)
_PAGE_ROWS: Final = 1_000
_PAUSES_BEFORE_FORECAST: Final = 3

log = logging.getLogger(__name__)


class Session:
    """Fetches, trains and publishes from one provider until it is ended.

    Whatever may take long runs as a job in a thread. What such a job brings after the end
    is neither kept nor published.

    Parameters
    ----------
    settings : Settings
    venues : Venues
        Told how each call went.
    store : SnapshotStore
    clock : Clock
    ledger : Ledger, optional
        Where forecasts are written down before they are published.
    """

    def __init__(
        self,
        settings: Settings,
        venues: Venues,
        store: SnapshotStore,
        clock: Clock,
        ledger: Ledger | None = None,
    ) -> None:
        self.provider: Provider = venues.current
        self.roster = Roster(settings, self.provider, store, clock, ledger)
        self._venues = venues
        self._store = store
        self._watched = frozenset(spec.ticker for spec in settings.watch)
        self._quote_every = timedelta(seconds=settings.quote_seconds)
        self._asked: Mapping[str, RetrainRequest] = {}
        self._quotes: dict[str, Quote] = {}
        self._publishing_quotes = threading.Lock()
        self._ended = False
        self._due = Due(clock)
        self._network = Jobs(clock, workers=4, name="network")
        # Apart, so that visitors' long catching up never keeps prices and candles waiting.
        self._catching_up = Jobs(clock, workers=2, name="catching-up")
        self._training = Jobs(clock, workers=1, name="training")
        # Nobody waits for it: no trouble of it is said, and it starts when nothing else runs.
        self._idle = Jobs(clock, workers=1, name="idle")
        self._studies = IdleStudies(clock)

    @property
    def jobs(self) -> tuple[Jobs, ...]:
        return self._network, self._catching_up, self._training

    def step(self) -> None:
        """Start whatever is due; never waits."""
        if self._due.is_due("clock"):
            self._network.start("clock", self._sync_clock)
        ready = sorted(t for t, feed in self.roster.feeds.items() if feed.ready)
        if ready and self._quotes_due():
            self._start_quotes(ready)
        for feed in list(self.roster.feeds.values()):
            self._tend(feed)
        for desk in list(self.roster.desks.values()):
            self._tend_models(desk)
        if self._due.take("champions", _CHAMPIONS_EVERY):
            self._network.start("champions", self._follow_champions)
        looks = self._studies.under_way or self._due.take("studies", _STUDIES_EVERY)
        if looks and not any(jobs.busy for jobs in self.jobs):
            self._idle.start("importance", self._study)

    def follow_demand(self) -> None:
        """Serve what is wanted; jobs of what is not leave no trouble behind."""
        self._asked = self._store.retrain_requests()
        dropped = self.roster.follow_demand()
        for key in dropped.keys:
            self._training.forget(f"train {key}")
            self._network.forget(f"publish {key}")
        for ticker in dropped.tickers:
            for what in ("listing", "price"):
                self._due.forget(f"{what} {ticker}")
            for job in ("start", "refill"):
                self._catching_up.forget(f"{job} {ticker}")
            for job in ("poll", "context"):
                self._network.forget(f"{job} {ticker}")
        for feed in self.roster.feeds.values():
            self._forget_what_is_done(feed)
        if not self._watched:
            self._venues.call(self.roster.feeds)

    def _forget_what_is_done(self, feed: TickerFeed) -> None:
        """Forget how jobs ended that nothing needs any more: their trouble would not end."""
        if feed.rows_synced >= self.roster.rows_wanted(feed.ticker):
            self._catching_up.forget(f"start {feed.ticker}")
        if not feed.refill_pending:
            self._catching_up.forget(f"refill {feed.ticker}")

    def end(self) -> None:
        """Publish no more; what still waits for the exchange ends on its own, unheard."""
        with self._publishing_quotes:
            self._ended = True
        self.roster.retire()
        for jobs in (*self.jobs, self._idle):
            jobs.stop()

    # --- calls, and what they prove ---------------------------------------------

    def _sync_clock(self) -> None:
        with self._noted("clock"):
            offset = self.provider.sync_clock()
        # Only now: what failed is tried again after the job's own pauses.
        self._due.put_off("clock", _CLOCK_EVERY)
        log.info("The clock of %s is %+.0f ms from ours.", self.provider.name, offset)

    @contextmanager
    def _noted(self, what: str, ticker: str = "") -> Iterator[None]:
        """Tell how a call to the exchange went."""
        try:
            yield
        except (UnknownSymbol, OverBudget):
            raise  # a pair that is not traded, or our own thrift: nothing is proved
        except ExchangeError as error:
            self._note(what, error, ticker)
            raise
        self._note(what, None, ticker)

    def _note(self, what: str, error: ExchangeError | None, ticker: str = "") -> None:
        if not self._ended:
            self._venues.note(what, error, ticker)

    # --- quotes -----------------------------------------------------------------

    def _quotes_due(self) -> bool:
        """Tell whether to ask for prices: seldom until there is a forecast to judge by them."""
        if any(desk.published for desk in self.roster.desks.values()):
            return self._due.take("quotes", self._quote_every)
        return self._due.take("early quotes", _PAUSES_BEFORE_FORECAST * self._quote_every)

    def _start_quotes(self, ready: list[str]) -> None:
        """Ask for prices; visitors' pairs apart, so that they prove nothing and harm nobody."""
        priced = [t for t in ready if self._due.is_due(f"price {t}")]
        watched = [t for t in priced if t in self._watched] if self._watched else priced
        visited = [t for t in priced if t not in watched]
        if watched:
            self._network.start("quotes", lambda: self._fetch_watched_quotes(watched))
        if visited:
            self._network.start(
                "visitors' quotes", lambda: self._fetch_quotes(visited), about=visited
            )

    def _fetch_watched_quotes(self, tickers: list[str]) -> None:
        with self._noted("quotes"):
            self._fetch_quotes(tickers)

    def _fetch_quotes(self, tickers: list[str]) -> None:
        quotes = quotes_of_traded(self.provider, tickers)
        for ticker in set(tickers).difference(quotes):
            self._due.put_off(f"price {ticker}", _LISTING_EVERY)
        with self._publishing_quotes:
            if not self._ended:
                followed = {t: q for t, q in self._quotes.items() if t in self.roster.feeds}
                self._quotes = {**followed, **quotes}
                self._store.publish_quotes(self._quotes)

    # --- candles ----------------------------------------------------------------

    def _tend(self, feed: TickerFeed) -> None:
        ticker = feed.ticker
        if feed.refusal:
            self._set_progress(feed, Progress("failed", message=feed.refusal))
        if feed.rows_synced < self.roster.rows_wanted(ticker) and self._may_start(feed):
            self._catching_up.start(f"start {ticker}", lambda: self._start_feed(feed), [ticker])
        if feed.due():
            self._network.start(f"poll {ticker}", lambda: self._poll(feed), [ticker])
        if feed.refill_due():
            self._catching_up.start(f"refill {ticker}", lambda: self._refill(feed), [ticker])
        if feed.context_due():
            self._network.start(f"context {ticker}", feed.refresh_context, [ticker])

    def _may_start(self, feed: TickerFeed) -> bool:
        return not feed.refusal or self._due.take(f"listing {feed.ticker}", _LISTING_EVERY)

    def _start_feed(self, feed: TickerFeed) -> None:
        rows = self.roster.rows_wanted(feed.ticker)
        # What is wanted beyond the newest candles proves nothing while those are followed.
        noted = nullcontext() if feed.ready else self._noted("start", feed.ticker)
        held = len(feed.candles)

        def show(page: SyncPage) -> None:
            nonlocal held
            if len(feed.candles) > held and not feed.ready:
                self._note("start", None, feed.ticker)
            held = len(feed.candles)
            self._show_sync(feed, page)

        with noted, patient():
            feed.start(rows, show)
        if feed.notice:
            log.warning(feed.notice)
        if feed.ready:
            self._publish(feed)

    def _show_sync(self, feed: TickerFeed, page: SyncPage) -> None:
        pages = -(-page.total // _PAGE_ROWS)
        done = min(pages, -(-page.done // _PAGE_ROWS))
        self._set_progress(feed, Progress("fetching", done, pages, "pages"))

    def _set_progress(self, feed: TickerFeed, progress: Progress) -> None:
        for desk in self.roster.desks_of(feed.ticker):
            if not desk.published:
                desk.progress = progress

    def _poll(self, feed: TickerFeed) -> None:
        with self._noted("candles", feed.ticker):
            news = feed.poll()
        self._note("freshness", staleness(feed.candles, self.provider), feed.ticker)
        if news:
            self._publish(feed)

    def _refill(self, feed: TickerFeed) -> None:
        with patient():
            came = feed.refill()
        if came:
            self._publish(feed)

    def _publish(self, feed: TickerFeed) -> None:
        """Forecast and publish for every desk of the ticker whose models are there."""
        revised = feed.take_revised()
        for desk in self.roster.desks_of(feed.ticker):
            desk.note_revised(revised)
            if desk.next_training is not None:
                candles, filled = feed.usable()
                desk.publish(self._store, candles, feed.context, filled)
                if desk.progress.stage != "training":
                    desk.progress = Progress("ready")

    # --- models -----------------------------------------------------------------

    def _tend_models(self, desk: SpecDesk) -> None:
        ticker = desk.spec.ticker
        feed = self.roster.feeds.get(ticker)
        if feed is None or feed.rows_synced < desk.spec.rows_wanted:
            return
        request = self._asked.get(desk.spec.key)
        cause = desk.training_cause(request.at if request else None)
        key = desk.spec.key
        if cause is not None:
            self._training.start(f"train {key}", lambda: self._train(desk, feed, cause), [ticker])
        elif not desk.published:
            self._network.start(f"publish {key}", lambda: self._publish(feed), [ticker])

    def _follow_champions(self) -> None:
        """Forecast with champions set on the command line, and publish at once."""
        for desk in list(self.roster.desks.values()):
            feed = self.roster.feeds.get(desk.spec.ticker)
            if desk.follow_champions() and feed is not None and feed.ready:
                candles, filled = feed.usable()
                desk.publish(self._store, candles, feed.context, filled)

    def _study(self) -> None:
        self._studies.advance(list(self.roster.desks.values()), self._candles_of)

    def _candles_of(self, desk: SpecDesk) -> pd.DataFrame | None:
        feed = self.roster.feeds.get(desk.spec.ticker)
        return feed.usable()[0] if feed is not None and feed.ready else None

    def _train(self, desk: SpecDesk, feed: TickerFeed, cause: str) -> None:
        candles, filled = feed.usable()
        desk.train(candles, cause)
        with suppress(LedgerError):  # the job that publishes tries again, and says what is wrong
            desk.publish(self._store, candles, feed.context, filled)
