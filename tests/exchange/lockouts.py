"""Callers that are not answered for a while."""

from __future__ import annotations

import threading

from core.clock import Clock


class Lockouts:
    """Until when each address is locked out, by a clock that never runs back. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def lock(self, address: str, seconds: float) -> None:
        with self._lock:
            self._until[address] = self._clock.monotonic() + seconds

    def locked(self, address: str) -> bool:
        with self._lock:
            return self._clock.monotonic() < self._until.get(address, float("-inf"))
