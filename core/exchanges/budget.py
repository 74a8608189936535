"""How much may be asked: half of an exchange's weight per minute, or so many calls a second."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from core.errors import OverBudget
from core.exchanges.patience import is_patient

_SHARE: Final = 0.5
_MINUTE_S: Final = 60.0
_SLOTS_LET_PASS: Final = 10


class WeightBudget:
    """Request weight used in the present minute, kept under half of the limit. Thread-safe.

    The exchange counts by address and by the minute of the wall clock, so others at this
    address are known from its header only; our own calls are counted when they are sent.

    Parameters
    ----------
    clock : Clock
    name : str
        The exchange, for sentences.
    limit : int or None
        Weight allowed per minute; None where the exchange counts none.
    """

    def __init__(self, clock: Clock, name: str, limit: int | None) -> None:
        self._clock = clock
        self._name = name
        self._lock = threading.Lock()
        self._limit = limit
        self._minute: datetime | None = None
        self._used = 0
        self._told: tuple[int, float] | None = None

    @property
    def limit(self) -> int | None:
        with self._lock:
            return self._limit

    def set_limit(self, limit: int) -> None:
        """Take the limit the exchange told."""
        with self._lock:
            self._limit = limit

    @property
    def told(self) -> int | None:
        """Return the weight used as the exchange last told it; None when over a minute old."""
        with self._lock:
            told = self._told
        if told is None or self._clock.monotonic() - told[1] > _MINUTE_S:
            return None
        return told[0]

    def note(self, used: int, sent_at: float, received_at: float) -> None:
        """Take the header of an answer; the times are readings of `Clock.monotonic`.

        What left in an earlier minute may have been counted in that one.
        """
        ago = timedelta(seconds=self._clock.monotonic() - sent_at)
        with self._lock:
            self._told = used, received_at
            if _minute_of(self._clock.now() - ago) == self._present_minute():
                self._used = max(self._used, used)

    def take(self, weight: int, until: float) -> None:
        """Count a call that is about to be sent, once there is room for it.

        Raises
        ------
        OverBudget
            As `await_room`.
        """
        while not self._fits(weight, count=True):
            self.await_room(weight, until)

    def await_room(self, weight: int, until: float) -> None:
        """Wait for the next minute if a call would pass half of the limit in this one.

        Raises
        ------
        OverBudget
            The next minute begins after `until`, a reading of `Clock.monotonic`.
        """
        while not self._fits(weight, count=False):
            now = self._clock.now()
            retry_at = _minute_of(now) + timedelta(seconds=_MINUTE_S)
            wait_s = (retry_at - now).total_seconds()
            if self._clock.monotonic() + wait_s >= until:
                raise OverBudget(
                    f"{self._name} was not asked: this minute's calls already weigh half of "
                    f"what it allows. The next are sent at {retry_at:%H:%M:%S} UTC.",
                    retry_at,
                )
            self._clock.sleep(wait_s)

    def _fits(self, weight: int, count: bool) -> bool:
        with self._lock:
            self._present_minute()
            if self._limit is not None and self._used + weight > self._limit * _SHARE:
                return False
            self._used += weight if count else 0
            return True

    def _present_minute(self) -> datetime:
        minute = _minute_of(self._clock.now())
        if minute != self._minute:
            self._minute, self._used = minute, 0
        return minute


class Pacing:
    """Keeps calls at least `interval_s` apart; urgent ones go first. Thread-safe.

    Urgent calls are served first come, first served. A patient one goes when no urgent one
    waits; it lets ten slots pass at most, so that it is late and not left out where urgent
    calls alone fill every slot.
    """

    def __init__(self, clock: Clock, name: str, interval_s: float) -> None:
        self._clock = clock
        self._name = name
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._next_slot = clock.monotonic()

    def take(self, until: float) -> None:
        """Wait for the next free slot, as a call that is `patient` or not.

        Raises
        ------
        OverBudget
            It lies after `until`, a reading of `Clock.monotonic`; the slot stays free.
        """
        patience_ends = self._clock.monotonic()
        if is_patient():
            patience_ends += _SLOTS_LET_PASS * self._interval_s
        is_mine = False
        while not is_mine:
            wait_s, is_mine = self._reserve(until, patience_ends)
            if wait_s > 0:
                self._clock.sleep(wait_s)

    def _reserve(self, until: float, patience_ends: float) -> tuple[float, bool]:
        """Return how long to wait, and whether for a slot that is now the caller's.

        Slots ahead are the urgent's to reserve, so a patient call waits for one that is
        still free when its time has come.
        """
        with self._lock:
            now = self._clock.monotonic()
            slot = max(now, self._next_slot)
            if slot > until:
                raise self._too_late(slot - now)
            if slot > now and now < patience_ends:
                return min(slot, patience_ends) - now, False
            self._next_slot = slot + self._interval_s
            return slot - now, True

    def _too_late(self, wait_s: float) -> OverBudget:
        return OverBudget(
            f"{self._name} was not asked: too many calls queue for it, each "
            f"{self._interval_s:g} s after the other.",
            self._clock.now() + timedelta(seconds=wait_s),
        )


def _minute_of(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
