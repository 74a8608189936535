"""Binance spot market data over REST: candles, prices, time, and what is listed.

Source: Binance spot API documentation, "Market Data endpoints" and "General endpoints"
(``/api/v3``). All calls are public GETs; times are epoch milliseconds UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd

from core.clock import Clock
from core.exchanges.base import CandleInterval
from core.exchanges.binance_answers import (
    listing,
    prices,
    read_code,
    server_time,
    symbol_of,
)
from core.exchanges.epoch import to_ms
from core.exchanges.http import HttpClient
from core.exchanges.rest import STEP_MS, Prices, RestProvider, first_open_from
from core.exchanges.sending import Manners
from core.exchanges.statuses import Reply
from core.exchanges.transport import Transport
from core.exchanges.validation import CandlePage, candle_page

PAGE_ROWS: Final = 1_000
WEIGHT_LIMIT: Final = 6_000
# Source: the same documentation, "Weight" of each endpoint.
_KLINES_WEIGHT: Final = 2
_PRICE_WEIGHT: Final = 2
_PRICES_WEIGHT: Final = 4
_LISTING_WEIGHT: Final = 20
_WEIGHT_HEADER: Final = "X-MBX-USED-WEIGHT-1M"


class BinanceProvider(RestProvider):
    """`core.exchanges.base.Provider` over Binance. Thread-safe.

    Parameters
    ----------
    base_urls : sequence of str
        Hosts in order of preference.
    clock : Clock
    transport : Transport or None
        How a request is sent; None for the usual session and timeouts.
    memory : Path or None
        See `HttpClient`.
    """

    name = "binance"
    omits_empty_minutes = False
    page_rows = PAGE_ROWS
    time_path = "/api/v3/time"

    def __init__(
        self,
        base_urls: Sequence[str],
        clock: Clock,
        transport: Transport | None = None,
        memory: Path | None = None,
    ) -> None:
        http = HttpClient(
            "Binance",
            base_urls,
            clock,
            manners=Manners(read_code, weight_header=_WEIGHT_HEADER),
            weight_limit=WEIGHT_LIMIT,
            memory=memory,
            transport=transport,
        )
        super().__init__(http, clock)

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
        step_ms = STEP_MS[interval]
        next_open = first_open_from(start, step_ms)
        last_open = None if end is None else to_ms(end) - 1
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

    def _ask_prices(self, tickers: Sequence[str]) -> list[Prices]:
        """Ask with one call; where a ticker is not listed, Binance answers for none."""
        symbols = {symbol_of(ticker): ticker for ticker in tickers}
        found, received_at = self._http.get(
            "/api/v3/ticker/price",
            _symbols_query(list(symbols)),
            lambda reply: (prices(reply, symbols), reply.received_at),
            weight=_PRICE_WEIGHT if len(symbols) == 1 else _PRICES_WEIGHT,
        )
        return [({ticker: found[symbol] for symbol, ticker in symbols.items()}, received_at)]

    def read_time(self, reply: Reply) -> datetime:
        return server_time(reply)

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
                step_ms=STEP_MS[interval],
                first_open=first_open,
                last_open=last_open,
                limit=PAGE_ROWS,
            )
            return page, reply.sent_at

        return self._http.get("/api/v3/klines", params, read, weight=_KLINES_WEIGHT)

    def _ask_listing(self, ticker: str) -> bool:
        symbol = symbol_of(ticker)
        answer = self._http.get(
            "/api/v3/exchangeInfo",
            {"symbol": symbol},
            lambda reply: listing(reply, symbol),
            weight=_LISTING_WEIGHT,
        )
        if answer.weight_limit is not None:
            self._http.set_weight_limit(answer.weight_limit)
        return answer.trading


def _symbols_query(symbols: list[str]) -> dict[str, str]:
    """Return the cheapest query: one symbol weighs 2, a list 4."""
    if len(symbols) == 1:
        return {"symbol": symbols[0]}
    return {"symbols": json.dumps(symbols, separators=(",", ":"))}
