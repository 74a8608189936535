"""The local Kraken against its documentation, by plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pandas as pd
import pytest
import requests

from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.exchange.conftest import AT, ROWS
from tests.exchange.market_clock import to_ms
from tests.made import START, made_candles

FIRST_S = to_ms(START) // 1000
SOURCE = made_candles(ROWS).round(2)
QUIET = SOURCE.drop(SOURCE.index[[1_400, 1_401, 1_501]])


@pytest.fixture
def exchange(clock: ManualClock) -> Iterator[LocalExchange]:
    candles = {"XBTUSD": QUIET, "SOLUSD": SOURCE, "XDGUSD": SOURCE}
    with LocalExchange(candles, venue="kraken", at=AT, clock=clock, burst=100) as running:
        yield running


def ask(exchange: LocalExchange, method: str, **params: Any) -> dict[str, Any]:
    address = f"{exchange.base_url}/0/public/{method}"
    answer = requests.get(address, params=params, timeout=5)
    assert answer.status_code == 200, answer.text
    return answer.json()


def result(exchange: LocalExchange, method: str, **params: Any) -> Any:
    body = ask(exchange, method, **params)
    assert body["error"] == []
    return body["result"]


def candles(exchange: LocalExchange, **params: Any) -> list[list[Any]]:
    return result(exchange, "OHLC", pair="XBTUSD", **params)["XXBTZUSD"]


def minutes(rows: list[list[Any]]) -> list[int]:
    return [(row[0] - FIRST_S) // 60 for row in rows]


def test_a_row_is_text_but_for_time_and_count(exchange: LocalExchange) -> None:
    row = candles(exchange)[-2]
    assert [type(value) for value in row] == [int, str, str, str, str, str, str, int]
    source = SOURCE.iloc[1_499]
    assert [float(v) for v in row[1:5]] == source[["open", "high", "low", "close"]].tolist()
    assert source["low"] <= float(row[5]) <= source["high"]
    assert float(row[6]) == pytest.approx(source["volume"], abs=1e-8)


def test_the_newest_720_oldest_first_without_the_minutes_nobody_traded(
    exchange: LocalExchange,
) -> None:
    expected = [m for m in range(1_501 - 722, 1_501) if m not in (1_400, 1_401)]
    assert minutes(candles(exchange)) == expected
    assert minutes(candles(exchange, since=FIRST_S)) == expected


def test_since_leaves_out_its_own_row_and_last_leads_on(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    first = result(exchange, "OHLC", pair="XBTUSD", since=FIRST_S + 60 * 1_490)
    assert minutes(first["XXBTZUSD"]) == list(range(1_491, 1_501))
    assert first["last"] == FIRST_S + 60 * 1_499
    clock.advance(150)
    second = result(exchange, "OHLC", pair="XBTUSD", since=first["last"])
    assert minutes(second["XXBTZUSD"]) == [1_500, 1_502, 1_503]


def test_the_present_row_is_always_there_and_gone_if_nobody_traded(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    assert minutes(candles(exchange, since=FIRST_S + 60 * 9_999)) == [1_500]
    clock.advance(60)  # minute 1,501, in which nobody trades
    before, present = candles(exchange)[-2:]
    assert minutes([before, present]) == [1_500, 1_501]
    assert present[1:] == [before[4]] * 4 + ["0.00", "0.00000000", 0]
    clock.advance(60)
    assert minutes(candles(exchange)[-3:]) == [1_499, 1_500, 1_502]


def test_the_present_row_becomes_the_recorded_one(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    unfinished = candles(exchange)[-1]
    clock.advance(30)
    final = next(row for row in candles(exchange) if row[0] == unfinished[0])
    assert float(final[4]) == SOURCE["close"].iloc[1_500]
    assert float(final[3]) <= float(unfinished[4]) <= float(final[2])
    assert float(unfinished[6]) < float(final[6])


@pytest.mark.parametrize("interval", [5, 60])
def test_longer_candles_agree_with_their_minutes(exchange: LocalExchange, interval: int) -> None:
    rows = result(exchange, "OHLC", pair="SOLUSD", interval=interval)["SOLUSD"][:-1]
    by_hand = SOURCE.resample(f"{interval}min").agg({"open": "first", "high": "max", "low": "min"})
    times = pd.to_datetime([row[0] for row in rows], unit="s", utc=True)
    expected = by_hand.loc[times].to_numpy().tolist()
    assert [[float(v) for v in row[1:4]] for row in rows] == expected


@pytest.mark.parametrize("name", ["XBTUSD", "XXBTZUSD", "XBT/USD"])
def test_each_name_is_answered_under_kraken_s_own(exchange: LocalExchange, name: str) -> None:
    assert list(result(exchange, "Ticker", pair=name)) == ["XXBTZUSD"]


def test_a_ticker_has_today_and_24_hours(exchange: LocalExchange) -> None:
    shown = result(exchange, "Ticker", pair="XBTUSD,XDGUSD")
    assert list(shown) == ["XXBTZUSD", "XDGUSD"]
    ticker = shown["XDGUSD"]
    today, day = SOURCE.iloc[1_440:1_500], SOURCE.iloc[61:1_500]
    assert float(ticker["o"]) == today["open"].iloc[0]
    assert float(ticker["h"][1]) >= day["high"].max()
    assert float(ticker["v"][0]) < float(ticker["v"][1])
    row = result(exchange, "OHLC", pair="XDGUSD")["XDGUSD"][-1]
    assert ticker["c"][0] == row[4]
    assert float(ticker["b"][0]) < float(ticker["a"][0])
    assert list(result(exchange, "Ticker")) == ["XXBTZUSD", "SOLUSD", "XDGUSD"]


def test_the_clock_and_the_system(exchange: LocalExchange) -> None:
    time = result(exchange, "Time")
    assert datetime.fromtimestamp(time["unixtime"], UTC) == AT
    assert parsedate_to_datetime(time["rfc1123"]) == AT
    assert result(exchange, "SystemStatus")["status"] == "online"


def test_what_is_listed(exchange: LocalExchange) -> None:
    exchange.floor.statuses["SOLUSD"] = "HALT"
    listed = result(exchange, "AssetPairs")
    assert [(key, p["altname"], p["wsname"], p["status"]) for key, p in listed.items()] == [
        ("XXBTZUSD", "XBTUSD", "XBT/USD", "online"),
        ("SOLUSD", "SOLUSD", "SOL/USD", "cancel_only"),
        ("XDGUSD", "XDGUSD", "XDG/USD", "online"),
    ]
    assert result(exchange, "AssetPairs", pair="XBTUSD") == {"XXBTZUSD": listed["XXBTZUSD"]}
    assets = result(exchange, "Assets")
    assert {key: asset["altname"] for key, asset in assets.items()} == {
        "XXBT": "XBT",
        "SOL": "SOL",
        "XXDG": "XDG",
        "ZUSD": "USD",
    }


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("OHLC", {"pair": "NOSUCH"}, "EQuery:Unknown asset pair"),
        ("Ticker", {"pair": "XBTUSD,NOSUCH"}, "EQuery:Unknown asset pair"),
        ("AssetPairs", {"pair": "NOSUCH"}, "EQuery:Unknown asset pair"),
        ("OHLC", {}, "EGeneral:Invalid arguments"),
        ("OHLC", {"pair": "XBTUSD", "interval": 2}, "EGeneral:Invalid arguments"),
        ("OHLC", {"pair": "XBTUSD", "since": "now"}, "EGeneral:Invalid arguments"),
    ],
)
def test_errors_come_with_status_200_and_no_result(
    exchange: LocalExchange, method: str, params: dict[str, Any], error: str
) -> None:
    assert ask(exchange, method, **params) == {"error": [error]}


@pytest.mark.parametrize("path", ["/0/public/Nothing", "/0/private/Balance", "/api/v3/ping"])
def test_what_there_is_not(exchange: LocalExchange, path: str) -> None:
    assert requests.get(exchange.base_url + path, timeout=5).status_code == 404
