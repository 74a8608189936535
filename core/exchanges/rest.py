"""What every provider over REST does alike: its hosts, its clock, what it lists."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final

from core.clock import Clock
from core.domain import Market
from core.errors import ExchangeError, UnknownSymbol
from core.exchanges.base import CandleInterval, Usage
from core.exchanges.epoch import to_ms
from core.exchanges.http import HttpClient
from core.exchanges.server_clock import ServerClock
from core.exchanges.statuses import Reply

STEP_MS: Final[Mapping[CandleInterval, int]] = {"1m": 60_000, "1h": 3_600_000}
_LISTING_KEPT_S: Final = 3_600.0


class RestProvider(ABC):
    """The common part of `core.exchanges.base.Provider` over REST. Thread-safe.

    A subclass gives candles and quotes, and says how its exchange tells the time and what
    it lists.

    Parameters
    ----------
    http : HttpClient
        The client of the exchange.
    clock : Clock
    """

    name: str
    market: Market = "live"
    omits_empty_minutes: bool
    time_path: ClassVar[str]
    # The exchange tells its time as the middle of a span this long.
    time_grain_s: ClassVar[float] = 0.0

    def __init__(self, http: HttpClient, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._server_clock = ServerClock(clock)
        self._lock = threading.Lock()
        self._listed: dict[str, tuple[bool, float]] = {}

    @abstractmethod
    def _read_time(self, reply: Reply) -> datetime:
        """Return the exchange's time from an answer of `time_path`."""

    @abstractmethod
    def _ask_listing(self, ticker: str) -> bool:
        """Ask whether `ticker` trades now; may raise `UnknownSymbol` to say no."""

    @property
    def base_urls(self) -> tuple[str, ...]:
        return self._http.base_urls

    def probe(self, base_url: str, timeout_s: float) -> None:
        """Ask one host for its time, once; raise `ExchangeError` where it does not tell."""
        until = self._clock.monotonic() + timeout_s
        self._http.ask(base_url, self.time_path, {}, self._read_time, until)

    def prefer(self, base_url: str) -> None:
        """Ask `base_url` first from now on; the others stay behind it."""
        self._http.prefer(base_url)

    def now(self) -> datetime:
        """Return the exchange's clock, without a call; ours before the first `sync_clock`."""
        return self._server_clock.now()

    def sync_clock(self) -> float:
        """Ask the exchange for its time and return the offset to our wall clock in ms."""
        server, reply = self._http.get(self.time_path, {}, lambda r: (self._read_time(r), r))
        self._server_clock.set(server, reply.sent_at, reply.received_at, self.time_grain_s)
        return self._server_clock.offset_ms or 0.0

    def lists(self, ticker: str) -> bool:
        """Tell whether the exchange trades `ticker` now; kept for an hour."""
        now = self._clock.monotonic()
        with self._lock:
            self._listed = {k: v for k, v in self._listed.items() if now < v[1]}
            known = self._listed.get(ticker)
        if known is None:
            known = self._asked_listing(ticker), now + _LISTING_KEPT_S
            with self._lock:
                self._listed[ticker] = known
        return known[0]

    def usage(self) -> Usage:
        """Return weight used in this minute and its limit, as far as the exchange told them."""
        http = self._http
        return Usage(http.weight_used, http.weight_limit, self._server_clock.offset_ms, http.block)

    def _asked_listing(self, ticker: str) -> bool:
        try:
            return self._ask_listing(ticker)
        except UnknownSymbol:
            return False

    def _keep_clock_fresh(self) -> None:
        """Read the exchange's clock when the last reading is old; an old one is kept on failure.

        Without any reading a failure is the caller's: ours alone must not close candles.
        """
        if self._server_clock.fresh:
            return
        try:
            self.sync_clock()
        except ExchangeError:
            if not self._server_clock.known:
                raise

    def _closed_before(self, monotonic: float) -> int:
        """Return epoch ms: what ended by then was closed when a request left at `monotonic`."""
        return to_ms(self._server_clock.surely_past(monotonic))


def first_open_from(start: datetime, step_ms: int) -> int:
    """Return the first open time on the grid at or after `start`, epoch milliseconds."""
    return -(-to_ms(start) // step_ms) * step_ms
