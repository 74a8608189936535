"""Old rows go, and whether anything was changed can still be told."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.domain import ForecastSpec
from core.ledger import retention
from core.ledger.database import database_url
from core.ledger.entry import BEGINNING
from core.ledger.retention import forget
from core.ledger.rows import outcome_of, outcome_values
from core.ledger.schema import CHAINS, CHECKPOINTS, DAYS, FORECASTS, OUTCOMES
from core.ledger.scores import scores
from core.ledger.sealing import seal_days
from core.ledger.verify import Place, verify, where_is
from core.ledger.writer import LedgerWriter, after_outcome
from tests.clocks import ManualClock
from tests.core.ledger.conftest import made_entry
from tests.ledgers import fill_ledger

SPEC = ForecastSpec()
DAYS_MADE = 4
MINUTES = DAYS_MADE * 1_440


@pytest.fixture(name="month")
def _month(tmp_path: Path, clock: ManualClock) -> sa.Engine:
    return fill_ledger(database_url("", tmp_path), [SPEC], MINUTES, clock.now(), "live", "binance")


def count(engine: sa.Engine, table: sa.Table) -> int:
    with engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def let_go(engine: sa.Engine, clock: ManualClock, before: datetime) -> int:
    writer = LedgerWriter(engine, "live", clock.now)
    return forget(engine, writer, before, clock.now())


def test_the_chain_stays_verifiable_and_scores_of_what_is_left_the_same(
    month: sa.Engine, clock: ManualClock
) -> None:
    rows = count(month, FORECASTS)
    seal_days(month, "live", clock.now())
    before = scores(month, "live", SPEC, "minute", clock.now())["24h"]
    gone = let_go(month, clock, clock.now() - timedelta(days=2))
    assert 0 < gone < rows
    assert count(month, FORECASTS) == rows - gone
    assert scores(month, "live", SPEC, "minute", clock.now())["24h"] == before
    (found,) = verify(month)
    assert (found.rows, found.gone, found.fault) == (rows, gone, "")
    with month.connect() as connection:
        issued = connection.execute(sa.select(sa.func.min(FORECASTS.c.issued_at))).scalar_one()
    assert found.oldest == issued
    assert let_go(month, clock, clock.now() - timedelta(days=2)) == 0


def test_days_stay_as_counts(month: sa.Engine, clock: ManualClock) -> None:
    seal_days(month, "live", clock.now())
    let_go(month, clock, clock.now() - timedelta(days=2))
    with month.connect() as connection:
        days = connection.execute(sa.select(DAYS).order_by(DAYS.c.day, DAYS.c.horizon)).all()
    old = [day for day in days if day.rows is None]
    assert old
    whole = {"minute": 1_440, "long": 288}
    assert all(day.known == whole[day.horizon] for day in old[2:])  # the first began at noon
    assert all(0 < day.in50 < day.in80 < day.in90 < day.in95 <= day.banded for day in days)
    assert all(day.error > 0 < day.hits < day.sided for day in days)


@pytest.mark.parametrize("kept_back", [True, False])
def test_nothing_goes_that_was_not_counted(
    month: sa.Engine, clock: ManualClock, kept_back: bool
) -> None:
    if kept_back:
        seal_days(month, "live", clock.now())
        with month.begin() as connection:  # as if the last of these days were still open
            newest = sa.select(sa.func.max(DAYS.c.day)).scalar_subquery()
            connection.execute(DAYS.delete().where(DAYS.c.day == newest))
    assert let_go(month, clock, clock.now()) == 0
    assert verify(month)[0].fault == ""


@pytest.mark.parametrize(
    ("table", "values", "named"),
    [
        (DAYS, {"hits": 1_440}, "A day whose forecasts were let go was changed"),
        (CHECKPOINTS, {"hash": 64 * "a"}, "does not follow the row before it"),
    ],
)
def test_what_stands_for_rows_that_went_cannot_be_changed(
    month: sa.Engine, clock: ManualClock, table: sa.Table, values: dict, named: str
) -> None:
    seal_days(month, "live", clock.now())
    let_go(month, clock, clock.now() - timedelta(days=2))
    with month.begin() as connection:
        oldest = sa.select(sa.func.min(DAYS.c.day)).scalar_subquery()
        where = DAYS.c.day == oldest if table is DAYS else sa.true()
        connection.execute(table.update().where(where).values(**values))
    assert named in verify(month)[0].fault


def test_a_sealed_day_that_was_changed_is_named(month: sa.Engine, clock: ManualClock) -> None:
    seal_days(month, "live", clock.now())
    with month.begin() as connection:
        newest = sa.select(sa.func.max(DAYS.c.day)).scalar_subquery()
        mine = sa.and_(DAYS.c.day == newest, DAYS.c.horizon == "long")
        connection.execute(DAYS.update().where(mine).values(error=0.0))
    (found,) = verify(month)
    assert found.fault == (
        "The sealed day 2026-02-28 of the long forecasts of BTC-USD is not what its rows say."
    )


def test_a_sealed_day_that_was_taken_out_is_missed(month: sa.Engine, clock: ManualClock) -> None:
    seal_days(month, "live", clock.now())
    with month.begin() as connection:
        days = sa.select(DAYS.c.day).distinct().order_by(DAYS.c.day).offset(1).limit(1)
        middle = connection.execute(days).scalar_one()
        mine = sa.and_(DAYS.c.day == middle, DAYS.c.horizon == "minute")
        connection.execute(DAYS.delete().where(mine))
    (found,) = verify(month)
    assert found.fault == (
        "The sealed day 2026-02-26 of the minute forecasts of BTC-USD is missing."
    )


def test_an_outcome_taken_out_of_a_sealed_day_is_missed(
    month: sa.Engine, clock: ManualClock
) -> None:
    seal_days(month, "live", clock.now())
    with month.begin() as connection:
        connection.execute(OUTCOMES.delete().where(OUTCOMES.c.seq == 5))
        _rewrite_the_chain_of_outcomes(connection)
    assert "is not what its rows say" in verify(month)[0].fault


def _rewrite_the_chain_of_outcomes(connection: sa.Connection) -> None:
    """Do what somebody would who wants to hide a deletion."""
    head = BEGINNING
    rows = connection.execute(sa.select(OUTCOMES).order_by(OUTCOMES.c.place)).mappings().all()
    connection.execute(OUTCOMES.delete())
    values = []
    for row in rows:
        head = after_outcome(head, outcome := outcome_of(row))
        values.append(outcome_values(outcome, head))
    connection.execute(OUTCOMES.insert(), values)
    connection.execute(CHAINS.update().values(settled=head.settled, settled_head=head.settled_hash))


def test_a_deletion_that_was_cut_short_is_finished(
    month: sa.Engine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal_days(month, "live", clock.now())
    rows, before = count(month, FORECASTS), clock.now() - timedelta(days=2)
    monkeypatch.setattr(retention, "_ROWS_AT_ONCE", 500)
    writer = LedgerWriter(month, "live", clock.now)
    held = iter([writer.held, writer.held, _killed])
    monkeypatch.setattr(writer, "held", lambda: next(held)())
    with pytest.raises(KeyboardInterrupt):
        forget(month, writer, before, clock.now())
    assert count(month, FORECASTS) == rows - 1_000
    assert [(found.gone, found.fault) for found in verify(month)] == [(1_000, "")]
    assert let_go(month, clock, before) > 500
    assert count(month, CHECKPOINTS) == 1
    assert verify(month)[0].fault == ""


def test_a_deletion_that_is_finished_later_counts_no_fewer_days(
    month: sa.Engine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was cut short, and the setting was raised before it went on."""
    seal_days(month, "live", clock.now())
    monkeypatch.setattr(retention, "_ROWS_AT_ONCE", 500)
    writer = LedgerWriter(month, "live", clock.now)
    held = iter([writer.held, _killed])
    monkeypatch.setattr(writer, "held", lambda: next(held)())
    with pytest.raises(KeyboardInterrupt):
        forget(month, writer, clock.now() - timedelta(days=1), clock.now())
    with month.connect() as connection:
        cutoff = connection.execute(sa.select(CHECKPOINTS.c.cutoff)).scalar_one()
    assert let_go(month, clock, clock.now() - timedelta(days=2)) > 0
    with month.connect() as connection:
        assert connection.execute(sa.select(CHECKPOINTS.c.cutoff)).scalar_one() == cutoff
    assert verify(month)[0].fault == ""


