"""What simulated users saw, kept while it counts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """What was seen of one kind of request. Times are in seconds, sizes in bytes.

    Latencies of ticks run from the moment a tick was due, so they include a late client;
    those of paints run from the moment of asking.
    """

    latencies: list[float] = field(default_factory=list)
    wire_bytes: list[int] = field(default_factory=list)
    body_bytes: list[int] = field(default_factory=list)
    request_bytes: list[int] = field(default_factory=list)
    request_body_bytes: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """What all users saw of the requests sent while `counting`; `lags` are late sendings.

    Errors count from the first connection on: a user lost before the counting is lost in it.
    """

    counting: bool = False
    ticks: Counts = field(default_factory=Counts)
    paints: Counts = field(default_factory=Counts)
    lags: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    def error(self, kind: str) -> None:
        self.errors[kind] = self.errors.get(kind, 0) + 1
