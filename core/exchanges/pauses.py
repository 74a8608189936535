"""How long to stop after a limit, where the exchange does not say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from core.clock import Clock
from core.errors import Banned, RateLimited
from core.exchanges.statuses import Limit, Reply, limit_of, wait_asked_s

# A limit passed again this soon after a pause means that the pause was too short.
_SOON_S: Final = 60.0


class DoublingPause:
    """A pause that doubles while limits are passed again soon after it. Thread-safe.

    Parameters
    ----------
    clock : Clock
    first_s, longest_s : float
        Length of the first pause, and of the longest.
    """

    def __init__(self, clock: Clock, first_s: float, longest_s: float = 900.0) -> None:
        self._clock = clock
        self._first_s = first_s
        self._longest_s = longest_s
        self._lock = threading.Lock()
        self._length_s = 0.0
        self._until = float("-inf")

    def start(self) -> float:
        """Return how many seconds to pause from now on.

        Requests that were under way when a pause began do not lengthen it.
        """
        with self._lock:
            now = self._clock.monotonic()
            if now < self._until:
                return self._until - now
            again = now - self._until < _SOON_S
            doubled_s = min(2 * self._length_s, self._longest_s)
            self._length_s = doubled_s if again else self._first_s
            self._until = now + self._length_s
            return self._length_s


class LimitReader:
    """Reads a limit by HTTP status or by the exchange's words, without ``Retry-After`` too.

    Parameters
    ----------
    pause : DoublingPause
        The wait where the answer names none.
    words_of : callable
        Returns the words by which an answer of any status tells of a limit, or "".
    """

    def __init__(
        self, pause: DoublingPause, words_of: Callable[[Reply], str] = lambda _: ""
    ) -> None:
        self._pause = pause
        self._words_of = words_of

    def __call__(self, reply: Reply) -> Limit | None:
        """Return the limit that `reply` tells of, None where it tells of none."""
        limit = limit_of(reply)
        if words := self._words_of(reply):
            limit = Limit(RateLimited, f"{reply.host} answered {words}", 0.0)
        if limit is None or limit.kind is Banned:
            return limit
        asked_s = wait_asked_s(reply)
        return replace(limit, wait_s=self._pause.start() if asked_s is None else asked_s)
