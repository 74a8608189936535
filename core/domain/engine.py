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
class Block:
    """An exchange that nothing is sent to before `until`: 429 limits, 418 bans."""

    kind: Literal["limited", "banned"]
    until: datetime


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """The ends of a chain of the ledger: how many rows it holds, and the hash of the last.

    Attributes
    ----------
    seq, hash : int, str
        Of its forecasts.
    settled, settled_hash : int, str
        Of their outcomes, which are a chain beside it.
    """

    seq: int
    hash: str
    settled: int
    settled_hash: str


NotedState = Literal["unchanged", "another", "missing", "gone"]


@dataclass(frozen=True, slots=True)
class NotedHash:
    """A hash that somebody noted, and what stands in its place by now.

    Attributes
    ----------
    place : int
        Of the row in its chain, counted from 1.
    digits : str
        The hash, or its first digits, as noted.
    state : NotedState
        ``gone`` is what was let go for its age.
    """

    kind: Literal["forecast", "outcome"]
    place: int
    digits: str
    state: NotedState

    @property
    def is_broken(self) -> bool:
        """Tell whether the chain is not the one that was noted."""
        return self.state in ("another", "missing")


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """What was found when all chains of the ledger were recomputed.

    Attributes
    ----------
    at : datetime
        When that began.
    rows : mapping of str to int
        By chain, the place of the last forecast that was found good.
    oldest : mapping of str to datetime
        By chain, when the first forecast that is left was issued.
    faults : mapping of str to str
        By chain, of those that are not whole: a sentence that names the first bad row.
    unread : str
        Why there has been no newer check since, though it was tried again and again; else empty.
    """

    at: datetime
    rows: Mapping[str, int] = field(default_factory=dict)
    oldest: Mapping[str, datetime] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    unread: str = ""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine's heartbeat and what it knows of the exchange.

    `reason` says in a sentence why this market and provider were chosen; `trouble` is
    empty while the exchange answers, and otherwise says what is wrong for everybody.
    `ticker_trouble` says what is wrong with one ticker alone, and `refilling` which of its
    missing minutes are being fetched; tickers that are well are in neither.

    `provider_since` is when the provider was last switched to. `degraded` is empty while it
    is the preferred one, and otherwise says why it is not. `block` is that of the provider
    followed. `frozen_at` is where the clock of an offline cache stands, None for a market
    that moves. `ledger` is the head of this market's chain in the ledger, None before the first
    forecast was written; `ledger_check` is the newest check of all chains, None before the first.
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
    provider_since: datetime | None = None
    degraded: str = ""
    block: Block | None = None
    frozen_at: datetime | None = None
    ticker_trouble: Mapping[str, str] = field(default_factory=dict)
    refilling: Mapping[str, str] = field(default_factory=dict)
    ledger: LedgerHead | None = None
    ledger_check: LedgerCheck | None = None


Verdict = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the doctor's table.

    Attributes
    ----------
    subject : str
        A provider and its host, or a part of this deployment: ``disk``, ``cache``, ``engine``.
    verdict : Verdict
    status : int or None
        HTTP status of the answer.
    latency_ms, clock_offset_ms : float or None
        Of the answer; the offset is the exchange's clock less ours.
    weight_used : int or None
        Request weight of this minute, where the exchange tells it.
    meaning, advice : str
        A sentence each; `advice` is empty where nothing needs doing.
    """

    subject: str
    verdict: Verdict
    meaning: str
    advice: str = ""
    status: int | None = None
    latency_ms: float | None = None
    clock_offset_ms: float | None = None
    weight_used: int | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The doctor's table and when it was made."""

    at: datetime
    findings: tuple[Finding, ...]
