"""The local Coinbase Exchange against its documentation, by plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.exchange.conftest import AT, ROWS
from tests.exchange.market_clock import to_ms
from tests.made import START, made_candles

CANDLES = "/products/BTC-USD/candles"
FIRST_S = to_ms(START) // 1000
SOURCE = made_candles(ROWS).round(2)


@pytest.fixture
def exchange(clock: ManualClock) -> Iterator[LocalExchange]:
    quiet = SOURCE.drop(SOURCE.index[40:50])
    candles = {"BTC-USD": quiet, "ETH-USD": SOURCE}
    with LocalExchange(candles, venue="coinbase", at=AT, clock=clock, burst=100) as running:
        yield running


def get(exchange: LocalExchange, path: str, **params: Any) -> requests.Response:
    return requests.get(exchange.base_url + path, params=params, timeout=5)


def candles(exchange: LocalExchange, first: int, last: int, **params: Any) -> list[list[Any]]:
    """Return the rows of minutes `first` to `last`."""
    bounds = {"start": FIRST_S + 60 * first, "end": FIRST_S + 60 * last}
    answer = get(exchange, CANDLES, **({"granularity": 60} | bounds | params))
    assert answer.status_code == 200, answer.text
    return answer.json()


def minutes(rows: list[list[Any]]) -> list[int]:
    return [(row[0] - FIRST_S) // 60 for row in rows]


def test_a_row_is_time_low_high_open_close_volume_in_numbers(exchange: LocalExchange) -> None:
    (row,) = candles(exchange, 100, 100)
    source = SOURCE.iloc[100]
    assert type(row[0]) is int
    assert row[:5] == [FIRST_S + 6_000, *source[["low", "high", "open", "close"]]]
    assert row[5] == pytest.approx(source["volume"], abs=1e-8)


def test_newest_first_both_bounds_included(exchange: LocalExchange) -> None:
    assert minutes(candles(exchange, 10, 13)) == [13, 12, 11, 10]
    assert candles(exchange, 13, 10) == []


def test_bounds_in_iso_8601(exchange: LocalExchange) -> None:
    texts = {"start": "2026-03-01T00:10:00Z", "end": "2026-03-01T00:12:00.000+00:00"}
    assert minutes(candles(exchange, 0, 0, **texts)) == [12, 11, 10]
    assert get(exchange, CANDLES, start="yesterday", end="now").status_code == 400


def test_the_row_that_contains_the_start_is_sent(exchange: LocalExchange) -> None:
    assert minutes(candles(exchange, 0, 12, start=FIRST_S + 630)) == [12, 11, 10]


def test_minutes_without_trades_are_absent(exchange: LocalExchange) -> None:
    assert minutes(candles(exchange, 38, 51)) == [51, 50, 39, 38]


def test_300_intervals_at_most(exchange: LocalExchange) -> None:
    assert minutes(candles(exchange, 100, 399)) == list(range(399, 99, -1))
    assert minutes(candles(exchange, 100, 400)) == list(range(400, 100, -1))
    bounds = {"start": FIRST_S + 6_000, "end": FIRST_S + 24_060}
    answer = get(exchange, CANDLES, granularity=60, **bounds)
    assert answer.status_code == 400
    assert answer.json()["message"].endswith("Count of aggregations requested exceeds 300")


@pytest.mark.parametrize("bound", [{}, {"start": FIRST_S}, {"end": FIRST_S + 600}])
def test_one_bound_alone_is_ignored(exchange: LocalExchange, bound: dict[str, int]) -> None:
    rows = get(exchange, CANDLES, granularity=60, **bound).json()
    assert minutes(rows) == list(range(1_500, 1_200, -1))


def test_the_newest_row_is_unfinished_and_becomes_final(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    unfinished = candles(exchange, 1_500, 1_500)[0]
    clock.advance(30)
    final = candles(exchange, 1_500, 1_500)[0]
    source = SOURCE.iloc[1_500]
    assert final[1:5] == source[["low", "high", "open", "close"]].tolist()
    assert final[1] <= unfinished[1] <= unfinished[4] <= unfinished[2] <= final[2]
    assert unfinished[5] < final[5]


@pytest.mark.parametrize(("granularity", "bars"), [(300, 12), (900, 4), (3_600, 1)])
def test_longer_candles_agree_with_their_minutes(
    exchange: LocalExchange, granularity: int, bars: int
) -> None:
    rows = candles(exchange, 60, 119, granularity=granularity)
    whole = SOURCE.iloc[60:120]
    assert len(rows) == bars
    assert rows[-1][3] == whole["open"].iloc[0]
    assert rows[0][4] == whole["close"].iloc[-1]
    assert min(row[1] for row in rows) == whole["low"].min()
    assert max(row[2] for row in rows) == whole["high"].max()
    assert sum(row[5] for row in rows) == pytest.approx(whole["volume"].sum(), abs=1e-6)


@pytest.mark.parametrize("granularity", ["1800", "14400", "1m", "0", "-60"])
def test_other_granularities_are_refused(exchange: LocalExchange, granularity: str) -> None:
    answer = get(exchange, CANDLES, granularity=granularity)
    assert (answer.status_code, answer.json()) == (400, {"message": "Unsupported granularity"})


def test_the_ticker_tells_the_last_trade(exchange: LocalExchange, clock: ManualClock) -> None:
    ticker = get(exchange, "/products/BTC-USD/ticker").json()
    assert float(ticker["price"]) == candles(exchange, 1_500, 1_500)[0][4]
    assert float(ticker["bid"]) < float(ticker["ask"])
    assert datetime.fromisoformat(ticker["time"]) == AT
    clock.advance(86_400)  # after the last recorded minute nothing trades
    late = get(exchange, "/products/BTC-USD/ticker").json()
    end = START + timedelta(minutes=ROWS)
    assert datetime.fromisoformat(late["time"]) == end - timedelta(milliseconds=1)
    assert float(late["price"]) == SOURCE["close"].iloc[-1]


def test_stats_cover_24_hours(exchange: LocalExchange) -> None:
    stats = get(exchange, "/products/ETH-USD/stats").json()
    day = SOURCE.iloc[61:1_500]
    assert float(stats["open"]) == day["open"].iloc[0]
    assert float(stats["high"]) >= day["high"].max()
    assert float(stats["low"]) <= day["low"].min()
    assert float(stats["volume"]) == pytest.approx(
        day["volume"].sum() + SOURCE["volume"].iloc[1_500] / 2, abs=1e-6
    )


def test_the_clock_in_two_spellings(exchange: LocalExchange) -> None:
    time = get(exchange, "/time").json()
    assert datetime.fromisoformat(time["iso"]) == AT
    assert datetime.fromtimestamp(time["epoch"], UTC) == AT


def test_what_is_listed(exchange: LocalExchange) -> None:
    exchange.floor.statuses["ETH-USD"] = "BREAK"
    listed = get(exchange, "/products").json()
    assert [(p["id"], p["status"]) for p in listed] == [
        ("BTC-USD", "online"),
        ("ETH-USD", "delisted"),
    ]
    assert get(exchange, "/products/BTC-USD").json() == listed[0]
    assert listed[0]["quote_increment"] == "0.01"


@pytest.mark.parametrize(
    "path", ["/products/NO-USD", "/products/NO-USD/candles", "/products/BTC-USD/x", "/api/v3/ping"]
)
def test_what_there_is_not(exchange: LocalExchange, path: str) -> None:
    answer = get(exchange, path)
    assert (answer.status_code, answer.json()) == (404, {"message": "NotFound"})


def test_a_caller_must_say_who_it_is(exchange: LocalExchange) -> None:
    answer = requests.get(exchange.base_url + "/time", headers={"User-Agent": ""}, timeout=5)
    assert answer.status_code == 400
    assert "User-Agent" in answer.json()["message"]
