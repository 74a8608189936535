"""Binance's order book, trades, mean price, and times in microseconds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import requests

from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.exchange.conftest import AT, ROWS
from tests.exchange.market_clock import to_ms
from tests.made import START, made_candles

MINUTE = 60_000
FIRST = to_ms(START)
MICROSECONDS = {"X-MBX-TIME-UNIT": "MICROSECOND"}


@pytest.fixture
def exchange(clock: ManualClock) -> Any:
    source = made_candles(ROWS).round(2)
    # Minutes of 0 to 12 trades, to see that ids have no hole.
    counts = [i % 13 for i in range(ROWS)]
    candles = {"BTCUSDT": source.assign(trades=counts)}
    with LocalExchange(candles, at=AT, clock=clock) as running:
        yield running


def get(exchange: LocalExchange, path: str, us: bool = False, **params: Any) -> Any:
    address = f"{exchange.base_url}/api/v3/{path}"
    headers = MICROSECONDS if us else {}
    return requests.get(address, params=params, headers=headers, timeout=5).json()


def fills(exchange: LocalExchange, **params: Any) -> list[dict[str, Any]]:
    return get(exchange, "aggTrades", symbol="BTCUSDT", **params)


def test_a_book_has_a_level_at_each_tick_best_first(exchange: LocalExchange) -> None:
    book = get(exchange, "depth", symbol="BTCUSDT")
    best = get(exchange, "ticker/bookTicker", symbol="BTCUSDT")
    assert [book["bids"][0][0], book["asks"][0][0]] == [best["bidPrice"], best["askPrice"]]
    for side, step in (("bids", -0.01), ("asks", 0.01)):
        prices = [float(price) for price, _quantity in book[side]]
        assert len(prices) == 100
        assert [b - a for a, b in pairwise(prices)] == pytest.approx([step] * 99, abs=1e-6)


@pytest.mark.parametrize(
    ("limit", "levels", "weight"),
    [(5, 5, 5), (500, 500, 25), (1_000, 1_000, 50), (5_000, 5_000, 250), (9_000, 5_000, 250)],
)
def test_a_deeper_book_weighs_more(
    exchange: LocalExchange, limit: int, levels: int, weight: int
) -> None:
    address = exchange.base_url + "/api/v3/depth"
    answer = requests.get(address, params={"symbol": "BTCUSDT", "limit": limit}, timeout=5)
    assert len(answer.json()["bids"]) == levels
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


@pytest.mark.parametrize(("path", "weight"), [("trades", 25), ("aggTrades", 4), ("avgPrice", 2)])
def test_the_weights_of_trades(exchange: LocalExchange, path: str, weight: int) -> None:
    address = f"{exchange.base_url}/api/v3/{path}"
    answer = requests.get(address, params={"symbol": "BTCUSDT"}, timeout=5)
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


def test_the_trades_of_a_minute_stay_in_its_candle(exchange: LocalExchange) -> None:
    for minute in range(1_400, 1_413):  # one of each number of trades
        opened = FIRST + minute * MINUTE
        row = get(exchange, "klines", symbol="BTCUSDT", interval="1m", startTime=opened, limit=1)[0]
        trades = fills(exchange, startTime=opened, endTime=opened + MINUTE - 1)
        assert sum(t["l"] - t["f"] + 1 for t in trades) == row[8] == minute % 13
        assert all(opened <= t["T"] <= row[6] for t in trades)
        assert all(float(row[3]) <= float(t["p"]) <= float(row[2]) for t in trades)
        if trades:
            assert trades[-1]["p"] == row[4]


def test_ids_have_no_hole_whichever_way_they_are_asked(exchange: LocalExchange) -> None:
    newest = fills(exchange, limit=50)
    assert [t["a"] for t in newest] == list(range(newest[0]["a"], newest[0]["a"] + 50))
    assert all(a["l"] + 1 == b["f"] for a, b in pairwise(newest))
    assert fills(exchange, fromId=newest[0]["a"], limit=50) == newest
    assert fills(exchange, startTime=newest[0]["T"], limit=1_000)[-50:] == newest
    assert fills(exchange, endTime=newest[-2]["T"], limit=10) == newest[-11:-1]
    assert fills(exchange, fromId=newest[-1]["a"] + 1) == []


def test_single_trades_are_those_of_the_fills(exchange: LocalExchange) -> None:
    singles = get(exchange, "trades", symbol="BTCUSDT", limit=40)
    ids = [trade["id"] for trade in singles]
    newest = fills(exchange, limit=50)
    assert ids == list(range(newest[-1]["l"] - 39, newest[-1]["l"] + 1))
    by_id = {i: t for t in newest for i in range(t["f"], t["l"] + 1)}
    assert all(
        (t["price"], t["time"]) == (by_id[t["id"]]["p"], by_id[t["id"]]["T"]) for t in singles
    )


def test_no_trade_is_of_the_future(exchange: LocalExchange, clock: ManualClock) -> None:
    before = fills(exchange, limit=1)[0]
    assert before["T"] <= exchange.clock.now_ms()
    clock.advance(60)
    after = fills(exchange, fromId=before["a"])
    assert after[0] == before
    assert len(after) > 1


def test_the_mean_price_weighs_five_minutes(exchange: LocalExchange) -> None:
    answer = get(exchange, "avgPrice", symbol="BTCUSDT")
    rows = get(exchange, "klines", symbol="BTCUSDT", interval="1m", limit=5)
    mean = sum(float(r[7]) for r in rows) / sum(float(r[5]) for r in rows)
    assert (answer["mins"], answer["closeTime"]) == (5, exchange.clock.now_ms())
    assert float(answer["price"]) == pytest.approx(mean, abs=1e-7)


def test_times_in_microseconds_on_request(exchange: LocalExchange) -> None:
    now_us = exchange.clock.now_ms() * 1000
    assert get(exchange, "time", us=True)["serverTime"] == now_us
    assert get(exchange, "exchangeInfo", us=True)["serverTime"] == now_us
    assert get(exchange, "avgPrice", us=True, symbol="BTCUSDT")["closeTime"] == now_us
    assert get(exchange, "ticker/24hr", us=True, symbol="BTCUSDT")["closeTime"] == now_us
    in_ms, in_us = (fills(exchange, limit=3, us=us) for us in (False, True))
    assert [t["T"] * 1000 for t in in_ms] == [t["T"] for t in in_us]
    row = get(exchange, "klines", us=True, symbol="BTCUSDT", interval="1m", limit=1)[0]
    assert row[0] % (MINUTE * 1000) == 0
    assert row[6] == row[0] + MINUTE * 1000 - 1


def test_bounds_are_taken_in_either_unit(exchange: LocalExchange) -> None:
    first, last = FIRST + 10 * MINUTE, FIRST + 12 * MINUTE

    def opens(start: int, end: int) -> list[int]:
        query = {"symbol": "BTCUSDT", "interval": "1m", "startTime": start, "endTime": end}
        return [row[0] for row in get(exchange, "klines", **query)]

    whole = [first, first + MINUTE, last]
    assert opens(first, last) == opens(first * 1000, last * 1000) == whole
    assert opens(first * 1000 + 1, last * 1000 - 1) == whole[1:2]
