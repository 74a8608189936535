"""What is Coinbase's own: its rows, its pages and its pace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS
from core.errors import BadAnswer, BadRequest, RateLimited, UnknownSymbol
from core.exchanges.coinbase import PAGE_ROWS, CoinbaseProvider
from core.exchanges.coinbase_answers import (
    candle_rows,
    last_price,
    read_code,
    server_time,
    trading,
)
from core.exchanges.http import HttpClient
from core.exchanges.statuses import Reply, complaint_of
from tests.clocks import ManualClock
from tests.exchange import LocalExchange
from tests.exchange.series import read_candles
from tests.made import START, made_candles, shared_data

MINUTE_MS = 60_000
FIRST_S = 1_678_406_400
ROW = [FIRST_S, 20_358.01, 20_372.5, 20_370, 20_361.42, 11.25]
ROWS, NOW_ROW = 1_600, 1_500


def reply(body: Any, status: int = 200) -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    return Reply("api.exchange.coinbase.com", status, {}, text.encode(), 0.0, 0.1)


def rows_of(*rows: Any, minutes: int = 5) -> Any:
    first = FIRST_S * 1_000
    return candle_rows(reply(list(rows)), MINUTE_MS, first, first + (minutes - 1) * MINUTE_MS)


def later(minutes: int, **changes: Any) -> list[Any]:
    names = ("time", "low", "high", "open", "close", "volume")
    row = dict(zip(names, ROW, strict=True)) | {"time": FIRST_S + 60 * minutes}
    return list((row | changes).values())


@pytest.fixture
def exchange(clock: ManualClock) -> Iterator[LocalExchange]:
    at = START + timedelta(minutes=NOW_ROW, seconds=30)
    candles = made_candles(ROWS)
    with LocalExchange({"BTC-USD": candles}, venue="coinbase", at=at, clock=clock) as running:
        yield running


@pytest.fixture
def provider(exchange: LocalExchange, clock: ManualClock) -> CoinbaseProvider:
    return CoinbaseProvider(exchange.base_url, clock)


def test_rows_come_newest_first_with_low_and_high_before_open() -> None:
    page = rows_of(later(2, close=20_359), ROW)
    assert page.opens.tolist() == [FIRST_S * 1_000, (FIRST_S + 120) * 1_000]
    frame = page.first(2)
    assert tuple(frame.columns) == CANDLE_COLUMNS
    assert frame.iloc[0].tolist() == [20_370.0, 20_372.5, 20_358.01, 20_361.42, 11.25]
    assert frame["close"].tolist() == [20_361.42, 20_359.0]


def test_rows_before_the_start_and_the_one_at_the_end_are_left_out() -> None:
    page = rows_of(later(5), later(4), later(0), later(-1), later(-2))
    assert page.opens.tolist() == [FIRST_S * 1_000, (FIRST_S + 240) * 1_000]
    assert len(rows_of(later(-1), later(-2))) == 0
    assert len(rows_of()) == 0


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([later(0), later(1)], "after the one before"),
        ([later(1), later(1)], "after the one before"),
        ([later(6)], "after what was asked"),
        ([later(0, time=FIRST_S * 1_000)], "not in seconds"),
        ([later(0, time=10**30)], "absurdly large"),
        ([later(0, time=FIRST_S + 1)], "off the grid"),
        ([later(0, time=float(FIRST_S))], "not a whole number"),
        ([later(0, close="20361.42")], "not a number"),
        ([later(0, close=None)], "not a number"),
        ([later(0, close=True)], "not a number"),
        ([later(0, high=10**400)], "not a number"),
        ([later(0, low=20_365)], "low is above"),
        ([later(0, high=20_365)], "high is below"),
        ([later(0, low=0)], "not above zero"),
        ([later(0, volume=-1)], "volume is negative"),
        ([later(0)[:5]], "at least 6 fields"),
        ([later(-i) for i in range(301)], "at most 300 rows"),
    ],
)
def test_rows_that_must_not_be_believed(rows: list[Any], complaint: str) -> None:
    with pytest.raises(BadAnswer, match=complaint):
        rows_of(*rows)


def test_a_number_too_large_to_hold_is_not_finite() -> None:
    with pytest.raises(BadAnswer, match="not finite"):
        candle_rows(reply(f"[[{FIRST_S},1,1e999,1,1,1]]"), MINUTE_MS, 0, FIRST_S * 1_000)


@pytest.mark.parametrize("body", [{}, [], None, {"epoch": "1"}, {"epoch": True}, {"epoch": 1.5e12}])
def test_a_time_that_is_none_is_refused(body: Any) -> None:
    with pytest.raises(BadAnswer):
        server_time(reply(body))


def test_the_time_is_read_to_the_fraction() -> None:
    told = {"iso": "2023-03-10T00:00:00.250Z", "epoch": 1_678_406_400.25}
    assert server_time(reply(told)) == datetime(2023, 3, 10, 0, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "body", [{}, [], None, {"price": 1}, {"price": "0"}, {"price": "nan"}, {"price": None}]
)
def test_a_price_that_is_none_is_refused(body: Any) -> None:
    with pytest.raises(BadAnswer):
        last_price(reply(body))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": "online"}, True),
        ({"status": "online", "trading_disabled": False}, True),
        ({"status": "online", "trading_disabled": True}, False),
        ({"status": "delisted"}, False),
    ],
)
def test_only_a_product_online_trades(fields: dict[str, Any], expected: bool) -> None:
    assert trading(reply({"id": "BTC-USD", **fields}), "BTC-USD") is expected


@pytest.mark.parametrize("body", [{"id": "BTC-USD"}, {"id": "ETH-USD", "status": "online"}, []])
def test_another_product_or_none_is_no_listing(body: Any) -> None:
    with pytest.raises(BadAnswer):
        trading(reply(body), "BTC-USD")


def test_not_found_is_an_unknown_pair_and_another_404_is_not() -> None:
    unknown, lost = reply({"message": "NotFound"}, 404), reply("<html></html>", 404)
    assert isinstance(read_code(unknown, complaint_of(unknown)), UnknownSymbol)
    assert read_code(lost, complaint_of(lost)) is None


def test_a_range_is_asked_for_in_pages_that_the_exchange_allows(
    provider: CoinbaseProvider, exchange: LocalExchange
) -> None:
    pages = list(provider.candles("BTC-USD", START))
    assert [len(page) for page in pages] == [PAGE_ROWS] * 5 + [NOW_ROW - 5 * PAGE_ROWS]
    asked = [dict(call.params) for call in exchange.calls("/products/BTC-USD/candles")]
    bounds = [(pd.Timestamp(p["start"]), pd.Timestamp(p["end"])) for p in asked]
    assert max(end - start for start, end in bounds) == timedelta(minutes=PAGE_ROWS)
    assert bounds[0] == (START, START + timedelta(minutes=PAGE_ROWS))
    assert {p["granularity"] for p in asked} == {"60"}


def test_more_than_the_exchange_allows_would_be_a_bad_request(
    exchange: LocalExchange, clock: ManualClock
) -> None:
    client = HttpClient("Coinbase", [exchange.base_url], clock)
    asked = {
        "granularity": "60",
        "start": START.isoformat(),
        "end": (START + timedelta(minutes=301)).isoformat(),
    }
    with pytest.raises(BadRequest, match="exceeds 300"):
        client.get("/products/BTC-USD/candles", asked, lambda r: r)


def test_pages_without_rows_do_not_end_the_candles(clock: ManualClock) -> None:
    candles = made_candles(ROWS).round(8)
    outage = candles.drop(candles.index[100:1_200])
    at = START + timedelta(minutes=NOW_ROW)
    with LocalExchange({"BTC-USD": outage}, venue="coinbase", at=at, clock=clock) as running:
        pages = list(CoinbaseProvider(running.base_url, clock).candles("BTC-USD", START))
    expected = outage[outage.index < at]
    pd.testing.assert_frame_equal(pd.concat(pages), expected, check_freq=False)


def test_pages_before_a_failure_stay_valid(
    provider: CoinbaseProvider, exchange: LocalExchange
) -> None:
    pages = provider.candles("BTC-USD", START)
    first = next(pages)
    exchange.fail("429", "/products")
    with pytest.raises(RateLimited):
        next(pages)
    expected = made_candles(ROWS).round(8).iloc[:PAGE_ROWS]
    pd.testing.assert_frame_equal(first, expected, check_freq=False)


def test_calls_keep_to_half_of_the_pace_allowed(
    provider: CoinbaseProvider, exchange: LocalExchange, clock: ManualClock
) -> None:
    begun = clock.monotonic()
    provider.quotes(["BTC-USD"])
    provider.quotes(["BTC-USD"])
    list(provider.candles("BTC-USD", START))
    calls = len(exchange.calls())
    assert calls == 9
    assert clock.monotonic() - begun >= (calls - 1) / 5 - 1e-9


def test_limits_without_retry_after_double_the_pause(
    provider: CoinbaseProvider, exchange: LocalExchange, clock: ManualClock
) -> None:
    provider.sync_clock()
    exchange.fail("429", "/products", count=None)
    waits = []
    for _ in range(4):
        with pytest.raises(RateLimited) as refused:
            provider.quotes(["BTC-USD"])
        waits.append((refused.value.retry_at - clock.now()).total_seconds())
        clock.advance(waits[-1] + 0.01)
    for expected, wait in zip((1, 2, 4, 8), waits, strict=True):
        assert expected <= wait <= expected + 1.0  # the reopening is spread over a second


def test_retry_after_is_kept_where_it_comes(
    provider: CoinbaseProvider, exchange: LocalExchange, clock: ManualClock
) -> None:
    exchange.fail("429", "/time", retry_after="30")
    with pytest.raises(RateLimited) as refused:
        provider.sync_clock()
    assert 30 <= (refused.value.retry_at - clock.now()).total_seconds() <= 31


def test_recorded_candles_arrive_number_for_number(clock: ManualClock) -> None:
    path = shared_data("BTCUSD-COINBASE-1m-20230301-20230321.csv.gz")
    source = read_candles(path)[list(CANDLE_COLUMNS)]
    start, end = datetime(2023, 3, 3, tzinfo=UTC), datetime(2023, 3, 6, tzinfo=UTC)
    with LocalExchange({"BTC-USD": path}, venue="coinbase", at=end, clock=clock) as running:
        got = pd.concat(list(CoinbaseProvider(running.base_url, clock).candles("BTC-USD", start)))
    expected = source[(source.index >= start) & (source.index < end)]
    assert len(expected) == 4_034
    pd.testing.assert_frame_equal(got, expected, check_index_type=False, check_names=False)
