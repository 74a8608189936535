"""A feed on an exchange that omits minutes without trades: few calls, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from core.errors import ExchangeUnavailable
from core.exchanges.simulated import SimulatedMarket
from core.forecasting.feed import TickerFeed
from core.forecasting.holes import PAUSES
from core.history.csv_store import CsvStore
from tests.clocks import ManualClock

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class ThinMarket(SimulatedMarket):
    """The simulated market, of which the minutes in `absent` are left out of every page.

    `asked` are the bounds of every call for minutes; while `down` each of them fails.
    """

    omits_empty_minutes = True

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.absent: set[datetime] = set()
        self.asked: list[tuple[datetime, datetime]] = []
        self.down = False

    def _pages(self, coin, start, end, interval) -> Iterator[pd.DataFrame]:
        self.asked.append((start, end or self.now()))
        if self.down:
            raise ExchangeUnavailable("It answered 503.")
        for page in super()._pages(coin, start, end, interval):
            left = page[~page.index.isin(list(self.absent))]
            if len(left):
                yield left

    def lose(self, first: datetime, minutes: int) -> None:
        self.absent |= {first + i * MINUTE for i in range(minutes)}

    def asked_for(self, minute: datetime) -> int:
        return sum(start <= minute < end for start, end in self.asked)


class ShortMemory(ThinMarket):
    """It gives its newest 720 rows only."""

    rows_kept = 720

    def _pages(self, coin, start, end, interval) -> Iterator[pd.DataFrame]:
        pages = list(super()._pages(coin, start, end, interval))
        everything = pd.concat(super()._pages(coin, self.now() - timedelta(days=3), None, interval))
        self.asked.pop()
        first = everything.index[-self.rows_kept]
        yield from (page[page.index >= first] for page in pages if page.index[-1] >= first)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def market(clock: ManualClock) -> ThinMarket:
    return ThinMarket(clock)


def started(market: ThinMarket, rows: int = 600) -> TickerFeed:
    feed = TickerFeed(market, None, "BTC-USD")
    feed.start(rows)
    market.asked.clear()
    return feed


def live(feed: TickerFeed, clock: ManualClock, minutes: float) -> list[datetime]:
    """Do whatever is due for so long; return when the feed polled."""
    polls = []
    until = clock.now() + minutes * MINUTE
    while clock.now() < until:
        clock.advance(0.1)
        if feed.due():
            polls.append(clock.now())
            feed.poll()
        if feed.refill_due():
            feed.refill()
    return polls


def test_quiet_minutes_are_polled_right_after_each_close_and_seldom_between(clock, market):
    feed = started(market)
    market.lose(NOON.replace(second=0), 20)
    live(feed, clock, 2)
    polls = live(feed, clock, 10)
    closes = [NOON.replace(second=0) + i * MINUTE for i in range(3, 12)]
    for close in closes:
        assert any(timedelta(0) <= poll - close <= timedelta(seconds=0.6) for poll in polls)
    assert len(polls) <= 4 * 10


def test_the_first_candle_after_quiet_minutes_is_taken_right_after_its_close(clock, market):
    feed = started(market)
    market.lose(NOON.replace(second=0), 10)
    live(feed, clock, 10.4)
    held = feed.candles.index[-1]
    live(feed, clock, 0.2)
    assert held == NOON.replace(second=0) - MINUTE
    assert feed.candles.index[-1] == NOON.replace(second=0) + 10 * MINUTE


def test_an_outage_is_asked_for_a_few_times_though_others_come_after_it(clock, market):
    first = NOON.replace(second=0) - 40 * MINUTE
    market.lose(first, 8)
    for later in range(20, 120, 20):
        market.lose(NOON.replace(second=0) + later * MINUTE, 8)
    feed = started(market)
    assert "8 minutes of BTC-USD are missing since 11:20 UTC" in feed.refilling
    live(feed, clock, 100)
    assert market.asked_for(first) == len(PAUSES)
    assert "since 11:20" not in feed.refilling


def test_holes_that_fit_one_page_are_asked_for_with_one_call(clock, market):
    for ago in (290, 200, 110, 60):
        market.lose(NOON.replace(second=0) - ago * MINUTE, 8)
    feed = started(market)
    clock.advance(60)
    assert feed.refill_due()
    feed.refill()
    assert len(market.asked) == 1
    assert not feed.refill_due()


def test_a_failure_is_no_try_and_is_not_repeated_at_once(clock, market):
    first = NOON.replace(second=0) - 40 * MINUTE
    market.lose(first, 8)
    feed = started(market)
    clock.advance(60)
    market.down = True
    with pytest.raises(ExchangeUnavailable):
        feed.refill()
    assert not feed.refill_due()
    market.down = False
    market.absent.clear()
    clock.advance(60)
    assert feed.refill_due()
    assert feed.refill()
    assert feed.refilling == ""


def test_a_short_hole_of_a_damaged_page_is_filled_only_until_its_candles_come(clock, market):
    damaged = NOON.replace(second=0)
    feed = started(market)
    market.lose(damaged, 4)
    live(feed, clock, 4.51)
    assert len(feed.usable()[1]) == 4
    market.absent.clear()
    calls = len(market.asked)
    polls = live(feed, clock, 1.0)
    assert len(market.asked) - calls == len(polls)
    assert len(feed.usable()[1]) == 0
    assert feed.take_revised() == [damaged + i * MINUTE for i in range(4)]


def test_a_short_hole_that_is_asked_for_again_in_vain_is_believed(clock, market):
    quiet = NOON.replace(second=0)
    market.lose(quiet, 4)
    feed = started(market)
    live(feed, clock, 5)
    assert len(feed.usable()[1]) == 4
    market.asked.clear()
    live(feed, clock, 90)
    assert market.asked_for(quiet) <= 1
    assert feed.refilling == ""


def test_a_short_hole_further_back_comes_with_one_more_call(clock, market):
    damaged = NOON.replace(second=0) - 300 * MINUTE
    market.lose(damaged, 3)
    feed = started(market)
    market.absent.clear()
    live(feed, clock, 2)
    assert market.asked_for(damaged) == 1
    assert len(feed.usable()[1]) == 0
    assert feed.take_revised() == [damaged + i * MINUTE for i in range(3)]


def test_what_the_exchange_has_forgotten_is_not_asked_for_again(clock):
    market = ShortMemory(clock)
    market.lose(NOON.replace(second=0) - 700 * MINUTE, 30)
    feed = started(market, 5_000)
    assert len(feed.candles) == 720
    feed.start(9_000)
    assert market.asked == []
    live(feed, clock, 60)
    first = NOON.replace(second=0) - 720 * MINUTE
    assert min(start for start, _ in market.asked) > first


@pytest.mark.parametrize("rows", [600, 5_000])
def test_catching_up_asks_for_holes_that_fit_one_page_with_one_call(market, rows, tmp_path):
    for ago in (290, 200, 110, 60):
        market.lose(NOON.replace(second=0) - ago * MINUTE, 8)
    store = CsvStore(tmp_path, "BTC-USD", "simulated")
    TickerFeed(market, store, "BTC-USD").start(rows)
    market.asked.clear()
    TickerFeed(market, store, "BTC-USD").start(rows)
    assert len(market.asked) == 1


def test_what_was_asked_for_at_the_start_is_not_asked_for_when_more_is_wanted(market):
    outage = NOON.replace(second=0) - 3_000 * MINUTE
    market.lose(outage, 90)
    feed = started(market, 4_000)
    feed.start(5_000)
    assert market.asked_for(outage) == 0
    assert len(feed.candles) == 5_000 - 90
