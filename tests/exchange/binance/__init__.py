"""Binance's spot market data: ``/api/v3``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.exchange.answers import NOT_FOUND, Answer, Request, json_answer
from tests.exchange.binance import refusals
from tests.exchange.binance.endpoints import ENDPOINTS
from tests.exchange.binance.params import read_params
from tests.exchange.binance.query import Query
from tests.exchange.binance.refusals import Refusal
from tests.exchange.binance.weights import FIRST_BAN_S, Budget
from tests.exchange.faults import Fault
from tests.exchange.floor import View

_RESTRICTED = (
    "Service unavailable from a restricted location according to 'b. Eligibility' in "
    "https://www.binance.com/en/terms. Please contact customer service if you believe you "
    "received this message in error."
)


class Binance:
    """`tests.exchange.venue.Venue`. Weights as documented, counted for refused calls too.

    A ``limit`` over the largest is taken as the largest, a limit of 0 is refused (-1130);
    Binance documents the former for the order book only and the latter nowhere.
    """

    candles_path = "/api/v3/klines"

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    @property
    def spoken(self) -> Mapping[str, Callable[[Fault, int], Answer]]:
        return _SPOKEN

    def answer(self, request: Request, view: View) -> Answer:
        endpoint = ENDPOINTS.get(request.path)
        if endpoint is None:
            return NOT_FOUND
        sent = request.sent
        headers: dict[str, str] = {}
        try:
            self._budget.charge(request.address, endpoint.weight(dict(sent)))
            params = read_params(sent, endpoint.known, endpoint.mandatory)
            status, body = 200, endpoint.answer(Query(view, params, _time_unit(request)))
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
            headers |= refusal.headers
        used = str(self._budget.used(request.address))
        headers |= {"x-mbx-used-weight": used, "x-mbx-used-weight-1m": used}
        return json_answer(body, status, headers)

    def rows(self, body: Any) -> list[list[Any]] | None:
        return body if isinstance(body, list) else None

    def ban(self, address: str, seconds: float) -> None:
        self._budget.ban(address, seconds)


def _time_unit(request: Request) -> int:
    """Return how many units of the times sent make a millisecond."""
    unit = request.headers.get("x-mbx-time-unit", "")
    return 1_000 if unit.upper() == "MICROSECOND" else 1


def _refused(refusal: Refusal, retry_after: str | None) -> Answer:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Answer(refusal.status, json.dumps(refusal.body).encode(), headers)


def _banned(fault: Fault, now_ms: int) -> Answer:
    told = fault.retry_after or ""
    wait_s = int(told) if told.isdigit() else FIRST_BAN_S
    return _refused(refusals.banned(now_ms + wait_s * 1000, wait_s), fault.retry_after)


def _coded(fault: Fault, _now_ms: int) -> Answer:
    refusal = Refusal(fault.code, fault.message or "Injected.", status=fault.status)
    return _refused(refusal, fault.retry_after)


_SPOKEN: Mapping[str, Callable[[Fault, int], Answer]] = {
    "429": lambda f, _now_ms: _refused(refusals.too_much_weight(6_000, 0), f.retry_after),
    "418": _banned,
    "451": lambda f, _now_ms: _refused(Refusal(0, _RESTRICTED, status=451), f.retry_after),
    "code": _coded,
}
