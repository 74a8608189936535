"""The local exchange as a whole: start, stop, answer, injure."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR, socket
from types import TracebackType
from typing import Any

import pandas as pd

from core.clock import Clock, SystemClock
from tests.exchange.calls import Call, CallLog
from tests.exchange.endpoints import ENDPOINTS, Floor
from tests.exchange.faults import Answer, Fault, FaultBook
from tests.exchange.handler import NOT_FOUND, Handler
from tests.exchange.market_clock import MarketClock, from_ms, to_ms
from tests.exchange.params import parse_query, read_params
from tests.exchange.refusals import Refusal
from tests.exchange.series import MINUTE_MS, Series
from tests.exchange.weights import Budget


class LocalExchange:
    """A real HTTP server that behaves like Binance's public market data.

    Parameters
    ----------
    candles : mapping
        By symbol: a recorded file, or a frame of minutes. A minute that is not in it
        never happened.
    at : datetime or None
        Where in the recording the exchange begins. None begins a day before the end of
        the first symbol's.
    as_now : bool
        Move all times by whole minutes, so that the minute of `at` is the present one.
    speed : float
        Exchange seconds per second of `clock`.
    clock : Clock
        What drives the exchange; weights and bans follow its wall-clock minutes.
    weight_limit : int
        Request weight per address and minute.
    port : int
        0 takes a free one.

    Notes
    -----
    A ``limit`` over 1,000 is taken as 1,000, a limit of 0 is refused (-1130); Binance
    documents neither. After the last recorded minute the clock goes on and nothing trades.
    """

    def __init__(
        self,
        candles: Mapping[str, Path | pd.DataFrame],
        *,
        at: datetime | None = None,
        as_now: bool = False,
        speed: float = 1.0,
        clock: Clock | None = None,
        weight_limit: int = 6_000,
        port: int = 0,
    ) -> None:
        clock = clock or SystemClock()
        series = {symbol: Series.of(symbol, source) for symbol, source in candles.items()}
        first = next(iter(series.values()))
        at = at or from_ms(int(first.opens[-1])) - timedelta(days=1)
        begin, shift_ms = _shift_to(clock.now(), at) if as_now else (at, 0)
        self._system_clock = clock
        self.clock = MarketClock(clock, begin, speed)
        self.series = {symbol: s.shifted(shift_ms) for symbol, s in series.items()}
        self.floor = Floor(self.clock, self.series, dict.fromkeys(series, "TRADING"), weight_limit)
        self.budget = Budget(clock, weight_limit)
        self.faults = FaultBook()
        self.log = CallLog()
        self.stopping = threading.Event()
        self._port = port
        self._server: _Server | None = None

    def __enter__(self) -> LocalExchange:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """Return the address; it stays the same after `stop` and `start`."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen; connections are taken as soon as this returns."""
        self.stopping.clear()
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse new connections and cut those that are open."""
        self.stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_connections()
            self._server = None

    def fail(self, kind: str, path: str = "", count: int | None = 1, **options: Any) -> None:
        """Inject a fault; see `tests.exchange.faults.Fault`."""
        self.faults.add(Fault(kind, path, count, **options))

    def heal(self) -> None:
        """Forget all faults not yet used up."""
        self.faults.clear()

    def calls(self, path: str = "") -> list[Call]:
        """Return the calls whose path begins with `path`, oldest first."""
        return self.log.calls(path)

    def counters(self) -> dict[str, Any]:
        """Return calls by path and client, and weight by wall-clock minute (epoch ms)."""
        return {**self.log.counters(), "weight_by_minute": self.budget.by_minute()}

    def note_call(self, path: str, query: str, peer: str, agent: str) -> Fault | None:
        """Record a call and return the fault that strikes it."""
        now_ms = to_ms(self._system_clock.now())
        self.log.add(Call(now_ms, path, parse_query(query), peer, agent))
        return self.faults.strike(path)

    def answer(self, path: str, query: str, address: str) -> Answer:
        """Return the true answer to a call."""
        endpoint = ENDPOINTS.get(path)
        if endpoint is None:
            return NOT_FOUND
        sent = parse_query(query)
        headers: dict[str, str] = {}
        try:
            self.budget.charge(address, endpoint.weight(dict(sent)))
            params = read_params(sent, endpoint.known, endpoint.mandatory)
            status, body = 200, endpoint.answer(self.floor, params)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
            headers |= refusal.headers
        used = str(self.budget.used(address))
        headers |= {"x-mbx-used-weight": used, "x-mbx-used-weight-1m": used}
        return Answer(status, json.dumps(body, separators=(",", ":")).encode(), headers)


def _shift_to(now: datetime, at: datetime) -> tuple[datetime, int]:
    """Return when the clock begins and the whole minutes, in ms, that all times move by."""
    minutes = to_ms(now) // MINUTE_MS - to_ms(at) // MINUTE_MS
    return now, minutes * MINUTE_MS


class _Server(ThreadingHTTPServer):
    """Knows its open connections, so that stopping is like a machine going away."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], exchange: LocalExchange) -> None:
        self.exchange = exchange
        self._lock = threading.Lock()
        self._open: set[socket] = set()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._lock:
            cut, self._open = self._open, set()
        for connection in cut:
            try:
                connection.shutdown(SHUT_RDWR)
            except OSError:
                continue  # the client had gone already

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error of the exchange's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
