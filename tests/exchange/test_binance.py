"""The local exchange against Binance's documentation, by plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
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


@pytest.fixture
def exchange(clock: ManualClock) -> Iterator[LocalExchange]:
    candles = made_candles(ROWS).round(2)
    with LocalExchange({"BTCUSDT": candles, "ETHUSDT": candles}, at=AT, clock=clock) as running:
        yield running


def get(exchange: LocalExchange, path: str, **params: Any) -> requests.Response:
    return requests.get(exchange.base_url + path, params=params, timeout=5)


def klines(exchange: LocalExchange, **params: Any) -> list[list[Any]]:
    defaults = {"symbol": "BTCUSDT", "interval": "1m"}
    answer = get(exchange, "/api/v3/klines", **(defaults | params))
    assert answer.status_code == 200, answer.text
    return answer.json()


def opens(rows: list[list[Any]]) -> list[int]:
    return [row[0] for row in rows]


def test_a_row_has_twelve_fields_of_the_documented_types(exchange: LocalExchange) -> None:
    row = klines(exchange, startTime=FIRST, limit=1)[0]
    kinds = [int, str, str, str, str, str, int, str, int, str, str, str]
    assert [type(value) for value in row] == kinds
    assert row[6] == row[0] + MINUTE - 1
    assert all(len(value.split(".")[1]) == 8 for value in row[1:6])


def test_the_four_cases_of_start_and_end(exchange: LocalExchange) -> None:
    start, end = FIRST + 10 * MINUTE, FIRST + 20 * MINUTE
    now_row = FIRST + 1_500 * MINUTE
    assert opens(klines(exchange))[-1] == now_row
    assert len(klines(exchange)) == 500
    assert opens(klines(exchange, startTime=start, limit=2)) == [start, start + MINUTE]
    assert opens(klines(exchange, endTime=end, limit=2)) == [end - MINUTE, end]
    both = opens(klines(exchange, startTime=start, endTime=end))
    assert (both[0], both[-1], len(both)) == (start, end, 11)
    assert klines(exchange, startTime=end, endTime=start) == []
    assert klines(exchange, startTime=now_row + MINUTE) == []


def test_a_limit_over_a_thousand_is_a_thousand(exchange: LocalExchange) -> None:
    assert len(klines(exchange, startTime=FIRST, limit=5_000)) == 1_000


def test_hours_agree_with_their_minutes(exchange: LocalExchange) -> None:
    hour = FIRST + 3 * 60 * MINUTE
    minutes = klines(exchange, startTime=hour, limit=60)
    bar = klines(exchange, interval="1h", startTime=hour, limit=1)[0]
    assert bar[0] == hour
    assert bar[6] == hour + 60 * MINUTE - 1
    assert bar[1] == minutes[0][1]
    assert bar[4] == minutes[-1][4]
    assert float(bar[2]) == max(float(m[2]) for m in minutes)
    assert float(bar[3]) == min(float(m[3]) for m in minutes)
    assert float(bar[5]) == pytest.approx(sum(float(m[5]) for m in minutes), abs=1e-6)


def test_the_unfinished_row_moves_inside_the_final_one_and_becomes_it(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    seen = []
    for _ in range(5):
        seen.append(klines(exchange, limit=1)[0])
        server = get(exchange, "/api/v3/time").json()["serverTime"]
        assert seen[-1][6] > server
        clock.advance(5)
    clock.advance(5)
    final = klines(exchange, startTime=seen[0][0], limit=1)[0]
    source = made_candles(ROWS).round(2).iloc[1_500]
    expected = [source[name] for name in ("open", "high", "low", "close")]
    assert [float(v) for v in final[1:5]] == expected
    assert float(final[5]) == pytest.approx(source["volume"], abs=1e-8)
    assert len({row[4] for row in seen}) > 1
    volumes = [float(row[5]) for row in (*seen, final)]
    assert volumes == sorted(volumes)
    for row in seen:
        assert float(final[3]) <= float(row[3]) <= float(row[4]) <= float(row[2]) <= float(final[2])


def test_a_removed_minute_is_absent(clock: ManualClock) -> None:
    candles = made_candles(100)
    gone = candles.drop(candles.index[40:50])
    with LocalExchange({"BTCUSDT": gone}, at=START + timedelta(minutes=90), clock=clock) as running:
        rows = klines(running, startTime=FIRST + 39 * MINUTE, limit=2)
    assert opens(rows) == [FIRST + 39 * MINUTE, FIRST + 50 * MINUTE]


def test_prices_for_one_many_and_all(exchange: LocalExchange) -> None:
    path = "/api/v3/ticker/price"
    one = get(exchange, path, symbol="BTCUSDT").json()
    assert one["price"] == klines(exchange, limit=1)[0][4]
    many = get(exchange, path, symbols='["ETHUSDT","BTCUSDT"]').json()
    assert [row["symbol"] for row in many] == ["ETHUSDT", "BTCUSDT"]
    assert len(get(exchange, path).json()) == 2


def test_a_day_s_ticker_agrees_with_the_minutes(exchange: LocalExchange) -> None:
    answer = get(exchange, "/api/v3/ticker/24hr", symbol="BTCUSDT").json()
    first = FIRST + (1_501 - 1_440) * MINUTE
    minutes = klines(exchange, startTime=first, limit=1000) + klines(exchange, limit=440)
    assert answer["openPrice"] == minutes[0][1]
    assert answer["lastPrice"] == minutes[-1][4]
    assert float(answer["highPrice"]) == max(float(m[2]) for m in minutes)
    mini = get(exchange, "/api/v3/ticker/24hr", symbol="BTCUSDT", type="MINI").json()
    assert "priceChangePercent" not in mini
    assert mini["lastPrice"] == answer["lastPrice"]


def test_bids_are_below_asks(exchange: LocalExchange) -> None:
    book = get(exchange, "/api/v3/ticker/bookTicker", symbol="BTCUSDT").json()
    assert float(book["bidPrice"]) < float(book["askPrice"])


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("klines", "symbol=btcusdt&interval=1m", -1100),
        ("klines", "symbol=BTC/USDT&interval=1m", -1100),
        ("klines", "symbol=BTCUSDT&interval=1m&limit=-1", -1100),
        ("klines", "symbol=BTCUSDT&interval=1m&symbol=BTCUSDT", -1101),
        ("klines", "interval=1m", -1102),
        ("klines", "symbol=BTCUSDT&interval=1m&_=1", -1104),
        ("time", "x=1", -1104),
        ("klines", "symbol=&interval=1m", -1105),
        ("klines", "symbol=BTCUSDT&interval=1D", -1120),
        ("klines", "symbol=NOSUCH&interval=1m", -1121),
        ("klines", "symbol=BTCUSDT&interval=1m&limit=0", -1130),
        ("ticker/price", "symbol=NOSUCH", -1121),
        ("ticker/price", 'symbols=["BTCUSDT","NOSUCH"]', -1121),
        ("ticker/price", 'symbols=["BTCUSDT", "ETHUSDT"]', -1100),
        ("ticker/price", 'symbols=["BTCUSDT","BTCUSDT"]', -1151),
        ("ticker/price", 'symbol=BTCUSDT&symbols=["BTCUSDT"]', -1128),
        ("ticker/24hr", "symbol=BTCUSDT&type=HALF", -1139),
        ("exchangeInfo", "symbol=NOSUCH", -1121),
        ("exchangeInfo", "symbol=BTCUSDT&permissions=SPOT", -1128),
    ],
)
def test_a_wrong_parameter_is_refused_with_its_code(
    exchange: LocalExchange, path: str, query: str, code: int
) -> None:
    answer = requests.get(f"{exchange.base_url}/api/v3/{path}?{query}", timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["msg"]


@pytest.mark.parametrize("path", ["/api/v1/klines", "/api/v3/nothing", "/"])
def test_an_unknown_path_is_a_page(exchange: LocalExchange, path: str) -> None:
    answer = get(exchange, path)
    assert answer.status_code == 404
    assert "404 Not found" in answer.text


@pytest.mark.parametrize(
    ("path", "params", "weight"),
    [
        ("ping", {}, 1),
        ("time", {}, 1),
        ("exchangeInfo", {"symbol": "BTCUSDT"}, 20),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": 1000}, 2),
        ("ticker/price", {"symbol": "BTCUSDT"}, 2),
        ("ticker/price", {"symbols": '["BTCUSDT"]'}, 4),
        ("ticker/bookTicker", {}, 4),
        ("ticker/24hr", {"symbol": "BTCUSDT"}, 2),
        ("ticker/24hr", {"symbols": '["BTCUSDT","ETHUSDT"]'}, 2),
        ("ticker/24hr", {}, 80),
    ],
)
def test_both_headers_tell_the_weight(
    exchange: LocalExchange, path: str, params: dict[str, str], weight: int
) -> None:
    headers = get(exchange, f"/api/v3/{path}", **params).headers
    assert headers["X-MBX-USED-WEIGHT"] == headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


def test_over_the_limit_429_then_418_then_free_again(clock: ManualClock) -> None:
    candles = made_candles(10)
    with LocalExchange({"BTCUSDT": candles}, at=START, clock=clock, weight_limit=2) as running:

        def ask() -> requests.Response:
            return get(running, "/api/v3/ping")

        assert [ask().status_code for _ in range(2)] == [200, 200]
        over = ask()
        assert (over.status_code, over.json()["code"]) == (429, -1003)
        assert 1 <= int(over.headers["Retry-After"]) <= 60
        assert [ask().status_code for _ in range(5)] == [429] * 4 + [418]
        banned = ask()
        assert (banned.status_code, banned.headers["Retry-After"]) == (418, "120")
        clock.advance(119)
        assert ask().status_code == 418
        clock.advance(2)
        assert ask().status_code == 200
