"""Whether an exchange may be called now, and which of its hosts: one state for all callers."""

from __future__ import annotations

import ipaddress
import math
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from core.clock import Clock
from core.domain import Block
from core.errors import Banned, ExchangeError, Forbidden, RateLimited, Restricted

_FORBIDDEN_FOR_S: Final = 60.0
# Callers that were all stopped at one instant do not all start again at one instant.
_REOPENING_SPREAD_S: Final = 1.0


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
    """

    def __init__(self, clock: Clock, jitter: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._jitter = jitter
        self._lock = threading.Lock()
        self._closed_by: RateLimited | None = None
        self._closed_until = -math.inf
        self._aside: dict[str, tuple[float, ExchangeError]] = {}

    def check(self) -> None:
        """Raise `RateLimited` or `Banned` while nothing may be sent to the exchange."""
        with self._lock:
            error = self._closed_by
            if error is None or self._clock.monotonic() >= self._closed_until:
                return
        raise type(error)(str(error), error.retry_at)

    @property
    def block(self) -> Block | None:
        """Return what `check` would raise, as a value; None while the gate is open."""
        try:
            self.check()
        except RateLimited as error:
            kind: Literal["limited", "banned"]
            kind = "banned" if isinstance(error, Banned) else "limited"
            return Block(kind, error.retry_at)
        return None

    def close(self, error: type[RateLimited], message: str, wait_s: float) -> RateLimited:
        """Close the gate for `wait_s` seconds and return the error that says so.

        A gate that is already closed for longer stays so.
        """
        wait_s += self._jitter() * _REOPENING_SPREAD_S
        retry_at = self._clock.now() + timedelta(seconds=wait_s)
        closing = error(f"{message}: nothing is sent before {retry_at:%H:%M:%S} UTC.", retry_at)
        with self._lock:
            until = self._clock.monotonic() + wait_s
            if until > self._closed_until:
                self._closed_until, self._closed_by = until, closing
        return closing

    def set_aside(self, base_url: str, error: Restricted | Forbidden) -> None:
        """Leave a host alone: its family for ever after 451, itself for 60 s after 403."""
        with self._lock:
            if isinstance(error, Restricted):
                self._aside[family_of(base_url)] = (math.inf, error)
            else:
                until = self._clock.monotonic() + _FORBIDDEN_FOR_S
                self._aside[host_of(base_url)] = (until, error)

    def refusal(self, base_url: str) -> ExchangeError | None:
        """Return why the host is set aside, or None where it may be asked."""
        now = self._clock.monotonic()
        with self._lock:
            for key in (family_of(base_url), host_of(base_url)):
                until, error = self._aside.get(key, (-math.inf, None))
                if now < until and error is not None:
                    return type(error)(str(error))
        return None
