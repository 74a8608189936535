"""Until when each caller was told to stay away."""

from __future__ import annotations

import threading

from tests.exchange.answers import Answer


class BanBook:
    """What was told with 429 and 418, in epoch ms of the machine's clock. Thread-safe.

    It counts what the answers said, injected ones too, so that a test can prove that
    nobody called before the time was over. A ``Retry-After`` that is no number tells nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until_ms: dict[str, int] = {}

    def note(self, address: str, answer: Answer, now_ms: int) -> None:
        """Remember what an answer tells; an earlier, longer ban stays."""
        wait = answer.headers.get("Retry-After", "")
        if answer.status not in (418, 429) or not wait.isdigit():
            return
        with self._lock:
            until_ms = now_ms + int(wait) * 1000
            self._until_ms[address] = max(self._until_ms.get(address, 0), until_ms)

    def covers(self, address: str, now_ms: int) -> bool:
        with self._lock:
            return now_ms < self._until_ms.get(address, 0)
