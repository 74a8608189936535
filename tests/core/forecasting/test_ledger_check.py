"""The engine asks by itself whether the ledger is whole, and says what it finds."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from core.domain import Event, ForecastSpec
from core.errors import LedgerUnavailable
from core.exchanges.simulated import SimulatedMarket
from core.forecasting.bookkeeping import Bookkeeping
from core.forecasting.ledger_check import LedgerChecker
from core.ledger.database import database_url, open_database
from core.ledger.events import read_events
from core.ledger.recording import Ledger
from core.ledger.schema import CHAINS, FORECASTS
from core.settings import Settings
from tests.clocks import ManualClock
from tests.ledgers import fill_ledger
from tests.waiting import wait_until

SPEC = ForecastSpec()


@pytest.fixture(name="clock")
def _clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(name="url")
def _url(tmp_path: Path) -> str:
    return database_url("", tmp_path)


@pytest.fixture(name="checker")
def _checker(tmp_path: Path, clock: ManualClock) -> LedgerChecker:
    return LedgerChecker(Settings.from_env({"ARTIFACT_DIR": str(tmp_path)}), clock)


@pytest.fixture(name="books")
def _books(checker: LedgerChecker, url: str, clock: ManualClock) -> Iterator[Bookkeeping]:
    books = Bookkeeping(Ledger(url, clock.now), clock, checker, timedelta(hours=2))
    yield books
    books.stop()


def fill(url: str, clock: ManualClock) -> int:
    """Write half an hour of forecasts, and return how many."""
    with fill_ledger(url, [SPEC], 30, clock.now()).connect() as connection:
        return connection.execute(sa.select(CHAINS.c.seq)).scalar_one()


def change(url: str, price: float) -> float:
    """Set the price in row 7; return what it was."""
    row = FORECASTS.c.seq == 7
    with open_database(url).begin() as connection:
        before = connection.execute(sa.select(FORECASTS.c.price).where(row)).scalar_one()
        connection.execute(FORECASTS.update().where(row).values(price=price))
    return float(before)


def test_a_whole_ledger_and_one_that_was_changed(
    checker: LedgerChecker, url: str, clock: ManualClock
) -> None:
    count = fill(url, clock)
    whole = checker.check()
    assert (whole.at, whole.rows, whole.fault) == (clock.now(), {"simulated": count}, "")
    assert clock.now() - timedelta(hours=1) < whole.oldest["simulated"] < clock.now()
    change(url, 1.0)
    changed = checker.check()
    assert changed.fault == "simulated: Row 7 was changed after it was written."
    assert changed.rows == {"simulated": 6}


def test_where_nothing_can_be_read_nothing_was_found_out(
    checker: LedgerChecker, tmp_path: Path
) -> None:
    with pytest.raises(LedgerUnavailable, match="There is no ledger yet"):
        checker.check()
    (tmp_path / "ledger.db").write_text("This is no database. " * 99)
    with pytest.raises(LedgerUnavailable, match="not a database"):
        checker.check()


def test_a_check_ends_with_the_engine(checker: LedgerChecker, url: str, clock: ManualClock) -> None:
    fill(url, clock)
    ended = threading.Event()

    def check() -> None:
        with pytest.raises(LedgerUnavailable, match="ended without a word"):
            checker.check()
        ended.set()

    threading.Thread(target=check, daemon=True).start()
    wait_until(checking, 10, "the process of the check")
    (child,) = checking()
    child.send_signal(signal.SIGSTOP)
    checker.stop()
    assert ended.wait(10)
    assert not child.is_running()


def checking() -> list[psutil.Process]:
    """Return the checks that this process runs."""
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "verify" in child.cmdline()
    ]


def test_what_was_found_is_held_and_taken_down_once(
    books: Bookkeeping, url: str, clock: ManualClock
) -> None:
    count = fill(url, clock)
    assert found(books, clock).rows == {"simulated": count}
    right = change(url, 1.0)
    fault = "simulated: Row 7 was changed after it was written."
    assert found(books, clock).fault == found(books, clock).fault == fault
    change(url, right)
    assert found(books, clock).fault == ""
    wait_until(lambda: said(books, url, clock), 10, "what was found in the ledger")
    assert said(books, url, clock) == [fault]


def test_a_ledger_that_could_not_be_read_is_soon_looked_at_again(
    books: Bookkeeping, url: str, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    fill(url, clock)
    caplog.set_level("INFO")
    with open_database(url).begin() as connection:
        connection.execute(sa.text("ALTER TABLE forecasts RENAME TO elsewhere"))
    step_until(books, clock, lambda: "The ledger was not checked" in caplog.text)
    assert books.checked is None
    with open_database(url).begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO forecasts"))
    began = clock.monotonic()
    assert found(books, clock, every_s=1.0).fault == ""
    assert clock.monotonic() - began < 600


def found(books: Bookkeeping, clock: ManualClock, every_s: float = 60.0):
    """Step until there is another answer, and return it."""
    before = books.checked
    step_until(books, clock, lambda: books.checked is not before, every_s)
    assert books.checked is not None
    return books.checked


def said(books: Bookkeeping, url: str, clock: ManualClock) -> list[str]:
    books.step(SimulatedMarket(clock), [])
    since = clock.now() - timedelta(days=9)
    kept: tuple[Event, ...] = read_events(open_database(url), "simulated", SPEC, "minute", since)
    return [event.text for event in kept if event.kind == "ledger"]


def step_until(
    books: Bookkeeping, clock: ManualClock, done: Callable[[], bool], every_s: float = 1.0
) -> None:
    provider = SimulatedMarket(clock)

    def look() -> bool:
        clock.advance(every_s)
        books.step(provider, [])
        return done()

    wait_until(look, 30, "the next check")
