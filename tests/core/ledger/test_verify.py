"""Whatever is done to a chain behind the writer's back is found, and named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.ledger.entry import row_hash
from core.ledger.rows import entry_of, values_of
from core.ledger.schema import FORECASTS, OUTCOMES
from core.ledger.verify import verify
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock
from tests.core.ledger.conftest import made_entry

ROWS = 9


@pytest.fixture(name="filled")
def _filled(database: sa.Engine, ledger: LedgerWriter, clock: ManualClock) -> sa.Engine:
    ledger.commit([made_entry(clock, minute) for minute in range(ROWS)])
    due = ledger.pending("binance", ["BTC-USD"], clock.now() + timedelta(minutes=4))
    ledger.settle(dict.fromkeys(due, 78_001.5))
    return database


def row(connection: sa.Connection, seq: int) -> sa.Row:
    return connection.execute(sa.select(FORECASTS).where(FORECASTS.c.seq == seq)).one()


def changes(connection: sa.Connection) -> None:
    connection.execute(FORECASTS.update().where(FORECASTS.c.seq == 5).values(point=1.0))


def removes(connection: sa.Connection) -> None:
    connection.execute(FORECASTS.delete().where(FORECASTS.c.seq == 5))


def removes_and_closes_the_gap(connection: sa.Connection) -> None:
    removes(connection)
    for seq in range(6, ROWS + 1):
        connection.execute(FORECASTS.update().where(FORECASTS.c.seq == seq).values(seq=seq - 1))


def removes_the_last(connection: sa.Connection) -> None:
    connection.execute(FORECASTS.delete().where(FORECASTS.c.seq == ROWS))


def inserts(connection: sa.Connection) -> None:
    for seq in range(ROWS, 4, -1):
        connection.execute(FORECASTS.update().where(FORECASTS.c.seq == seq).values(seq=seq + 1))
    before = row(connection, 4)
    entry = entry_of({**row(connection, 6)._mapping, "revision": 7})
    digest = row_hash(before.hash, 5, entry)
    connection.execute(FORECASTS.insert().values(**values_of(entry, 5, before.hash, digest)))


def reorders(connection: sa.Connection) -> None:
    for old, new in ((5, 99), (6, 5), (99, 6)):
        connection.execute(FORECASTS.update().where(FORECASTS.c.seq == old).values(seq=new))


def rewrites_with_a_hash_of_its_own(connection: sa.Connection) -> None:
    kept = row(connection, 5)
    entry = entry_of({**kept._mapping, "point": 78_001.5})
    digest = row_hash(kept.previous, 5, entry)
    connection.execute(
        FORECASTS.update().where(FORECASTS.c.seq == 5).values(point=78_001.5, hash=digest)
    )


@pytest.mark.parametrize(
    ("damage", "row_named"),
    [
        (changes, "Row 5 was changed"),
        (removes, "Row 5 is missing"),
        (removes_and_closes_the_gap, "Row 5 does not follow"),
        (removes_the_last, f"Row {ROWS} is missing"),
        (inserts, "Row 6 does not follow"),
        (reorders, "Row 5 does not follow"),
        (rewrites_with_a_hash_of_its_own, "Row 6 does not follow"),
    ],
)
def test_damage_is_found_and_the_first_bad_row_named(
    filled: sa.Engine, damage: Callable[[sa.Connection], None], row_named: str
) -> None:
    (whole,) = verify(filled)
    assert (whole.rows, whole.fault) == (ROWS, "")
    with filled.begin() as connection:
        damage(connection)
    (found,) = verify(filled)
    assert row_named in found.fault


def test_an_outcome_that_was_changed_is_found(filled: sa.Engine) -> None:
    with filled.begin() as connection:
        connection.execute(OUTCOMES.update().where(OUTCOMES.c.seq == 2).values(error=0.0))
    (found,) = verify(filled)
    assert found.fault == "The outcome of row 2 does not agree with its errors."


def test_a_ledger_that_nobody_wrote_to_has_no_chain(database: sa.Engine) -> None:
    assert verify(database) == []
