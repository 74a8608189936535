"""Kraken market data over REST: candles, prices, time, and what is listed.

Source: Kraken REST API documentation, "Get OHLC Data", "Get Ticker Information", "Get
Tradable Asset Pairs", "Get Server Time" and "API Errors" (``/0/public``). All calls are
public GETs; times are epoch seconds UTC. Errors come with HTTP status 200.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd

from core.clock import Clock
from core.exchanges.base import CandleInterval
from core.exchanges.epoch import to_ms
from core.exchanges.http import HttpClient
from core.exchanges.kraken_answers import (
    KEPT_ROWS,
    TIME_GRAIN_S,
    candle_rows,
    last_prices,
    limit_words,
    pair_of,
    read_code,
    server_time,
    trading,
)
from core.exchanges.pauses import DoublingPause, LimitReader
from core.exchanges.rest import STEP_MS, Prices, RestProvider, first_open_from
from core.exchanges.sending import Manners
from core.exchanges.statuses import Reply
from core.exchanges.transport import Transport
from core.exchanges.validation import CandlePage

_MIN_INTERVAL_S: Final = 1.0
"""About one request a second is allowed an address."""

_FIRST_PAUSE_S: Final = 10.0
"""The exchange blocks for some seconds, and for longer where one goes on."""


class KrakenProvider(RestProvider):
    """`core.exchanges.base.Provider` over Kraken. Thread-safe.

    Parameters
    ----------
    base_url : str
    clock : Clock
    transport : Transport or None
        How a request is sent; None for the usual session and timeouts.
    memory : Path or None
        See `HttpClient`.
    """

    name = "kraken"
    omits_empty_minutes = True
    rows_kept = KEPT_ROWS
    page_rows = KEPT_ROWS
    time_path = "/0/public/Time"
    time_grain_s = TIME_GRAIN_S

    def __init__(
        self,
        base_url: str,
        clock: Clock,
        transport: Transport | None = None,
        memory: Path | None = None,
    ) -> None:
        http = HttpClient(
            "Kraken",
            [base_url],
            clock,
            manners=Manners(
                read_code, LimitReader(DoublingPause(clock, _FIRST_PAUSE_S), limit_words)
            ),
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
        """Yield one page of closed candles, or none; see `Provider.candles`.

        Kraken gives its newest 720 rows, however far back `start` lies: what is asked for
        beyond them is not to be had, and is missing here as well.
        """
        step_ms = STEP_MS[interval]
        first_open = first_open_from(start, step_ms)
        self._keep_clock_fresh()
        last_open = self._closed_before(self._clock.monotonic()) - step_ms
        if end is not None:
            last_open = min(last_open, to_ms(end) - 1)
        if last_open < first_open:
            return
        page = self._page(ticker, step_ms, first_open).within(first_open, last_open)
        if len(page):
            yield page.first(len(page))

    def _ask_prices(self, tickers: Sequence[str]) -> list[Prices]:
        """Ask with one call; where a ticker is not listed, Kraken answers for none."""
        return [
            self._http.get(
                "/0/public/Ticker",
                {"pair": ",".join(map(pair_of, tickers))},
                lambda reply: (last_prices(reply, tickers), reply.received_at),
            )
        ]

    def _page(self, ticker: str, step_ms: int, first_open: int) -> CandlePage:
        params = {
            "pair": pair_of(ticker),
            "interval": str(step_ms // 60_000),
            # Rows after this time are given, so the first wanted must lie after it.
            "since": str((first_open - step_ms) // 1_000),
        }

        def read(reply: Reply) -> CandlePage:
            # The exchange's clock may have begun one more candle than we know of.
            latest = to_ms(self._server_clock.at(reply.received_at)) + step_ms
            return candle_rows(reply, ticker, step_ms, latest)

        return self._http.get("/0/public/OHLC", params, read)

    def read_time(self, reply: Reply) -> datetime:
        return server_time(reply)

    def _ask_listing(self, ticker: str) -> bool:
        return self._http.get(
            "/0/public/AssetPairs",
            {"pair": pair_of(ticker)},
            lambda reply: trading(reply, ticker),
        )
