"""Limits and bans: how they are told, how long they last, and who did not wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.exchange.conftest import Asked
from tests.made import START, made_candles
from tests.waiting import wait_until

TIME = "/api/v3/time"
CANDLES = made_candles(10).round(2)


def ask(exchange: LocalExchange, path: str = TIME, **params: str) -> requests.Response:
    return requests.get(exchange.base_url + path, params=params, timeout=5)


@pytest.fixture
def binance(clock: ManualClock) -> Iterator[LocalExchange]:
    with LocalExchange({"BTCUSDT": CANDLES}, at=START, clock=clock, weight_limit=2) as running:
        yield running


@pytest.fixture
def coinbase(clock: ManualClock) -> Iterator[LocalExchange]:
    with LocalExchange({"BTC-USD": CANDLES}, venue="coinbase", at=START, clock=clock) as running:
        yield running


@pytest.fixture
def kraken(clock: ManualClock) -> Iterator[LocalExchange]:
    candles = {"XBTUSD": CANDLES, "ETHUSD": CANDLES}
    with LocalExchange(candles, venue="kraken", at=START, clock=clock) as running:
        yield running


def test_weight_and_ban_outlive_a_stop(binance: LocalExchange, clock: ManualClock) -> None:
    assert [ask(binance).status_code for _ in range(3)] == [200, 200, 429]
    binance.stop()
    binance.start()
    assert [ask(binance).status_code for _ in range(5)] == [429] * 4 + [418]
    binance.stop()
    clock.advance(60)
    binance.start()
    assert (ask(binance).status_code, ask(binance).headers["Retry-After"]) == (418, "60")
    clock.advance(60)
    assert ask(binance).status_code == 200


def test_a_second_ban_is_longer(binance: LocalExchange, clock: ManualClock) -> None:
    waits = []
    for _ in range(2):
        while (answer := ask(binance)).status_code != 418:
            assert answer.status_code in (200, 429)
        waits.append(int(answer.headers["Retry-After"]))
        clock.advance(waits[-1])
    assert waits == [120, 240]


def test_calls_of_those_who_do_not_wait_are_recorded(
    binance: LocalExchange, clock: ManualClock
) -> None:
    binance.fail("418", retry_after="30")
    assert ask(binance).status_code == 418
    assert binance.calls_during_ban() == []
    clock.advance(29)
    binance.stop()
    binance.start()
    assert ask(binance).status_code == 200
    clock.advance(2)
    assert ask(binance).status_code == 200
    assert [call.during_ban for call in binance.calls()] == [False, True, False]
    assert binance.calls_during_ban() == binance.calls()[1:2]
    counters = requests.get(binance.base_url + "/control/counters", timeout=5).json()
    assert (counters["calls"], counters["during_ban"]) == (3, 1)
    calls = requests.get(binance.base_url + "/control/calls", timeout=5).json()
    assert [call["during_ban"] for call in calls] == [False, True, False]


def test_a_told_wait_is_not_shortened_by_a_later_one(
    binance: LocalExchange, clock: ManualClock
) -> None:
    for seconds in ("60", "1"):
        binance.fail("429", retry_after=seconds)
        ask(binance)
    clock.advance(50)
    ask(binance)
    assert [call.during_ban for call in binance.calls()] == [False, True, True]


def test_a_ban_on_demand_counts_down(binance: LocalExchange, clock: ManualClock) -> None:
    address = binance.base_url + "/control/ban"
    assert requests.post(address, json={"seconds": 30}, timeout=5).status_code == 200
    assert requests.post(address, json={"for": 30}, timeout=5).status_code == 400
    first = ask(binance)
    clock.advance(20)
    second = ask(binance)
    assert [r.status_code for r in (first, second)] == [418, 418]
    assert [r.headers["Retry-After"] for r in (first, second)] == ["30", "10"]
    clock.advance(10)
    assert ask(binance).status_code == 200


def test_a_ban_at_every_venue(asked: Asked, clock: ManualClock) -> None:
    asked.exchange.ban(5)
    refused = asked.time()
    assert refused.status_code == {"binance": 418, "coinbase": 429, "kraken": 200}[asked.venue.name]
    assert "epoch" not in refused.text
    if asked.venue.name == "kraken":
        assert refused.json() == {"error": ["EGeneral:Too many requests"]}
    clock.advance(5)
    assert asked.clock_ms() == asked.exchange.clock.now_ms() // 1000 * 1000


def test_coinbase_bears_fifteen_at_once_and_ten_a_second(
    coinbase: LocalExchange, clock: ManualClock
) -> None:
    first = [ask(coinbase, "/time") for _ in range(16)]
    assert [r.status_code for r in first] == [200] * 15 + [429]
    assert first[-1].json() == {"message": "Public rate limit exceeded"}
    assert "Retry-After" not in first[-1].headers
    clock.advance(1)
    assert [ask(coinbase, "/time").status_code for _ in range(11)] == [200] * 10 + [429]


def errors(exchange: LocalExchange, method: str, pair: str, calls: int) -> list[list[str]]:
    path = "/0/public/" + method
    answers = [ask(exchange, path, pair=pair) for _ in range(calls)]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.json()["error"] for answer in answers]


def test_kraken_counts_candles_by_pair_and_the_rest_together(
    kraken: LocalExchange, clock: ManualClock
) -> None:
    over = ["EAPI:Rate limit exceeded"]
    assert errors(kraken, "OHLC", "XBTUSD", 6) == [[]] * 5 + [over]
    assert errors(kraken, "OHLC", "ETHUSD", 1) == [[]]
    assert errors(kraken, "Ticker", "XBTUSD", 5) == [[]] * 5
    assert errors(kraken, "Depth", "ETHUSD", 1) == [over]
    clock.advance(1)
    assert errors(kraken, "OHLC", "XBTUSD", 2) == [[], over]


def test_kraken_locks_out_those_who_go_on(kraken: LocalExchange, clock: ManualClock) -> None:
    refused = errors(kraken, "OHLC", "XBTUSD", 12)[5:]
    over, goes_on = ["EAPI:Rate limit exceeded"], ["EGeneral:Too many requests"]
    assert refused == [over] * 5 + [goes_on] * 2
    clock.advance(9)
    assert errors(kraken, "Ticker", "ETHUSD", 1) == [goes_on]
    clock.advance(1)
    assert errors(kraken, "Ticker", "ETHUSD", 1) == [[]]


def test_a_larger_burst(clock: ManualClock) -> None:
    with LocalExchange(
        {"XBTUSD": CANDLES}, venue="kraken", at=START, clock=clock, burst=50
    ) as exchange:
        assert errors(exchange, "OHLC", "XBTUSD", 51) == [[]] * 50 + [["EAPI:Rate limit exceeded"]]


def test_limits_follow_real_time_without_a_clock() -> None:
    with LocalExchange({"BTC-USD": CANDLES}, venue="coinbase", burst=1) as exchange:
        ask(exchange, "/time")
        wait_until(lambda: ask(exchange, "/time").status_code == 200, what="the bucket refills")
