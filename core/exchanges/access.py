"""Whether an exchange may be called now, and which of its hosts: one state for all callers."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from core.clock import Clock
from core.domain import Block
from core.errors import Banned, ExchangeError, Forbidden, RateLimited, Restricted
from core.exchanges.gate_memory import LONGEST_WAIT_S, GateMemory, Kind, Refusal

_RESTRICTED_FOR_S: Final = 86_400.0
_FORBIDDEN_FOR_S: Final = 60.0
# Callers that were all stopped at one instant do not all start again at one instant.
_REOPENING_SPREAD_S: Final = 1.0
# No host is called so.
_EXCHANGE: Final = "*"


def host_of(base_url: str) -> str:
    """Return the host (and port, where given) of an address, to name it in a sentence."""
    return urlsplit(base_url).netloc


def family_of(base_url: str) -> str:
    """Return what hosts of one owner share: the last two labels of a name, else the host.

    A refusal by place (451) is taken to hold for the family: ``api.binance.com`` and
    ``api1.binance.com`` are one, ``data-api.binance.vision`` is another.
    """
    host = urlsplit(base_url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.split(".")
        return ".".join(labels[-2:]) if len(labels) > 1 else host_of(base_url)
    return host_of(base_url)


class Access:
    """The gate of one exchange and the list of its hosts that are set aside. Thread-safe.

    Quota is counted by address of origin, not by host, so one 429 or 418 closes the gate
    for every host.

    Parameters
    ----------
    clock : Clock
    jitter : callable
        Returns a number in [0, 1).
    memory : Path or None
        File shared with other processes and kept over restarts; see `GateMemory`.
    """

    def __init__(
        self,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
        memory: Path | None = None,
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._memory = GateMemory(clock, memory)

    def check(self) -> None:
        """Raise `RateLimited` or `Banned` while nothing may be sent to the exchange."""
        if (refusal := self._memory.standing(_EXCHANGE)) is not None:
            raise _closed_by(refusal, self._clock.now())

    @property
    def block(self) -> Block | None:
        """Return what `check` would raise, as a value; None while the gate is open."""
        refusal = self._memory.standing(_EXCHANGE)
        if refusal is None:
            return None
        return Block("banned" if refusal.kind == "banned" else "limited", refusal.until)

    def close(
        self,
        error: type[RateLimited],
        message: str,
        wait_s: float,
        until: datetime | None = None,
    ) -> RateLimited:
        """Close the gate and return the error that says until when.

        A gate that is already closed for longer stays so.

        Parameters
        ----------
        error : type
            `RateLimited` or `Banned`.
        message : str
            Who answered what, without a full stop.
        wait_s : float
            Seconds to wait, where `until` does not tell.
        until : datetime or None
            End as the exchange told it; taken where it lies ahead by our clock.
        """
        now = self._clock.now()
        if until is not None and until > now:
            wait_s = min((until - now).total_seconds(), LONGEST_WAIT_S)
        wait_s += self._jitter() * _REOPENING_SPREAD_S
        kind: Kind = "banned" if issubclass(error, Banned) else "limited"
        return _closed_by(self._memory.keep(_EXCHANGE, kind, message, wait_s), now)

    def set_aside(self, base_url: str, error: Restricted | Forbidden) -> None:
        """Leave a host alone: its family for a day after 451, itself for 60 s after 403."""
        if isinstance(error, Restricted):
            self._memory.keep(family_of(base_url), "restricted", str(error), _RESTRICTED_FOR_S)
        else:
            self._memory.keep(host_of(base_url), "forbidden", str(error), _FORBIDDEN_FOR_S)

    def refusal(self, base_url: str) -> ExchangeError | None:
        """Return why the host is set aside, or None where it may be asked."""
        for key in (family_of(base_url), host_of(base_url)):
            if (refusal := self._memory.standing(key)) is not None:
                kind = Restricted if refusal.kind == "restricted" else Forbidden
                return kind(refusal.sentence)
        return None


def _closed_by(refusal: Refusal, now: datetime) -> RateLimited:
    kind = Banned if refusal.kind == "banned" else RateLimited
    until = refusal.until
    day = "" if until.date() == now.date() else f"{until:%Y-%m-%d} "
    return kind(f"{refusal.sentence}: nothing is sent before {day}{until:%H:%M:%S} UTC.", until)
