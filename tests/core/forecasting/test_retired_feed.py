"""A retired feed leaves the file and the page to the one that follows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from core.domain import Market
from core.exchanges.simulated import SimulatedMarket
from core.forecasting.feed import TickerFeed
from core.history.csv_store import CsvStore
from tests.clocks import ManualClock


class HeldMarket(SimulatedMarket):
    """The simulated market, whose answers wait while `go_on` is clear."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.go_on = threading.Event()
        self.go_on.set()
        self.asked = threading.Event()

    def _pages(self, coin, start, end, interval) -> Iterator[pd.DataFrame]:
        if not self.go_on.is_set():
            self.asked.set()
        self.go_on.wait(10)
        yield from super()._pages(coin, start, end, interval)


class SlowStore(CsvStore):
    """A file, whose writing waits while `go_on` is clear; `events` tell what was written."""

    def __init__(self, directory: Path, ticker: str, market: Market) -> None:
        super().__init__(directory, ticker, market)
        self.go_on = threading.Event()
        self.go_on.set()
        self.writing = threading.Event()
        self.events: list[str] = []

    def append(self, candles: pd.DataFrame, provider: str) -> None:
        if not self.go_on.is_set():
            self.writing.set()
        self.go_on.wait(10)
        super().append(candles, provider)
        self.events.append("written")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path) -> CsvStore:
    return CsvStore(tmp_path, "BTC-USD", "simulated")


def test_a_retired_feed_stores_and_shows_nothing_that_was_on_its_way(clock, store):
    market = HeldMarket(clock)
    feed = TickerFeed(market, store, "BTC-USD")
    feed.start(1_000)
    content, held = store.path.read_bytes(), feed.candles
    clock.advance(60)
    market.go_on.clear()
    answers = []
    poll = threading.Thread(target=lambda: answers.append(feed.poll()))
    poll.start()
    assert market.asked.wait(10)
    feed.retire()
    market.go_on.set()
    poll.join(10)
    assert answers == [False]
    assert store.path.read_bytes() == content
    assert feed.candles is held
    assert (feed.due(), feed.refill_due(), feed.context_due()) == (False, False, False)


def test_a_feed_that_is_retired_while_it_catches_up_stops(clock, store):
    feed = TickerFeed(SimulatedMarket(clock), store, "BTC-USD")
    seen = []

    def retire_at_second_page(page):
        seen.append(page.done)
        if len(seen) == 2:
            feed.retire()

    feed.start(20_000, retire_at_second_page)
    assert len(seen) == 2
    assert not feed.ready
    content = store.path.read_bytes()
    feed.start(20_000, retire_at_second_page)
    assert len(seen) == 2
    assert store.path.read_bytes() == content


def test_a_feed_retired_before_it_began_leaves_the_file_alone(clock, store):
    store.path.parent.mkdir(exist_ok=True)
    store.path.write_bytes(b"another feed is writ")
    feed = TickerFeed(SimulatedMarket(clock), store, "BTC-USD")
    feed.retire()
    feed.start(1_000)
    assert store.path.read_bytes() == b"another feed is writ"
    assert feed.candles.empty


def test_retiring_returns_when_no_write_is_under_way(clock, tmp_path):
    store = SlowStore(tmp_path, "BTC-USD", "simulated")
    feed = TickerFeed(SimulatedMarket(clock), store, "BTC-USD")
    feed.start(1_000)
    clock.advance(60)
    store.go_on.clear()

    def retire():
        feed.retire()
        store.events.append("retired")

    store.events.clear()
    poll = threading.Thread(target=feed.poll)
    poll.start()
    assert store.writing.wait(10)
    retiring = threading.Thread(target=retire)
    retiring.start()
    retiring.join(0.2)  # it may return now, wrongly
    store.go_on.set()
    retiring.join(10)
    poll.join(10)
    assert store.events == ["written", "retired"]
