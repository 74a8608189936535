"""A ledger of an earlier version is brought up to date, and nothing of it is lost."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from core.domain import Market
from core.errors import LedgerUnavailable
from core.ledger.database import migrate, require_newest
from core.ledger.entry import GENESIS, Outcome, row_hash
from core.ledger.rows import values_of
from core.ledger.schema import CHAINS, OUTCOMES
from core.ledger.verify import verify
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock
from tests.core.ledger.conftest import made_entry

ROWS = 5
MANY = 5_100  # more than the migration reads at once


def upgrade_to(engine: sa.Engine, version: str) -> sa.MetaData:
    """Make the tables of an earlier version, and return them."""
    config = Config()
    config.set_main_option("script_location", "core/ledger/migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    tables = sa.MetaData()
    tables.reflect(engine)
    return tables


def write_first_version(
    connection: sa.Connection, tables: Any, chain: Market, rows: int, clock: ManualClock
) -> None:
    """Write forecasts of a chain, the second of unknown outcome, the last still without one."""
    head, forecasts, outcomes = GENESIS, [], []
    for seq in range(1, rows + 1):
        entry = replace(made_entry(clock, seq), chain=chain)
        previous, head = head, row_hash(head, seq, entry)
        forecasts.append(values_of(entry, seq, previous, head))
        actual = 78_000.0 if seq != 2 else None
        outcomes.append(Outcome.of(chain, seq, entry.point, entry.random_walk, actual))
    noted = {"chain": chain, "fence": 1, "seq": rows, "head": head}
    connection.execute(tables["chains"].insert(), [noted])
    connection.execute(tables["forecasts"].insert(), forecasts)
    connection.execute(tables["outcomes"].insert(), [asdict(o) for o in outcomes[:-1]])


def test_outcomes_of_the_first_version_are_chained(bare: sa.Engine, clock: ManualClock) -> None:
    tables = upgrade_to(bare, "0001").tables
    with bare.begin() as connection:
        write_first_version(connection, tables, "live", ROWS, clock)
        write_first_version(connection, tables, "simulated", MANY, clock)
    migrate(bare)
    with bare.connect() as connection:  # an engine of the version before is fenced off
        assert set(connection.execute(sa.select(CHAINS.c.fence)).scalars()) == {2}
    found, simulated = verify(bare)
    assert (found.rows, found.settled, found.fault) == (ROWS, ROWS - 1, "")
    assert (simulated.rows, simulated.settled, simulated.fault) == (MANY, MANY - 1, "")
    writer = LedgerWriter(bare, "live", clock.now)
    (due,) = writer.pending("binance", ["BTC-USD"], clock.now() + timedelta(hours=1))
    writer.settle({due: 78_000.0})
    writer.commit([made_entry(clock, ROWS + 1)])
    found, _ = verify(bare)
    assert (found.rows, found.settled, found.fault) == (ROWS + 1, ROWS, "")


def test_a_ledger_without_a_row_is_brought_up_to_date(bare: sa.Engine, clock: ManualClock) -> None:
    upgrade_to(bare, "0002")
    migrate(bare)
    LedgerWriter(bare, "live", clock.now).commit([made_entry(clock)])
    assert [(found.rows, found.fault) for found in verify(bare)] == [(1, "")]


def test_a_deletion_that_the_second_version_began_is_finished(
    bare: sa.Engine, clock: ManualClock
) -> None:
    """It wrote a checkpoint for each, before the rows went, and kept them all."""
    tables = upgrade_to(bare, "0002").tables
    head, hashes, forecasts, outcomes = GENESIS, {}, [], []
    for seq in range(1, ROWS + 1):
        entry = made_entry(clock, seq)
        previous, head = head, row_hash(head, seq, entry)
        forecasts.append(values_of(entry, seq, previous, head))
        hashes[seq] = head
        outcomes.append(Outcome.of("live", seq, entry.point, entry.random_walk, 78_000.0))
    nothing = hashlib.sha256().hexdigest()
    checkpoints = [
        {"chain": "live", "seq": seq, "hash": hashes[seq], "made_at": 0, "cutoff": 0}
        for seq in (1, 3)
    ]
    with bare.begin() as connection:
        chain = {"chain": "live", "fence": 1, "seq": ROWS, "head": head}
        connection.execute(tables["chains"].insert(), [chain])
        connection.execute(tables["forecasts"].insert(), forecasts[2:])
        connection.execute(tables["outcomes"].insert(), [asdict(o) for o in outcomes[2:]])
        for checkpoint in checkpoints:
            connection.execute(tables["checkpoints"].insert(), {**checkpoint, "days_hash": nothing})
    migrate(bare)
    (found,) = verify(bare)
    assert (found.gone, found.rows, found.head, found.fault) == (3, ROWS, head, "")
    assert found.settled == ROWS - 3


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DELETE FROM chains", "What is noted beside the chain is missing"),
        ("UPDATE outcomes SET actual = 1e999 WHERE seq = 3", "Outcome 3, of row 3, was changed"),
        ("UPDATE outcomes SET seq = 0 WHERE seq = 1", "Row 0 is missing: it has an outcome"),
    ],
)
@pytest.mark.parametrize("bare", ["sqlite"], indirect=True)
def test_damage_from_before_is_kept_to_be_found(
    bare: sa.Engine, clock: ManualClock, damage: str, named: str
) -> None:
    tables = upgrade_to(bare, "0001").tables
    with bare.begin() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        write_first_version(connection, tables, "live", ROWS, clock)
        connection.exec_driver_sql(damage)
    migrate(bare)
    (found,) = verify(bare)
    assert found.fault
    with bare.connect() as connection:
        kept = sa.select(sa.func.count()).select_from(OUTCOMES)
        assert connection.execute(kept).scalar() == ROWS - 1
    assert named in found.fault


def test_a_reader_refuses_tables_of_another_version_and_leaves_them(bare: sa.Engine) -> None:
    with pytest.raises(LedgerUnavailable, match="There is no ledger yet"):
        require_newest(bare)
    upgrade_to(bare, "0002")
    with pytest.raises(LedgerUnavailable, match="of another version of Market Pulse"):
        require_newest(bare)
    assert "place" not in upgrade_to(bare, "0002").tables["outcomes"].c
    migrate(bare)
    require_newest(bare)
