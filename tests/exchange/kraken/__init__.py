"""Kraken's public market data: ``/0/public``.

Source: Kraken REST API documentation, "Market Data" and "Rate limits".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from core.clock import Clock
from tests.exchange.answers import NOT_FOUND, Answer, Request, json_answer, page
from tests.exchange.buckets import Buckets
from tests.exchange.faults import Fault
from tests.exchange.floor import View
from tests.exchange.kraken import general
from tests.exchange.kraken.ohlc import ohlc
from tests.exchange.kraken.refusal import Refusal
from tests.exchange.kraken.tickers import depth, ticker
from tests.exchange.lockouts import Lockouts

_PUBLIC = "/0/public/"
_ENDPOINTS: Mapping[str, Callable[[View, Mapping[str, str]], Any]] = {
    "Time": general.time,
    "SystemStatus": general.system_status,
    "Assets": general.assets,
    "AssetPairs": general.asset_pairs,
    "OHLC": ohlc,
    "Ticker": ticker,
    "Depth": depth,
}
# Kraken says "about one call per second" of all but OHLC, where it is one per pair. How many
# at once and what follows for those who go on it does not say: these numbers are ours.
_CALLS_PER_S, _BURST = 1.0, 5
_REFUSALS_BEFORE_LOCKOUT, _LOCKOUT_S = 5, 10.0
_OVER = "EAPI:Rate limit exceeded"
_GOES_ON = "EGeneral:Too many requests"


class Kraken:
    """`tests.exchange.venue.Venue`. Errors go with status 200.

    Per address one call per second, for OHLC per address and pair, 5 at once; the sixth
    refusal locks the address out for 10 s.
    """

    candles_path = "/0/public/OHLC"

    def __init__(self, clock: Clock, burst: int | None = None) -> None:
        self._buckets = Buckets(clock, _CALLS_PER_S, burst or _BURST)
        self._lockouts = Lockouts(clock)
        self._refused: Counter[str] = Counter()

    @property
    def spoken(self) -> Mapping[str, Callable[[Fault, int], Answer]]:
        return _SPOKEN

    def answer(self, request: Request, view: View) -> Answer:
        name = request.path.removeprefix(_PUBLIC)
        show = _ENDPOINTS.get(name)
        if show is None or not request.path.startswith(_PUBLIC):
            return NOT_FOUND
        params = dict(request.sent)
        try:
            self._count(request.address, params.get("pair") if name == "OHLC" else None)
            return json_answer({"error": [], "result": show(view, params)})
        except Refusal as refusal:
            return _failed(refusal.error)

    def rows(self, body: Any) -> list[list[Any]] | None:
        """Return the list under the pair's own name, the only list there is."""
        result = body.get("result", {})
        return next((value for value in result.values() if isinstance(value, list)), None)

    def ban(self, address: str, seconds: float) -> None:
        self._lockouts.lock(address, seconds)

    def _count(self, address: str, pair: Hashable) -> None:
        if self._lockouts.locked(address):
            raise Refusal(_GOES_ON)
        if self._buckets.take((address, pair)):
            self._refused[address] = 0
            return
        self._refused[address] += 1
        if self._refused[address] <= _REFUSALS_BEFORE_LOCKOUT:
            raise Refusal(_OVER)
        self._refused[address] = 0
        self._lockouts.lock(address, _LOCKOUT_S)
        raise Refusal(_GOES_ON)


def _failed(error: str) -> Answer:
    return json_answer({"error": [error]})


_SPOKEN: Mapping[str, Callable[[Fault, int], Answer]] = {
    "429": lambda f, _now_ms: _failed(f.message or _OVER),
    "451": lambda _f, _now_ms: page(451, "451 Unavailable For Legal Reasons"),
    "code": lambda f, _now_ms: _failed(f.message or "EService:Unavailable"),
}
