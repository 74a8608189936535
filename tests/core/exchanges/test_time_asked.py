"""The exchange's time is asked for by one thread, however many need it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import BadRequest
from core.exchanges.binance import BinanceProvider
from core.exchanges.statuses import Reply
from core.exchanges.transport import Transport
from tests.clocks import ManualClock
from tests.exchange import LocalExchange

TIME = "/api/v3/time"
WITHIN_S = 20.0


class HeldTransport(Transport):
    """A transport that holds calls for the time back until the test lets them go."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.asked, self.let_go = threading.Event(), threading.Event()

    def get(self, base_url: str, path: str, params: Mapping[str, str], until: float) -> Reply:
        if path == TIME:
            self.asked.set()
            assert self.let_go.wait(WITHIN_S)
        return super().get(base_url, path, params, until)


@pytest.fixture
def transport(clock: ManualClock) -> HeldTransport:
    return HeldTransport(clock)


@pytest.fixture
def held(exchange: LocalExchange, clock: ManualClock, transport: HeldTransport) -> BinanceProvider:
    return BinanceProvider([exchange.base_url], clock, transport)


def times_asked(exchange: LocalExchange) -> int:
    return sum(call.path == TIME for call in exchange.calls())


def test_threads_that_need_the_time_share_one_answer(
    exchange: LocalExchange, held: BinanceProvider, transport: HeldTransport
) -> None:
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(held.sync_clock)
        assert transport.asked.wait(WITHIN_S)
        others = [pool.submit(held.quotes, ["BTC-USD"]) for _ in range(3)]
        transport.let_go.set()
        assert first.result(WITHIN_S) is not None
        assert all(other.result(WITHIN_S)["BTC-USD"].price > 0 for other in others)
    assert times_asked(exchange) == 1


def test_one_who_asks_later_gets_an_answer_of_his_own(
    exchange: LocalExchange, held: BinanceProvider, transport: HeldTransport
) -> None:
    transport.let_go.set()
    held.sync_clock()
    held.sync_clock()
    assert times_asked(exchange) == 2


def test_a_failure_is_raised_and_not_kept(
    exchange: LocalExchange, held: BinanceProvider, transport: HeldTransport
) -> None:
    transport.let_go.set()
    exchange.fail("code", status=400, code=-1100, count=1)
    with pytest.raises(BadRequest):
        held.sync_clock()
    held.sync_clock()
    assert times_asked(exchange) == 2
