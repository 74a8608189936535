"""What every provider over REST does alike: its hosts, its clock, what it lists."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import ClassVar, Final

from core.clock import Clock
from core.domain import Market, Quote
from core.errors import ExchangeError, UnknownSymbol
from core.exchanges.base import CandleInterval, Usage
from core.exchanges.epoch import to_ms
from core.exchanges.http import HttpClient
from core.exchanges.patience import urgent
from core.exchanges.server_clock import ServerClock
from core.exchanges.statuses import Reply

STEP_MS: Final[Mapping[CandleInterval, int]] = {"1m": 60_000, "1h": 3_600_000}
_LISTING_KEPT_S: Final = 3_600.0

Prices = tuple[Mapping[str, float], float]
"""Last prices by ticker, and the reading of `Clock.monotonic` when their answer had come."""


class RestProvider(ABC):
    """The common part of `core.exchanges.base.Provider` over REST. Thread-safe.

    A subclass gives candles, and says how its exchange tells prices, the time and what it
    lists.

    Parameters
    ----------
    http : HttpClient
        The client of the exchange.
    clock : Clock
    """

    name: str
    market: Market = "live"
    omits_empty_minutes: bool
    rows_kept: int | None = None
    # 1-minute candles per call.
    page_rows: ClassVar[int]
    time_path: ClassVar[str]
    # The exchange tells its time as the middle of a span this long.
    time_grain_s: ClassVar[float] = 0.0

    def __init__(self, http: HttpClient, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._server_clock = ServerClock(clock)
        self._lock = threading.Lock()
        self._listed: dict[str, tuple[bool, float]] = {}
        self._time_asked: Future[float] = Future()
        self._time_asked.set_result(0.0)

    @abstractmethod
    def read_time(self, reply: Reply) -> datetime:
        """Return the exchange's time from an answer of `time_path`."""

    @abstractmethod
    def _ask_prices(self, tickers: Sequence[str]) -> Iterable[Prices]:
        """Ask for the last prices of `tickers`, at least one, with as few calls as can be."""

    @abstractmethod
    def _ask_listing(self, ticker: str) -> bool:
        """Ask whether `ticker` trades now; may raise `UnknownSymbol` to say no."""

    @property
    def base_urls(self) -> tuple[str, ...]:
        return self._http.base_urls

    def probe(self, base_url: str, timeout_s: float) -> None:
        """Ask one host for its time, once; raise `ExchangeError` where it does not tell."""
        until = self._clock.monotonic() + timeout_s
        self._http.ask(base_url, self.time_path, {}, self.read_time, until)

    def prefer(self, base_url: str) -> None:
        """Ask `base_url` first from now on; the others stay behind it."""
        self._http.prefer(base_url)

    def now(self) -> datetime:
        """Return the exchange's clock, without a call; ours before the first `sync_clock`."""
        return self._server_clock.now()

    def sync_clock(self) -> float:
        """Ask the exchange for its time and return the offset to our wall clock in ms.

        Threads that ask while another does share its answer, or its failure.
        """
        with self._lock:
            asked, mine = self._time_asked, self._time_asked.done()
            if mine:
                asked = self._time_asked = Future[float]()
        if mine:
            try:
                asked.set_result(self._ask_time())
            except BaseException as error:  # noqa: BLE001 - raised again where it is taken
                asked.set_exception(error)
        return asked.result()

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

    def quotes(self, tickers: Sequence[str]) -> dict[str, Quote]:
        """Return the last price of all `tickers`.

        A quote's time is the exchange's clock when its answer had come.

        Raises
        ------
        UnknownSymbol
            One of the tickers is not listed; then there are quotes of none of them.
        """
        if not tickers:
            return {}
        self._keep_clock_fresh()
        quotes = {}
        for prices, received_at in self._ask_prices(tickers):
            time = self._server_clock.at(received_at)
            for ticker, price in prices.items():
                quotes[ticker] = Quote(ticker, price, time, self.name, self.market)
        return quotes

    def usage(self) -> Usage:
        """Return weight used in this minute and its limit, as far as the exchange told them."""
        http = self._http
        return Usage(http.weight_used, http.weight_limit, self._server_clock.offset_ms, http.block)

    def _ask_time(self) -> float:
        with urgent():
            server, reply = self._http.get(self.time_path, {}, lambda r: (self.read_time(r), r))
        self._server_clock.set(server, reply.sent_at, reply.received_at, self.time_grain_s)
        return self._server_clock.offset_ms or 0.0

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
