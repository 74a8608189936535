"""The engine: the one process that talks to the exchange, trains, forecasts and publishes.

Its main loop only decides what is due; everything that may take long (the exchange,
training) runs as a job in a thread, so that the heartbeat tells the truth.
"""

from __future__ import annotations

import logging
import os
import threading
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from core.domain import EngineStatus
from core.exchanges.base import Provider
from core.forecasting.bookkeeping import Bookkeeping
from core.forecasting.doctor import engine_diagnosis
from core.forecasting.due import Due
from core.forecasting.jobs import Jobs
from core.forecasting.ledger_check import LedgerChecker
from core.forecasting.service import JUST_STARTED
from core.forecasting.session import Session
from core.forecasting.store import SnapshotStore
from core.forecasting.venues import Venues
from core.ledger.recording import Ledger
from core.settings import Settings

_LOOP_S: Final = 0.1
_BEAT_EVERY: Final = timedelta(seconds=1)
_DEMAND_EVERY: Final = timedelta(seconds=1)
_EXAMINE_EVERY: Final = timedelta(minutes=15)
# Long enough that every open page, also a slow one, sees that the engine was started again.
_STARTED: Final = "say no more that it was started"
_STARTED_SAID_FOR: Final = timedelta(seconds=6)

log = logging.getLogger(__name__)


class Engine:
    """Follows one exchange in a session, another when that is lost, and beats.

    Parameters
    ----------
    settings : Settings
    venues : Venues
        What is followed, and what may be instead.
    reason : str
        Why that was chosen at start, in a sentence.
    store : SnapshotStore
    clock : Clock
    ledger : Ledger, optional
        Where forecasts are written down before they are published.
    """

    def __init__(
        self,
        settings: Settings,
        venues: Venues,
        reason: str,
        store: SnapshotStore,
        clock: Clock,
        ledger: Ledger | None = None,
    ) -> None:
        self._settings = settings
        self._venues = venues
        self._reason = reason
        self._store = store
        self._clock = clock
        self._ledger = ledger
        self._started_at = clock.now()
        self._session = Session(settings, venues, store, clock, ledger)
        self._switch_to: Provider | None = None
        self._due = Due(clock)
        self._due.put_off(_STARTED, _STARTED_SAID_FOR)
        self._look_out = Jobs(clock, workers=1, name="look-out")
        earlier = store.status()
        self._books = Bookkeeping(
            ledger,
            clock,
            LedgerChecker(settings, clock),
            timedelta(hours=settings.ledger_check_hours),
            earlier.ledger_check if earlier else None,
        )

    def run(self, stop: threading.Event, last_beat: datetime | None = None) -> None:
        """Work until `stop` is set.

        Parameters
        ----------
        last_beat : datetime, optional
            Until when the engine before this one is known to have run.
        """
        log.info("Engine %d follows %s. %s", os.getpid(), self._venues.current.name, self._reason)
        self._books.started(self._session.provider, self._reason, last_beat)
        while not stop.is_set():
            self.step()
            stop.wait(_LOOP_S)
        for jobs in self._jobs:
            jobs.stop()
        self._books.stop()

    @property
    def _jobs(self) -> tuple[Jobs, ...]:
        return *self._session.jobs, self._look_out, *self._books.jobs

    def step(self) -> None:
        """Start whatever is due; never waits for the exchange or for training."""
        if self._switch_to is not None:
            self._switch(self._switch_to)
        if self._due.take("demand", _DEMAND_EVERY):
            self._session.follow_demand()
        if self._due.take("beat", _BEAT_EVERY):
            self._store.publish_status(self._status())
        if self._due.take("examine", _EXAMINE_EVERY):
            self._look_out.start("examine", self._examine)
        if self._venues.look_due():
            self._look_out.start("look for an exchange", self._look)
        self._books.step(self._session.provider, self._session.roster.feeds.keys())
        self._session.step()

    def _examine(self) -> None:
        """Publish the doctor's table for Model Health."""
        self._store.publish_diagnosis(engine_diagnosis(self._settings, self._clock))

    def _look(self) -> None:
        """Find out whether another exchange should be followed; the loop then changes to it."""
        self._switch_to = self._venues.look()

    def _switch(self, provider: Provider) -> None:
        """Follow `provider` from now on, with candles, models and files of its own."""
        self._switch_to = None
        self._session.end()
        why = self._venues.switch(provider)
        log.warning("%s is followed from now on. %s", provider.name, why)
        self._books.switched(provider, why)
        self._session = Session(
            self._settings, self._venues, self._store, self._clock, self._ledger
        )
        self._session.follow_demand()
        self._due.forget("examine")

    def _status(self) -> EngineStatus:
        provider, roster = self._session.provider, self._session.roster
        usage = provider.usage()
        said = troubles(self._jobs)
        trouble = {ticker: troubles(self._jobs, ticker) for ticker in roster.feeds}
        watched = [trouble.get(spec.ticker, "") for spec in self._settings.watch]
        self._books.hear(provider, " ".join(dict.fromkeys(filter(None, (said, *watched)))))
        refilling = {ticker: feed.refilling for ticker, feed in roster.feeds.items()}
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
            trouble=" ".join(filter(None, (self._just_started(), said))),
            served=tuple(desk.spec.to_text() for desk in roster.desks.values()),
            progress={key: desk.progress for key, desk in roster.desks.items()},
            provider_since=self._venues.since,
            degraded=self._venues.degraded,
            block=usage.block,
            frozen_at=provider.now() if provider.name == "cache" else None,
            ticker_trouble={ticker: said for ticker, said in trouble.items() if said},
            refilling={ticker: said for ticker, said in refilling.items() if said},
            ledger=self._books.head(provider),
            ledger_check=self._books.checked,
        )

    def _just_started(self) -> str:
        return "" if self._due.is_due(_STARTED) else JUST_STARTED


def troubles(jobs: tuple[Jobs, ...], ticker: str = "") -> str:
    """Return what is wrong with `ticker` alone, or for everybody, each sentence once.

    Why a host is left alone repeats the failure that led to it, which another job may tell of too.
    """
    said = dict.fromkeys(sentence for some in jobs for sentence in some.trouble_about(ticker))
    return " ".join(s for s in said if not any(s != other and s in other for other in said))
