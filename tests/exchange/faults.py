"""Faults on demand, by path and count."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.exchange import refusals

_RESTRICTED = (
    "Service unavailable from a restricted location according to 'b. Eligibility' in "
    "https://www.binance.com/en/terms. Please contact customer service if you believe you "
    "received this message in error."
)


@dataclass(frozen=True)
class Answer:
    """What goes over the wire."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=UTF-8"


@dataclass(frozen=True)
class Fault:
    """One fault to inject.

    Attributes
    ----------
    kind : str
        A key of `ANSWERS` (another answer is sent) or one of `BEHAVIOURS` (the right
        answer is sent badly, or none).
    path : str
        Beginning of the paths it strikes; empty strikes all under ``/api``.
    count : int or None
        How many calls it strikes, None for all until healed.
    status, code, body : int, int, str
        What the kinds ``5xx``, ``code`` and ``body`` send.
    retry_after : str or None
        Header of 429 and 418 as it is sent, None to leave it out.
    seconds : float
        How long ``slow`` waits before, and ``drip`` between two bytes of, the answer.
    """

    kind: str
    path: str = ""
    count: int | None = 1
    status: int = 503
    code: int = -1001
    body: str = ""
    retry_after: str | None = None
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in ANSWERS and self.kind not in BEHAVIOURS:
            raise ValueError(f"unknown fault {self.kind!r}: {sorted((*ANSWERS, *BEHAVIOURS))}")


def _refusal(refusal: refusals.Refusal, fault: Fault) -> Answer:
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    return Answer(refusal.status, json.dumps(refusal.body).encode(), headers)


def _page(status: int, text: str) -> Answer:
    body = f"<html><body><h2>{text}</h2></body></html>".encode()
    return Answer(status, body, content_type="text/html")


ANSWERS: dict[str, Callable[[Fault], Answer]] = {
    "429": lambda f: _refusal(refusals.too_much_weight(6_000, 0), f),
    "418": lambda f: _refusal(refusals.banned(0, 0), f),
    "451": lambda f: _refusal(refusals.Refusal(0, _RESTRICTED, status=451), f),
    "403": lambda _f: _page(403, "403 Forbidden"),
    "5xx": lambda f: _page(f.status, f"{f.status} Server Error"),
    "code": lambda f: _refusal(refusals.Refusal(f.code, "Injected.", status=f.status), f),
    "redirect": lambda _f: Answer(302, b"", {"Location": "/api/v3/ping"}),
    "empty": lambda _f: Answer(200, b""),
    "garbage": lambda _f: Answer(200, bytes(range(256))),
    "html": lambda _f: _page(200, "Please sign in"),
    "shape": lambda _f: Answer(200, b'{"unexpected":true}'),
    "body": lambda f: Answer(200, f.body.encode()),
}
BEHAVIOURS = ("hang", "slow", "drip", "reset", "cut")


class FaultBook:
    """The faults in force, the oldest striking first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append((fault, fault.count))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def strike(self, path: str) -> Fault | None:
        """Return the fault that strikes a call to `path`, counting it."""
        with self._lock:
            for i, (fault, left) in enumerate(self._faults):
                if not path.startswith(fault.path):
                    continue
                if left == 1:
                    del self._faults[i]
                elif left is not None:
                    self._faults[i] = (fault, left - 1)
                return fault
        return None


def fault_from_json(body: bytes) -> Fault:
    """Read a fault from the control path; unknown fields are refused."""
    values: dict[str, Any] = json.loads(body)
    return Fault(**values)
