"""Faults on demand, by path and count."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from tests.exchange.answers import Answer, page

SIGN_IN = "/sign-in"


@dataclass(frozen=True)
class Fault:
    """One fault to inject.

    Attributes
    ----------
    kind : str
        A venue's own words: ``429``, ``418`` (Binance only), ``451``, ``code``. A key of
        `ANSWERS`: another answer is sent. One of `BEHAVIOURS`: the right answer is sent
        badly, late, or none: ``hold`` until the exchange is healed.
        One of `spoils.SPOILS`: the right answer is sent with its candles damaged.
        One of `STATES`: a true answer of an exchange whose clock or data are not right.
    path : str
        Beginning of the paths it strikes, or a pattern with ``*``; empty strikes all, of
        the kinds in `spoils.SPOILS` those that answer candles.
    count : int or None
        How many calls it strikes, None for all until healed.
    status, code, body, message : int, int, str, str
        What the kinds ``5xx``, ``code`` and ``body`` send. Binance's ``code`` is a number,
        Kraken's is the message alone and goes with status 200.
    retry_after : str or None
        Header of 429 and 418 as it is sent, None to leave it out.
    seconds : float
        How long ``slow`` waits before, and ``drip`` between two bytes of, the answer; by
        how much ``skew`` moves the exchange's clock; how long after its end a minute is
        final under ``late``.
    rows : int
        How many rows ``missing`` leaves out.
    since_ms : int
        Exchange time of the injection, filled in by the exchange: ``stale`` data end there.
    """

    kind: str
    path: str = ""
    count: int | None = 1
    status: int = 503
    code: int = -1001
    body: str = ""
    message: str = ""
    retry_after: str | None = None
    seconds: float = 1.0
    rows: int = 1
    since_ms: int = 0

    def strikes(self, path: str) -> bool:
        if "*" in self.path:
            return fnmatchcase(path, self.path)
        return path.startswith(self.path)


ANSWERS: dict[str, Callable[[Fault], Answer]] = {
    "403": lambda _f: page(403, "403 Forbidden"),
    "5xx": lambda f: page(f.status, f"{f.status} Server Error"),
    "redirect": lambda _f: Answer(302, b"", {"Location": SIGN_IN}),
    "empty": lambda _f: Answer(200, b""),
    "garbage": lambda _f: Answer(200, bytes(range(256))),
    "html": lambda _f: page(200, "Please sign in"),
    "shape": lambda _f: Answer(200, b'{"unexpected":true}'),
    "body": lambda f: Answer(200, f.body.encode()),
}
BEHAVIOURS = ("hang", "hold", "slow", "drip", "reset", "cut")
STATES = ("stale", "skew", "late")


class FaultBook:
    """The faults in force, the oldest striking first. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def strike(self, path: str) -> Fault | None:
        """Return the fault that strikes a call to `path`, counting it."""
        with self._lock:
            for i, fault in enumerate(self._faults):
                if not fault.strikes(path):
                    continue
                if fault.count == 1:
                    del self._faults[i]
                elif fault.count is not None:
                    self._faults[i] = replace(fault, count=fault.count - 1)
                return fault
        return None


def fault_from_json(body: bytes) -> Fault:
    """Read a fault from the control path; unknown fields are refused."""
    values: dict[str, Any] = json.loads(body)
    return Fault(**values)
