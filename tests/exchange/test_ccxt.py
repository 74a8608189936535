"""A client written by others reads the local exchange, number for number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import ccxt
import pandas as pd
import pytest

from tests.exchange import LocalExchange
from tests.exchange.market_clock import to_ms
from tests.exchange.series import read_candles
from tests.made import made_candles, shared_data

MINUTE = 60_000
COLUMNS = ["open", "high", "low", "close", "volume"]


def client_of(exchange: LocalExchange) -> ccxt.binance:
    client = ccxt.binance({"options": {"fetchMarkets": {"types": ["spot"]}}})
    client.options["fetchCurrencies"] = False
    client.has["fetchCurrencies"] = False
    for name in ("public", "private", "v1"):
        client.urls["api"][name] = exchange.base_url + "/api/v3"
    return client


@pytest.fixture(params=["made", "recorded"])
def source(request: pytest.FixtureRequest) -> pd.DataFrame:
    if request.param == "made":
        return made_candles(4_000).round(dict.fromkeys(COLUMNS[:4], 2) | {"volume": 5})
    return read_candles(shared_data("BTCUSDT-1m-20260301-20260430.csv.gz")).iloc[:4_000]


@pytest.fixture
def exchange(source: pd.DataFrame) -> Iterator[LocalExchange]:
    """Serve the source as if its minute 3,500 were the present one."""
    at = source.index[3_500].to_pydatetime()
    with LocalExchange({"BTCUSDT": source}, at=at, as_now=True) as running:
        yield running


def test_ccxt_reads_the_clock_and_the_market(exchange: LocalExchange) -> None:
    client = client_of(exchange)
    before = to_ms(datetime.now(UTC))
    assert before <= client.fetch_time() <= to_ms(datetime.now(UTC))
    market = client.load_markets()["BTC/USDT"]
    assert (market["id"], market["spot"], market["active"]) == ("BTCUSDT", True, True)
    assert market["precision"]["price"] == pytest.approx(0.01)


def test_ccxt_pages_through_candles_that_equal_the_source(
    exchange: LocalExchange, source: pd.DataFrame
) -> None:
    client = client_of(exchange)
    opens = exchange.series["BTCUSDT"].opens
    since = int(opens[500])
    rows = client.fetch_ohlcv("BTC/USDT", "1m", since, None, {"paginate": True})
    closed = [row for row in rows if row[0] < int(opens[3_500])]
    assert [row[0] for row in closed] == opens[500:3_500].tolist()
    assert [row[1:] for row in closed] == source[COLUMNS].iloc[500:3_500].to_numpy().tolist()
    assert len(exchange.calls("/api/v3/klines")) >= 3


def test_ccxt_reads_the_ticker(exchange: LocalExchange, source: pd.DataFrame) -> None:
    ticker = client_of(exchange).fetch_ticker("BTC/USDT")
    row = source.iloc[3_500:3_502]
    assert row["low"].min() <= ticker["last"] <= row["high"].max()
    assert ticker["bid"] < ticker["ask"]
    assert ticker["open"] in source["open"].iloc[3_500 - 1_440 : 3_503 - 1_440].tolist()


def test_ccxt_understands_a_refusal(exchange: LocalExchange) -> None:
    client = client_of(exchange)
    exchange.fail("418", "/api/v3/time", retry_after="120")
    with pytest.raises(ccxt.DDoSProtection):
        client.fetch_time()
    exchange.fail("451", "/api/v3/time")
    with pytest.raises(ccxt.ExchangeNotAvailable):
        client.fetch_time()
