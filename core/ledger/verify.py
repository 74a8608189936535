"""Whether a chain is whole: every row is what it was, where it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.ledger.database import reading, told
from core.ledger.entry import GENESIS, row_hash
from core.ledger.rows import entry_of
from core.ledger.schema import CHAINS, FORECASTS, OUTCOMES

_ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one chain.

    Attributes
    ----------
    rows : int
        Forecasts looked at, up to the first fault.
    head : str
        Hash of the last one: note it, and compare it later.
    fault : str
        Empty, or a sentence that names the first bad row.
    """

    chain: str
    rows: int
    head: str
    fault: str


def verify(engine: sa.Engine) -> list[Verdict]:
    """Recompute every chain.

    A row that was changed, removed, put in or moved breaks the hash of its own or of the next row;
    rows taken off the end are missed by the count kept beside the chain. Who can rewrite the
    whole database can also rewrite all hashes: then only a head noted elsewhere tells.

    Raises
    ------
    LedgerUnavailable
    """
    with told(), reading(engine) as connection:
        chains = connection.execute(sa.select(CHAINS).order_by(CHAINS.c.chain)).all()
        return [_verify_chain(connection, chain) for chain in chains]


def _verify_chain(connection: sa.Connection, chain: sa.Row[Any]) -> Verdict:
    name, count, noted = chain.chain, chain.seq, chain.head
    seq, head = 0, GENESIS
    for row in _rows(connection, name):
        fault = _fault_of(row, seq + 1, head)
        if fault:
            return Verdict(name, seq, head, fault)
        seq, head = row.seq, row.hash
    if (seq, head) != (count, noted):
        fault = f"Row {seq + 1} is missing: the chain ends after {seq:,} of {count:,} forecasts."
        return Verdict(name, seq, head, fault)
    return Verdict(name, seq, head, _outcome_fault(connection, name))


def _rows(connection: sa.Connection, chain: str) -> Iterator[sa.Row[Any]]:
    query = sa.select(FORECASTS).where(FORECASTS.c.chain == chain).order_by(FORECASTS.c.seq)
    streamed = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query)
    yield from streamed


def _fault_of(row: sa.Row[Any], expected: int, previous: str) -> str:
    if row.seq != expected:
        return f"Row {expected} is missing: row {row.seq} comes next."
    if row.previous != previous:
        return f"Row {expected} does not follow the row before it: one of the two was replaced."
    if row_hash(previous, row.seq, entry_of(row._mapping)) != row.hash:
        return f"Row {expected} was changed after it was written."
    return ""


def _outcome_fault(connection: sa.Connection, chain: str) -> str:
    """Name the first outcome whose errors are not those of its forecast."""
    wrong = sa.or_(
        sa.func.abs(OUTCOMES.c.actual - FORECASTS.c.point) != OUTCOMES.c.error,
        sa.func.abs(OUTCOMES.c.actual - FORECASTS.c.random_walk) != OUTCOMES.c.random_walk_error,
        (OUTCOMES.c.actual.is_(None)) != (OUTCOMES.c.error.is_(None)),
    )
    seq = connection.execute(
        sa.select(sa.func.min(OUTCOMES.c.seq))
        .join(
            FORECASTS,
            sa.and_(FORECASTS.c.chain == OUTCOMES.c.chain, FORECASTS.c.seq == OUTCOMES.c.seq),
        )
        .where(OUTCOMES.c.chain == chain, wrong)
    ).scalar()
    return "" if seq is None else f"The outcome of row {seq} does not agree with its errors."