def test_the_last_hash_that_was_let_go_is_found_again(month: sa.Engine, clock: ManualClock) -> None:
    seal_days(month, "live", clock.now())
    gone = let_go(month, clock, clock.now() - timedelta(days=2))
    with month.connect() as connection:
        digest = connection.execute(sa.select(CHECKPOINTS.c.hash)).scalar_one()
    assert where_is(month, digest) == Place("live", "forecast", gone, gone=True)


def _killed() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("table", "what"), [(FORECASTS, "Row"), (OUTCOMES, "Outcome")])
def test_a_row_put_back_before_the_checkpoint_is_found(
    month: sa.Engine, clock: ManualClock, table: sa.Table, what: str
) -> None:
    oldest = sa.select(table).order_by(table.c.seq).limit(1)
    with month.connect() as connection:
        first = dict(connection.execute(oldest).mappings().one())
    seal_days(month, "live", clock.now())
    let_go(month, clock, clock.now() - timedelta(days=2))
    with month.begin() as connection:
        connection.execute(table.insert(), [first])
    assert verify(month)[0].fault == f"{what} 1 was put in: the chain begins after it."


def test_the_same_holds_on_every_database(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    ledger.commit([made_entry(clock, minute) for minute in range(3)])
    clock.advance(600)
    due = ledger.pending("binance", ["BTC-USD"], clock.now())
    ledger.settle({due[0]: 78_001.0, due[1]: None, due[2]: 77_999.0})
    clock.advance(3 * 86_400)
    ledger.commit([made_entry(clock)])
    assert seal_days(database, "live", clock.now()) == 1
    assert [found.fault for found in verify(database)] == [""]
    assert forget(database, ledger, clock.now() - timedelta(days=1), clock.now()) == 3
    assert count(database, OUTCOMES) == 0
    (found,) = verify(database)
    assert (found.rows, found.gone, found.fault) == (4, 3, "")


def test_outcomes_that_came_after_one_that_stays_wait_for_the_next_time(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    begun = clock.now()
    ledger.commit([made_entry(clock, minute) for minute in (0, 1)])
    clock.advance(3 * 86_400)
    ledger.commit([made_entry(clock)])
    clock.advance(600)
    waits, *known = ledger.pending("binance", ["BTC-USD"], clock.now())
    ledger.settle(dict.fromkeys(known, 78_001.0))
    ledger.settle({waits: None})
    seal_days(database, "live", clock.now())
    assert forget(database, ledger, begun + timedelta(days=2), clock.now()) == 2
    assert count(database, OUTCOMES) == 2  # of the third forecast, and of the first, after it
    assert [(found.gone, found.settled, found.fault) for found in verify(database)] == [(2, 3, "")]
    clock.advance(3 * 86_400)
    ledger.commit([made_entry(clock)])
    seal_days(database, "live", clock.now())
    assert forget(database, ledger, begun + timedelta(days=5), clock.now()) == 1
    assert count(database, OUTCOMES) == 0
    assert [(found.rows, found.settled, found.fault) for found in verify(database)] == [(4, 3, "")]


def test_days_whose_rows_stay_are_kept_whole(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    ledger.commit([made_entry(clock, minute) for minute in range(3)])
    clock.advance(100 * 86_400)
    due = ledger.pending("binance", ["BTC-USD"], clock.now())
    ledger.settle(dict.fromkeys(due, 78_001.0))
    seal_days(database, "live", clock.now())
    assert forget(database, ledger, clock.now() - timedelta(days=90), clock.now()) == 0
    assert [found.fault for found in verify(database)] == [""]
