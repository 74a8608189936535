"""Coinbase Exchange's market data: ``/products`` and ``/time``.

Source: Coinbase Exchange REST API documentation, "Products" and "Rate limits".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from core.clock import Clock
from tests.exchange.answers import Answer, Request, json_answer, page
from tests.exchange.buckets import Buckets
from tests.exchange.coinbase import products
from tests.exchange.coinbase.candles import candles
from tests.exchange.coinbase.refusal import Refusal
from tests.exchange.faults import Fault
from tests.exchange.floor import View
from tests.exchange.lockouts import Lockouts
from tests.exchange.series import Series

_CALLS_PER_S, _BURST = 10.0, 15
_TOO_MANY = "Public rate limit exceeded"
_OF_PRODUCT: Mapping[str, Callable[[View, Series, Mapping[str, str]], Any]] = {
    "": products.product,
    "/candles": candles,
    "/ticker": products.ticker,
    "/stats": products.stats,
    "/book": products.book,
}
_PRODUCT = re.compile(r"/products/([^/]+)(/[a-z]+)?")


class Coinbase:
    """`tests.exchange.venue.Venue`. 10 calls per second and address, 15 at once."""

    candles_path = "/products/*/candles"

    def __init__(self, clock: Clock, burst: int | None = None) -> None:
        self._buckets = Buckets(clock, _CALLS_PER_S, burst or _BURST)
        self._lockouts = Lockouts(clock)

    @property
    def spoken(self) -> Mapping[str, Callable[[Fault, int], Answer]]:
        return _SPOKEN

    def answer(self, request: Request, view: View) -> Answer:
        try:
            self._count(request)
            return json_answer(_body(request, view))
        except Refusal as refusal:
            return json_answer({"message": refusal.message}, refusal.status)

    def rows(self, body: Any) -> list[list[Any]] | None:
        return body if isinstance(body, list) else None

    def ban(self, address: str, seconds: float) -> None:
        self._lockouts.lock(address, seconds)

    def _count(self, request: Request) -> None:
        if self._lockouts.locked(request.address) or not self._buckets.take(request.address):
            raise Refusal(429, _TOO_MANY)
        if not request.headers.get("user-agent"):
            raise Refusal(400, "User-Agent header is required.")


def _body(request: Request, view: View) -> Any:
    if request.path == "/time":
        return products.time(view)
    if request.path == "/products":
        return products.listing(view)
    named = _PRODUCT.fullmatch(request.path)
    show = _OF_PRODUCT.get(named[2] or "") if named else None
    series = view.begun(named[1]) if named else None
    if show is None or series is None:
        raise Refusal(404, "NotFound")
    return show(view, series, dict(request.sent))


def _message(status: int, message: str, fault: Fault) -> Answer:
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    return json_answer({"message": message}, status, headers)


_SPOKEN: Mapping[str, Callable[[Fault, int], Answer]] = {
    "429": lambda f, _now_ms: _message(429, _TOO_MANY, f),
    "451": lambda _f, _now_ms: page(451, "451 Unavailable For Legal Reasons"),
    "code": lambda f, _now_ms: _message(f.status, f.message or "Internal server error", f),
}
