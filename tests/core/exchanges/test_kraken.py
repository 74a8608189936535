"""The Kraken provider against the local exchange: 720 rows, its limits and its pace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS
from core.errors import RateLimited
from core.exchanges.kraken import KrakenProvider
from core.exchanges.kraken_answers import KEPT_ROWS
from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.exchange.series import read_candles
from tests.made import START, made_candles, shared_data

OHLC, TICKER, TIME = "/0/public/OHLC", "/0/public/Ticker", "/0/public/Time"
ROWS, NOW_ROW = 2_000, 1_500
START_OF_FILE = datetime(2023, 3, 1, tzinfo=UTC)
CANDLES = made_candles(ROWS).round(8)


@pytest.fixture
def exchange(clock: ManualClock) -> Iterator[LocalExchange]:
    at = START + timedelta(minutes=NOW_ROW, seconds=30)
    series = {"XBTUSD": CANDLES, "ETHUSD": CANDLES, "SOLUSD": CANDLES, "XDGUSD": CANDLES}
    with LocalExchange(series, venue="kraken", at=at, clock=clock) as running:
        yield running


@pytest.fixture
def provider(exchange: LocalExchange, clock: ManualClock) -> KrakenProvider:
    return KrakenProvider(exchange.base_url, clock)


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
