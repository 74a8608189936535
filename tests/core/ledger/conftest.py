"""A ledger in a temporary SQLite file, and one in PostgreSQL where there is a server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from core.domain import Market
from core.ledger.database import database_url, migrate, open_database
from core.ledger.entry import Entry, epoch_ms
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock
from tests.core.ledger.postgres import fresh_database, programs, server

MINUTE_MS = 60_000


@pytest.fixture(scope="session", name="postgres")
def _postgres() -> Iterator[str]:
    """The address of a PostgreSQL server; skips with a sentence where there is none."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL: set POSTGRES_BIN, or run scripts/postgres.sh")
    with server(found) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"], name="bare")
def _bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A database of each kind without a table."""
    address = ""
    if request.param == "postgresql":
        address = fresh_database(request.getfixturevalue("postgres"), f"l{uuid4().hex}")
    engine = open_database(database_url(address, tmp_path))
    yield engine
    engine.dispose()


@pytest.fixture(name="database")
def _database(bare: sa.Engine) -> sa.Engine:
    """A migrated database of each kind, with nothing in it."""
    migrate(bare)
    return bare


@pytest.fixture(name="clock")
def _clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(name="ledger")
def _ledger(database: sa.Engine, clock: ManualClock) -> LedgerWriter:
    return LedgerWriter(database, "live", clock.now)


def made_entry(clock: ManualClock, minute: int = 0, chain: Market = "live") -> Entry:
    """Return a forecast issued `minute` minutes from now, for a minute later."""
    issued = epoch_ms(clock.now() + timedelta(minutes=minute))
    return Entry(
        chain=chain,
        provider="binance",
        ticker="BTC-USD",
        spec="BTC-USD",
        horizon="minute",
        issued_at=issued,
        target_time=issued + MINUTE_MS,
        price=78_000.0 + minute,
        point=78_000.1 + minute / 3,
        random_walk=78_000.0 + minute,
        edges=(77_990.0, 78_010.0, 77_980.0, 78_020.0, None, None, None, None),
        model_id="abc1234",
        standing_aside=False,
    )


def changed(entry: Entry) -> Entry:
    return replace(entry, point=entry.point + 1.0)
