"""A feed catches up, then takes each candle once it has closed, on disk first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.errors import ExchangeUnavailable
from core.exchanges.simulated import SimulatedMarket
from core.forecasting.feed import TickerFeed
from core.history.csv_store import CsvStore
from tests.clocks import ManualClock

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class LateMarket(SimulatedMarket):
    """The simulated market, whose newest candle is published `delay` after its close."""

    delay = timedelta(seconds=2)
    volume_added = 0.0

    def _pages(self, coin, start, end, interval) -> Iterator[pd.DataFrame]:
        known = self.now() - self.delay
        last = known.replace(second=0, microsecond=0)
        for page in super()._pages(coin, start, min(end or last, last), interval):
            yield page.assign(volume=page["volume"] + self.volume_added)


class BreakingMarket(SimulatedMarket):
    """The simulated market, which answers `pages` more pages and then fails once."""

    pages: int | None = None

    def _pages(self, coin, start, end, interval) -> Iterator[pd.DataFrame]:
        for page in super()._pages(coin, start, end, interval):
            if self.pages == 0:
                self.pages = None
                raise ExchangeUnavailable("It answered 503.")
            self.pages = None if self.pages is None else self.pages - 1
            yield page


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def store(tmp_path: Path) -> CsvStore:
    return CsvStore(tmp_path, "BTC-USD", "simulated")


def newest_open(feed: TickerFeed) -> datetime:
    return feed.candles.index[-1].to_pydatetime()


def test_catching_up_fetches_what_was_asked_and_stores_it(clock, store):
    feed = TickerFeed(SimulatedMarket(clock), store, "BTC-USD")
    seen = []
    feed.start(3_000, lambda page: seen.append((page.done, page.total)))
    assert len(feed.candles) == 3_000
    assert newest_open(feed) == NOON.replace(second=0) - MINUTE
    assert seen[-1] == (3_000, 3_000)
    pd.testing.assert_frame_equal(store.load(), feed.candles, check_freq=False)


def test_a_restart_fetches_only_what_is_missing(clock, store):
    TickerFeed(SimulatedMarket(clock), store, "BTC-USD").start(2_000)
    clock.advance(600)
    again = TickerFeed(SimulatedMarket(clock), store, "BTC-USD")
    fetched = []
    again.start(2_000, lambda page: fetched.append(len(page.candles)))
    assert sum(fetched) == 10
    assert len(again.candles) == 2_010


def test_more_rows_are_fetched_behind_the_ones_held(clock, store):
    feed = TickerFeed(SimulatedMarket(clock), store, "BTC-USD")
    feed.start(1_000)
    feed.start(5_000)
    assert len(feed.candles) == 5_000
    assert feed.candles.index.is_monotonic_increasing


@pytest.mark.parametrize("restarted", [False, True])
def test_reaching_further_back_goes_on_after_it_broke_off(clock, store, restarted):
    market = BreakingMarket(clock)
    feed = TickerFeed(market, store, "BTC-USD")
    feed.start(5_000)
    market.pages = 3
    with pytest.raises(ExchangeUnavailable):
        feed.start(20_000)
    feed = TickerFeed(market, store, "BTC-USD") if restarted else feed
    feed.start(20_000)
    assert len(feed.candles) == 20_000
    assert len(store.load()) == 20_000


def test_a_poll_takes_the_candle_after_its_close_and_never_before(clock, store):
    feed = TickerFeed(SimulatedMarket(clock), store, "BTC-USD")
    feed.start(1_000)
    clock.advance(29)
    assert not feed.due()
    clock.advance(1.5)
    assert feed.due()
    assert feed.poll()
    assert newest_open(feed) == NOON.replace(second=0)
    assert not feed.due()
    assert store.load().index[-1] == feed.candles.index[-1]


def test_a_late_candle_is_asked_for_again_within_seconds(clock, store):
    feed = TickerFeed(LateMarket(clock), store, "BTC-USD")
    feed.start(1_000)
    clock.advance(30.5)
    polls = 0
    while newest_open(feed) < NOON.replace(second=0):
        clock.advance(0.1)
        if feed.due():
            polls += 1
            feed.poll()
    assert clock.now() - NOON < timedelta(seconds=33)
    assert 2 <= polls <= 4


def test_a_revised_candle_replaces_the_one_held(clock, store):
    market = LateMarket(clock)
    feed = TickerFeed(market, store, "BTC-USD")
    feed.start(1_000)
    before = feed.candles["volume"].iloc[-1]
    market.volume_added = 5.0
    clock.advance(60)
    assert feed.poll()
    assert feed.candles["volume"].iloc[-2] == pytest.approx(before + 5)
    assert store.load()["volume"].iloc[-2] == pytest.approx(before + 5)
    assert len(feed.candles) == 1_001


def test_a_damaged_file_is_set_aside_and_fetched_again(clock, store):
    store.path.parent.mkdir(exist_ok=True)
    store.path.write_bytes(b"garbage\n\x00")
    feed = TickerFeed(SimulatedMarket(clock), store, "BTC-USD")
    feed.start(1_000)
    assert len(store.load()) == 1_000
    assert "set aside as BTC-USD_history.damaged-1.csv" in feed.notice
    assert (store.path.parent / "BTC-USD_history.damaged-1.csv").read_bytes() == b"garbage\n\x00"


def test_a_ticker_that_is_not_traded_is_refused_in_a_sentence(clock):
    feed = TickerFeed(SimulatedMarket(clock), None, "NOPE-USD")
    feed.start(1_000)
    assert not feed.ready
    assert feed.refusal == "Simulated does not trade NOPE-USD."
