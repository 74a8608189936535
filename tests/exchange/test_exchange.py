"""The local exchange as a whole: its clock, its record, stopping and starting."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests

from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.exchange.conftest import AT, ROWS, Asked
from tests.exchange.market_clock import to_ms
from tests.made import START, made_candles

MINUTE = 60_000


@pytest.fixture
def exchange(clock: ManualClock) -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": made_candles(ROWS)}, at=AT, clock=clock) as running:
        yield running


def get(exchange: LocalExchange, path: str, **params: Any) -> requests.Response:
    return requests.get(exchange.base_url + path, params=params, timeout=5)


def klines(exchange: LocalExchange, **params: Any) -> list[list[Any]]:
    return get(exchange, "/api/v3/klines", symbol="BTCUSDT", interval="1m", **params).json()


def test_times_shift_so_that_the_chosen_minute_is_now(clock: ManualClock) -> None:
    candles = made_candles(100)
    at = START + timedelta(minutes=50)
    clock.advance(17)
    with LocalExchange({"BTCUSDT": candles}, at=at, as_now=True, clock=clock) as running:
        row = klines(running, limit=1)[0]
        assert get(running, "/api/v3/time").json()["serverTime"] == to_ms(clock.now())
    assert row[0] == to_ms(clock.now()) // MINUTE * MINUTE
    assert float(row[1]) == pytest.approx(candles["open"].iloc[50], abs=1e-8)


def test_a_faster_exchange_makes_more_minutes() -> None:
    clock = ManualClock()
    candles = made_candles(100)
    with LocalExchange({"BTCUSDT": candles}, at=START, speed=60, clock=clock) as running:
        assert len(klines(running)) == 1
        clock.advance(10)
        assert len(klines(running)) == 11


def test_every_call_is_recorded_and_faults_come_by_path_and_count(exchange: LocalExchange) -> None:
    control = exchange.base_url + "/control"
    fault = {"kind": "5xx", "path": "/api/v3/time", "count": 2, "status": 502}
    assert requests.post(f"{control}/fault", json=fault, timeout=5).status_code == 200
    paths = ["/api/v3/time", "/api/v3/ping", "/api/v3/time", "/api/v3/time"]
    assert [get(exchange, path).status_code for path in paths] == [502, 200, 502, 200]
    calls = requests.get(f"{control}/calls", timeout=5).json()
    assert [call["path"] for call in calls] == paths
    assert all(call["user_agent"].startswith("python-requests") for call in calls)
    counters = requests.get(f"{control}/counters", timeout=5).json()
    assert counters["by_path"] == {"/api/v3/time": 3, "/api/v3/ping": 1}
    assert sum(counters["weight_by_minute"].values()) == 2


def test_an_unknown_fault_is_refused_and_faults_can_be_taken_back(exchange: LocalExchange) -> None:
    address = exchange.base_url + "/control/fault"
    assert requests.post(address, json={"kind": "flood"}, timeout=5).status_code == 400
    exchange.fail("html", count=None)
    assert get(exchange, "/api/v3/ping").text.startswith("<html>")
    assert requests.delete(address, timeout=5).status_code == 200
    assert get(exchange, "/api/v3/ping").json() == {}


def test_stopped_it_cuts_connections_and_comes_back_at_the_same_address(
    exchange: LocalExchange,
) -> None:
    session, address = requests.Session(), exchange.base_url + "/api/v3/ping"
    assert session.get(address, timeout=5).status_code == 200
    exchange.stop()
    with pytest.raises(requests.ConnectionError):
        session.get(address, timeout=5)
    exchange.start()
    assert session.get(address, timeout=5).status_code == 200


def test_the_same_clock_and_candles_give_the_same_answers_to_many_at_once(asked: Asked) -> None:
    right = asked.candles().content

    def ask_often(_thread: int) -> set[bytes]:
        return {asked.candles().content for _ in range(6)}

    with ThreadPoolExecutor(16) as pool:
        assert set.union(*pool.map(ask_often, range(16))) == {right}
    assert len(asked.exchange.calls(asked.venue.candles)) == 97


def test_an_unknown_venue_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown venue 'mtgox'"):
        LocalExchange({"BTCUSDT": made_candles(10)}, venue="mtgox")
