"""Token buckets: so many calls at once, so many per second after that."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from core.clock import Clock


class Buckets:
    """One bucket of `burst` tokens for each key, refilled at `rate_per_s`. Thread-safe."""

    def __init__(self, clock: Clock, rate_per_s: float, burst: int) -> None:
        self._clock = clock
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._lock = threading.Lock()
        self._left: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable) -> bool:
        """Take a token; False where the bucket of `key` is empty."""
        with self._lock:
            now = self._clock.monotonic()
            left, at = self._left.get(key, (float(self._burst), now))
            left = min(float(self._burst), left + (now - at) * self._rate_per_s)
            taken = left >= 1.0
            self._left[key] = (left - taken, now)
            return taken
