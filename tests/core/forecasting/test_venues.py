"""Which exchange is followed: left when it fails for long, returned to when it is well for long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Banned, ExchangeError, ExchangeUnavailable, RateLimited, Restricted
from core.forecasting.venues import Venues
from tests.clocks import ManualClock
from tests.core.forecasting.market import Market

EVERYTHING = frozenset({"clock", "1m", "1h", "quotes"})


class Bench:
    """Three exchanges, looked at every ten seconds as the engine does."""

    def __init__(self, current: int = 0) -> None:
        self.clock = ManualClock()
        names = ("binance", "coinbase", "kraken")
        self.markets = [Market(self.clock, name) for name in names]
        self.venues = Venues(
            self.markets,
            self.markets[current],
            self.clock,
            switch_after_s=45,
            return_after_s=300,
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
    assert "Binance is not followed: No answer: quotes." in bench.venues.degraded
    assert f"Kraken since {bench.venues.since:%H:%M} UTC." in bench.venues.degraded


def test_it_stays_where_it_is_while_nothing_answers() -> None:
    bench = Bench()
    bench.fail(0, 1, 2)
    assert bench.run(600) == []
    assert bench.venues.current is bench.markets[0]


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
