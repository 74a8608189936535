"""Turns for a crowd: when many pages are open, they fetch a new candle one after another.

All pages learn of a new candle within one refresh, and each then asks for what to draw. With
thousands of pages that doubles the load just when everybody looks; a few seconds' patience
keeps ticks quick for all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_WINDOW_S: Final = 3.0
# Below this many ticks a second a worker answers tick and paint together with ease.
_EASY_RATE: Final = 100.0
_RATE_PER_SECOND_OF_TURNS: Final = 50.0
_LONGEST_S: Final = 6


class Crowd:
    """Counts the ticks that this process answers.

    Parameters
    ----------
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._count = 0
        self._rate = 0.0

    def turns_s(self) -> int:
        """Count one tick; return over how many seconds pages shall spread, 0 where few are open."""
        self._count += 1
        passed = self._clock() - self._since
        if passed >= _WINDOW_S:
            self._rate = self._count / passed
            self._since, self._count = self._clock(), 0
        if self._rate < _EASY_RATE:
            return 0
        return min(_LONGEST_S, round(self._rate / _RATE_PER_SECOND_OF_TURNS))
