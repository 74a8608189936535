"""A local exchange and a provider on it, both on a clock that only moves when told to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.exchanges.binance import BinanceProvider
from core.exchanges.transport import Transport
from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.made import START, made_candles

ROWS = 3_200
NOW_ROW = 3_100


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def exchange(clock: ManualClock) -> Iterator[LocalExchange]:
    """Serve made minutes; half of minute `NOW_ROW` has passed."""
    at = START + timedelta(minutes=NOW_ROW, seconds=30)
    candles = made_candles(ROWS)
    with LocalExchange({"BTCUSDT": candles, "ETHUSDT": candles}, at=at, clock=clock) as running:
        yield running


@pytest.fixture
def provider(exchange: LocalExchange, clock: ManualClock) -> BinanceProvider:
    return BinanceProvider([exchange.base_url], clock, Transport(clock, (1.0, 0.3)))
