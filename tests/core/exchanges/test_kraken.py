"""What is Kraken's own: its names, its envelope, its errors and its 720 rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS, DEFAULT_TICKERS
from core.errors import (
    BadAnswer,
    BadRequest,
    ExchangeError,
    ExchangeUnavailable,
    RateLimited,
    UnknownSymbol,
)
from core.exchanges.kraken import KrakenProvider
from core.exchanges.kraken_answers import (
    KEPT_ROWS,
    candle_rows,
    last_prices,
    limit_words,
    names_of,
    pair_of,
    result_of,
    server_time,
    trading,
)
from core.exchanges.statuses import Reply
from core.exchanges.transport import Transport
from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.exchange.series import read_candles
from tests.made import START, made_candles, shared_data

MINUTE_MS = 60_000
FIRST_S = 1_688_671_200
OHLC, TICKER, TIME = "/0/public/OHLC", "/0/public/Ticker", "/0/public/Time"
ROWS, NOW_ROW = 2_000, 1_500
START_OF_FILE = datetime(2023, 3, 1, tzinfo=UTC)
CANDLES = made_candles(ROWS).round(8)
PRICES = {
    "XXBTZUSD": {"a": ["30300.1", "1", "1.0"], "b": ["30300.0", "1", "1.0"], "c": ["30303.2", "6"]},
    "XETHZUSD": {"c": ["1870.2", "0.1"]},
    "XDGUSD": {"c": ["0.0665", "100"]},
    "SOLUSD": {"c": ["19.9", "5"]},
}


def reply(result: Any = None, error: Any = (), status: int = 200) -> Reply:
    body = {"error": list(error)} if result is None else {"error": list(error), "result": result}
    return raw(json.dumps(body), status)


def raw(text: str, status: int = 200) -> Reply:
    return Reply("api.kraken.com", status, {}, text.encode(), 0.0, 0.1)


def row(minutes: int = 0, **changes: Any) -> list[Any]:
    fields: dict[str, Any] = {
        "time": FIRST_S + 60 * minutes,
        "open": "30306.1",
        "high": "30306.2",
        "low": "30305.7",
        "close": "30305.8",
        "vwap": "30306.1",
        "volume": "3.39243896",
        "count": 23,
    }
    return list((fields | changes).values())


def rows_of(*rows: Any, key: str = "XXBTZUSD") -> Any:
    answer = reply({key: list(rows), "last": FIRST_S})
    return candle_rows(answer, "BTC-USD", MINUTE_MS, (FIRST_S + 3_600 * 24) * 1_000)


@pytest.fixture
def exchange(clock: ManualClock) -> Iterator[LocalExchange]:
    at = START + timedelta(minutes=NOW_ROW, seconds=30)
    series = {"XBTUSD": CANDLES, "ETHUSD": CANDLES, "SOLUSD": CANDLES, "XDGUSD": CANDLES}
    with LocalExchange(series, venue="kraken", at=at, clock=clock) as running:
        yield running


@pytest.fixture
def provider(exchange: LocalExchange, clock: ManualClock) -> KrakenProvider:
    return KrakenProvider(exchange.base_url, clock, Transport(clock, (1.0, 0.3)))


@pytest.mark.parametrize(
    ("ticker", "asked", "answered"),
    [
        ("BTC-USD", "XBTUSD", "XXBTZUSD"),
        ("ETH-USD", "ETHUSD", "XETHZUSD"),
        ("SOL-USD", "SOLUSD", "SOLUSD"),
        ("BNB-USD", "BNBUSD", "BNBUSD"),
        ("XRP-USD", "XRPUSD", "XXRPZUSD"),
        ("ADA-USD", "ADAUSD", "ADAUSD"),
        ("DOGE-USD", "XDGUSD", "XDGUSD"),
    ],
)
def test_each_ticker_has_its_own_names(ticker: str, asked: str, answered: str) -> None:
    assert pair_of(ticker) == asked
    assert {asked, answered} <= names_of(ticker)
    assert not any(answered in names_of(other) for other in DEFAULT_TICKERS if other != ticker)


def test_rows_ascend_and_the_volume_is_the_seventh_field() -> None:
    page = rows_of(row(0), row(3, volume="1.5"))
    assert page.opens.tolist() == [FIRST_S * 1_000, (FIRST_S + 180) * 1_000]
    frame = page.first(2)
    assert tuple(frame.columns) == CANDLE_COLUMNS
    assert frame.iloc[0].tolist() == [30_306.1, 30_306.2, 30_305.7, 30_305.8, 3.39243896]
    assert frame["volume"].iloc[1] == 1.5


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([row(1), row(0)], "after the one before"),
        ([row(0), row(0)], "after the one before"),
        ([row(24 * 60 + 1)], "after what was asked"),
        ([row(0, time=FIRST_S * 1_000)], "not in seconds"),
        ([row(0, time=str(FIRST_S))], "not a whole number"),
        ([row(0, time=FIRST_S + 30)], "off the grid"),
        ([row(0, close=30_305.8)], "not text"),
        ([row(0, close=None)], "not text"),
        ([row(0, close="nan")], "not finite"),
        ([row(0, low="30306.0")], "low is above"),
        ([row(0, high="30305.9")], "high is below"),
        ([row(0, volume="-1")], "volume is negative"),
        ([row(0, count=-1)], "trades is negative"),
        ([row(0, count="23")], "not a whole number"),
        ([row(0)[:7]], "at least 8 fields"),
        ([row(i) for i in range(KEPT_ROWS + 2)], "at most 721 rows"),
    ],
)
def test_rows_that_must_not_be_believed(rows: list[Any], complaint: str) -> None:
    with pytest.raises(BadAnswer, match=complaint):
        rows_of(*rows)


@pytest.mark.parametrize("key", ["XETHZUSD", "XBTEUR", "last", ""])
def test_rows_under_another_pair_s_name_are_refused(key: str) -> None:
    with pytest.raises(BadAnswer, match="XBTUSD"):
        rows_of(row(0), key=key)


@pytest.mark.parametrize(
    "text", ["[]", "null", "{}", '{"error":"x"}', '{"error":[]}', '{"error":[],"result":[]}', "<"]
)
def test_what_is_no_envelope_is_a_bad_answer(text: str) -> None:
    with pytest.raises(BadAnswer):
        result_of(raw(text))


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("EQuery:Unknown asset pair", UnknownSymbol),
        ("EQuery:Invalid asset pair", BadRequest),
        ("EGeneral:Invalid arguments", BadRequest),
        ("EGeneral:Invalid arguments:since", BadRequest),
        ("EService:Unavailable", ExchangeUnavailable),
        ("EService:Busy", ExchangeUnavailable),
        ("EGeneral:Internal error", ExchangeUnavailable),
    ],
)
def test_each_error_under_http_200_is_its_typed_error(
    words: str, error: type[ExchangeError]
) -> None:
    with pytest.raises(error, match=words) as raised:
        result_of(reply(error=[words]))
    assert type(raised.value) is error


def test_a_warning_is_no_error() -> None:
    warned = reply({"unixtime": FIRST_S}, error=["WGeneral:Deprecated"])
    assert result_of(warned) == {"unixtime": FIRST_S}
    assert limit_words(warned) == ""


def test_an_error_beside_a_result_is_an_error() -> None:
    with pytest.raises(ExchangeUnavailable):
        result_of(reply({"unixtime": FIRST_S}, error=["EService:Busy"]))


@pytest.mark.parametrize("told", [None, "1688671200", 1.7e12, True, -1])
def test_a_time_that_is_none_is_refused(told: Any) -> None:
    with pytest.raises(BadAnswer):
        server_time(reply({"unixtime": told}))


def test_the_time_is_the_middle_of_the_second_told() -> None:
    told = reply({"unixtime": 1_688_671_200, "rfc1123": "Thu,  6 Jul 23 19:20:00 +0000"})
    assert server_time(told) == datetime(2023, 7, 6, 19, 20, 0, 500_000, tzinfo=UTC)


def test_each_price_is_found_under_kraken_s_own_name() -> None:
    found = last_prices(reply(PRICES), ["DOGE-USD", "BTC-USD", "ETH-USD", "SOL-USD"])
    expected = {"DOGE-USD": 0.0665, "BTC-USD": 30_303.2, "ETH-USD": 1_870.2, "SOL-USD": 19.9}
    assert found == expected


@pytest.mark.parametrize("described", [{}, {"c": []}, {"c": [1.0]}, {"c": ["0"]}, {"c": "1"}, []])
def test_a_price_that_is_none_is_refused(described: Any) -> None:
    with pytest.raises(BadAnswer):
        last_prices(reply({"SOLUSD": described}), ["SOL-USD"])


def test_a_missing_price_is_refused() -> None:
    with pytest.raises(BadAnswer, match="ADAUSD"):
        last_prices(reply(PRICES), ["BTC-USD", "ADA-USD"])


def test_only_a_pair_online_trades() -> None:
    for status, expected in (("online", True), ("cancel_only", False), ("delisted", False)):
        described = {"XXBTZUSD": {"altname": "XBTUSD", "status": status}}
        assert trading(reply(described), "BTC-USD") is expected
    with pytest.raises(BadAnswer):
        trading(reply({"XXBTZUSD": {"altname": "XBTUSD"}}), "BTC-USD")


def test_asked_for_more_than_it_has_it_yields_the_latest_rows_alone(
    provider: KrakenProvider, exchange: LocalExchange
) -> None:
    pages = list(provider.candles("BTC-USD", START))
    assert [len(page) for page in pages] == [KEPT_ROWS - 1]
    expected = CANDLES.iloc[NOW_ROW - KEPT_ROWS + 1 : NOW_ROW]
    pd.testing.assert_frame_equal(pages[0], expected, check_freq=False)
    assert len(exchange.calls(OHLC)) == 1


def test_a_range_before_what_it_keeps_is_no_candles(provider: KrakenProvider) -> None:
    assert list(provider.candles("BTC-USD", START, START + timedelta(hours=6))) == []


def test_quotes_of_all_tickers_come_with_one_call(
    provider: KrakenProvider, exchange: LocalExchange
) -> None:
    quotes = provider.quotes(["BTC-USD", "ETH-USD", "SOL-USD", "DOGE-USD"])
    assert list(quotes) == ["BTC-USD", "ETH-USD", "SOL-USD", "DOGE-USD"]
    asked = [dict(call.params) for call in exchange.calls(TICKER)]
    assert asked == [{"pair": "XBTUSD,ETHUSD,SOLUSD,XDGUSD"}]


@pytest.mark.parametrize("words", ["EAPI:Rate limit exceeded", "EGeneral:Too many requests"])
def test_a_limit_told_under_http_200_closes_the_gate(
    provider: KrakenProvider, exchange: LocalExchange, clock: ManualClock, words: str
) -> None:
    exchange.fail("429", TIME, message=words)
    with pytest.raises(RateLimited, match=words) as refused:
        provider.sync_clock()
    assert 10 <= (refused.value.retry_at - clock.now()).total_seconds() <= 11
    with pytest.raises(RateLimited):
        provider.lists("BTC-USD")
    assert len(exchange.calls()) == 1
    clock.advance(11.01)
    provider.sync_clock()


def test_going_on_too_soon_lengthens_the_pause(
    provider: KrakenProvider, exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.fail("429", count=None)
    waits = []
    for _ in range(3):
        with pytest.raises(RateLimited) as refused:
            provider.sync_clock()
        waits.append((refused.value.retry_at - clock.now()).total_seconds())
        clock.advance(waits[-1] + 0.01)
    assert [round(wait - 0.5, -1) for wait in waits] == [10, 20, 40]


def test_a_service_that_is_busy_is_asked_again(
    provider: KrakenProvider, exchange: LocalExchange
) -> None:
    exchange.fail("code", TIME, message="EService:Busy")
    provider.sync_clock()
    assert len(exchange.calls(TIME)) == 2


def test_calls_are_a_second_apart(
    provider: KrakenProvider, exchange: LocalExchange, clock: ManualClock
) -> None:
    begun = clock.monotonic()
    for ticker in ("BTC-USD", "ETH-USD"):
        list(provider.candles(ticker, START))
        provider.quotes([ticker])
    calls = len(exchange.calls())
    assert calls == 5
    assert clock.monotonic() - begun >= calls - 1


def test_recorded_candles_arrive_number_for_number(clock: ManualClock) -> None:
    path = shared_data("BTCUSD-KRAKEN-1m-20230301-20230321.csv.gz")
    source = read_candles(path)[list(CANDLE_COLUMNS)]
    end = datetime(2023, 3, 17, tzinfo=UTC)
    at = end + timedelta(seconds=10)
    with LocalExchange({"XBTUSD": path}, venue="kraken", at=at, clock=clock) as running:
        pages = list(KrakenProvider(running.base_url, clock).candles("BTC-USD", START_OF_FILE))
    expected = source[source.index < end].iloc[1 - KEPT_ROWS :]
    minutes = (expected.index[-1] - expected.index[0]) / timedelta(minutes=1) + 1
    assert (len(pages), len(expected), minutes) == (1, 719, 731)
    pd.testing.assert_frame_equal(
        pages[0], expected, check_index_type=False, check_names=False, check_freq=False
    )
