"""What explains scores is taken down: trainings, champions, the breaker, outages, the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from core.domain import HORIZONS, Event, ForecastSpec, provider_title
from core.errors import LedgerUnavailable
from core.exchanges.simulated import SimulatedMarket
from core.forecasting.bookkeeping import Bookkeeping
from core.forecasting.chronicle import Chronicle
from core.forecasting.desk import SpecDesk
from core.forecasting.engine import troubles
from core.forecasting.outage import OutageWatch
from core.forecasting.store import SnapshotStore
from core.history.cleaning import empty_candles
from core.ledger.database import database_url, open_database
from core.ledger.events import Noted, read_events
from core.ledger.recording import Ledger
from core.ledger.schema import FORECASTS, OUTCOMES
from tests.clocks import ManualClock
from tests.made import made_candles
from tests.waiting import wait_until

SPEC = ForecastSpec(max_points=1_000)
CANDLES = made_candles(1_000)


@pytest.fixture(name="clock")
def _clock() -> ManualClock:
    return ManualClock((CANDLES.index[-1] + pd.Timedelta(minutes=1)).to_pydatetime())


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    return database_url("", tmp_path)


@pytest.fixture(name="ledger")
def _ledger(url: str, clock: ManualClock) -> Ledger:
    return Ledger(url, clock.now)


def events(url: str, clock: ManualClock, market: str = "simulated") -> list[Event]:
    """Return all events of both horizons, oldest first."""
    since = clock.now() - timedelta(days=9)
    engine = open_database(url)
    found = {e for h in HORIZONS for e in read_events(engine, market, SPEC, h, since)}
    return sorted(found, key=lambda event: (event.at, event.horizon))


def test_trainings_and_the_breaker_of_a_desk(
    ledger: Ledger, url: str, clock: ManualClock, tmp_path: Path
) -> None:
    desk = SpecDesk(SPEC, "simulated", "simulated", None, clock, timedelta(days=1), ledger=ledger)
    desk.train(CANDLES, "first")
    store = SnapshotStore.at(tmp_path / "run")
    desk.publish(store, CANDLES, empty_candles())
    snapshot = store.snapshot(SPEC)
    assert snapshot is not None
    chronicle = Chronicle(ledger, "simulated", "simulated", SPEC)
    aside = {h: replace(f, standing_aside=True) for h, f in snapshot.forecasts.items()}
    for published in (snapshot, replace(snapshot, forecasts=aside), snapshot, snapshot):
        chronicle.about_to_publish(published)
    ledger.write_noted()
    found = events(url, clock)
    assert [(e.kind, e.horizon) for e in found if e.kind == "promotion"] == [
        ("promotion", "long"),
        ("promotion", "minute"),
    ]
    said = [e.text for e in found if e.kind == "breaker" and e.horizon == "minute"]
    assert sorted(said) == [
        "Standing aside: lost to “no change” over the last 6 hours",
        "The model no longer stands aside.",
    ]
    ledger.write_noted()
    assert events(url, clock) == found


def test_events_that_cannot_be_written_wait(ledger: Ledger, url: str, clock: ManualClock) -> None:
    ledger.note(Noted(Event(clock.now(), "engine", "Once."), "simulated", "simulated"))
    ledger.write_noted()
    with open_database(url).begin() as connection:
        connection.execute(sa.text("ALTER TABLE events RENAME TO elsewhere"))
    ledger.note(Noted(Event(clock.now(), "engine", "Twice."), "simulated", "simulated"))
    with pytest.raises(LedgerUnavailable):
        ledger.write_noted()
    with open_database(url).begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO events"))
    ledger.write_noted()
    assert sorted(event.text for event in events(url, clock)) == ["Once.", "Twice."]


def test_an_outage_is_told_when_it_counts_and_when_it_is_over(clock: ManualClock) -> None:
    watch = OutageWatch()
    began = clock.now()
    assert watch.look("Binance does not answer.", began) is None
    assert watch.look("", began + timedelta(seconds=20)) is None
    assert watch.look("Binance does not answer.", began) is None
    told = watch.look("Binance does not answer.", began + timedelta(seconds=40))
    assert told == Event(began, "outage", "Binance does not answer.")
    assert watch.look("It still does not.", began + timedelta(minutes=5)) is None
    over = watch.look("", began + timedelta(minutes=7))
    assert over == Event(began + timedelta(minutes=7), "outage", "Over after 7 min.")
    assert watch.look("", began + timedelta(minutes=8)) is None


@pytest.fixture(name="books")
def _books(ledger: Ledger, clock: ManualClock) -> Iterator[Bookkeeping]:
    """Books of a ledger that has tables, and an event of the other market."""
    ledger.note(Noted(Event(clock.now(), "engine", "Before."), "live", "binance"))
    ledger.write_noted()
    books = Bookkeeping(ledger, clock)
    yield books
    books.stop()


def test_the_engine_keeps_its_books(books: Bookkeeping, url: str, clock: ManualClock) -> None:
    provider = SimulatedMarket(clock)
    books.started(provider, "No exchange answered.", datetime(2026, 2, 28, 7, 5, 9, tzinfo=UTC))
    books.switched(provider, "It was asked for.")
    books.hear(provider, "It is silent.")
    clock.advance(60)
    books.hear(provider, "It is silent.")
    books.step(provider, [])
    wait_until(lambda: len(events(url, clock)) == 3, 20, "three events in the ledger")
    assert {event.text for event in events(url, clock)} == {
        "The engine started. No exchange answered. "
        "The one before was last heard of at 2026-02-28 07:05:09 UTC.",
        f"Followed from now on: {provider_title(provider.name)}. It was asked for.",
        "It is silent.",
    }
    assert books.head(provider) is None


@pytest.mark.parametrize(
    ("provider", "tickers"), [("simulated", ["ETH-USD"]), ("another", ["BTC-USD"])]
)
def test_what_nobody_follows_any_more_is_given_up(
    ledger: Ledger,
    url: str,
    clock: ManualClock,
    tmp_path: Path,
    provider: str,
    tickers: list[str],
) -> None:
    desk = SpecDesk(SPEC, "simulated", "simulated", None, clock, timedelta(days=1), ledger=ledger)
    desk.train(CANDLES, "first")
    desk.publish(SnapshotStore.at(tmp_path / "run"), CANDLES, empty_candles())
    ledger.tidy("simulated", "simulated", [])
    assert outcomes(url) == []
    clock.advance(3 * 86_400)
    ledger.tidy("simulated", "simulated", ["BTC-USD"])
    assert outcomes(url) == []
    ledger.tidy("simulated", provider, tickers)
    assert outcomes(url) == [None, None]
    shown = ledger.head("simulated")
    assert shown is not None
    assert (shown.seq, shown.settled) == (2, 2)


def test_a_ledger_that_broke_while_it_was_tidied_is_soon_well_again(
    books: Bookkeeping, url: str, clock: ManualClock
) -> None:
    """Else its trouble would be said until tidying is due again."""
    provider = SimulatedMarket(clock)
    with open_database(url).begin() as connection:
        connection.execute(sa.text("ALTER TABLE forecasts RENAME TO elsewhere"))
    step_until(books, provider, clock, lambda: "no such table" in troubles(books.jobs))
    assert "no forecast is published" not in troubles(books.jobs)
    with open_database(url).begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO forecasts"))
    began = clock.monotonic()
    step_until(books, provider, clock, lambda: not troubles(books.jobs))
    assert clock.monotonic() - began < 60


def step_until(
    books: Bookkeeping, provider: SimulatedMarket, clock: ManualClock, done: Callable[[], bool]
) -> None:
    def look() -> bool:
        clock.advance(0.5)
        books.step(provider, [])
        return done()

    wait_until(look, 30, "the next end of tidying")


def test_a_forecast_that_is_no_longer_allowed_keeps_nothing_up(
    ledger: Ledger, url: str, clock: ManualClock, tmp_path: Path
) -> None:
    desk = SpecDesk(SPEC, "simulated", "simulated", None, clock, timedelta(days=1), ledger=ledger)
    desk.train(CANDLES, "first")
    store = SnapshotStore.at(tmp_path / "run")
    desk.publish(store, CANDLES, empty_candles())
    with open_database(url).begin() as connection:
        connection.execute(FORECASTS.update().values(spec="BTC-USD?minute_horizon=999999"))
    clock.advance(3 * 86_400)
    ledger.tidy("simulated", "simulated", ["ETH-USD"])
    assert outcomes(url) == [None, None]
    Ledger(url, clock.now).tidy("simulated", "simulated", ["BTC-USD"])


def outcomes(url: str) -> list[float | None]:
    with open_database(url).connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(FORECASTS)).scalar() == 2
        return list(connection.execute(sa.select(OUTCOMES.c.actual)).scalars())
