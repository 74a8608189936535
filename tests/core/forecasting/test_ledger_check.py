"""The engine asks by itself whether the ledger is whole, and says what it finds."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from core.domain import Event, ForecastSpec, LedgerCheck
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
CALLS: list[socket.socket] = []


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
    assert (whole.at, whole.rows, whole.faults) == (clock.now(), {"simulated": count}, {})
    assert clock.now() - timedelta(hours=1) < whole.oldest["simulated"] < clock.now()
    change(url, 1.0)
    changed = checker.check()
    assert changed.faults == {"simulated": "Row 7 was changed after it was written."}
    assert changed.rows == {"simulated": 6}


def test_where_nothing_can_be_read_nothing_was_found_out(
    checker: LedgerChecker, tmp_path: Path
) -> None:
    with pytest.raises(LedgerUnavailable, match=r"^There is no ledger yet"):
        checker.check()
    (tmp_path / "ledger.db").write_text("This is no database. " * 99)
    with pytest.raises(LedgerUnavailable, match="not a database"):
        checker.check()


def test_a_check_ends_with_the_engine(
    tmp_path: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a database that never answers
        address = f"postgresql://reader@127.0.0.1:{silent.getsockname()[1]}/ledger"
        settings = Settings.from_env({"ARTIFACT_DIR": str(tmp_path), "DATABASE_URL": address})
        books = Bookkeeping(Ledger("sqlite://", clock.now), clock, LedgerChecker(settings, clock))
        silent.settimeout(0)
        step_until(books, clock, lambda: is_called(silent))
        (child,) = (c for c in psutil.Process().children() if "verify" in c.cmdline())
        assert child.nice() == 10
        assert address not in " ".join(child.cmdline())
        books.stop()
        wait_until(lambda: "ended without a word" in caplog.text, 10, "the end of the check")
        assert not child.is_running()


def is_called(silent: socket.socket) -> bool:
    """Tell whether somebody has connected; it is hung up on only with the end of the test."""
    try:
        CALLS.append(silent.accept()[0])
    except BlockingIOError:
        return False
    return True


def test_no_check_is_begun_at_the_end(checker: LedgerChecker) -> None:
    checker.stop()
    with pytest.raises(LedgerUnavailable, match="The engine ends"):
        checker.check()


def test_a_check_that_cannot_be_started_is_no_verdict(
    checker: LedgerChecker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.forecasting.ledger_check._COMMAND", ("/nowhere/python",))
    with pytest.raises(LedgerUnavailable, match="No check can be started: No such file"):
        checker.check()


def test_what_was_found_is_held_and_taken_down_once(
    books: Bookkeeping, url: str, clock: ManualClock
) -> None:
    count = fill(url, clock)
    assert found(books, clock).rows == {"simulated": count}
    right = change(url, 1.0)
    fault = "Row 7 was changed after it was written."
    for _ in range(2):
        assert found(books, clock).faults == {"simulated": fault}
    change(url, right)
    assert found(books, clock).faults == {}
    wait_until(lambda: said(books, url, clock), 10, "what was found in the ledger")
    assert said(books, url, clock) == [fault]


def test_a_ledger_that_cannot_be_read_is_looked_at_again_and_said_to_be_unchecked(
    books: Bookkeeping, url: str, clock: ManualClock
) -> None:
    count = fill(url, clock)
    assert found(books, clock).unread == ""
    with open_database(url).begin() as connection:
        connection.execute(sa.text("ALTER TABLE forecasts RENAME TO elsewhere"))
    unread = found(books, clock)
    assert "no such table" in unread.unread
    assert unread.rows == {"simulated": count}  # what was found before still stands
    with open_database(url).begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO forecasts"))
    assert found(books, clock).unread == ""


def test_what_was_known_holds_over_a_restart(
    checker: LedgerChecker, url: str, clock: ManualClock
) -> None:
    known = LedgerCheck(clock.now(), {"simulated": 9})
    books = Bookkeeping(Ledger(url, clock.now), clock, checker, timedelta(hours=2), known)
    assert books.checked == known
    books.stop()


def found(books: Bookkeeping, clock: ManualClock) -> LedgerCheck:
    """Step until there is another answer, and return it."""
    before = books.checked
    step_until(books, clock, lambda: books.checked is not before, every_s=60.0)
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
