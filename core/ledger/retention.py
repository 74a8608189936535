"""Rows that are old enough go; their days and the chain stay."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from core.domain import LedgerHead
from core.ledger.database import reading, told
from core.ledger.entry import BEGINNING, epoch_ms
from core.ledger.matured import DAY_MS, sealed_until, within
from core.ledger.schema import CHECKPOINTS, DAYS, FORECASTS, OUTCOMES
from core.ledger.sealing import every_series
from core.ledger.writer import LedgerWriter

_ROWS_AT_ONCE: Final = 5_000
_KEPT_OF_DAYS: Final = [column for column in DAYS.c if column.name != "rows"]


def forget(engine: sa.Engine, writer: LedgerWriter, before: datetime, now: datetime) -> int:
    """Delete the rows whose target lies on a day before that of `before`; return how many.

    Only rows of sealed days go, from the beginning of the chain on. A checkpoint is written with
    it: the hash of the last row that goes, so that the next one can still be checked, and a
    hash over the days that stay in the place of the rows. Outcomes go from the beginning of their
    own chain on, up to the first whose forecast stays: those after it wait for the next time.

    Raises
    ------
    LedgerError
    """
    cutoff = epoch_ms(before) // DAY_MS * DAY_MS
    if not _is_sealed_until(engine, writer.chain, cutoff):
        return 0
    with told("read"), reading(engine) as connection:
        last = _last_to_go(connection, writer.chain, cutoff)
        counted = _counted(connection, writer.chain, cutoff)
    count = 0
    while last is not None and (gone := _let_some_go(writer, last, counted, now)) > 0:
        count += gone
    return count


@dataclass(frozen=True, slots=True)
class _Counted:
    """Days that stay in the place of rows: all before `cutoff`, and the hash over them."""

    cutoff: int
    days_hash: str


def _counted(connection: sa.Connection, chain: str, cutoff: int) -> _Counted:
    """Return the days before `cutoff`, or before that of the checkpoint where it is later."""
    begun = checkpoint_of(connection, chain)
    cutoff = cutoff if begun is None else max(cutoff, begun.cutoff)
    return _Counted(cutoff, days_hash(connection, chain, cutoff))


def start_of(connection: sa.Connection, chain: str) -> LedgerHead:
    """Return what the head was when the last row that was let go was the last one."""
    found = checkpoint_of(connection, chain)
    if found is None:
        return BEGINNING
    return LedgerHead(found.seq, found.hash, found.settled, found.settled_hash)


def checkpoint_of(connection: sa.Connection, chain: str) -> sa.Row[Any] | None:
    """Return the checkpoint; None while no row was let go."""
    return connection.execute(sa.select(CHECKPOINTS).where(CHECKPOINTS.c.chain == chain)).first()


def days_hash(connection: sa.Connection, chain: str, cutoff: int) -> str:
    """Return the SHA-256 over all that is counted of the days before `cutoff`."""
    digest = hashlib.sha256()
    query = (
        sa.select(*_KEPT_OF_DAYS)
        .where(DAYS.c.chain == chain, DAYS.c.day < cutoff)
        .order_by(DAYS.c.provider, DAYS.c.spec, DAYS.c.horizon, DAYS.c.day)
    )
    for row in connection.execute(query):
        digest.update(json.dumps(list(row), separators=(",", ":"), default=repr).encode())
    return digest.hexdigest()


def _is_sealed_until(engine: sa.Engine, chain: str, cutoff: int) -> bool:
    """Tell whether every row with an earlier target belongs to a sealed day."""
    for series in every_series(engine, chain):
        with told("read"), reading(engine) as connection:
            left = within(series, sealed_until(connection, series), cutoff)
            if connection.execute(sa.select(FORECASTS.c.seq).where(left).limit(1)).first():
                return False
    return True


def _last_to_go(connection: sa.Connection, chain: str, cutoff: int) -> int | None:
    """Return the place of the last row that may go; None where none may.

    Rows stand in order of issue, so the first that must stay ends those that may go.
    """
    mine = FORECASTS.c.chain == chain
    oldest = connection.execute(sa.select(sa.func.min(FORECASTS.c.seq)).where(mine)).scalar()
    stays = sa.select(FORECASTS.c.seq).where(mine, FORECASTS.c.target_time >= cutoff)
    kept = connection.execute(stays.order_by(FORECASTS.c.seq).limit(1)).scalar()
    return None if oldest is None or kept is None or kept <= oldest else int(kept) - 1


def _let_some_go(writer: LedgerWriter, last: int, counted: _Counted, now: datetime) -> int:
    """Delete a part of the rows up to `last`, so that no forecast waits long to be written.

    The checkpoint is moved in the same transaction: the chain is whole between any two parts.
    """
    chain = writer.chain
    with told(), writer.held() as connection:
        begun = start_of(connection, chain)
        seq = min(last, begun.seq + _ROWS_AT_ONCE)
        if seq <= begun.seq:
            return 0
        begins = _begin_after(connection, chain, seq, begun)
        checkpoint = {"chain": chain, "made_at": epoch_ms(now), **asdict(counted), **asdict(begins)}
        connection.execute(CHECKPOINTS.delete().where(CHECKPOINTS.c.chain == chain))
        connection.execute(CHECKPOINTS.insert().values(**checkpoint))
        for place, end in ((OUTCOMES.c.place, begins.settled), (FORECASTS.c.seq, begins.seq)):
            table = place.table
            connection.execute(table.delete().where(table.c.chain == chain, place <= end))
        packed = packed_before(chain, counted.cutoff)
        connection.execute(DAYS.update().where(packed).values(rows=None))
        return seq - begun.seq


def packed_before(chain: str, cutoff: int) -> sa.ColumnElement[bool]:
    """Return the condition of days before `cutoff` that still hold more than counts."""
    return sa.and_(DAYS.c.chain == chain, DAYS.c.day < cutoff, DAYS.c.rows.is_not(None))


def _begin_after(connection: sa.Connection, chain: str, seq: int, begun: LedgerHead) -> LedgerHead:
    """Return where a chain begins once rows up to `seq` are gone, and the outcomes before the
    first whose forecast stays."""
    digest = connection.execute(
        sa.select(FORECASTS.c.hash).where(FORECASTS.c.chain == chain, FORECASTS.c.seq == seq)
    ).scalar_one()
    outcomes = sa.select(OUTCOMES.c.place, OUTCOMES.c.hash).where(OUTCOMES.c.chain == chain)
    # The place is named for the index: the first one is found at once.
    stays = outcomes.where(OUTCOMES.c.seq > seq, OUTCOMES.c.place > begun.settled)
    stays = stays.order_by(OUTCOMES.c.place).limit(1)
    if (first := connection.execute(stays).first()) is not None:
        outcomes = outcomes.where(OUTCOMES.c.place < first.place)
    gone = connection.execute(outcomes.order_by(OUTCOMES.c.place.desc()).limit(1)).first()
    settled = (begun.settled, begun.settled_hash) if gone is None else tuple(gone)
    return LedgerHead(seq, digest, *settled)
