"""Whether a chain is whole: every row is what it was, where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.ledger.database import reading, told
from core.ledger.entry import outcome_hash, row_hash
from core.ledger.matured import DAY_MS, SAME_ROW, SeriesKey
from core.ledger.retention import checkpoint_of, days_hash, start_of
from core.ledger.rows import entry_of, outcome_of
from core.ledger.schema import CHAINS, CHECKPOINTS, DAYS, FORECASTS, OUTCOMES
from core.ledger.sealing import sealed_values

_ROWS_AT_ONCE = 2_000
_DAYS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one chain.

    Attributes
    ----------
    rows : int
        Place of the last forecast that was found good: all of them, up to the first fault.
    gone : int
        How many of these were let go for their age.
    gone_before : int or None
        Their targets were all before this time, epoch milliseconds; None while none has gone.
        A deletion that was forged shows here only: a head says nothing of where a chain begins.
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
    gone_before: int | None
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
    the whole database can also rewrite all hashes: then only a head noted elsewhere tells.

    Raises
    ------
    LedgerUnavailable
    """
    with told("read"), reading(engine) as connection:
        return [_verify_chain(connection, name) for name in _chains(connection)]


def _chains(connection: sa.Connection) -> list[str]:
    """Return every chain that any table knows of: what stands beside one may be gone too."""
    named = (sa.select(table.c.chain) for table in (CHAINS, FORECASTS, OUTCOMES, DAYS, CHECKPOINTS))
    return sorted(connection.execute(sa.union(*named)).scalars())


def _verify_chain(connection: sa.Connection, name: str) -> Verdict:
    checkpoint = checkpoint_of(connection, name)
    rows, outcomes = _walk_both(connection, name)
    return Verdict(
        chain=name,
        rows=rows.place,
        gone=0 if checkpoint is None else checkpoint.seq,
        gone_before=None if checkpoint is None else checkpoint.cutoff,
        head=rows.head,
        settled=outcomes.place,
        settled_head=outcomes.head,
        fault=(
            rows.fault
            or outcomes.fault
            or _error_fault(connection, name)
            or _day_fault(connection, name)
        ),
    )


def _walk_both(connection: sa.Connection, name: str) -> tuple[_Found, _Found]:
    """Follow the chain of forecasts, and that of outcomes."""
    begun = start_of(connection, name)
    first = _Found(begun.seq, begun.hash)
    first_outcome = _Found(begun.settled, begun.settled_hash)
    noted = connection.execute(sa.select(CHAINS).where(CHAINS.c.chain == name)).first()
    if noted is None:
        lost = "What is noted beside the chain is missing: how long it was cannot be told."
        return replace(first, fault=lost), first_outcome
    return (
        _walk(
            _rows(connection, name, FORECASTS.c.seq),
            first,
            _Found(noted.seq, noted.head),
            _forecast_fault,
            "Row",
        ),
        _walk(
            _rows(connection, name, OUTCOMES.c.place),
            first_outcome,
            _Found(noted.settled, noted.settled_head),
            _outcome_fault,
            "Outcome",
        ),
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
        elif at <= place or place == noted.place:
            fault = f"{what} {at} was put in: the chain begins after it or ends before it."
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
    if _holds(lambda: row_hash(previous, row.seq, entry_of(row._mapping)), row.hash):
        return ""
    return f"Row {row.seq} was changed after it was written."


def _outcome_fault(row: sa.Row[Any], previous: str) -> str:
    if _holds(lambda: outcome_hash(previous, row.place, outcome_of(row._mapping)), row.hash):
        return ""
    return (
        f"Outcome {row.place}, of row {row.seq}, was changed after it was written, "
        "or the outcome before it was."
    )


def _holds(recomputed: Callable[[], str], written: str) -> bool:
    """Tell whether a hash is what was written; bytes or an infinity have none: never written."""
    try:
        return recomputed() == written
    except (TypeError, ValueError):
        return False


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


def _day_fault(connection: sa.Connection, chain: str) -> str:
    """Name the first day that is not what its rows say, or that days without rows were changed."""
    checkpoint = checkpoint_of(connection, chain)
    cutoff = 0 if checkpoint is None else checkpoint.cutoff
    if checkpoint is not None and days_hash(connection, chain, cutoff) != checkpoint.days_hash:
        return "A day whose forecasts were let go was changed after they were counted."
    if missing := _missing_day(connection, chain, cutoff):
        return missing
    kept = sa.select(DAYS).where(DAYS.c.chain == chain, DAYS.c.day >= cutoff)
    streamed = connection.execution_options(yield_per=_DAYS_AT_ONCE)
    for day in streamed.execute(kept.order_by(DAYS.c.day)).mappings():
        series = SeriesKey(*(day[name] for name in SeriesKey._fields))
        if sealed_values(connection, series, day["day"]) != dict(day):
            return f"{_day_name(series, day['day'])} is not what its rows say."
    return ""


def _missing_day(connection: sa.Connection, chain: str, cutoff: int) -> str:
    """Name a day before the last sealed one of its series that has forecasts and is not sealed."""
    begins = FORECASTS.c.target_time - FORECASTS.c.target_time % DAY_MS
    later, same = DAYS.alias(), DAYS.alias()

    def of(days: sa.FromClause) -> sa.ColumnElement[bool]:
        names = ("chain", "provider", "spec", "horizon")
        return sa.and_(*(days.c[name] == FORECASTS.c[name] for name in names))

    found = connection.execute(
        sa.select(FORECASTS, begins.label("day"))
        .where(
            FORECASTS.c.chain == chain,
            FORECASTS.c.target_time >= cutoff,
            sa.exists().where(of(later), later.c.day > begins),
            ~sa.exists().where(of(same), same.c.day == begins),
        )
        .limit(1)
    ).first()
    if found is None:
        return ""
    series = SeriesKey(chain, found.provider, found.spec, found.horizon)
    return f"{_day_name(series, found.day)} is missing."


def _day_name(series: SeriesKey, day: int) -> str:
    at = datetime.fromtimestamp(day / 1_000, UTC)
    return f"The sealed day {at:%Y-%m-%d} of the {series.horizon} forecasts of {series.spec}"
