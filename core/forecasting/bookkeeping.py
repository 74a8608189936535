"""The engine's care for the ledger: events, old rows, the head in the log."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from core.clock import Clock
from core.domain import Event, EventKind, LedgerHead, provider_title
from core.errors import MarketPulseError
from core.exchanges.base import Provider
from core.forecasting.due import Due
from core.forecasting.jobs import Jobs
from core.forecasting.outage import OutageWatch
from core.ledger.events import Noted
from core.ledger.recording import Ledger

_WRITE_EVERY: Final = timedelta(seconds=5)
_TIDY_EVERY: Final = timedelta(minutes=10)
_HEAD_EVERY: Final = timedelta(days=1)
_HEAD_LATER: Final = timedelta(seconds=1)

log = logging.getLogger(__name__)


class Bookkeeping:
    """Starts what is due for the ledger in the jobs of the engine.

    Parameters
    ----------
    ledger : Ledger or None
        None keeps no books.
    clock : Clock
    jobs : Jobs
        Where writing and tidying run.
    """

    def __init__(self, ledger: Ledger | None, clock: Clock, jobs: Jobs) -> None:
        self._ledger = ledger
        self._clock = clock
        self._jobs = jobs
        self._due = Due(clock)
        self._due.put_off("tidy", _WRITE_EVERY)
        self._outage = OutageWatch()

    def head(self, provider: Provider) -> LedgerHead | None:
        """Return the head of the chain that `provider` is written to."""
        return self._ledger.head(provider.market) if self._ledger else None

    def started(self, provider: Provider, reason: str, last_beat: datetime | None) -> None:
        """Take down that the engine started, and until when the one before was heard of."""
        before = ""
        if last_beat is not None:
            before = f"The one before was last heard of at {last_beat:%Y-%m-%d %H:%M:%S} UTC."
        self._note(
            provider, "engine", " ".join(filter(None, ("The engine started.", reason, before)))
        )

    def switched(self, provider: Provider, why: str) -> None:
        title = provider_title(provider.name)
        self._note(provider, "provider", f"Followed from now on: {title}. {why}".strip())

    def hear(self, provider: Provider, trouble: str) -> None:
        """Take down when trouble begins and ends."""
        event = self._outage.look(trouble, self._clock.now())
        if event is not None and self._ledger is not None:
            self._ledger.note(Noted(event, provider.market, provider.name))

    def step(self, provider: Provider, followed: Collection[str]) -> None:
        """Start whatever is due; never waits."""
        ledger = self._ledger
        if ledger is None:
            return
        if self._due.take("write", _WRITE_EVERY):
            self._jobs.start("write events", ledger.write_noted)
        # What is on disk stays as it is while only it is looked at.
        if provider.name != "cache" and self._due.take("tidy", _TIDY_EVERY):
            work = partial(self._tidy, ledger, provider, followed)
            if not self._jobs.start("tidy the ledger", work):
                self._due.forget("tidy")
        if self._due.take("say the head", _HEAD_EVERY):
            self._say_head(provider)

    def _tidy(self, ledger: Ledger, provider: Provider, followed: Collection[str]) -> None:
        try:
            ledger.tidy(provider.market, provider.name, followed, provider.now())
        except MarketPulseError:
            self._due.put_off("tidy", _WRITE_EVERY)  # or its trouble would be said for long
            raise

    def _say_head(self, provider: Provider) -> None:
        """Log the head once a day: whoever keeps the log can check the chain by it."""
        head = self.head(provider)
        if head is None:
            self._due.put_off("say the head", _HEAD_LATER)  # as soon as there is one
        else:
            log.info(
                "The ledger holds %d forecasts, head %s, and %d outcomes, head %s.",
                *(head.seq, head.hash, head.settled, head.settled_hash),
            )

    def _note(self, provider: Provider, kind: EventKind, text: str) -> None:
        if self._ledger is not None:
            event = Event(self._clock.now(), kind, text)
            self._ledger.note(Noted(event, provider.market, provider.name))
