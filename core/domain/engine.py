"""What the engine tells of itself and of the exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.domain.words import Market

Stage = Literal["waiting", "fetching", "training", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class Progress:
    """What the engine is doing for one spec. `done` of `total` in `unit`; total 0 if unknown."""

    stage: Stage
    done: int = 0
    total: int = 0
    unit: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine's heartbeat and what it knows of the exchange.

    `reason` says in a sentence why this market and provider were chosen; `trouble` is
    empty while the exchange answers, and otherwise a sentence saying what is wrong.
    """

    pid: int
    started_at: datetime
    beat_at: datetime
    market: Market
    provider: str
    reason: str
    weight_used: int | None
    weight_limit: int | None
    clock_offset_ms: float | None
    trouble: str = ""
    served: tuple[str, ...] = ()
    progress: Mapping[str, Progress] = field(default_factory=dict)
