"""A client for one exchange behind several hosts: retries, the gate, typed errors."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from core.clock import Clock
from core.domain import Block
from core.errors import (
    BadRequest,
    ExchangeError,
    Forbidden,
    RateLimited,
    Restricted,
)
from core.exchanges.access import Access, host_of
from core.exchanges.budget import Pacing, WeightBudget
from core.exchanges.circuit import Circuit
from core.exchanges.failures import joined
from core.exchanges.statuses import (
    Complaint,
    Limit,
    Reply,
    complaint_of,
    error_of_status,
    limit_of,
)
from core.exchanges.transport import Transport

T = TypeVar("T")
CodeReader = Callable[[Reply, Complaint], ExchangeError | None]

DEADLINE_S: Final = 20.0
_RETRIES: Final = 3
_FIRST_BACKOFF_S: Final = 0.5


def no_codes(_reply: Reply, _complaint: Complaint) -> None:
    """Leave every refusal to its HTTP status."""


@dataclass(frozen=True, slots=True)
class _Request(Generic[T]):
    """What is asked, of whichever host, and how its answer is read."""

    path: str
    params: Mapping[str, str]
    read: Callable[[Reply], T]
    weight: int


class HttpClient:
    """GET for one exchange. Thread-safe; all threads share one gate and one session.

    A retryable failure is repeated up to three times on the same host, with exponential
    backoff and jitter, then the next host is asked; hosts share the call's deadline
    evenly, so that a silent one leaves time for the others. The host that answered last
    is asked first.

    Parameters
    ----------
    name : str
        The exchange's name, for sentences.
    base_urls : sequence of str
        Hosts in the order of preference, at least one.
    clock : Clock
    read_code : callable
        Tells errors apart by the exchange's own code before the HTTP status does.
    read_limit : callable
        Tells which answers, whatever their status, close the gate and for how long.
    weight_header : str
        Header of the request weight used in this minute; empty where there is none.
    weight_limit : int or None
        Request weight the exchange allows in a minute; half of it is used at most.
        None where the exchange counts none.
    min_interval_s : float
        Least time between two requests, for an exchange that counts requests.
    memory : Path or None
        File that keeps the gate and the hosts set aside across processes and restarts;
        None for this process only.
    transport : Transport or None
        How a request is sent; None for the usual session and timeouts.
    jitter : callable
        Returns a number in [0, 1).
    """

    def __init__(
        self,
        name: str,
        base_urls: Sequence[str],
        clock: Clock,
        *,
        read_code: CodeReader = no_codes,
        read_limit: Callable[[Reply], Limit | None] = limit_of,
        weight_header: str = "",
        weight_limit: int | None = None,
        min_interval_s: float = 0.0,
        memory: Path | None = None,
        transport: Transport | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        if not base_urls:
            raise ValueError(f"{name}: no address to ask")
        self._name = name
        self.base_urls = tuple(base_urls)
        self._clock = clock
        self._read_code = read_code
        self._read_limit = read_limit
        self._weight_header = weight_header
        self._transport = transport or Transport(clock)
        self._jitter = jitter
        self._access = Access(clock, jitter, memory)
        self._budget = WeightBudget(clock, name, weight_limit)
        self._pacing = Pacing(clock, name, min_interval_s)
        self._circuits = {url: Circuit(clock, host_of(url)) for url in self.base_urls}
        self._lock = threading.Lock()
        self._preferred = self.base_urls[0]

    @property
    def weight_used(self) -> int | None:
        """Request weight as the exchange last told it; None when older than a minute."""
        return self._budget.told

    @property
    def weight_limit(self) -> int | None:
        """Request weight the exchange allows in a minute; None where it counts none."""
        return self._budget.limit

    def set_weight_limit(self, limit: int) -> None:
        """Take the limit that the exchange told."""
        self._budget.set_limit(limit)

    @property
    def block(self) -> Block | None:
        """Return why and until when nothing is sent to the exchange; None while it may be."""
        return self._access.block

    def prefer(self, base_url: str) -> None:
        """Ask `base_url` first from now on."""
        with self._lock:
            self._preferred = base_url

    def get(
        self,
        path: str,
        params: Mapping[str, str],
        read: Callable[[Reply], T],
        deadline_s: float = DEADLINE_S,
        weight: int = 1,
    ) -> T:
        """Return ``read(reply)`` of the first host that answers well.

        Parameters
        ----------
        path : str
            Begins with ``/``.
        params : mapping
            The query.
        read : callable
            Turns a 200 into a value; raises `BadAnswer` where the shape is wrong, which
            is retried as any other failure.
        deadline_s : float
            Longest time for the whole call, all repeats and hosts together.
        weight : int
            Request weight of one such request.

        Raises
        ------
        RateLimited, Banned
            At once, with nothing sent, while the gate is closed.
        OverBudget
            Nothing was sent: the wait for our own budget is longer than the deadline.
        BadRequest
            At once: another host would say the same.
        CircuitOpen
            At once: every host that may be asked failed too often; tells the next probe.
        ExchangeError
            Every host failed; the sentence says what each one did. The class is that of
            the failure most likely to pass.
        """
        self._access.check()
        request = _Request(path, params, read, weight)
        deadline = self._clock.monotonic() + deadline_s
        self._budget.await_room(weight, deadline)
        failures = {url: self._refusal(url) for url in self._in_order()}
        hosts = [url for url, refusal in failures.items() if refusal is None]
        for left, url in zip(range(len(hosts), 0, -1), hosts, strict=True):
            now = self._clock.monotonic()
            until = now + (deadline - now) / left
            try:
                value = self._repeat(url, request, until)
            except (RateLimited, BadRequest):
                raise
            except ExchangeError as error:
                failures[url] = error
            else:
                self.prefer(url)
                return value
        raise joined(self._name, {u: e for u, e in failures.items() if e is not None})

    def ask(
        self,
        base_url: str,
        path: str,
        params: Mapping[str, str],
        read: Callable[[Reply], T],
        until: float,
        weight: int = 1,
    ) -> T:
        """Send one request to one host, without repeats; `until` is a monotonic reading."""
        self._access.check()
        if (refusal := self._refusal(base_url)) is not None:
            raise refusal
        with self._circuits[base_url].call():
            return self._send(base_url, _Request(path, params, read, weight), until)

    def _refusal(self, url: str) -> ExchangeError | None:
        return self._access.refusal(url) or self._circuits[url].refusal()

    def _in_order(self) -> list[str]:
        with self._lock:
            preferred = self._preferred
        return sorted(self.base_urls, key=lambda url: url != preferred)

    def _repeat(self, url: str, request: _Request[T], until: float) -> T:
        attempt = 0
        with self._circuits[url].call() as probe:
            while True:
                try:
                    return self._send(url, request, until)
                except ExchangeError as error:
                    pause_s = _FIRST_BACKOFF_S * 2**attempt * (0.5 + self._jitter())
                    in_time = self._clock.monotonic() + pause_s < until
                    last = probe or attempt == _RETRIES or not in_time
                    if last or not error.retryable:
                        raise
                self._clock.sleep(pause_s)
                attempt += 1

    def _send(self, url: str, request: _Request[T], until: float) -> T:
        self._pacing.take(until)
        self._budget.take(request.weight, until)
        self._access.check()  # while this call waited, another may have been told to stop
        if (refusal := self._access.refusal(url)) is not None:
            raise refusal
        reply = self._transport.get(url, request.path, request.params, until)
        self._note_weight(reply)
        if (error := self._error_of(reply)) is not None:
            if isinstance(error, (Restricted, Forbidden)):
                self._access.set_aside(url, error)
            raise error
        return request.read(reply)

    def _error_of(self, reply: Reply) -> ExchangeError | None:
        if (limit := self._read_limit(reply)) is not None:
            return self._access.close(limit.kind, limit.said, limit.wait_s, limit.until)
        if reply.status == 200:
            return None
        complaint = complaint_of(reply)
        if reply.status in (403, 451):
            return error_of_status(reply, complaint)
        return self._read_code(reply, complaint) or error_of_status(reply, complaint)

    def _note_weight(self, reply: Reply) -> None:
        text = reply.headers.get(self._weight_header, "") if self._weight_header else ""
        if text.isascii() and text.isdigit():
            self._budget.note(int(text), reply.sent_at, reply.received_at)
