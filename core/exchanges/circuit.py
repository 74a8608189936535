"""Leave a host alone that fails again and again, and try it with one call at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from core.errors import BadRequest, CircuitOpen, ExchangeError

FAILURES_TO_OPEN: Final = 3
FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 300.0


class Circuit:
    """The circuit breaker of one host. Thread-safe.

    Closed, every call passes. After three failed calls in a row it is open, and no call
    passes, for 5 s. Then it is half-open: one call passes, the probe. Its success closes
    the circuit; its failure opens it for twice as long as before, up to five minutes.
    A failure is a retryable error; any answer that shows the host at work, even a refusal
    of the request, is a success; other errors say nothing of the host.

    Parameters
    ----------
    clock : Clock
    host : str
        For the sentences.
    """

    def __init__(self, clock: Clock, host: str) -> None:
        self._clock = clock
        self._host = host
        self._lock = threading.Lock()
        self._failures = 0
        self._last = ""
        self._pause_s = FIRST_PAUSE_S
        self._opened_at: float | None = None
        self._probing = False

    @contextmanager
    def call(self) -> Iterator[bool]:
        """Surround a call; yields whether it is the probe.

        Raises
        ------
        CircuitOpen
            The call may not be made.
        """
        with self._lock:
            if (refusal := self._refusal()) is not None:
                raise refusal
            probe = self._probing = self._opened_at is not None
        try:
            yield probe
        except ExchangeError as error:
            if error.retryable:
                self._failed(error, probe)
            elif isinstance(error, BadRequest):
                self._answered()
            raise
        else:
            self._answered()
        finally:
            if probe:
                with self._lock:
                    self._probing = False

    def refusal(self) -> CircuitOpen | None:
        """Return what `call` would raise now, None where it would let the call pass."""
        with self._lock:
            return self._refusal()

    def _refusal(self) -> CircuitOpen | None:
        if self._opened_at is None:
            return None
        left_s = max(self._opened_at + self._pause_s - self._clock.monotonic(), 0.0)
        if left_s == 0 and not self._probing:
            return None
        # While a probe is under way nobody knows when it ends: look again, but not at once.
        retry_at = self._clock.now() + timedelta(seconds=max(left_s, 1.0))
        return CircuitOpen(self._sentence(retry_at), retry_at)

    def _sentence(self, retry_at: datetime) -> str:
        tries = f"{self._last} After {self._failures} failures in a row {self._host}"
        if self._probing:
            return f"{tries} is being probed with one call."
        return f"{tries} is left alone; the next probe is at {retry_at:%H:%M:%S} UTC."

    def _failed(self, error: ExchangeError, probe: bool) -> None:
        with self._lock:
            self._failures += 1
            self._last = str(error)
            now = self._clock.monotonic()
            if probe:
                self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
                self._opened_at = now
            elif self._opened_at is None and self._failures >= FAILURES_TO_OPEN:
                self._opened_at = now

    def _answered(self) -> None:
        with self._lock:
            self._failures, self._last = 0, ""
            self._pause_s, self._opened_at = FIRST_PAUSE_S, None
