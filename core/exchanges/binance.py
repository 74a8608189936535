"""Binance spot market data over REST: candles, prices, time, and what is listed.

Source: Binance spot API documentation, "Market Data endpoints" and "General endpoints"
(``/api/v3``). All calls are public GETs; times are epoch milliseconds UTC.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import pandas as pd

from core.clock import Clock
from core.domain import Market, Quote
from core.errors import ExchangeError, UnknownSymbol
from core.exchanges.base import CandleInterval, Usage
from core.exchanges.binance_answers import (
    EPOCH,
    MS,
    listing,
    prices,
    read_code,
    server_time,
    symbol_of,
)
from core.exchanges.http import HttpClient
from core.exchanges.server_clock import ServerClock
from core.exchanges.statuses import Reply
from core.exchanges.transport import Transport
from core.exchanges.validation import CandlePage, candle_page

PAGE_ROWS: Final = 1_000
WEIGHT_LIMIT: Final = 6_000
_STEP_MS: Final[Mapping[CandleInterval, int]] = {"1m": 60_000, "1h": 3_600_000}
_LISTING_KEPT_S: Final = 3_600.0
_WEIGHT_HEADER: Final = "X-MBX-USED-WEIGHT-1M"


class BinanceProvider:
    """`core.exchanges.base.Provider` over Binance. Thread-safe.

    Parameters
    ----------
    base_urls : sequence of str
        Hosts in order of preference.
    clock : Clock
    transport : Transport or None
        How a request is sent; None for the usual session and timeouts.
    """

    name: str = "binance"
    market: Market = "live"
    omits_empty_minutes = False

    def __init__(
        self, base_urls: Sequence[str], clock: Clock, transport: Transport | None = None
    ) -> None:
        self._clock = clock
        self._server_clock = ServerClock(clock)
        self._http = HttpClient(
            "Binance",
            base_urls,
            clock,
            read_code=read_code,
            weight_header=_WEIGHT_HEADER,
            transport=transport,
        )
        self._lock = threading.Lock()
        self._listed: dict[str, tuple[bool, float]] = {}
        self._weight_limit: int | None = None

    @property
    def base_urls(self) -> tuple[str, ...]:
        return self._http.base_urls

    def probe(self, base_url: str, timeout_s: float) -> None:
        """Ask one host for its time, once; raise `ExchangeError` where it does not tell."""
        until = self._clock.monotonic() + timeout_s
        self._http.ask(base_url, "/api/v3/time", {}, server_time, until)

    def prefer(self, base_url: str) -> None:
        """Ask `base_url` first from now on; the others stay behind it."""
        self._http.prefer(base_url)

    def now(self) -> datetime:
        """Return the exchange's clock, without a call; ours before the first `sync_clock`."""
        return self._server_clock.now()

    def sync_clock(self) -> float:
        """Ask the exchange for its time and return the offset to our wall clock in ms."""
        server, reply = self._http.get("/api/v3/time", {}, lambda r: (server_time(r), r))
        self._server_clock.set(server, reply.sent_at, reply.received_at)
        return self._server_clock.offset_ms or 0.0

    def candles(
        self,
        ticker: str,
        start: datetime,
        end: datetime | None = None,
        interval: CandleInterval = "1m",
    ) -> Iterator[pd.DataFrame]:
        """Yield pages of at most 1,000 closed candles; see `Provider.candles`.

        The next page is asked for from the last open time received, never by counting:
        during an outage there are no rows, and a short page is not the end. Each page is
        one call with its own deadline; pages yielded before a failure stay valid.
        """
        step_ms = _STEP_MS[interval]
        next_open = -(-_to_ms(start) // step_ms) * step_ms
        last_open = None if end is None else _to_ms(end) - 1
        self._keep_clock_fresh()
        while last_open is None or next_open <= last_open:
            if self._closed_before(self._clock.monotonic()) < next_open + step_ms:
                return
            page, sent_at = self._page(ticker, interval, next_open, last_open)
            closed_before = self._closed_before(sent_at)
            closed = int((page.opens + step_ms <= closed_before).sum())
            if closed:
                yield page.first(closed)
            if closed < len(page) or not len(page):
                return
            next_open = int(page.opens[-1]) + step_ms

    def quotes(self, tickers: Sequence[str]) -> dict[str, Quote]:
        """Return the last price of all `tickers` with one call.

        A quote's time is the exchange's clock when the answer had come.

        Raises
        ------
        UnknownSymbol
            One of the tickers is not listed; Binance then answers for none of them.
        """
        if not tickers:
            return {}
        self._keep_clock_fresh()
        symbols = {symbol_of(ticker): ticker for ticker in tickers}
        found, received_at = self._http.get(
            "/api/v3/ticker/price",
            _symbols_query(list(symbols)),
            lambda reply: (prices(reply, symbols), reply.received_at),
        )
        time = self._server_clock.at(received_at)
        return {
            ticker: Quote(ticker, found[symbol], time, self.name, self.market)
            for symbol, ticker in symbols.items()
        }

    def lists(self, ticker: str) -> bool:
        """Tell whether Binance trades `ticker` now (status TRADING); kept for an hour."""
        now = self._clock.monotonic()
        with self._lock:
            self._listed = {k: v for k, v in self._listed.items() if now < v[1]}
            known = self._listed.get(ticker)
        if known is None:
            known = self._ask_listing(symbol_of(ticker)), now + _LISTING_KEPT_S
            with self._lock:
                self._listed[ticker] = known
        return known[0]

    def usage(self) -> Usage:
        """Return weight used in this minute and its limit, as far as Binance told them."""
        used = self._http.weight_used
        with self._lock:
            limit = self._weight_limit
        if limit is None and used is not None:
            limit = WEIGHT_LIMIT
        return Usage(used, limit, self._server_clock.offset_ms)

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
        return _to_ms(self._server_clock.surely_past(monotonic))

    def _page(
        self, ticker: str, interval: CandleInterval, first_open: int, last_open: int | None
    ) -> tuple[CandlePage, float]:
        params = {
            "symbol": symbol_of(ticker),
            "interval": interval,
            "startTime": str(first_open),
            "limit": str(PAGE_ROWS),
        }
        if last_open is not None:
            params["endTime"] = str(last_open)

        def read(reply: Reply) -> tuple[CandlePage, float]:
            page = candle_page(
                reply.json(),
                step_ms=_STEP_MS[interval],
                first_open=first_open,
                last_open=last_open,
                limit=PAGE_ROWS,
            )
            return page, reply.sent_at

        return self._http.get("/api/v3/klines", params, read)

    def _ask_listing(self, symbol: str) -> bool:
        try:
            answer = self._http.get(
                "/api/v3/exchangeInfo", {"symbol": symbol}, lambda reply: listing(reply, symbol)
            )
        except UnknownSymbol:
            return False
        with self._lock:
            self._weight_limit = answer.weight_limit or self._weight_limit
        return answer.trading


def _to_ms(instant: datetime) -> int:
    """Return whole epoch milliseconds, rounded down, of an aware instant."""
    return (instant - EPOCH) // MS


def _symbols_query(symbols: list[str]) -> dict[str, str]:
    """Return the cheapest query: one symbol weighs 2, a list 4."""
    if len(symbols) == 1:
        return {"symbol": symbols[0]}
    return {"symbols": json.dumps(symbols, separators=(",", ":"))}
