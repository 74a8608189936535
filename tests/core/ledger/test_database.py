"""Addresses, migrations, and what a database in trouble says."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from core.errors import LedgerUnavailable
from core.ledger import database as opening
from core.ledger.database import database_url, migrate, open_database, reading, require_newest
from core.ledger.schema import FORECASTS, METADATA
from core.ledger.verify import verify
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock
from tests.core.ledger.conftest import made_entry


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", "sqlite:////data/ledger.db"),
        ("postgres://u:p@host:5/db", "postgresql+psycopg://u:p@host:5/db"),
        ("postgresql://host/db", "postgresql+psycopg://host/db"),
        ("sqlite:////elsewhere.db", "sqlite:////elsewhere.db"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    assert database_url(text, Path("/data")) == url


def test_migrations_make_the_tables_that_are_used(database: sa.Engine) -> None:
    with database.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    migrate(database)  # a second time changes nothing


only_sqlite = pytest.mark.parametrize("bare", ["sqlite"], indirect=True)


@only_sqlite
def test_readers_do_not_wait_for_a_writer(database: sa.Engine, tmp_path: Path) -> None:
    with database.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        full = connection.exec_driver_sql("PRAGMA synchronous").scalar()  # on disk at each commit
        assert full == 2
    with sqlite3.connect(tmp_path / "ledger.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with reading(database) as connection:
            assert connection.execute(sa.select(FORECASTS)).all() == []


@only_sqlite
def test_a_locked_database_is_said_and_recovers(
    ledger: LedgerWriter,
    database: sa.Engine,
    tmp_path: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "_BUSY_MS", 50)
    database.dispose()  # what is opened from here on waits less long
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LedgerUnavailable, match=r"cannot be written \(database is locked\)\."):
        ledger.commit([made_entry(clock)])
    other.execute("ROLLBACK")
    other.close()
    assert ledger.commit([made_entry(clock)]).seq == 1


@only_sqlite
def test_a_full_disk_is_said_and_recovers(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    """SQLite is told that it may not grow, which it takes for a full disk."""
    ledger.commit([made_entry(clock)])
    with database.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(LedgerUnavailable, match="full"):
        ledger.commit([made_entry(clock, minute) for minute in range(1, 500)])
    (after,) = verify(database)
    assert (after.rows, after.fault) == (1, "")
    database.dispose()
    assert ledger.commit([made_entry(clock, 1)]).seq == 2
    assert verify(database)[0].fault == ""


def test_a_reader_sees_one_state_while_a_writer_goes_on(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    count = sa.select(sa.func.count()).select_from(FORECASTS)
    with reading(database) as connection:
        assert connection.execute(count).scalar() == 0
        ledger.commit([made_entry(clock)])
        assert connection.execute(count).scalar() == 0
    with reading(database) as connection:
        assert connection.execute(count).scalar() == 1


@pytest.mark.parametrize(
    "address", ["u:hun@ter2@127.0.0.1:1/secret", "user:hunter2@[::1]:1/secret"]
)
def test_a_server_that_does_not_answer_is_said_without_its_address(address: str) -> None:
    engine = open_database(database_url(f"postgres://{address}", Path()))
    with pytest.raises(LedgerUnavailable) as refused:
        verify(engine)
    assert str(refused.value) == (
        "The ledger cannot be read (the database does not answer, or not to this account)."
    )


def test_an_account_that_is_refused_is_said_without_its_name(postgres: str) -> None:
    url = sa.make_url(database_url(postgres, Path())).set(username="nobody-of-ours")
    with pytest.raises(LedgerUnavailable) as refused:
        verify(open_database(url.render_as_string(hide_password=False)))
    assert "nobody-of-ours" not in str(refused.value)


def test_a_ledger_of_a_later_version_is_said(bare: sa.Engine) -> None:
    migrate(bare)
    with bare.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    for look in (migrate, require_newest):
        with pytest.raises(LedgerUnavailable, match="of another version of Market Pulse"):
            look(bare)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("nothing of the kind " * 100)
    with pytest.raises(LedgerUnavailable, match="not a database"):
        migrate(open_database(database_url("", tmp_path)))
