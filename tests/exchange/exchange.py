"""The local exchange as a whole: start, stop, answer, injure."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import pandas as pd

from core.clock import Clock, SystemClock
from tests.exchange.answers import Answer, Request, page
from tests.exchange.bans import BanBook
from tests.exchange.binance import Binance
from tests.exchange.binance.weights import Budget
from tests.exchange.calls import Call, CallLog
from tests.exchange.coinbase import Coinbase
from tests.exchange.faults import ANSWERS, BEHAVIOURS, SIGN_IN, STATES, Fault, FaultBook
from tests.exchange.floor import Floor
from tests.exchange.kraken import Kraken
from tests.exchange.market_clock import MarketClock, from_ms, to_ms
from tests.exchange.series import MINUTE_MS, Series
from tests.exchange.server import Server
from tests.exchange.spoils import SPOILS, spoil
from tests.exchange.venue import Venue

VENUES = ("binance", "coinbase", "kraken")


class LocalExchange:
    """A real HTTP server that behaves like a venue's public market data.

    Parameters
    ----------
    candles : mapping
        By symbol as the venue asks for it (``BTCUSDT``, ``BTC-USD``, ``XBTUSD``): a recorded
        file, or a frame of minutes. A minute that is not in it never happened.
    venue : str
        One of `VENUES`: ``/api/v3/...``, ``/products/...`` or ``/0/public/...``.
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
        Binance's request weight per address and minute.
    burst : int or None
        Calls that Coinbase and Kraken bear at once, before 10 and 1 per second; None for
        the venue's own number.
    port : int
        0 takes a free one.

    Notes
    -----
    Limits, bans, faults and the call log outlive `stop` and `start`. After the last recorded
    minute the clock goes on and nothing trades.
    """

    def __init__(
        self,
        candles: Mapping[str, Path | pd.DataFrame],
        *,
        venue: str = "binance",
        at: datetime | None = None,
        as_now: bool = False,
        speed: float = 1.0,
        clock: Clock | None = None,
        weight_limit: int = 6_000,
        burst: int | None = None,
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
        self.venue = _venue_of(venue, clock, self.budget, burst)
        self.faults = FaultBook()
        self.bans = BanBook()
        self.log = CallLog()
        self.stopping = threading.Event()
        self.released = threading.Event()
        self._port = port
        self._server: Server | None = None

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
        self._server = Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Refuse new connections and cut those that are open."""
        self.stopping.set()
        self.released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_connections()
            self._server = None

    def fail(self, kind: str, path: str = "", count: int | None = 1, **options: Any) -> None:
        """Inject a fault; see `tests.exchange.faults.Fault`."""
        self.inject(Fault(kind, path, count, **options))

    def inject(self, fault: Fault) -> None:
        """Put a fault in force.

        Raises
        ------
        ValueError
            This venue has no such fault.
        """
        known = sorted((*self.venue.spoken, *ANSWERS, *BEHAVIOURS, *SPOILS, *STATES))
        if fault.kind not in known:
            raise ValueError(f"unknown fault {fault.kind!r}: {known}")
        path = fault.path or (self.venue.candles_path if fault.kind in SPOILS else "")
        if fault.kind == "hold":
            self.released.clear()
        self.faults.add(replace(fault, path=path, since_ms=self.clock.now_ms()))

    def heal(self) -> None:
        """Forget all faults not yet used up, answer what was held; limits and bans stay."""
        self.faults.clear()
        self.released.set()

    def ban(self, seconds: float, address: str = "127.0.0.1") -> None:
        """Refuse every call of `address` for so long, as the venue does to those who go on."""
        self.venue.ban(address, seconds)

    def calls(self, path: str = "") -> list[Call]:
        """Return the calls whose path begins with `path`, oldest first."""
        return self.log.calls(path)

    def calls_during_ban(self) -> list[Call]:
        """Return the calls of those who had been told to stay away and did not wait."""
        return [call for call in self.calls() if call.during_ban]

    def counters(self) -> dict[str, Any]:
        """Return calls by path and client, and weight by wall-clock minute (epoch ms)."""
        return {**self.log.counters(), "weight_by_minute": self.budget.by_minute()}

    def note_call(self, request: Request, peer: str) -> Fault | None:
        """Record a call and return the fault that strikes it."""
        now_ms = to_ms(self._system_clock.now())
        agent = request.headers.get("user-agent", "")
        banned = self.bans.covers(request.address, now_ms)
        self.log.add(Call(now_ms, request.path, request.sent, peer, agent, banned))
        return self.faults.strike(request.path)

    def answer(self, request: Request, fault: Fault | None = None) -> Answer:
        """Return the answer to a call, under a fault or the true one."""
        now_ms = to_ms(self._system_clock.now())
        answer = self._answer(request, fault, now_ms)
        self.bans.note(request.address, answer, now_ms)
        return answer

    def _answer(self, request: Request, fault: Fault | None, now_ms: int) -> Answer:
        if fault is not None and fault.kind in self.venue.spoken:
            return self.venue.spoken[fault.kind](fault, now_ms)
        if fault is not None and fault.kind in ANSWERS:
            return ANSWERS[fault.kind](fault)
        if request.path == SIGN_IN:
            return page(200, "Please sign in")
        answer = self.venue.answer(request, self.floor.view(fault))
        if fault is not None and fault.kind in SPOILS:
            return spoil(answer, fault, self.venue)
        return answer


def _venue_of(name: str, clock: Clock, budget: Budget, burst: int | None) -> Venue:
    if name == "binance":
        return Binance(budget)
    if name == "coinbase":
        return Coinbase(clock, burst)
    if name == "kraken":
        return Kraken(clock, burst)
    raise ValueError(f"unknown venue {name!r}: {VENUES}")


def _shift_to(now: datetime, at: datetime) -> tuple[datetime, int]:
    """Return when the clock begins and the whole minutes, in ms, that all times move by."""
    minutes = to_ms(now) // MINUTE_MS - to_ms(at) // MINUTE_MS
    return now, minutes * MINUTE_MS
