"""python-binance reads the local exchange, number for number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from binance.client import Client
from binance.exceptions import BinanceAPIException

from tests.exchange import LocalExchange
from tests.exchange.market_clock import to_ms
from tests.exchange.series import read_candles
from tests.made import made_candles, shared_data

MINUTE = 60_000
COLUMNS = ["open", "high", "low", "close", "volume"]
PRESENT = 2_600


@pytest.fixture(params=["made", "recorded"])
def source(request: pytest.FixtureRequest) -> pd.DataFrame:
    if request.param == "made":
        return made_candles(3_000).round(dict.fromkeys(COLUMNS[:4], 2) | {"volume": 5})
    return read_candles(shared_data("BTCUSDT-1m-20260301-20260430.csv.gz")).iloc[:3_000]


@pytest.fixture
def exchange(source: pd.DataFrame) -> Iterator[LocalExchange]:
    """Serve the source as if its minute 2,600 were the present one."""
    at = source.index[PRESENT].to_pydatetime()
    candles = {"BTCUSDT": source, "ETHUSDT": source}
    with LocalExchange(candles, at=at, as_now=True) as running:
        yield running


@pytest.fixture
def client(exchange: LocalExchange) -> Iterator[Client]:
    client = Client(ping=False)
    client.API_URL = exchange.base_url + "/api"
    yield client
    client.close_connection()


def numbers(rows: list[list[Any]]) -> list[list[float]]:
    return [[float(value) for value in row[1:6]] for row in rows]


def test_it_reads_the_clock_and_what_is_listed(client: Client) -> None:
    assert client.ping() == {}
    before = to_ms(datetime.now(UTC))
    assert before <= client.get_server_time()["serverTime"] <= to_ms(datetime.now(UTC))
    info = client.get_exchange_info()
    assert [row["symbol"] for row in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
    assert client.get_symbol_info("ETHUSDT")["status"] == "TRADING"


def test_it_pages_through_candles_that_equal_the_source(
    client: Client, exchange: LocalExchange, source: pd.DataFrame
) -> None:
    opens = exchange.series["BTCUSDT"].opens
    rows = client.get_historical_klines("BTCUSDT", "1m", int(opens[100]))
    closed = [row for row in rows if row[0] < int(opens[PRESENT])]
    assert [row[0] for row in closed] == opens[100:PRESENT].tolist()
    assert numbers(closed) == source[COLUMNS].iloc[100:PRESENT].to_numpy().tolist()
    assert len(exchange.calls("/api/v3/klines")) >= 4  # the listing's first row, then three pages


def test_it_reads_prices_of_one_and_of_all(client: Client, source: pd.DataFrame) -> None:
    row = source.iloc[PRESENT : PRESENT + 2]
    last = float(client.get_symbol_ticker(symbol="BTCUSDT")["price"])
    assert row["low"].min() <= last <= row["high"].max()
    assert [t["symbol"] for t in client.get_all_tickers()] == ["BTCUSDT", "ETHUSDT"]
    day = client.get_ticker(symbol="BTCUSDT")
    assert float(day["lowPrice"]) <= last <= float(day["highPrice"])
    mean = float(client.get_avg_price(symbol="BTCUSDT")["price"])
    near = source.iloc[PRESENT - 5 : PRESENT + 2]
    assert near["low"].min() <= mean <= near["high"].max()


def test_it_reads_the_order_book(client: Client) -> None:
    book = client.get_order_book(symbol="BTCUSDT", limit=5)
    best = client.get_orderbook_ticker(symbol="BTCUSDT")
    bids, asks = ([float(price) for price, _ in book[side]] for side in ("bids", "asks"))
    assert (bids, asks) == (sorted(bids, reverse=True), sorted(asks))
    assert len(bids) == len(asks) == 5
    assert bids[0] < asks[0]
    assert float(best["bidPrice"]) < float(best["askPrice"])


def test_its_trades_make_the_candle(client: Client, exchange: LocalExchange) -> None:
    opened = int(exchange.series["BTCUSDT"].opens[PRESENT - 3])
    trades = client.get_aggregate_trades(
        symbol="BTCUSDT", startTime=opened, endTime=opened + MINUTE - 1
    )
    row = client.get_klines(symbol="BTCUSDT", interval="1m", startTime=opened, limit=1)[0]
    prices = [float(trade["p"]) for trade in trades]
    candle = [prices[0], max(prices), min(prices), prices[-1]]
    assert candle == [float(value) for value in row[1:5]]
    assert sum(float(t["q"]) for t in trades) == pytest.approx(float(row[5]), abs=1e-7)
    assert trades[-1]["l"] - trades[0]["f"] + 1 == row[8]


def test_it_walks_the_trades_without_a_hole(client: Client, exchange: LocalExchange) -> None:
    opened = int(exchange.series["BTCUSDT"].opens[PRESENT - 400])
    walked = list(client.aggregate_trade_iter(symbol="BTCUSDT", start_str=opened))
    ids = [trade["a"] for trade in walked]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert walked[0]["T"] == opened
    newest = client.get_recent_trades(symbol="BTCUSDT", limit=1)[0]
    assert newest["id"] >= walked[-1]["l"]


def test_it_understands_a_refusal(client: Client, exchange: LocalExchange) -> None:
    with pytest.raises(BinanceAPIException) as caught:
        client.get_symbol_ticker(symbol="NOSUCH")
    assert (caught.value.status_code, caught.value.code) == (400, -1121)
    exchange.fail("code", "/api/v3/time", code=-1007, status=504)
    with pytest.raises(BinanceAPIException) as caught:
        client.get_server_time()
    assert (caught.value.status_code, caught.value.code) == (504, -1007)
