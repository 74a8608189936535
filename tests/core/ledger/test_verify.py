"""Whatever is done to a chain behind the writer's back is found, and named."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.domain import LedgerHead
from core.errors import LedgerUnavailable
from core.ledger.database import database_url, migrate, open_database
from core.ledger.entry import Outcome, outcome_hash, row_hash
from core.ledger.rows import entry_of, outcome_of, outcome_values, values_of
from core.ledger.schema import CHAINS, FORECASTS, OUTCOMES
from core.ledger.sealing import every_series
from core.ledger.verify import Place, verify, where_is
from core.ledger.writer import LedgerWriter, after_outcome
from tests.clocks import ManualClock
from tests.core.ledger.conftest import made_entry

ROWS = 9
SETTLED = 4


@pytest.fixture(name="filled")
def _filled(database: sa.Engine, ledger: LedgerWriter, clock: ManualClock) -> sa.Engine:
    fill(ledger, clock)
    return database


def fill(ledger: LedgerWriter, clock: ManualClock) -> None:
    ledger.commit([made_entry(clock, minute) for minute in range(ROWS)])
    due = ledger.pending("binance", ["BTC-USD"], clock.now() + timedelta(minutes=SETTLED))
    ledger.settle(dict.fromkeys(due, 78_001.5))


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


def rewrites_the_last_with_a_hash_of_its_own(connection: sa.Connection) -> None:
    kept = row(connection, ROWS)
    digest = row_hash(kept.previous, ROWS, entry_of({**kept._mapping, "point": 78_001.5}))
    here = FORECASTS.c.seq == ROWS
    connection.execute(FORECASTS.update().where(here).values(point=78_001.5, hash=digest))


def changes_the_noted_head(connection: sa.Connection) -> None:
    connection.execute(CHAINS.update().values(head=64 * "a"))


def writes_an_infinity(connection: sa.Connection) -> None:
    connection.execute(FORECASTS.update().where(FORECASTS.c.seq == 5).values(point=math.inf))


def cuts_the_end_and_its_count(connection: sa.Connection) -> None:
    connection.execute(FORECASTS.delete().where(FORECASTS.c.seq > 2))
    connection.execute(CHAINS.update().values(seq=2, head=row(connection, 2).hash))


def changes_the_count(connection: sa.Connection) -> None:
    connection.execute(CHAINS.update().values(seq=3))


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
        (rewrites_the_last_with_a_hash_of_its_own, f"Row {ROWS}, the last one, does not have"),
        (changes_the_noted_head, f"Row {ROWS}, the last one, does not have"),
        (writes_an_infinity, "Row 5 was changed"),
        (cuts_the_end_and_its_count, "Row 3 is missing: it has an outcome"),
        (changes_the_count, "Row 4 was put in, or the count beside the chain was changed"),
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


def outcome(connection: sa.Connection, place: int) -> sa.Row:
    return connection.execute(sa.select(OUTCOMES).where(OUTCOMES.c.place == place)).one()


def changes_an_outcome(connection: sa.Connection) -> None:
    """With errors that fit, as it would be done."""
    forecast = row(connection, 2)
    values = asdict(Outcome.of("live", 2, forecast.point, forecast.random_walk, forecast.point))
    connection.execute(OUTCOMES.update().where(OUTCOMES.c.place == 2).values(**values))


def changes_an_outcome_and_its_hash(connection: sa.Connection) -> None:
    changes_an_outcome(connection)
    kept = outcome(connection, 2)
    digest = outcome_hash(outcome(connection, 1).hash, 2, outcome_of(kept._mapping))
    connection.execute(OUTCOMES.update().where(OUTCOMES.c.place == 2).values(hash=digest))


def removes_an_outcome(connection: sa.Connection) -> None:
    connection.execute(OUTCOMES.delete().where(OUTCOMES.c.place == 2))


def removes_the_last_outcome(connection: sa.Connection) -> None:
    connection.execute(OUTCOMES.delete().where(OUTCOMES.c.place == SETTLED))


def inserts_an_outcome(connection: sa.Connection) -> None:
    forecast = row(connection, ROWS)
    head = LedgerHead(ROWS, forecast.hash, SETTLED, outcome(connection, SETTLED).hash)
    made = Outcome.of("live", ROWS, forecast.point, forecast.random_walk, forecast.point)
    connection.execute(OUTCOMES.insert(), [outcome_values(made, after_outcome(head, made))])


def reorders_outcomes(connection: sa.Connection) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        connection.execute(OUTCOMES.update().where(OUTCOMES.c.place == old).values(place=new))


def changes_the_noted_head_of_outcomes(connection: sa.Connection) -> None:
    connection.execute(CHAINS.update().values(settled_head=64 * "a"))


def writes_an_infinite_outcome(connection: sa.Connection) -> None:
    here = OUTCOMES.c.place == 2
    connection.execute(OUTCOMES.update().where(here).values(actual=math.inf, error=math.inf))


@pytest.mark.parametrize(
    ("damage", "outcome_named"),
    [
        (changes_an_outcome, "Outcome 2, of row 2, was changed"),
        (changes_an_outcome_and_its_hash, "Outcome 3, of row 3, was changed"),
        (removes_an_outcome, "Outcome 2 is missing: outcome 3 comes next"),
        (removes_the_last_outcome, f"Outcome {SETTLED} is missing"),
        (inserts_an_outcome, f"Outcome {SETTLED + 1} was put in"),
        (reorders_outcomes, "Outcome 2, of row 3, was changed"),
        (changes_the_noted_head_of_outcomes, f"Outcome {SETTLED}, the last one, does not have"),
        (writes_an_infinite_outcome, "Outcome 2, of row 2, was changed"),
    ],
)
def test_damage_to_outcomes_is_found_and_the_first_bad_one_named(
    filled: sa.Engine, damage: Callable[[sa.Connection], None], outcome_named: str
) -> None:
    (whole,) = verify(filled)
    assert (whole.settled, whole.fault) == (SETTLED, "")
    with filled.begin() as connection:
        damage(connection)
    (found,) = verify(filled)
    assert outcome_named in found.fault


@pytest.mark.parametrize(
    "forgery", [{"error": 0.0}, {"random_walk_error": 0.0}, {"error": None}, {"actual": None}]
)
def test_errors_that_are_not_those_of_the_forecast_are_found(
    filled: sa.Engine, forgery: dict[str, float | None]
) -> None:
    """Whoever rewrites the chain of outcomes has to keep to the forecasts."""
    with filled.begin() as connection:
        last = outcome_of(outcome(connection, SETTLED)._mapping)
        before = outcome(connection, SETTLED - 1).hash
        forged = replace(last, **forgery)
        digest = outcome_hash(before, SETTLED, forged)
        here = OUTCOMES.c.place == SETTLED
        connection.execute(OUTCOMES.update().where(here).values(**forgery, hash=digest))
        connection.execute(CHAINS.update().values(settled_head=digest))
    (found,) = verify(filled)
    assert found.fault == f"The outcome of row {last.seq} does not agree with its errors."


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE forecasts SET model_id = x'00ff' WHERE seq = 5", "Row 5 was changed"),
        ("UPDATE forecasts SET model_id = cast(x'ff' AS TEXT) WHERE seq = 5", "Row 5 was changed"),
        ("UPDATE forecasts SET hash = cast(x'ff' AS TEXT) WHERE seq = 5", "Row 5 was changed"),
        ("UPDATE forecasts SET provider = cast(x'ff' AS TEXT) WHERE seq = 5", "Row 5 was changed"),
        ("UPDATE forecasts SET chain = cast(x'ff' AS TEXT) WHERE seq = 5", "Row 5 is missing"),
        ("UPDATE forecasts SET point = 'much' WHERE seq = 5", "Row 5 was changed"),
        ("UPDATE outcomes SET actual = x'00ff' WHERE place = 2", "Outcome 2, of row 2, was"),
        ("UPDATE forecasts SET seq = 'five' WHERE seq = 5", "Row 5 is missing"),
        ("UPDATE outcomes SET place = 'last' WHERE place = 4", "Outcome 'last' was changed"),
    ],
)
def test_what_sqlite_takes_in_any_column_is_named_too(
    tmp_path: Path, clock: ManualClock, change: str, named: str
) -> None:
    engine = open_database(database_url("", tmp_path))
    migrate(engine)
    fill(LedgerWriter(engine, "live", clock.now), clock)
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
    found = next(verdict for verdict in verify(engine) if verdict.chain == "live")
    assert named in found.fault


def test_bytes_that_are_no_text_are_an_error_to_who_goes_by_order(
    tmp_path: Path, clock: ManualClock
) -> None:
    engine = open_database(database_url("", tmp_path))
    migrate(engine)
    fill(LedgerWriter(engine, "live", clock.now), clock)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE forecasts SET provider = cast(x'ff' AS TEXT)")
    verify(engine)
    with pytest.raises(LedgerUnavailable, match="Could not decode to UTF-8"):
        list(every_series(engine, "live"))


def test_a_hash_that_was_noted_is_found_again(filled: sa.Engine) -> None:
    with filled.connect() as connection:
        forecast, known = row(connection, 5).hash, outcome(connection, 2).hash
    assert where_is(filled, forecast) == Place("live", "forecast", 5)
    assert where_is(filled, known[:8]) == Place("live", "outcome", 2)
    assert where_is(filled, 64 * "a") is None


def test_a_chain_of_which_only_outcomes_are_left_is_looked_at(filled: sa.Engine) -> None:
    with filled.begin() as connection:
        connection.execute(CHAINS.delete())
        connection.execute(FORECASTS.delete())
    (found,) = verify(filled)
    assert found.fault.startswith("What is noted beside the chain is missing")


def test_a_ledger_that_nobody_wrote_to_has_no_chain(database: sa.Engine) -> None:
    assert verify(database) == []
