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
    """The simulated market, whose newest candle is published `delay` after its close.

    The candle opened at `unfinal` has a volume of 1 that is to be corrected.
    """

    delay = timedelta(seconds=2)
    volume_added = 0.0
    unfinal: datetime | None = None

    def _pages(self, coin, start, end, interval) -> Iterator[pd.DataFrame]:
        known = self.now() - self.delay
        last = known.replace(second=0, microsecond=0)
        for page in super()._pages(coin, start, min(end or last, last), interval):
            volume = (page["volume"] + self.volume_added).mask(page.index == self.unfinal, 1.0)
            yield page.assign(volume=volume)


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


class SkewedMarket(SimulatedMarket):
    """The simulated market, whose clock tells `true_offset` too much when it is read."""

    offset = timedelta(0)
    true_offset = timedelta(hours=2)
    readings = 0

    def now(self) -> datetime:
        return super().now() + self.offset

    def sync_clock(self) -> float:
        self.readings += 1
        self.offset = self.true_offset
        return self.offset / timedelta(milliseconds=1)

    def _pages(self, coin, start, end, interval) -> Iterator[pd.DataFrame]:
        closed = super().now().replace(second=0, microsecond=0)
        if start < closed:
            yield from super()._pages(coin, start, min(end or closed, closed), interval)


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
    assert sum(fetched) == 10 + 2  # the two newest ones held are read again
    assert len(again.candles) == 2_010
    assert len(store.path.read_text().splitlines()) == 1 + 2_010


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


@pytest.mark.parametrize("away", [60, 300, 90_000])
def test_a_candle_that_is_corrected_while_nobody_looks_is_overwritten(clock, store, away):
    market = LateMarket(clock)
    market.unfinal = NOON.replace(second=0) - MINUTE
    before = TickerFeed(market, store, "BTC-USD")
    before.start(1_000)
    assert before.candles["volume"].iloc[-1] == 1.0
    market.unfinal = None
    clock.advance(away)
    feed = TickerFeed(market, store, "BTC-USD")
    feed.start(1_000)
    corrected = NOON.replace(second=0) - MINUTE
    assert feed.candles.loc[corrected, "volume"] != 1.0
    assert store.load().loc[corrected, "volume"] == feed.candles.loc[corrected, "volume"]
    assert feed.take_revised() == [corrected]
    assert feed.take_revised() == []


def test_a_candle_that_is_final_late_is_corrected_before_the_next_one_closes(clock, store):
    market = LateMarket(clock)
    market.delay = timedelta(0)
    feed = TickerFeed(market, store, "BTC-USD")
    feed.start(1_000)
    market.unfinal = NOON.replace(second=0)
    clock.advance(30.5)
    assert feed.due()
    assert feed.poll()
    assert feed.candles["volume"].iloc[-1] == 1.0
    clock.advance(20)
    market.unfinal = None
    clock.advance(10)
    assert feed.due()
    assert feed.poll()
    assert feed.candles["volume"].iloc[-1] != 1.0
    assert feed.take_revised() == [NOON.replace(second=0)]
    assert not feed.due()
    clock.advance(29)
    assert not feed.due()


def test_a_clock_by_which_candles_are_very_late_is_read_again_once_a_minute(clock, store):
    market = SkewedMarket(clock)
    feed = TickerFeed(market, store, "BTC-USD")
    feed.start(1_000)
    market.offset = timedelta(hours=2)
    market.readings = 0
    for _ in range(300):
        clock.advance(1)
        if feed.due():
            feed.poll()
    assert 4 <= market.readings <= 6
    market.true_offset = timedelta(0)
    for _ in range(130):
        clock.advance(1)
        if feed.due():
            feed.poll()
    assert market.offset == timedelta(0)
    assert newest_open(feed) == market.now().replace(second=0, microsecond=0) - MINUTE
    assert market.readings <= 8


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


def test_a_clock_by_which_candles_held_are_not_closed_yet_is_read_again(clock, store):
    market = SkewedMarket(clock)
    market.true_offset = timedelta(0)
    feed = TickerFeed(market, store, "BTC-USD")
    feed.start(1_000)
    market.offset = -timedelta(hours=2)
    clock.advance(60)
    assert feed.due()
    feed.poll()
    assert market.readings == 1
    assert newest_open(feed) == market.now().replace(second=0, microsecond=0) - MINUTE


def test_a_file_that_cannot_be_compacted_stops_no_candle(clock, store, caplog):
    market = SimulatedMarket(clock)
    TickerFeed(market, store, "BTC-USD").start(1_000)
    store.append(store.load(), market.name)
    store.path.with_suffix(".csv.new").mkdir()
    feed = TickerFeed(market, store, "BTC-USD")
    feed.start(1_000)
    assert "BTC-USD_history.csv cannot be compacted" in caplog.text
    clock.advance(60)
    assert feed.due()
    assert feed.poll()
