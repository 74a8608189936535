"""Forecasts are written before their outcome, once, by one writer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.errors import LedgerLost, LedgerUnavailable
from core.ledger.entry import GENESIS, Entry
from core.ledger.rows import entry_of
from core.ledger.schema import CHAINS, FORECASTS, OUTCOMES
from core.ledger.verify import verify
from core.ledger.writer import LedgerWriter
from tests.clocks import ManualClock
from tests.core.ledger.conftest import changed, made_entry


def rows(database: sa.Engine) -> list[sa.Row]:
    with database.connect() as connection:
        return list(connection.execute(sa.select(FORECASTS).order_by(FORECASTS.c.seq)))


def written(database: sa.Engine) -> list[Entry]:
    return [entry_of(row._mapping) for row in rows(database)]


def test_each_row_holds_the_hash_of_its_content_and_of_the_row_before(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    entries = [made_entry(clock, minute) for minute in range(3)]
    head = ledger.commit(entries)
    previous = GENESIS
    for seq, (row, entry) in enumerate(zip(rows(database), entries, strict=True), start=1):
        text = json.dumps([previous, seq, *astuple(entry)]).replace(", ", ",")
        assert (row.seq, row.previous) == (seq, previous)
        assert row.hash == hashlib.sha256(text.encode()).hexdigest()
        previous = row.hash
    assert (head.seq, head.hash) == (3, previous)
    assert written(database) == entries


def test_the_same_forecast_is_written_once_and_another_of_its_candle_is_a_revision(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    entry = made_entry(clock)
    ledger.commit([entry])
    assert ledger.commit([entry]).seq == 1
    assert ledger.commit([changed(entry)]).seq == 2
    assert ledger.commit([changed(entry)]).seq == 2
    assert [found.revision for found in written(database)] == [0, 1]


def test_what_has_met_its_time_is_no_forecast(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    entry = made_entry(clock)
    clock.advance(60)
    assert ledger.commit([entry, made_entry(clock)]).seq == 1
    assert written(database)[0].issued_at > entry.issued_at


def test_a_writer_that_was_fenced_off_writes_nothing(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    ledger.commit([made_entry(clock)])
    successor = LedgerWriter(database, "live", clock.now)
    with pytest.raises(LedgerLost, match="Another engine writes the ledger"):
        ledger.commit([made_entry(clock, 1)])
    due = ledger.pending("binance", ["BTC-USD"], clock.now() + timedelta(minutes=1))
    with pytest.raises(LedgerLost):
        ledger.settle(dict.fromkeys(due, 1.0))
    with pytest.raises(LedgerLost), ledger.held():
        pytest.fail("a writer that was fenced off holds the chain")
    assert len(written(database)) == 1
    assert successor.commit([made_entry(clock, 1)]).seq == 2


def test_an_outcome_is_written_once_beside_its_forecast(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    ledger.commit([made_entry(clock, minute) for minute in range(3)])
    assert ledger.pending("binance", ["BTC-USD"], clock.now()) == []
    later = clock.now() + timedelta(minutes=2)
    due = ledger.pending("binance", ["BTC-USD"], later)
    assert [found.seq for found in due] == [1, 2]
    ledger.settle({due[0]: 78_005.0, due[1]: None})
    assert ledger.pending("binance", ["BTC-USD"], later) == []
    with database.connect() as connection:
        known, unknown = connection.execute(sa.select(OUTCOMES).order_by(OUTCOMES.c.seq))
    assert (known.actual, known.error) == (78_005.0, abs(78_005.0 - due[0].point))
    assert known.random_walk_error == 5.0
    assert (unknown.actual, unknown.error, unknown.random_walk_error) == (None, None, None)
    assert [verdict.fault for verdict in verify(database)] == [""]


def test_an_outcome_is_not_written_over(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    """Two threads of the engine may find the same forecast due."""
    ledger.commit([made_entry(clock), made_entry(clock, 1)])
    first, second = ledger.pending("binance", ["BTC-USD"], clock.now() + timedelta(minutes=2))
    ledger.settle({first: 1.0})
    head = ledger.settle({first: None, second: 3.0})
    assert head is not None
    assert head.settled == 2
    assert ledger.settle({first: 2.0}) == head
    with database.connect() as connection:
        prices = connection.execute(sa.select(OUTCOMES.c.actual).order_by(OUTCOMES.c.seq))
        assert list(prices.scalars()) == [1.0, 3.0]


def test_a_chain_whose_noted_end_was_lost_is_not_begun_anew(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    ledger.commit([made_entry(clock)])
    with database.begin() as connection:
        connection.execute(CHAINS.delete())
    with pytest.raises(LedgerUnavailable, match="what is noted beside them is missing"):
        LedgerWriter(database, "live", clock.now)
    assert LedgerWriter(database, "simulated", clock.now).commit([]).seq == 0


def test_chains_of_the_two_markets_do_not_mix(
    ledger: LedgerWriter, database: sa.Engine, clock: ManualClock
) -> None:
    invented = LedgerWriter(database, "simulated", clock.now)
    ledger.commit([made_entry(clock)])
    invented.commit([made_entry(clock, chain="simulated"), made_entry(clock, 1, "simulated")])
    assert [(v.chain, v.rows, v.fault) for v in verify(database)] == [
        ("live", 1, ""),
        ("simulated", 2, ""),
    ]
