"""Whether a chain is whole: every row is what it was, where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from core.ledger.beside import beside_fault, day_fault
from core.ledger.database import reading, reading_any, told
from core.ledger.entry import GENESIS, hash_or_none, outcome_hash, row_hash
from core.ledger.matured import SAME_ROW
from core.ledger.retention import start_of
from core.ledger.rows import entry_of, outcome_of
from core.ledger.schema import CHAINS, CHECKPOINTS, DAYS, FORECASTS, OUTCOMES

_ROWS_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one chain.

    Attributes
    ----------
    rows : int
        Place of the last forecast that was found good: all of them, up to the first fault.
    gone : int
        How many of these were let go for their age.
    oldest : int or None
        When the first forecast that is left was issued, epoch milliseconds; None where none is. No
        hash tells where a chain should begin: if somebody else deletes from its beginning, and
        writes a checkpoint to match, only this shows it.
    head : str
        Hash of the last one: note it, and compare it later.
    settled : int
        Place of the last outcome that was found good.
    settled_head : str
        Hash of that one.
    fault : str
        Empty, or a sentence that names the first bad row.
    """

    chain: str
    rows: int
    gone: int
    oldest: int | None
    head: str
    settled: int
    settled_head: str
    fault: str


def verify(engine: sa.Engine) -> list[Verdict]:
    """Recompute every chain, from where it begins since old rows were let go.

    A row that was changed, removed, put in or moved breaks the hash of its own or of the next row;
    rows taken off the end are missed by the count kept beside the chain. The same holds for
    outcomes, in the order in which they became known. Days are made again from
    their rows, and those without rows checked by the hash in the checkpoint. Who can rewrite
    the whole database can also rewrite all hashes and counts: then only a hash noted elsewhere
    tells (`where_is`).

    Raises
    ------
    LedgerUnavailable
    """
    with told("read"), reading_any(engine) as connection:
        return [_verify_chain(connection, name) for name in _chains(connection)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hash stands: at a forecast or at an outcome, counted from 1.

    Attributes
    ----------
    gone : bool
        Whether what has the hash was let go for its age, the last of those that were.
    """

    chain: str
    kind: Literal["forecast", "outcome"]
    number: int
    gone: bool = False


def where_is(engine: sa.Engine, digest: str) -> Place | None:
    """Return the place of the hash that begins with `digest`; None where there is none.

    Of a chain that is whole, all that is left up to there is as it was when the hash was noted.

    Raises
    ------
    LedgerUnavailable
    """
    columns: tuple[tuple[Literal["forecast", "outcome"], Any, Any, bool], ...] = (
        ("forecast", FORECASTS.c.seq, FORECASTS.c.hash, False),
        ("outcome", OUTCOMES.c.place, OUTCOMES.c.hash, False),
        ("forecast", CHECKPOINTS.c.seq, CHECKPOINTS.c.hash, True),
        ("outcome", CHECKPOINTS.c.settled, CHECKPOINTS.c.settled_hash, True),
    )
    with told("read"), reading(engine) as connection:
        for kind, place, column, gone in columns:
            query = sa.select(place.table.c.chain, place).where(column.startswith(digest)).limit(1)
            if (found := connection.execute(query).first()) is not None:
                return Place(found[0], kind, found[1], gone)
    return None


def _chains(connection: sa.Connection) -> list[str]:
    """Return every chain that any table knows of: what stands beside one may be gone too."""
    named = (sa.select(table.c.chain) for table in (CHAINS, FORECASTS, OUTCOMES, DAYS, CHECKPOINTS))
    return sorted(connection.execute(sa.union(*named)).scalars(), key=str)


def _verify_chain(connection: sa.Connection, name: str) -> Verdict:
    if fault := beside_fault(connection, name):
        return Verdict(name, 0, 0, None, GENESIS, 0, GENESIS, fault)
    begun = start_of(connection, name)
    noted = connection.execute(sa.select(CHAINS).where(CHAINS.c.chain == name)).one()
    rows = _walk(
        _rows(connection, name, FORECASTS.c.seq),
        _Found(begun.seq, begun.hash),
        _Found(noted.seq, noted.head),
        _forecast_fault,
        "Row",
    )
    outcomes = _walk(
        _rows(connection, name, OUTCOMES.c.place),
        _Found(begun.settled, begun.settled_hash),
        _Found(noted.settled, noted.settled_head),
        _outcome_fault,
        "Outcome",
    )
    fault = rows.fault or outcomes.fault
    for look in (_orphan_fault, _error_fault, day_fault):
        fault = fault or look(connection, name)
    oldest = sa.select(FORECASTS.c.issued_at).where(FORECASTS.c.chain == name)
    return Verdict(
        chain=name,
        rows=rows.place,
        gone=begun.seq,
        oldest=connection.execute(oldest.order_by(FORECASTS.c.seq).limit(1)).scalar(),
        head=rows.head,
        settled=outcomes.place,
        settled_head=outcomes.head,
        fault=fault,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """How far a chain was found good."""

    place: int
    head: str
    fault: str = ""


def _walk(
    rows: Iterator[tuple[Any, sa.Row[Any]]],
    begun: _Found,
    noted: _Found,
    fault_of: Callable[[sa.Row[Any], str], str],
    what: str,
) -> _Found:
    """Follow a chain from where it begins to the end that is noted of it.

    Nothing may stand before the one or after the other.
    """
    place, head = begun.place, begun.head
    for at, row in rows:
        if not isinstance(at, int):
            fault = f"{what} {at!r} was changed: it has no number for a place."
        elif at <= place:
            fault = f"{what} {at} was put in: the chain begins after it."
        elif place == noted.place:
            fault = (
                f"{what} {at} was put in, or the count beside the chain was changed: it ends "
                f"after {place:,}."
            )
        elif at != place + 1:
            fault = f"{what} {place + 1} is missing: {what.lower()} {at} comes next."
        else:
            fault = fault_of(row, head)
        if fault:
            return _Found(place, head, fault)
        place, head = at, row.hash
    if place == noted.place:
        return _Found(place, head, "" if head == noted.head else _end_fault(what, place))
    end = f"the chain ends after {place:,} of {noted.place:,}"
    return _Found(place, head, f"{what} {place + 1} is missing: {end}.")


def _end_fault(what: str, place: int) -> str:
    return (
        f"{what} {place}, the last one, does not have the hash that is noted beside the chain: "
        "one of the two was changed."
    )


def _rows(
    connection: sa.Connection, chain: str, place: sa.Column[int]
) -> Iterator[tuple[Any, sa.Row[Any]]]:
    """Yield the rows of the table of `place` with their place in the chain, in its order."""
    table = place.table
    query = sa.select(table).where(table.c.chain == chain).order_by(place)
    streamed = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query)
    yield from ((row._mapping[place], row) for row in streamed)


def _forecast_fault(row: sa.Row[Any], previous: str) -> str:
    if row.previous != previous:
        return f"Row {row.seq} does not follow the row before it: one of the two was replaced."
    digest = hash_or_none(lambda: row_hash(previous, row.seq, entry_of(row._mapping)))
    if digest == row.hash:
        return ""
    return f"Row {row.seq} was changed after it was written."


def _outcome_fault(row: sa.Row[Any], previous: str) -> str:
    digest = hash_or_none(lambda: outcome_hash(previous, row.place, outcome_of(row._mapping)))
    if digest == row.hash:
        return ""
    return (
        f"Outcome {row.place}, of row {row.seq}, was changed after it was written, "
        "or the outcome before it was."
    )


def _orphan_fault(connection: sa.Connection, chain: str) -> str:
    """Name the first outcome whose forecast is not there, and was not let go."""
    gone = start_of(connection, chain).seq
    orphans = sa.select(sa.func.min(OUTCOMES.c.seq)).where(
        OUTCOMES.c.chain == chain,
        ~OUTCOMES.c.seq.between(1, gone),
        ~sa.exists().where(SAME_ROW),
    )
    seq = connection.execute(orphans).scalar()
    return "" if seq is None else f"Row {seq} is missing: it has an outcome."


def _error_fault(connection: sa.Connection, chain: str) -> str:
    """Name the first outcome whose errors are not those of its forecast."""
    wrong = sa.or_(
        sa.func.abs(OUTCOMES.c.actual - FORECASTS.c.point) != OUTCOMES.c.error,
        sa.func.abs(OUTCOMES.c.actual - FORECASTS.c.random_walk) != OUTCOMES.c.random_walk_error,
        (OUTCOMES.c.actual.is_(None)) != (OUTCOMES.c.error.is_(None)),
    )
    seq = connection.execute(
        sa.select(sa.func.min(OUTCOMES.c.seq))
        .join(FORECASTS, SAME_ROW)
        .where(OUTCOMES.c.chain == chain, wrong)
    ).scalar()
    return "" if seq is None else f"The outcome of row {seq} does not agree with its errors."
