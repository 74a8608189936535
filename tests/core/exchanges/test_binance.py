"""The Binance provider against the local exchange."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS
from core.errors import BadAnswer, ExchangeUnavailable, RateLimited, UnknownSymbol
from core.exchanges.base import Provider
from core.exchanges.binance import WEIGHT_LIMIT, BinanceProvider
from core.exchanges.binance_answers import symbol_of
from core.exchanges.transport import Transport
from tests.clocks import ManualClock
from tests.core.exchanges.conftest import NOW_ROW, ROWS
from tests.exchange import LocalExchange
from tests.exchange.series import read_candles
from tests.made import START, made_candles, shared_data

KLINES = "/api/v3/klines"


def whole(pages: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(list(pages))


def minute(count: float) -> datetime:
    return START + timedelta(minutes=count)


def as_sent(candles: pd.DataFrame) -> pd.DataFrame:
    """Return candles with the eight decimals that travel."""
    return candles.round(8)


def provider_on(exchange: LocalExchange, clock: ManualClock) -> BinanceProvider:
    return BinanceProvider([exchange.base_url], clock, Transport(clock, (1.0, 0.3)))


def test_it_is_a_provider(provider: BinanceProvider) -> None:
    market: Provider = provider
    assert (market.name, market.market) == ("binance", "live")


@pytest.mark.parametrize(("ticker", "symbol"), [("BTC-USD", "BTCUSDT"), ("DOGE-USD", "DOGEUSDT")])
def test_tickers_are_traded_against_usdt(ticker: str, symbol: str) -> None:
    assert symbol_of(ticker) == symbol


def test_pages_join_to_every_closed_candle(
    provider: BinanceProvider, exchange: LocalExchange
) -> None:
    pages = list(provider.candles("BTC-USD", START))
    assert [len(page) for page in pages] == [1_000, 1_000, 1_000, 100]
    pd.testing.assert_frame_equal(
        whole(pages), as_sent(made_candles(ROWS).iloc[:NOW_ROW]), check_freq=False
    )
    starts = [dict(call.params)["startTime"] for call in exchange.calls(KLINES)]
    assert len(set(starts)) == 4


def test_a_page_has_the_schema_of_candles(provider: BinanceProvider) -> None:
    page = next(provider.candles("BTC-USD", START))
    assert tuple(page.columns) == CANDLE_COLUMNS
    assert str(page.index.dtype) == "datetime64[us, UTC]"
    assert page.index.name == "open_time"
    assert {str(kind) for kind in page.dtypes} == {"float64"}


@pytest.mark.parametrize(
    ("start", "end", "first", "count"),
    [
        (10, 20, 10, 10),
        (10, 10, None, 0),
        (20, 10, None, 0),
        (9.5, 12.5, 10, 3),
        (NOW_ROW - 2, NOW_ROW + 10, NOW_ROW - 2, 2),
        (NOW_ROW, None, None, 0),
        (NOW_ROW + 5, None, None, 0),
    ],
)
def test_start_is_included_and_end_is_not(
    provider: BinanceProvider, start: float, end: float | None, first: int | None, count: int
) -> None:
    last = None if end is None else minute(end)
    pages = list(provider.candles("BTC-USD", minute(start), last))
    opens = [stamp for page in pages for stamp in page.index]
    assert opens == [minute((first or 0) + i) for i in range(count)]
    assert all(len(page) for page in pages)


def test_nothing_is_asked_where_nothing_can_have_closed(
    provider: BinanceProvider, exchange: LocalExchange
) -> None:
    assert list(provider.candles("BTC-USD", minute(NOW_ROW))) == []
    assert exchange.calls(KLINES) == []


def test_paging_goes_on_over_removed_minutes(clock: ManualClock) -> None:
    candles = made_candles(ROWS)
    outage = candles.drop(candles.index[900:2_450])
    sparse = outage.drop(outage.index[100:1_000:3])
    at = minute(NOW_ROW)
    with LocalExchange({"BTCUSDT": sparse}, at=at, clock=clock) as running:
        got = whole(provider_on(running, clock).candles("BTC-USD", START))
    pd.testing.assert_frame_equal(got, as_sent(sparse[sparse.index < at]), check_freq=False)


def test_an_outage_that_lasts_ends_the_pages(clock: ManualClock) -> None:
    candles = made_candles(50)
    with LocalExchange({"BTCUSDT": candles}, at=minute(200), clock=clock) as running:
        got = whole(provider_on(running, clock).candles("BTC-USD", START))
        assert len(got) == 50
        assert len(running.calls(KLINES)) == 2


def test_a_candle_appears_when_it_has_closed_and_is_then_final(
    provider: BinanceProvider, clock: ManualClock
) -> None:
    start = minute(NOW_ROW - 1)
    assert len(whole(provider.candles("BTC-USD", start))) == 1
    clock.advance(29.99)
    assert len(whole(provider.candles("BTC-USD", start))) == 1
    clock.advance(0.01)
    got = whole(provider.candles("BTC-USD", start))
    expected = as_sent(made_candles(ROWS).iloc[NOW_ROW - 1 : NOW_ROW + 1])
    pd.testing.assert_frame_equal(got, expected, check_freq=False)


@pytest.mark.parametrize("skew_s", [-90.0, -59.0, 59.0, 90.0, 86_400.0 * 365])
def test_the_exchange_s_clock_decides_what_is_closed(clock: ManualClock, skew_s: float) -> None:
    """Ours is wrong by `skew_s`; a candle our clock calls closed is not yielded for that."""
    at = minute(100) + timedelta(seconds=58)
    clock = ManualClock(at + timedelta(seconds=skew_s))
    with LocalExchange({"BTCUSDT": made_candles(200)}, at=at, clock=clock) as running:
        provider = provider_on(running, clock)
        assert len(whole(provider.candles("BTC-USD", START))) == 100
        assert provider.usage().clock_offset_ms == pytest.approx(-skew_s * 1000, abs=1)
        assert abs(provider.now() - at) <= timedelta(milliseconds=1)
        clock.advance(2)
        assert len(whole(provider.candles("BTC-USD", START))) == 101


def test_without_the_exchange_s_clock_no_candle_is_called_closed(
    provider: BinanceProvider, exchange: LocalExchange
) -> None:
    exchange.fail("5xx", "/api/v3/time", count=None)
    with pytest.raises(ExchangeUnavailable):
        list(provider.candles("BTC-USD", START))
    assert exchange.calls(KLINES) == []


def test_the_clock_is_read_again_after_a_quarter_of_an_hour(
    provider: BinanceProvider, exchange: LocalExchange, clock: ManualClock
) -> None:
    for _ in range(4):
        list(provider.candles("BTC-USD", minute(NOW_ROW - 1)))
        clock.advance(400)
    assert len(exchange.calls("/api/v3/time")) == 2


def test_hours_are_asked_for_as_hours(provider: BinanceProvider) -> None:
    got = whole(provider.candles("BTC-USD", START, interval="1h"))
    assert len(got) == NOW_ROW // 60
    minutes = made_candles(ROWS).iloc[:60]
    first = got.iloc[0]
    assert first["open"] == pytest.approx(minutes["open"].iloc[0], abs=1e-8)
    assert first["close"] == pytest.approx(minutes["close"].iloc[-1], abs=1e-8)
    assert first["high"] == pytest.approx(minutes["high"].max(), abs=1e-8)
    assert first["low"] == pytest.approx(minutes["low"].min(), abs=1e-8)
    assert first["volume"] == pytest.approx(minutes["volume"].sum(), abs=1e-6)


def test_pages_before_a_failure_stay_valid(
    provider: BinanceProvider, exchange: LocalExchange
) -> None:
    pages = provider.candles("BTC-USD", START)
    first = next(pages)
    exchange.fail("429", KLINES, retry_after="10")
    with pytest.raises(RateLimited):
        next(pages)
    pd.testing.assert_frame_equal(first, as_sent(made_candles(ROWS).iloc[:1_000]), check_freq=False)


def test_one_bad_row_refuses_its_page(provider: BinanceProvider, exchange: LocalExchange) -> None:
    series = exchange.series["BTCUSDT"]
    rows = series.klines(60_000, int(series.opens[0]), None, 3, exchange.clock.now_ms())
    rows[1][2] = "0.00000001"
    exchange.fail("body", KLINES, count=None, body=json.dumps(rows))
    with pytest.raises(BadAnswer, match="high is below"):
        list(provider.candles("BTC-USD", START))


@pytest.mark.parametrize("kind", ["shape", "html", "empty", "garbage"])
def test_a_wrong_shape_is_never_no_data(
    provider: BinanceProvider, exchange: LocalExchange, kind: str
) -> None:
    for path in (KLINES, "/api/v3/ticker/price", "/api/v3/exchangeInfo"):
        exchange.fail(kind, path, count=None)
    with pytest.raises(BadAnswer):
        list(provider.candles("BTC-USD", START))
    with pytest.raises(BadAnswer):
        provider.quotes(["BTC-USD"])
    with pytest.raises(BadAnswer):
        provider.lists("BTC-USD")


@pytest.mark.parametrize(
    "body", ['{"serverTime":"1"}', '{"serverTime":1}', "[]", '{"serverTime":true}']
)
def test_a_wrong_shape_of_time_is_refused(
    provider: BinanceProvider, exchange: LocalExchange, body: str
) -> None:
    exchange.fail("body", "/api/v3/time", count=None, body=body)
    with pytest.raises(BadAnswer):
        provider.sync_clock()


def test_quotes_come_with_one_call_and_the_exchange_s_time(
    provider: BinanceProvider, exchange: LocalExchange
) -> None:
    quotes = provider.quotes(["ETH-USD", "BTC-USD"])
    assert list(quotes) == ["ETH-USD", "BTC-USD"]
    row = made_candles(ROWS).iloc[NOW_ROW]
    quote = quotes["BTC-USD"]
    assert row["low"] <= quote.price <= row["high"]
    assert (quote.ticker, quote.provider, quote.market) == ("BTC-USD", "binance", "live")
    assert abs(quote.time - exchange.clock.now()) <= timedelta(milliseconds=1)
    calls = exchange.calls("/api/v3/ticker/price")
    assert [dict(call.params) for call in calls] == [{"symbols": '["ETHUSDT","BTCUSDT"]'}]


def test_one_quote_is_asked_for_the_cheap_way(
    provider: BinanceProvider, exchange: LocalExchange
) -> None:
    provider.quotes(["BTC-USD"])
    assert dict(exchange.calls("/api/v3/ticker/price")[0].params) == {"symbol": "BTCUSDT"}
    assert provider.quotes([]) == {}
    assert len(exchange.calls("/api/v3/ticker/price")) == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"symbol":"ETHUSDT","price":"1"}',
        '{"symbol":"BTCUSDT"}',
        '{"symbol":"BTCUSDT","price":1}',
        '{"symbol":"BTCUSDT","price":"0"}',
        '{"symbol":"BTCUSDT","price":"-1"}',
        '{"symbol":"BTCUSDT","price":"nan"}',
        '{"symbol":"BTCUSDT","price":"inf"}',
        '{"symbol":"BTCUSDT","price":null}',
        '{"symbol":["BTCUSDT"],"price":"1"}',
        '["BTCUSDT"]',
        "[]",
        "null",
    ],
)
def test_a_price_that_is_none_is_refused(
    provider: BinanceProvider, exchange: LocalExchange, body: str
) -> None:
    exchange.fail("body", "/api/v3/ticker/price", count=None, body=body)
    with pytest.raises(BadAnswer):
        provider.quotes(["BTC-USD"])


def test_an_unlisted_ticker_among_the_quotes_is_named_as_such(provider: BinanceProvider) -> None:
    with pytest.raises(UnknownSymbol):
        provider.quotes(["BTC-USD", "NOSUCH-USD"])


def test_listing_is_remembered_for_an_hour(
    provider: BinanceProvider, exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.floor.statuses["ETHUSDT"] = "BREAK"
    tickers = ["BTC-USD", "ETH-USD", "NOSUCH-USD"]
    for _ in range(2):
        assert [provider.lists(ticker) for ticker in tickers] == [True, False, False]
        clock.advance(1_790)
    assert len(exchange.calls("/api/v3/exchangeInfo")) == 3
    exchange.floor.statuses["ETHUSDT"] = "TRADING"
    clock.advance(30)
    assert provider.lists("ETH-USD")


def test_usage_is_what_the_exchange_told_and_its_limit_as_documented_before(
    provider: BinanceProvider, exchange: LocalExchange
) -> None:
    assert provider.usage().weight_used is None
    assert provider.usage().weight_limit == WEIGHT_LIMIT
    assert provider.usage().clock_offset_ms is None
    provider.sync_clock()
    assert (provider.usage().weight_used, provider.usage().weight_limit) == (1, 6_000)
    exchange.floor.weight_limit = 1_200
    provider.lists("BTC-USD")
    assert (provider.usage().weight_used, provider.usage().weight_limit) == (21, 1_200)


def test_recorded_candles_arrive_number_for_number(clock: ManualClock) -> None:
    path = shared_data("BTCUSDT-1m-20210326-20210430.csv.gz")
    source = read_candles(path)[list(CANDLE_COLUMNS)]
    end = source.index[-1].to_pydatetime() + timedelta(minutes=1)
    with LocalExchange({"BTCUSDT": path}, at=end, clock=clock) as running:
        start = end - timedelta(days=12)
        got = whole(provider_on(running, clock).candles("BTC-USD", start))
    expected = source[source.index >= start]
    assert len(expected) < 12 * 1_440
    pd.testing.assert_frame_equal(got, expected, check_index_type=False, check_names=False)
