"""Which exchange is followed: left when it fails for long, returned to when it is well for long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from core.errors import Banned, ExchangeError, ExchangeUnavailable, RateLimited, Restricted
from core.forecasting.venues import Venues
from tests.clocks import ManualClock
from tests.core.forecasting.market import Market

EVERYTHING = frozenset({"clock", "1m", "1h", "quotes"})


class Bench:
    """Three exchanges, looked at every ten seconds as the engine does."""

    def __init__(self, current: int = 0, tickers: Sequence[str] = ("BTC-USD",)) -> None:
        self.clock = ManualClock()
        self.on_disk = Market(self.clock, "cache")
        names = ("binance", "coinbase", "kraken")
        self.markets = [Market(self.clock, name) for name in names]
        self.venues = Venues(
            self.markets,
            self.markets[current],
            self.clock,
            switch_after_s=45,
            return_after_s=300,
            tickers=tickers,
            last_resort=lambda: self.on_disk,
        )

    def fail(self, *places: int) -> None:
        for place, market in enumerate(self.markets):
            market.failing = EVERYTHING if place in places else frozenset()

    def note(self) -> None:
        """Take down what a call to the current exchange gives now."""
        error: ExchangeError | None = None
        try:
            self.venues.current.quotes(["BTC-USD"])
        except ExchangeError as failure:
            error = failure
        self.venues.note("quotes", error)

    def run(self, seconds: float) -> list[str]:
        """Let time pass and return the exchanges changed to."""
        changes = []
        for _ in range(round(seconds / 5)):
            self.clock.advance(5)
            self.note()
            if self.venues.look_due() and (found := self.venues.look()) is not None:
                self.venues.switch(found)
                changes.append(found.name)
        return changes


def test_nothing_is_asked_of_others_while_the_preferred_one_is_well() -> None:
    bench = Bench()
    assert bench.run(3_600) == []
    assert bench.markets[1].asked == bench.markets[2].asked == []


def test_a_short_failure_changes_nothing() -> None:
    bench = Bench()
    bench.fail(0)
    assert bench.run(30) == []
    bench.fail()
    assert bench.run(600) == []


def test_a_lasting_failure_is_answered_by_the_next_that_is_well() -> None:
    bench = Bench()
    bench.fail(0, 1)
    assert bench.run(80) == ["kraken"]
    assert "Binance is not followed: No answer: clock." in bench.venues.degraded
    assert f"Kraken since {bench.venues.since:%H:%M} UTC." in bench.venues.degraded


def test_where_nothing_answers_for_long_what_is_on_disk_is_shown() -> None:
    bench = Bench()
    bench.fail(0, 1, 2)
    assert bench.run(320) == []
    assert bench.venues.current is bench.markets[0]
    assert bench.run(60) == ["cache"]
    assert bench.venues.degraded.startswith("No exchange answers. Binance is not followed: No")
    assert bench.run(600) == []
    bench.fail(0, 2)
    assert bench.run(20) == ["coinbase"]


def test_what_is_on_disk_is_read_when_it_is_needed() -> None:
    bench = Bench()
    bench.fail(0, 1, 2)
    bench.run(320)
    bench.on_disk = Market(bench.clock, "cache")
    bench.run(60)
    assert bench.venues.current is bench.on_disk


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (Restricted, False),
        (lambda said: Banned(said, ManualClock().now() + timedelta(hours=1)), False),
        (lambda said: RateLimited(said, ManualClock().now() + timedelta(seconds=20)), True),
        (ExchangeUnavailable, True),
    ],
)
def test_what_cannot_pass_is_not_waited_for(error, waits: bool) -> None:
    bench = Bench()
    bench.fail(0)
    bench.markets[0].error = error("Refused.")
    assert bench.run(20) == ([] if waits else ["coinbase"])


def test_the_preferred_one_is_returned_to_after_it_was_well_for_long() -> None:
    bench = Bench()
    bench.fail(0)
    assert bench.run(80) == ["coinbase"]
    bench.fail()
    assert bench.run(290) == []
    assert "Binance answers again and is returned to once it has for 5 min." in (
        bench.venues.degraded
    )
    assert bench.run(60) == ["binance"]
    assert bench.venues.degraded == ""


def test_a_relapse_during_the_wait_begins_it_anew() -> None:
    bench = Bench()
    bench.fail(0)
    bench.run(80)
    bench.fail()
    bench.run(200)
    bench.fail(0)
    bench.run(20)
    bench.fail()
    assert bench.run(290) == []
    assert bench.run(60) == ["binance"]


def test_each_relapse_after_a_return_doubles_the_wait() -> None:
    bench = Bench()
    for minutes in (5, 10, 20):
        bench.fail(0)
        assert bench.run(80) == ["coinbase"]
        bench.fail()
        assert bench.run(60 * minutes - 20) == []
        assert bench.run(60) == ["binance"]


def test_when_the_fallback_fails_too_the_preferred_one_is_not_waited_for() -> None:
    bench = Bench()
    bench.fail(0)
    bench.run(80)
    bench.fail(1)
    assert bench.run(80) == ["binance"]


def test_an_exchange_whose_candles_stopped_is_not_well() -> None:
    bench = Bench(current=1)
    bench.markets[0].stopped_at = bench.clock.now()
    assert bench.run(1_200) == []
    bench.markets[0].stopped_at = None
    assert bench.run(400) == ["binance"]


WATCHED = ("BTC-USD", "ETH-USD", "ADA-USD")


def test_one_halted_pair_moves_nobody_off_a_sound_exchange() -> None:
    bench = Bench(tickers=WATCHED)
    for _ in range(720):
        bench.venues.note("freshness", ExchangeUnavailable("Stopped."), "ADA-USD")
        bench.venues.note("freshness", None, "BTC-USD")
        assert bench.run(5) == []


def test_most_pairs_halted_is_an_outage() -> None:
    bench = Bench(tickers=WATCHED)
    bench.markets[0].stopped_at = bench.clock.now() - timedelta(minutes=10)
    bench.markets[0].stopped = frozenset(WATCHED[1:])
    for ticker in bench.markets[0].stopped:
        bench.venues.note("freshness", ExchangeUnavailable("Stopped."), ticker)
    assert bench.run(60) == ["coinbase"]
    assert bench.run(900) == []
    bench.markets[0].stopped = frozenset(WATCHED[2:])
    assert bench.run(400) == ["binance"]


def test_a_visitors_pair_proves_nothing() -> None:
    bench = Bench(tickers=WATCHED)
    bench.venues.note("candles", Restricted("Refused."), "RARE-USD")
    assert bench.run(120) == []


def test_the_sentence_of_a_fallback_is_renewed() -> None:
    bench = Bench()
    bench.fail(0)
    bench.run(80)
    bench.markets[0].error = ExchangeUnavailable("It answers 503 now.")
    bench.run(20)
    assert bench.venues.degraded.endswith("Binance is not followed: It answers 503 now.")


def test_an_earlier_outage_brings_nobody_to_what_is_on_disk_sooner() -> None:
    bench = Bench()
    bench.fail(0, 1, 2)
    assert bench.run(80) == []
    bench.fail()
    assert bench.run(3_600) == []
    bench.fail(0, 1, 2)
    assert bench.run(320) == []
    assert bench.run(60) == ["cache"]


def test_an_exchange_that_gives_no_prices_is_not_returned_to() -> None:
    bench = Bench()
    bench.markets[0].failing = frozenset({"quotes"})
    assert bench.run(4 * 3_600) == ["coinbase"]
    bench.fail()
    assert bench.run(400) == ["binance"]


def test_a_witness_that_is_followed_no_more_proves_nothing() -> None:
    bench = Bench()
    bench.venues.note("candles", ExchangeUnavailable("No answer."), "BTC-USD")
    bench.venues.call(["ETH-USD"])
    assert bench.run(120) == []


def test_after_a_long_look_there_is_time_to_change() -> None:
    bench = Bench(current=1)
    asked = bench.markets[0].sync_clock

    def slowly() -> float:
        bench.clock.advance(15)
        return asked()

    bench.markets[0].sync_clock = slowly  # type: ignore[method-assign]
    bench.clock.advance(10)
    assert bench.venues.look_due()
    bench.venues.look()
    assert not bench.venues.look_due()
