"""What stands beside a chain may be damaged too: its count, its checkpoint, its days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.ledger.matured import DAY_MS
from core.ledger.retention import forget
from core.ledger.schema import CHAINS, CHECKPOINTS, DAYS
from core.ledger.sealing import seal_days
from core.ledger.verify import verify
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock
from tests.core.ledger.conftest import made_entry

NO_COUNT = "What is noted beside the chain, or its checkpoint, was changed"
NO_DAY = "A sealed day or the checkpoint was changed: it is of no day."


@pytest.fixture(name="kept")
def _kept(database: sa.Engine, ledger: LedgerWriter, clock: ManualClock) -> sa.Engine:
    """Three days of which the first was let go: a checkpoint, one counted day and one whole."""
    begun = clock.now()
    for _ in range(3):
        ledger.commit([made_entry(clock, minute) for minute in range(3)])
        clock.advance(600)
        due = ledger.pending("binance", ["BTC-USD"], clock.now())
        ledger.settle(dict.fromkeys(due, 78_001.0))
        clock.advance(86_400 - 600)
    assert seal_days(database, "live", begun + timedelta(days=2)) == 2
    assert forget(database, ledger, begun + timedelta(days=1), clock.now()) == 3
    return database


def takes_away_what_is_noted(connection: sa.Connection) -> None:
    connection.execute(CHAINS.delete())


def counts_less_than_is_gone(connection: sa.Connection) -> None:
    connection.execute(CHAINS.update().values(seq=2))


def counts_below_nothing(connection: sa.Connection) -> None:
    connection.execute(CHAINS.update().values(settled=-1))


def puts_a_checkpoint_in(connection: sa.Connection) -> None:
    checkpoint = dict(connection.execute(sa.select(CHECKPOINTS)).mappings().one())
    connection.execute(CHECKPOINTS.insert(), [{**checkpoint, "seq": 1}])


def moves_the_checkpoint_to_noon(connection: sa.Connection) -> None:
    connection.execute(CHECKPOINTS.update().values(cutoff=CHECKPOINTS.c.cutoff + DAY_MS // 2))


def moves_a_day_to_the_end_of_time(connection: sa.Connection) -> None:
    newest = sa.select(sa.func.max(DAYS.c.day)).scalar_subquery()
    connection.execute(DAYS.update().where(DAYS.c.day == newest).values(day=2**63 - 1))


def puts_rows_back_into_a_counted_day(connection: sa.Connection) -> None:
    connection.execute(DAYS.update().where(DAYS.c.rows.is_(None)).values(rows=b"anything"))


def puts_in_a_day_without_a_forecast(connection: sa.Connection) -> None:
    day = dict(connection.execute(sa.select(DAYS).where(DAYS.c.rows.is_not(None))).mappings().one())
    nothing = {name: 0 for name, value in day.items() if isinstance(value, int | float)}
    empty = {**day, **nothing, "day": day["day"] + DAY_MS, "spec": "ETH-USD", "rows": b""}
    connection.execute(DAYS.insert(), [empty])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (takes_away_what_is_noted, "What is noted beside the chain is missing"),
        (counts_less_than_is_gone, "one of the two was changed"),
        (counts_below_nothing, NO_COUNT),
        (puts_a_checkpoint_in, "more than one checkpoint"),
        (moves_the_checkpoint_to_noon, NO_DAY),
        (moves_a_day_to_the_end_of_time, NO_DAY),
        (puts_rows_back_into_a_counted_day, "holds more than its counts"),
        (puts_in_a_day_without_a_forecast, "forecasts of ETH-USD is of no forecast"),
    ],
)
def test_damage_beside_the_chain_is_found(
    kept: sa.Engine, damage: Callable[[sa.Connection], None], named: str
) -> None:
    (whole,) = verify(kept)
    assert (whole.rows, whole.gone, whole.settled, whole.fault) == (9, 3, 9, "")
    with kept.begin() as connection:
        damage(connection)
    (found,) = verify(kept)
    assert named in found.fault


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE chains SET seq = 'many'", NO_COUNT),
        ("UPDATE chains SET settled = x'00'", NO_COUNT),
        ("UPDATE checkpoints SET seq = 'x'", NO_COUNT),
        ("UPDATE checkpoints SET cutoff = 'x'", NO_DAY),
        ("UPDATE checkpoints SET cutoff = 9000000000000000", NO_DAY),
        ("UPDATE days SET day = 'x' WHERE rows IS NULL", NO_DAY),
        (
            "UPDATE days SET hits = x'00ff' WHERE rows IS NULL",
            "was changed after they were counted",
        ),
        ("UPDATE days SET hits = 'all' WHERE rows IS NOT NULL", "is not what its rows say"),
        ("UPDATE forecasts SET chain = x'00ff'", "What is noted beside the chain is missing"),
    ],
)
@pytest.mark.parametrize("bare", ["sqlite"], indirect=True)
def test_what_sqlite_takes_in_any_column_is_found_too(
    kept: sa.Engine, change: str, named: str
) -> None:
    with kept.begin() as connection:
        connection.exec_driver_sql(change)
    assert any(named in found.fault for found in verify(kept))
