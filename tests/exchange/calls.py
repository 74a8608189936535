"""Who called what, and when."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

_KEPT = 100_000


@dataclass(frozen=True)
class Call:
    """One request that is not under ``/control``.

    `time_ms` is epoch ms of the machine's clock; `during_ban` tells that the caller had been
    told to stay away (``Retry-After``) and did not wait.
    """

    time_ms: int
    path: str
    params: list[tuple[str, str]]
    peer: str
    user_agent: str
    during_ban: bool = False


class CallLog:
    """The newest calls, and counters of all. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=_KEPT)
        self._paths: Counter[str] = Counter()
        self._clients: Counter[str] = Counter()
        self._during_ban = 0

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)
            self._paths[call.path] += 1
            self._clients[call.user_agent] += 1
            self._during_ban += call.during_ban

    def calls(self, path: str = "") -> list[Call]:
        """Return the calls whose path begins with `path`, oldest first."""
        with self._lock:
            return [call for call in self._calls if call.path.startswith(path)]

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(call) for call in self.calls()]

    def counters(self) -> dict[str, Any]:
        """Return how many calls there were: by path, by User-Agent, and during a ban."""
        with self._lock:
            return {
                "calls": sum(self._paths.values()),
                "by_path": dict(self._paths),
                "by_client": dict(self._clients),
                "during_ban": self._during_ban,
            }
