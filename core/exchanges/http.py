"""A client for one exchange behind several hosts: which is asked, how often, till when."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from core.clock import Clock
from core.domain import Block
from core.errors import BadRequest, ExchangeError, RateLimited
from core.exchanges.access import Access, host_of
from core.exchanges.budget import Pacing, WeightBudget
from core.exchanges.circuit import Circuit
from core.exchanges.failures import joined
from core.exchanges.sending import AS_STANDARD, Manners, Request, Sender
from core.exchanges.statuses import Reply
from core.exchanges.transport import Transport

T = TypeVar("T")

DEADLINE_S: Final = 20.0
_RETRIES: Final = 3
_FIRST_BACKOFF_S: Final = 0.5


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
    manners : Manners
        How the exchange tells of refusals, limits and use.
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
        manners: Manners = AS_STANDARD,
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
        self._jitter = jitter
        self._access = Access(clock, jitter, memory)
        self._budget = WeightBudget(clock, name, weight_limit)
        self._sender = Sender(
            self._access,
            Pacing(clock, name, min_interval_s),
            self._budget,
            transport or Transport(clock),
            manners,
        )
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
        request = Request(path, params, read, weight)
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
            return self._sender.send(base_url, Request(path, params, read, weight), until)

    def _refusal(self, url: str) -> ExchangeError | None:
        return self._access.refusal(url) or self._circuits[url].refusal()

    def _in_order(self) -> list[str]:
        with self._lock:
            preferred = self._preferred
        return sorted(self.base_urls, key=lambda url: url != preferred)

    def _repeat(self, url: str, request: Request[T], until: float) -> T:
        attempt = 0
        with self._circuits[url].call() as probe:
            while True:
                try:
                    return self._sender.send(url, request, until)
                except ExchangeError as error:
                    pause_s = _FIRST_BACKOFF_S * 2**attempt * (0.5 + self._jitter())
                    in_time = self._clock.monotonic() + pause_s < until
                    last = probe or attempt == _RETRIES or not in_time
                    if last or not error.retryable:
                        raise
                self._clock.sleep(pause_s)
                attempt += 1
