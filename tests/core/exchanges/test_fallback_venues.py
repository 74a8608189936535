"""Rules that Coinbase and Kraken keep alike, against the local exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pandas as pd
import pytest

from core.domain import CANDLE_COLUMNS
from core.errors import (
    BadAnswer,
    ExchangeTimeout,
    ExchangeUnavailable,
    Forbidden,
    RateLimited,
    Restricted,
    UnknownSymbol,
)
from core.exchanges.base import Provider
from core.exchanges.transport import Transport
from tests.clocks import ManualClock
from tests.core.exchanges.sites import AT, CANDLES, NOW_ROW, Opening, Site, coinbase, kraken, minute
from tests.exchange.spoils import SPOILS
from tests.made import START


@pytest.fixture(params=[coinbase, kraken], ids=["coinbase", "kraken"])
def opening(request: pytest.FixtureRequest) -> Opening:
    chosen: Opening = request.param
    return chosen


@pytest.fixture
def site(opening: Opening, clock: ManualClock) -> Iterator[Site]:
    running = opening(clock, CANDLES, AT)
    yield running
    running.exchange.stop()


def same(got: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(got, expected, check_freq=False)


def test_it_is_a_provider_that_omits_empty_minutes(site: Site) -> None:
    market: Provider = site.provider
    assert market.name in site.exchange.venue.__class__.__name__.lower()
    assert (market.market, market.omits_empty_minutes) == ("live", True)
    assert site.provider.base_urls == (site.exchange.base_url,)
    site.provider.probe(site.exchange.base_url, 5.0)
    assert [call.path for call in site.exchange.calls()] == [site.time]


def test_closed_candles_arrive_oldest_first_and_the_unfinished_one_never(site: Site) -> None:
    same(site.minutes(), CANDLES.iloc[:NOW_ROW])


def test_a_page_has_the_schema_of_candles(site: Site) -> None:
    page = next(site.provider.candles("BTC-USD", minute(NOW_ROW - 5)))
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
    site: Site, start: float, end: float | None, first: int | None, count: int
) -> None:
    last = None if end is None else minute(end)
    pages = list(site.provider.candles("BTC-USD", minute(start), last))
    opens = [stamp for page in pages for stamp in page.index]
    assert opens == [minute((first or 0) + i) for i in range(count)]
    assert all(len(page) for page in pages)
    assert bool(site.exchange.calls(site.candles)) == bool(count)


def test_hours_are_asked_for_as_hours(site: Site) -> None:
    got = pd.concat(list(site.provider.candles("BTC-USD", START, interval="1h")))
    assert list(got.index) == [START + timedelta(hours=i) for i in range(NOW_ROW // 60)]
    first, minutes = got.iloc[0], CANDLES.iloc[:60]
    assert first["open"] == minutes["open"].iloc[0]
    assert first["close"] == minutes["close"].iloc[-1]
    assert (first["high"], first["low"]) == (minutes["high"].max(), minutes["low"].min())
    assert first["volume"] == pytest.approx(minutes["volume"].sum(), abs=1e-6)


def test_minutes_without_trades_and_outages_stay_missing(
    opening: Opening, clock: ManualClock
) -> None:
    sparse = CANDLES.drop(CANDLES.index[[5, 6, 301, *range(320, 640)]])
    site = opening(clock, sparse, AT)
    same(site.minutes(), sparse[sparse.index < minute(NOW_ROW)])
    site.exchange.stop()


def test_an_outage_that_lasts_is_no_candles(opening: Opening, clock: ManualClock) -> None:
    site = opening(clock, CANDLES.iloc[:10], minute(650))
    assert len(site.minutes()) == 10
    assert list(site.provider.candles("BTC-USD", minute(100))) == []
    site.exchange.stop()


def test_a_candle_appears_when_it_has_closed_and_is_then_final(
    site: Site, clock: ManualClock
) -> None:
    assert len(site.minutes(NOW_ROW - 1)) == 1
    clock.advance(28.0)
    assert len(site.minutes(NOW_ROW - 1)) == 1
    clock.advance(4.0)
    same(site.minutes(NOW_ROW - 1), CANDLES.iloc[NOW_ROW - 1 : NOW_ROW + 1])


@pytest.mark.parametrize("skew_s", [-90.0, -59.0, 59.0, 90.0, 86_400.0 * 365])
def test_the_exchange_s_clock_decides_what_is_closed(opening: Opening, skew_s: float) -> None:
    """Ours is wrong by `skew_s`; a candle our clock calls closed is not yielded for that."""
    at = minute(100) + timedelta(seconds=50)
    clock = ManualClock(at + timedelta(seconds=skew_s))
    site = opening(clock, CANDLES, at)
    assert len(site.minutes()) == 100
    assert site.provider.usage().clock_offset_ms == pytest.approx(-skew_s * 1000, abs=500)
    assert abs(site.provider.now() - site.exchange.clock.now()) <= timedelta(seconds=0.5)
    clock.advance(12)
    assert len(site.minutes()) == 101
    site.exchange.stop()


def test_without_the_exchange_s_clock_no_candle_is_called_closed(site: Site) -> None:
    site.exchange.fail("5xx", site.time, count=None)
    with pytest.raises(ExchangeUnavailable):
        site.minutes()
    assert site.exchange.calls(site.candles) == []


ASKING: dict[str, Callable[[Site], object]] = {
    "candles": lambda site: site.minutes(),
    "ticker": lambda site: site.provider.quotes(["BTC-USD"]),
    "listing": lambda site: site.provider.lists("BTC-USD"),
    "time": lambda site: site.provider.sync_clock(),
}


@pytest.mark.parametrize("asked", list(ASKING))
@pytest.mark.parametrize("kind", ["empty", "garbage", "html", "shape", "redirect"])
def test_a_wrong_shape_is_never_no_data(site: Site, kind: str, asked: str) -> None:
    site.provider.sync_clock()
    site.exchange.fail(kind, getattr(site, asked), count=None)
    with pytest.raises(BadAnswer):
        ASKING[asked](site)


@pytest.mark.parametrize("kind", sorted(set(SPOILS) - {"missing"}))
def test_one_bad_row_refuses_its_page(site: Site, kind: str) -> None:
    site.exchange.fail(kind, count=None)
    with pytest.raises(BadAnswer):
        site.minutes(NOW_ROW - 20)
    site.exchange.heal()
    assert len(site.minutes(NOW_ROW - 20)) == 20


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        ("5xx", {"status": 500}, ExchangeUnavailable),
        ("5xx", {"status": 503}, ExchangeUnavailable),
        ("5xx", {"status": 520}, ExchangeUnavailable),
        ("reset", {}, ExchangeUnavailable),
        ("403", {}, Forbidden),
        ("451", {}, Restricted),
        ("429", {}, RateLimited),
    ],
)
def test_each_fault_is_its_typed_error(
    site: Site, kind: str, options: dict[str, int], error: type[Exception]
) -> None:
    site.provider.sync_clock()
    site.exchange.fail(kind, count=None, **options)
    with pytest.raises(error):
        site.minutes()


def test_silence_is_a_timeout(site: Site, clock: ManualClock) -> None:
    impatient = Transport(clock, (1.0, 0.1))
    site.exchange.fail("hang", count=None)
    with pytest.raises(ExchangeTimeout):
        type(site.provider)(site.exchange.base_url, clock, impatient).sync_clock()


def test_one_fault_that_may_pass_is_tried_again(site: Site) -> None:
    site.exchange.fail("5xx", site.candles)
    assert len(site.minutes(NOW_ROW - 5)) == 5


def test_quotes_bear_the_exchange_s_time(site: Site) -> None:
    quotes = site.provider.quotes(["DOGE-USD", "BTC-USD"])
    assert list(quotes) == ["DOGE-USD", "BTC-USD"]
    row = CANDLES.iloc[NOW_ROW]
    for ticker, quote in quotes.items():
        assert row["low"] <= quote.price <= row["high"]
        assert (quote.ticker, quote.provider, quote.market) == (ticker, site.provider.name, "live")
        assert abs(quote.time - site.exchange.clock.now()) <= timedelta(seconds=2)
    assert site.provider.quotes([]) == {}


def test_an_unlisted_ticker_is_named_as_such(site: Site) -> None:
    with pytest.raises(UnknownSymbol):
        site.provider.quotes(["BTC-USD", "NOSUCH-USD"])
    with pytest.raises(UnknownSymbol):
        list(site.provider.candles("NOSUCH-USD", START))
    assert not site.provider.lists("NOSUCH-USD")


def test_listing_is_remembered_for_an_hour(site: Site, clock: ManualClock) -> None:
    symbol = next(iter(site.exchange.series))
    assert [site.provider.lists("BTC-USD") for _ in range(3)] == [True] * 3
    site.exchange.floor.statuses[symbol] = "BREAK"
    clock.advance(3_590)
    assert site.provider.lists("BTC-USD")
    clock.advance(20)
    assert not site.provider.lists("BTC-USD")
    asked = [call for call in site.exchange.calls(site.listing) if call.path == site.listing]
    assert len(asked) == 2


def test_a_limit_stops_every_call_until_it_is_over(site: Site, clock: ManualClock) -> None:
    site.exchange.fail("429", site.candles)
    with pytest.raises(RateLimited) as refused:
        site.minutes()
    calls = len(site.exchange.calls())
    block = site.provider.usage().block
    assert block is not None
    assert (block.kind, block.until) == ("limited", refused.value.retry_at)
    with pytest.raises(RateLimited):
        site.provider.quotes(["BTC-USD"])
    assert len(site.exchange.calls()) == calls
    clock.advance((refused.value.retry_at - clock.now()).total_seconds() + 0.01)
    assert site.provider.usage().block is None
    assert len(site.minutes(NOW_ROW - 5)) >= 5


def test_a_limit_outlives_the_process(
    opening: Opening, clock: ManualClock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = opening(clock, CANDLES, AT)
    memory = tmp_path_factory.mktemp("run") / "gate.json"
    kind, url = type(site.provider), site.exchange.base_url
    site.exchange.fail("429", site.time)
    with pytest.raises(RateLimited):
        kind(url, clock, memory=memory).sync_clock()
    with pytest.raises(RateLimited):
        kind(url, clock, memory=memory).sync_clock()
    assert len(site.exchange.calls()) == 1
    site.exchange.stop()
