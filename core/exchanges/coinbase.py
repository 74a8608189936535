"""Coinbase Exchange market data over REST: candles, prices, time, and what is listed.

Source: Coinbase Exchange API documentation, "Get product candles", "Get product ticker",
"Get single product", "Get server time" and "Rate limits". All calls are public GETs; the
times of candles are epoch seconds UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd

from core.clock import Clock
from core.exchanges.base import CandleInterval
from core.exchanges.coinbase_answers import (
    candle_rows,
    last_price,
    read_code,
    server_time,
    trading,
)
from core.exchanges.epoch import EPOCH, MS
from core.exchanges.http import HttpClient
from core.exchanges.pauses import DoublingPause, LimitReader
from core.exchanges.rest import STEP_MS, Prices, RestProvider, first_open_from
from core.exchanges.sending import Manners
from core.exchanges.statuses import Reply
from core.exchanges.transport import Transport
from core.exchanges.validation import CandlePage

PAGE_ROWS: Final = 298
"""Rows wanted of one call: with the one where the range ends 299, of 300 allowed."""

_MIN_INTERVAL_S: Final = 0.2
"""Half of the 10 requests a second that the exchange allows an address."""

_FIRST_PAUSE_S: Final = 1.0


class CoinbaseProvider(RestProvider):
    """`core.exchanges.base.Provider` over Coinbase Exchange. Thread-safe.

    Parameters
    ----------
    base_url : str
    clock : Clock
    transport : Transport or None
        How a request is sent; None for the usual session and timeouts.
    memory : Path or None
        See `HttpClient`.
    """

    name = "coinbase"
    omits_empty_minutes = True
    page_rows = PAGE_ROWS
    time_path = "/time"

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        transport: Transport | None = None,
        memory: Path | None = None,
    ) -> None:
        http = HttpClient(
            "Coinbase",
            [base_url],
            clock,
            manners=Manners(read_code, LimitReader(DoublingPause(clock, _FIRST_PAUSE_S))),
            min_interval_s=_MIN_INTERVAL_S,
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
        """Yield pages of at most 298 closed candles; see `Provider.candles`.

        A page is asked for by its range, so one without rows is minutes without trades or
        an outage, and the next range is asked for. Pages yielded before a failure stay
        valid.
        """
        step_ms = STEP_MS[interval]
        next_open = first_open_from(start, step_ms)
        self._keep_clock_fresh()
        while (last_open := self._last_open(step_ms, end)) >= next_open:
            page_end = min(last_open, next_open + (PAGE_ROWS - 1) * step_ms)
            page = self._page(ticker, step_ms, next_open, page_end)
            if len(page):
                yield page.first(len(page))
            next_open = page_end + step_ms

    def _ask_prices(self, tickers: Sequence[str]) -> Iterator[Prices]:
        """Ask with one call each: there is none for many."""
        for ticker in tickers:
            path = f"/products/{ticker}/ticker"
            found, received_at = self._http.get(path, {}, lambda r: (last_price(r), r.received_at))
            yield {ticker: found}, received_at

    def _last_open(self, step_ms: int, end: datetime | None) -> int:
        """Return the open time of the newest candle that is wanted and closed."""
        closed_before = self._closed_before(self._clock.monotonic())
        closed = closed_before // step_ms * step_ms - step_ms
        return closed if end is None else min(closed, first_open_from(end, step_ms) - step_ms)

    def _page(self, ticker: str, step_ms: int, first_open: int, last_open: int) -> CandlePage:
        params = {
            "granularity": str(step_ms // 1_000),
            "start": _iso(first_open),
            # One candle further: it is not documented whether the end is included.
            "end": _iso(last_open + step_ms),
        }
        return self._http.get(
            f"/products/{ticker}/candles",
            params,
            lambda reply: candle_rows(reply, step_ms, first_open, last_open),
        )

    def read_time(self, reply: Reply) -> datetime:
        return server_time(reply)

    def _ask_listing(self, ticker: str) -> bool:
        return self._http.get(f"/products/{ticker}", {}, lambda reply: trading(reply, ticker))


def _iso(epoch_ms: int) -> str:
    instant = EPOCH + epoch_ms * MS
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
