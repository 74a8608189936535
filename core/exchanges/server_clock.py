"""The exchange's clock, carried on between calls by our monotonic clock."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock

_FRESH_FOR_S: Final = 15 * 60.0
# Our wall clock and our monotonic clock part when the machine slept or its time was set.
_PARTING_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Reading:
    """The exchange's time at a monotonic instant, true to within `uncertainty`."""

    server: datetime
    wall: datetime
    monotonic: float
    uncertainty: timedelta


class ServerClock:
    """Our best knowledge of the exchange's clock. Thread-safe.

    After a reading the exchange's time is carried on by `Clock.monotonic`, so setting our
    wall clock moves nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._reading: _Reading | None = None

    @property
    def known(self) -> bool:
        return self._read() is not None

    @property
    def fresh(self) -> bool:
        """Tell whether the last reading still serves: under 15 minutes and no leap since."""
        reading = self._read()
        if reading is None:
            return False
        age_s = self._clock.monotonic() - reading.monotonic
        wall_age_s = (self._clock.now() - reading.wall).total_seconds()
        return age_s < _FRESH_FOR_S and abs(wall_age_s - age_s) < _PARTING_S

    def set(
        self, server: datetime, sent_at: float, received_at: float, grain_s: float = 0.0
    ) -> None:
        """Take a reading: `server` lies between the monotonic instants of the call.

        The middle is assumed, so the error is at most half the round trip, and half of
        `grain_s` more where `server` is the middle of a span of so many seconds.
        """
        half = (received_at - sent_at) / 2
        now, wall = self._clock.monotonic(), self._clock.now()
        at = server + timedelta(seconds=now - (sent_at + half))
        with self._lock:
            self._reading = _Reading(at, wall, now, timedelta(seconds=half + grain_s / 2))

    def at(self, monotonic: float) -> datetime:
        """Return the exchange's time at a reading of `Clock.monotonic`; ours if unknown."""
        reading = self._read()
        if reading is None:
            return self._clock.now() + timedelta(seconds=monotonic - self._clock.monotonic())
        return reading.server + timedelta(seconds=monotonic - reading.monotonic)

    def surely_past(self, monotonic: float) -> datetime:
        """Return an instant the exchange's clock had certainly reached at `monotonic`."""
        reading = self._read()
        uncertainty = reading.uncertainty if reading else timedelta(0)
        return self.at(monotonic) - uncertainty

    def now(self) -> datetime:
        """Return the exchange's time now; ours while it is unknown."""
        return self.at(self._clock.monotonic())

    @property
    def offset_ms(self) -> float | None:
        """Return exchange clock minus our wall clock; None while unknown."""
        if not self.known:
            return None
        return (self.now() - self._clock.now()) / timedelta(milliseconds=1)

    def _read(self) -> _Reading | None:
        with self._lock:
            return self._reading
