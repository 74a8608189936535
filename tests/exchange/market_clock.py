"""The exchange's own clock: begins anywhere, runs at any speed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.clock import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(instant: datetime) -> int:
    """Return whole epoch milliseconds, rounded down."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def from_ms(epoch_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=epoch_ms)


class MarketClock:
    """A `core.clock.Clock` that shows `start` when made and runs `speed` times as fast as `clock`.

    A client that should live at the exchange's pace takes it as its own clock.
    """

    def __init__(self, clock: Clock, start: datetime, speed: float = 1.0) -> None:
        self._clock = clock
        self._start = start
        self._began = clock.monotonic()
        self._speed = speed

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (self._clock.monotonic() - self._began) * self._speed

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds / self._speed)

    def leap(self, by: timedelta) -> None:
        """Move on by that much at once, as for a client that slept meanwhile."""
        self._start += by

    def now_ms(self) -> int:
        return to_ms(self.now())
