"""The engine's care for the ledger: events, old rows, whether it is whole, the head in the log."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from core.clock import Clock
from core.domain import Event, EventKind, LedgerCheck, LedgerHead, Market, provider_title
from core.errors import LedgerUnavailable, MarketPulseError
from core.exchanges.base import Provider
from core.forecasting.due import Due
from core.forecasting.jobs import Jobs
from core.forecasting.ledger_check import LedgerChecker
from core.forecasting.outage import OutageWatch
from core.ledger.events import Noted
from core.ledger.recording import Ledger

_WRITE_EVERY: Final = timedelta(seconds=5)
_TIDY_EVERY: Final = timedelta(minutes=10)
_HEAD_EVERY: Final = timedelta(days=1)
_HEAD_LATER: Final = timedelta(seconds=1)
# The first forecasts come first.
_FIRST_CHECK_AFTER: Final = timedelta(seconds=20)
_CHECK_AGAIN_AFTER: Final = timedelta(minutes=1)
_SAY_UNCHECKED_AFTER: Final = 3

log = logging.getLogger(__name__)


class Bookkeeping:
    """Starts what is due for the ledger in jobs of its own.

    Parameters
    ----------
    ledger : Ledger or None
        None keeps no books.
    clock : Clock
    checker : LedgerChecker, optional
        Who is asked whether the ledger is whole; None asks nobody.
    check_every : timedelta
    checked : LedgerCheck, optional
        The newest answer of the engine before this one: it holds until there is another.

    Attributes
    ----------
    jobs : tuple of Jobs
        Where all of it runs.
    checked : LedgerCheck or None
        The newest answer.
    """

    def __init__(
        self,
        ledger: Ledger | None,
        clock: Clock,
        checker: LedgerChecker | None = None,
        check_every: timedelta = timedelta(days=1),
        checked: LedgerCheck | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._checker = checker
        self._check_every = check_every
        self._writing = Jobs(clock, workers=1, name="bookkeeping")
        self._checking = Jobs(clock, workers=1, name="ledger-check")
        self.jobs = (self._writing, self._checking)
        self.checked = checked
        self._unchecked = 0
        self._due = Due(clock)
        self._due.put_off("tidy", _WRITE_EVERY)
        self._due.put_off("check", _FIRST_CHECK_AFTER)
        self._outage = OutageWatch()

    def stop(self) -> None:
        """Start nothing more, and leave no process behind."""
        for jobs in self.jobs:
            jobs.stop()
        if self._checker is not None:
            self._checker.stop()

    def head(self, provider: Provider) -> LedgerHead | None:
        """Return the head of the chain that `provider` is written to."""
        return self._ledger.head(provider.market) if self._ledger else None

    def started(self, provider: Provider, reason: str, last_beat: datetime | None) -> None:
        """Take down that the engine started, and until when the one before was heard of."""
        before = ""
        if last_beat is not None:
            before = f"The one before was last heard of at {last_beat:%Y-%m-%d %H:%M:%S} UTC."
        self._note(
            provider.market,
            provider,
            "engine",
            " ".join(filter(None, ("The engine started.", reason, before))),
        )

    def switched(self, provider: Provider, why: str) -> None:
        title = provider_title(provider.name)
        self._note(
            provider.market, provider, "provider", f"Followed from now on: {title}. {why}".strip()
        )

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
            self._writing.start("write events", ledger.write_noted)
        # What is on disk stays as it is while only it is looked at.
        if provider.name != "cache" and self._due.take("tidy", _TIDY_EVERY):
            work = partial(self._tidy, ledger, provider, followed)
            if not self._writing.start("tidy the ledger", work):
                self._due.forget("tidy")
        if self._checker is not None and self._due.take("check", self._check_every):
            work = partial(self._check, self._checker, provider)
            self._checking.start("check the ledger", work)
        if self._due.take("say the head", _HEAD_EVERY):
            self._say_head(provider)

    def _check(self, checker: LedgerChecker, provider: Provider) -> None:
        try:
            found = checker.check()
        except LedgerUnavailable as error:
            self._not_checked(str(error))
            return
        self._unchecked = 0
        known, self.checked = self.checked, found
        log.info("The ledger was checked: %d forecasts are whole.", sum(found.rows.values()))
        for chain, fault in found.faults.items():
            log.error("The ledger was changed. %s: %s", chain, fault)
            if known is None or known.faults.get(chain) != fault:
                market: Market = "simulated" if chain == "simulated" else "live"
                self._note(market, provider, "ledger", fault)

    def _not_checked(self, why: str) -> None:
        """Try again, after pauses that grow; say so once it is no passing trouble."""
        log.warning("The ledger was not checked: %s", why)
        pause = _CHECK_AGAIN_AFTER * 2 ** min(self._unchecked, 10)
        self._due.put_off("check", min(pause, self._check_every))
        self._unchecked += 1
        if self._unchecked >= _SAY_UNCHECKED_AFTER:
            known = self.checked or LedgerCheck(self._clock.now())
            self.checked = replace(known, unread=why)

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

    def _note(self, market: Market, provider: Provider, kind: EventKind, text: str) -> None:
        if self._ledger is not None:
            event = Event(self._clock.now(), kind, text)
            self._ledger.note(Noted(event, market, provider.name))
