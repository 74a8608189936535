"""What was noted of a chain is found again, or said to be another, gone or missing."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.domain import LedgerHead
from core.errors import LedgerUnavailable
from core.ledger.entry import row_hash
from core.ledger.noted_hash import look_up
from core.ledger.retention import checkpoint_of, forget, start_of
from core.ledger.rows import entry_of
from core.ledger.schema import FORECASTS, OUTCOMES
from core.ledger.sealing import seal_days
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock
from tests.core.ledger.conftest import made_entry

DAY = timedelta(days=1)


@pytest.fixture(name="head")
def _head(ledger: LedgerWriter, clock: ManualClock) -> LedgerHead:
    """Three forecasts and their outcomes."""
    ledger.commit([made_entry(clock, minute) for minute in range(3)])
    clock.advance(600)
    settled = ledger.settle(
        {due: due.point for due in ledger.pending("binance", ["BTC-USD"], clock.now())}
    )
    assert settled is not None
    return settled


def states(database: sa.Engine, noted: LedgerHead) -> list[tuple[str, int, str]]:
    return [(one.kind, one.place, one.state) for one in look_up(database, "live", noted)]


def test_what_was_noted_stands_also_by_its_first_digits(
    database: sa.Engine, head: LedgerHead
) -> None:
    unchanged = [("forecast", 3, "unchanged"), ("outcome", 3, "unchanged")]
    assert states(database, head) == unchanged
    first = replace(head, hash=head.hash[:16], settled_hash=head.settled_hash[:16])
    assert states(database, first) == unchanged


def test_what_was_rewritten_with_a_hash_of_its_own_is_another(
    database: sa.Engine, head: LedgerHead
) -> None:
    with database.begin() as connection:
        row = connection.execute(sa.select(FORECASTS).where(FORECASTS.c.seq == 3)).mappings().one()
        forged = replace(entry_of(row), price=1.0)
        digest = row_hash(row["previous"], 3, forged)
        changed = FORECASTS.update().where(FORECASTS.c.seq == 3)
        connection.execute(changed.values(price=1.0, hash=digest))
    assert states(database, head) == [("forecast", 3, "another"), ("outcome", 3, "unchanged")]
    assert states(database, replace(head, hash=digest))[0] == ("forecast", 3, "unchanged")


@pytest.mark.parametrize("number", [1.0, math.inf])
def test_what_was_changed_under_its_hash_is_another(
    database: sa.Engine, head: LedgerHead, number: float
) -> None:
    with database.begin() as connection:
        connection.execute(FORECASTS.update().where(FORECASTS.c.seq == 3).values(price=number))
    assert states(database, head) == [("forecast", 3, "another"), ("outcome", 3, "unchanged")]
    with database.begin() as connection:
        connection.execute(OUTCOMES.update().where(OUTCOMES.c.place == 3).values(actual=number))
    assert states(database, head)[1] == ("outcome", 3, "another")


def test_an_outcome_without_the_one_before_it_is_another(
    database: sa.Engine, head: LedgerHead
) -> None:
    with database.begin() as connection:
        connection.execute(OUTCOMES.delete().where(OUTCOMES.c.place == 2))
    assert states(database, head) == [("forecast", 3, "unchanged"), ("outcome", 3, "another")]


def test_the_first_outcome_follows_nothing(database: sa.Engine, head: LedgerHead) -> None:
    with database.connect() as connection:
        first = connection.execute(sa.select(OUTCOMES.c.hash).where(OUTCOMES.c.place == 1)).scalar()
    assert states(database, replace(head, settled=1, settled_hash=first))[1][2] == "unchanged"


def test_what_is_not_there_is_missing(database: sa.Engine, head: LedgerHead) -> None:
    ahead = replace(head, seq=7, settled=8)
    assert states(database, ahead) == [("forecast", 7, "missing"), ("outcome", 8, "missing")]
    assert look_up(database, "live", LedgerHead(0, "0" * 64, 0, "0" * 64)) == []
    assert [one.state for one in look_up(database, "simulated", head)] == ["missing", "missing"]


def test_what_was_let_go_is_gone_and_the_last_of_it_still_known(
    database: sa.Engine, ledger: LedgerWriter, clock: ManualClock, head: LedgerHead
) -> None:
    clock.advance(3 * DAY.total_seconds())
    ledger.commit([made_entry(clock)])
    seal_days(database, "live", clock.now(), ledger.held)
    forget(database, ledger, clock.now() - DAY, clock.now())
    with database.connect() as connection:
        assert checkpoint_of(connection, "live") is not None
        begun = start_of(connection, "live")
    assert (begun.seq, begun.settled) == (3, 3)
    assert states(database, head) == [("forecast", 3, "unchanged"), ("outcome", 3, "unchanged")]
    assert states(database, replace(head, hash="f" * 16))[0] == ("forecast", 3, "another")
    earlier = replace(head, seq=2, settled=1)
    assert states(database, earlier) == [("forecast", 2, "gone"), ("outcome", 1, "gone")]


def test_a_ledger_that_cannot_be_read_says_so(database: sa.Engine, head: LedgerHead) -> None:
    with database.begin() as connection:
        connection.execute(sa.text("ALTER TABLE forecasts RENAME TO elsewhere"))
    with pytest.raises(LedgerUnavailable, match="cannot be read"):
        look_up(database, "live", head)
