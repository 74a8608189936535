"""The engine serves what is wanted, and one failure or visitor harms nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.commands.models import ModelShelf
from core.domain import EngineStatus, ForecastSpec
from core.errors import BadRequest, ExchangeUnavailable, ModelError
from core.forecasting.engine import Engine
from core.forecasting.service import ForecastService
from core.forecasting.store import SnapshotStore
from core.forecasting.venues import Venues
from core.history.cleaning import Gap
from core.history.csv_store import CsvStore
from core.settings import Settings
from tests.clocks import ManualClock
from tests.core.forecasting.market import Market
from tests.waiting import wait_until

WATCHED = ForecastSpec(max_points=1_000)
VISITED = ForecastSpec("ETH-USD", max_points=1_000)
MINUTE = timedelta(minutes=1)


class Bench:
    """An engine stepped by hand, and what its readers see."""

    def __init__(self, directory: Path) -> None:
        self.settings = settings = Settings.from_env(
            {
                "ARTIFACT_DIR": str(directory),
                "MARKET_SOURCE": "simulated",
                "WATCH": WATCHED.to_text(),
                "MAX_SPECS": "8",
            }
        )
        self.clock = ManualClock()
        self.market = Market(self.clock, "binance")
        self.fallback = Market(self.clock, "coinbase", seed=7)
        self.store = SnapshotStore.at(directory)
        self.service = ForecastService(self.store, self.clock, settings.watch, 8)
        venues = Venues([self.market, self.fallback], self.market, self.clock)
        self.engine = Engine(settings, venues, "A test.", self.store, self.clock)

    def until(self, condition, what: str = "") -> None:
        """Step, a tenth of a second at a time, until `condition` holds."""

        def step() -> object:
            self.clock.advance(0.1)
            self.engine.step()
            return condition()

        wait_until(step, 30, what)

    def beat(self) -> EngineStatus:
        """Return the next heartbeat from now on."""
        now = self.clock.now()
        self.until(lambda: (s := self.store.status()) and s.beat_at >= now, "a heartbeat")
        return self.store.status()

    def trouble(self, spec: ForecastSpec = WATCHED) -> str:
        """Return what a reader of `spec` is told to be wrong."""
        self.beat()
        return self.service.view(spec, "a reader").trouble


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for go_on in bench.market.slow.values():
        go_on.set()
    for jobs in bench.engine._jobs:
        jobs.stop()


def test_a_watched_spec_is_published_and_follows_the_candles(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "the first snapshot")
    first = bench.store.snapshot(WATCHED)
    bench.clock.advance(60)
    bench.until(lambda: bench.store.snapshot(WATCHED).as_of > first.as_of, "the next candle")
    assert bench.store.snapshot(WATCHED).as_of == first.as_of + MINUTE
    assert bench.store.snapshot(WATCHED).version > first.version


def test_a_visitors_spec_is_served_and_dropped_after_ten_idle_minutes(bench: Bench):
    bench.service.view(VISITED, "a")
    bench.until(lambda: bench.store.snapshot(VISITED), "the visitor's snapshot")
    bench.service.view(VISITED, "a")
    bench.clock.advance(540)
    assert VISITED.to_text() in bench.beat().served
    bench.clock.advance(90)
    assert bench.beat().served == (WATCHED.to_text(),)


def test_retraining_when_asked_happens_once(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "the first snapshot")
    bench.service.request_retrain(WATCHED)
    bench.until(lambda: len(bench.store.snapshot(WATCHED).retrains) == 4, "the retraining")
    assert [r.cause for r in bench.store.snapshot(WATCHED).retrains[2:]] == ["asked", "asked"]
    bench.clock.advance(60)
    seen = bench.store.snapshot(WATCHED).version
    bench.until(lambda: bench.store.snapshot(WATCHED).version > seen, "the next candle")
    assert len(bench.store.snapshot(WATCHED).retrains) == 4


@pytest.mark.parametrize("what", ["clock", "1h"])
def test_what_failed_is_tried_again_within_seconds_and_its_trouble_ends(bench: Bench, what: str):
    bench.market.failing = frozenset({what})
    bench.until(lambda: bench.store.snapshot(WATCHED), "the first snapshot")
    wait_until(lambda: f"No answer: {what}." in bench.trouble(), what="the trouble")
    bench.market.failing = frozenset()
    bench.clock.advance(60)
    wait_until(lambda: f"No answer: {what}." not in bench.trouble(), what="its end")


def test_clock_and_hours_are_asked_for_seldom_while_all_is_well(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "the first snapshot")
    bench.until(lambda: "1h" in bench.market.asked and bench.market.clock_syncs)
    for _ in range(10):
        bench.clock.advance(10)
        bench.beat()
    assert bench.market.asked.count("1h") == 1
    assert bench.market.clock_syncs == 1


def test_slow_catching_up_of_visitors_keeps_no_price_waiting(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "the first snapshot")
    tickers = ["ETH-USD", "SOL-USD", "XRP-USD", "ADA-USD", "DOGE-USD"]
    for ticker in tickers:
        bench.market.slow[ticker] = threading.Event()
        bench.service.view(ForecastSpec(ticker, max_points=1_000), client=ticker)
    bench.until(lambda: len(bench.store.status().served) == 6, "all are followed")
    bench.clock.advance(60)
    now = bench.clock.now()
    bench.until(lambda: bench.store.quote("BTC-USD").time > now, "a quote meanwhile")
    bench.until(lambda: bench.store.snapshot(WATCHED).as_of > now - MINUTE, "the next candle")
    assert not any(bench.store.snapshot(ForecastSpec(t, max_points=1_000)) for t in tickers)


def test_trouble_of_a_dropped_ticker_ends_with_it(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "the first snapshot")
    bench.market.slow["ETH-USD"] = threading.Event()
    bench.service.view(VISITED, "a")
    bench.until(lambda: len(bench.store.status().served) == 2, "it is followed")
    bench.clock.advance(601)
    bench.until(lambda: len(bench.store.status().served) == 1, "it is dropped")
    # Only now the call that was under way fails.
    bench.market.failing = frozenset({"1m"})
    bench.market.slow["ETH-USD"].set()
    running = bench.engine._session._catching_up._running

    def ended() -> bool:
        call = running.get("start ETH-USD")  # the engine takes out what has ended
        return call is None or call.done()

    wait_until(ended)
    bench.market.failing = frozenset()
    bench.clock.advance(60)
    wait_until(lambda: bench.trouble() == "", what="no trouble")


def test_a_pair_that_was_halted_is_looked_for_again(bench: Bench):
    bench.market.halted = frozenset({"BTC-USD"})
    wait_until(lambda: bench.beat().progress[WATCHED.key].stage == "failed")
    bench.market.halted = frozenset()
    bench.clock.advance(600)
    bench.until(lambda: bench.store.snapshot(WATCHED), "the first snapshot")


def test_a_halt_seen_by_a_visitors_longer_spec_stops_no_one_else(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "the first snapshot")
    bench.market.halted = frozenset({"BTC-USD"})
    longer = ForecastSpec(max_points=2_000)
    bench.service.view(longer, "a")
    wait_until(lambda: (p := bench.beat().progress.get(longer.key)) and p.stage == "failed")
    bench.clock.advance(60)
    now = bench.clock.now()
    bench.until(lambda: bench.store.snapshot(WATCHED).as_of > now - MINUTE, "the next candle")


def test_a_wall_clock_set_back_stops_neither_heartbeat_nor_prices(bench: Bench):
    bench.until(lambda: bench.store.quote("BTC-USD"), "the first quote")
    bench.clock.set_back(3_600)
    now = bench.clock.now()
    bench.until(lambda: now < bench.store.status().beat_at < now + MINUTE, "a heartbeat")
    bench.until(lambda: now < bench.store.quote("BTC-USD").time < now + MINUTE, "a quote")


def test_a_switch_mixes_nothing(bench: Bench, tmp_path: Path):
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    bench.until(lambda: bench.store.quote("BTC-USD"), "a quote")
    before = bench.store.snapshot(WATCHED)
    bench.market.failing = frozenset({"clock", "1m", "1h", "quotes"})
    bench.until(lambda: bench.store.status().provider == "coinbase", "the switch")
    bench.until(lambda: bench.store.snapshot(WATCHED).provider == "coinbase", "its snapshot")
    after, series = bench.store.snapshot(WATCHED), bench.store.series(WATCHED)
    assert after.version > before.version
    truth = pd.concat(
        bench.fallback.candles("BTC-USD", after.as_of - len(series.close) * MINUTE, after.as_of)
    )
    assert series.close == truth["close"].tolist()
    assert after.rows == WATCHED.rows_wanted
    assert "Binance is not followed" in bench.beat().degraded
    bench.market.failing = frozenset()
    for directory, market in ((tmp_path, bench.market), (tmp_path / "coinbase", bench.fallback)):
        stored = CsvStore(directory, "BTC-USD", "simulated").load()
        start, end = stored.index[0], stored.index[-1] + MINUTE
        kept = pd.concat(market.candles("BTC-USD", start.to_pydatetime(), end.to_pydatetime()))
        pd.testing.assert_frame_equal(stored, kept, check_freq=False)


def test_what_the_left_exchange_still_does_is_not_published(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    desk = bench.engine._session.roster.desks[WATCHED.key]
    feed = bench.engine._session.roster.feeds["BTC-USD"]
    bench.market.failing = frozenset({"clock", "1m", "1h", "quotes"})
    bench.until(lambda: bench.store.snapshot(WATCHED).provider == "coinbase", "its snapshot")
    known = bench.store.snapshot(WATCHED).version
    desk.publish(bench.store, feed.candles, feed.context)
    assert bench.store.snapshot(WATCHED).version == known


def test_the_exchange_is_returned_to_with_its_own_candles(bench: Bench, tmp_path: Path):
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    bench.market.failing = frozenset({"clock", "1m", "1h", "quotes"})
    bench.until(lambda: bench.store.snapshot(WATCHED).provider == "coinbase", "its snapshot")
    bench.market.failing = frozenset()

    def back() -> bool:
        bench.clock.advance(5)
        return bench.store.snapshot(WATCHED).provider == "binance"

    bench.until(back, "the return")
    assert bench.beat().degraded == ""
    stored = CsvStore(tmp_path, "BTC-USD", "simulated").load()
    assert (stored.index[1:] - stored.index[:-1] == MINUTE).all()


def test_a_late_poll_of_the_exchange_that_was_left_reaches_no_desk_of_the_other(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    session = bench.engine._session
    left = session.roster.feeds["BTC-USD"]
    bench.market.failing = frozenset({"clock", "1m", "1h", "quotes"})
    bench.until(lambda: bench.store.snapshot(WATCHED).provider == "coinbase", "its snapshot")
    bench.market.failing = frozenset()
    known = bench.store.snapshot(WATCHED)
    bench.clock.advance(60)
    session._poll(left)
    after = bench.store.snapshot(WATCHED)
    assert after.provider == "coinbase"
    assert after.price in {known.price, *_closes(bench.fallback, bench)}


def _closes(market: Market, bench: Bench) -> list[float]:
    now = bench.clock.now()
    return pd.concat(market.candles("BTC-USD", now - 10 * MINUTE))["close"].tolist()


def test_refusals_of_every_call_are_no_health(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    bench.market.error = BadRequest("Answered 404.")
    bench.market.failing = frozenset({"clock", "1m", "1h", "quotes"})
    bench.until(lambda: bench.store.status().provider == "coinbase", "the switch")


def test_a_clock_that_was_wrong_and_is_right_again_keeps_no_candle_waiting(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    feed = bench.engine._session.roster.feeds["BTC-USD"]
    feed._next_poll = feed.provider.now() + timedelta(hours=2)
    before = bench.store.snapshot(WATCHED).as_of
    bench.until(lambda: bench.store.snapshot(WATCHED).as_of > before, "the next candle")


def test_a_visitors_failing_pair_is_nobody_elses_trouble(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    bench.market.broken = frozenset({"ETH-USD"})
    bench.service.view(VISITED, "a")
    wait_until(lambda: "ETH-USD" in bench.trouble(VISITED), what="the visitor's trouble")
    bench.clock.advance(60)
    now = bench.clock.now()
    bench.until(lambda: bench.store.snapshot(WATCHED).as_of > now - MINUTE, "the next candle")
    assert "ETH-USD" not in bench.trouble()
    bench.clock.advance(120)
    assert bench.beat().provider == "binance"


def test_a_price_of_a_visitors_pair_that_fails_moves_nobody(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    bench.service.view(VISITED, "a")
    bench.until(lambda: bench.store.snapshot(VISITED), "the visitor's snapshot")
    bench.market.broken = frozenset({"ETH-USD"})
    for _ in range(12):
        bench.service.view(VISITED, "a")
        bench.clock.advance(10)
        bench.beat()
    now = bench.clock.now()
    bench.until(lambda: bench.store.quote("BTC-USD").time > now, "the next price")
    assert bench.beat().provider == "binance"


def test_a_pair_without_a_price_is_not_asked_for_at_every_turn(bench: Bench):
    pairs = [VISITED, ForecastSpec("SOL-USD", max_points=1_000)]
    for spec in pairs:
        bench.service.view(spec, spec.ticker)
        bench.until(lambda spec=spec: bench.store.snapshot(spec), "its snapshot")
    bench.until(lambda: bench.store.quote("SOL-USD") and bench.store.quote("ETH-USD"), "prices")
    bench.market.delisted = frozenset({"ETH-USD"})
    bench.market.priced.clear()
    bench.until(lambda: ("ETH-USD",) in bench.market.priced, "it is found out")
    for _ in range(4):
        now = bench.clock.now()
        bench.until(lambda now=now: bench.store.quote("SOL-USD").time > now, "the next price")
    assert bench.market.priced.count(("ETH-USD",)) == 1
    bench.market.delisted = frozenset()
    for spec in pairs:
        bench.service.view(spec, spec.ticker)
    bench.clock.advance(540)
    for spec in pairs:
        bench.service.view(spec, spec.ticker)
    bench.clock.advance(61)
    now = bench.clock.now()
    bench.until(lambda: bench.store.quote("ETH-USD").time > now, "its next price")


def test_what_a_spec_left_before_a_switch_goes_with_it(bench: Bench, tmp_path: Path):
    bench.service.view(VISITED, "a")
    bench.until(lambda: bench.store.snapshot(VISITED), "the visitor's snapshot")
    bench.market.failing = frozenset({"clock", "1m", "1h", "quotes"})
    bench.until(lambda: bench.store.status().provider == "coinbase", "the switch")
    bench.clock.advance(601)
    bench.until(lambda: len(bench.store.status().served) == 1, "it is dropped")
    assert list(tmp_path.rglob(f"{VISITED.key}*")) == []


def test_a_session_that_was_left_writes_no_more(bench: Bench, tmp_path: Path):
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    left = bench.engine._session.roster.feeds["BTC-USD"]
    bench.market.failing = frozenset({"clock", "1m", "1h", "quotes"})
    bench.until(lambda: bench.store.snapshot(WATCHED).provider == "coinbase", "its snapshot")
    bench.market.failing = frozenset()
    written = (tmp_path / "BTC-USD_history.csv").read_bytes()
    bench.clock.advance(60)
    left.poll()
    assert (tmp_path / "BTC-USD_history.csv").read_bytes() == written


LONGER = ForecastSpec(max_points=2_000)


def _want_damaged_candles(bench: Bench) -> None:
    """Let a visitor ask for more of the watched pair than the exchange can give."""
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    bench.market.damaged_to = bench.clock.now() - 1_200 * MINUTE
    bench.service.view(LONGER, "a")
    wait_until(lambda: "not as documented" in bench.trouble(LONGER), what="the trouble")


def test_what_a_visitor_wants_beyond_the_watched_spec_moves_nobody(bench: Bench):
    _want_damaged_candles(bench)
    for _ in range(12):
        bench.service.view(LONGER, "a")
        bench.clock.advance(10)
        bench.beat()
        assert not bench.engine._venues.look_due()


def test_trouble_of_what_nobody_wants_any_more_ends(bench: Bench):
    _want_damaged_candles(bench)
    bench.clock.advance(601)
    wait_until(lambda: bench.beat().served == (WATCHED.to_text(),), what="it is dropped")
    bench.clock.advance(60)
    now = bench.clock.now()
    bench.until(lambda: bench.store.quote("BTC-USD").time > now, "the next price")
    bench.until(lambda: bench.store.snapshot(WATCHED).as_of > now - MINUTE, "the next candle")
    assert bench.trouble() == ""
    assert bench.beat().provider == "binance"


def test_trouble_of_missing_minutes_ends_when_they_came_otherwise(bench: Bench):
    bench.until(lambda: bench.store.snapshot(WATCHED), "a snapshot")
    session, now = bench.engine._session, bench.clock.now()
    holes = session.roster.feeds["BTC-USD"]._holding.holes
    bench.market.failing = frozenset({"1m"})
    holes.note([Gap(now - 20 * MINUTE, now - 10 * MINUTE)], now - 2 * MINUTE)
    refilling = "refill BTC-USD"
    bench.until(lambda: refilling in session._catching_up.trouble(), "the trouble")
    bench.market.failing = frozenset()
    holes.note([], now)
    bench.clock.advance(60)
    wait_until(lambda: bench.trouble() == "", what="the end of the trouble")


def test_catching_up_that_goes_on_after_a_failure_is_no_outage(bench: Bench):
    venues, session = bench.engine._venues, bench.engine._session
    session.follow_demand()
    feed = session.roster.feeds["BTC-USD"]
    pages, seen = bench.market._pages, []

    def slow_pages(*args):
        for page in pages(*args):
            bench.clock.advance(30)
            seen.append(venues.look_due())
            for day in range(0, len(page), 200):
                bench.clock.advance(30)
                seen.append(venues.look_due())
                yield page.iloc[day : day + 200]

    bench.market.failing = frozenset({"1m"})
    with pytest.raises(ExchangeUnavailable):
        session._start_feed(feed)
    bench.market.failing = frozenset()
    bench.market._pages = slow_pages  # type: ignore[method-assign]
    session._start_feed(feed)
    assert len(seen) > 5
    assert not any(seen[3:])


def test_a_wall_clock_set_back_does_not_make_an_old_engine_young(bench: Bench):
    bench.clock.advance(60)
    assert bench.trouble() == ""
    bench.clock.set_back(3_600)
    bench.clock.advance(1)
    assert bench.trouble() == ""


def test_a_champion_set_on_the_command_line_forecasts_within_a_minute(tmp_path: Path, caplog):
    caplog.set_level("INFO")
    bench = Bench(tmp_path)
    bench.market.market = "live"
    bench.until(lambda: bench.store.snapshot(WATCHED), "the first forecast")
    bench.clock.advance(600)
    bench.service.request_retrain(WATCHED)
    bench.until(lambda: len(bench.store.snapshot(WATCHED).decisions) == 4, "the second training")
    shelf = ModelShelf(WATCHED, bench.settings, bench.clock)
    assert [row.champion for row in shelf.rows()] == [True, False] * 2

    said = shelf.roll_back("minute")
    asked = bench.clock.now()
    bench.until(lambda: bench.store.snapshot(WATCHED).decisions[-1].by_hand, "the champion")

    assert bench.clock.now() - asked < MINUTE
    assert [row.champion for row in shelf.rows()] == [False, True, True, False]
    first = shelf.rows()[1].trained_at
    assert bench.store.snapshot(WATCHED).models["minute"].trained_at.replace(microsecond=0) == first
    assert said == ["1 min: " + bench.store.snapshot(WATCHED).decisions[-1].sentence]
    assert "minute: Rolled back by hand: random-walk" in caplog.text
    # Nothing is trained again because an older model forecasts.
    assert bench.store.snapshot(WATCHED).next_training > bench.clock.now() + timedelta(hours=23)


def test_a_model_cannot_be_promoted_where_it_would_not_forecast(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.market.market = "live"
    bench.until(lambda: bench.store.snapshot(WATCHED), "the first forecast")
    shelf = ModelShelf(WATCHED, bench.settings, bench.clock)
    # A candle may publish what is trained before it is stored.
    bench.until(lambda: len(shelf.rows()) == 2, "both models stored")
    minute, long = (row.version for row in shelf.rows())
    with pytest.raises(ModelError, match="no champion before"):
        shelf.roll_back()
    with pytest.raises(ModelError, match="is not stored"):
        shelf.promote("20200101T000000Z-abcdef0")
    if minute == long:
        with pytest.raises(ModelError, match="add --horizon"):
            shelf.promote(minute)
    bench.clock.advance(72 * 3_600)
    with pytest.raises(ModelError, match="older than 72 h: it would not forecast"):
        shelf.promote(minute, "minute")
    with pytest.raises(ModelError, match="No model of ETH-USD"):
        ModelShelf(VISITED, bench.settings, bench.clock)
