"""Rows that are old enough go; their days and the chain stay."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from core.ledger.database import reading, told
from core.ledger.entry import GENESIS, epoch_ms
from core.ledger.matured import DAY_MS, sealed_until, within
from core.ledger.schema import CHECKPOINTS, DAYS, FORECASTS, OUTCOMES
from core.ledger.sealing import every_series
from core.ledger.writer import LedgerWriter

_ROWS_AT_ONCE: Final = 5_000
_KEPT_OF_DAYS: Final = [column for column in DAYS.c if column.name != "rows"]


def forget(engine: sa.Engine, writer: LedgerWriter, before: datetime, now: datetime) -> int:
    """Delete the rows whose target lies on a day before that of `before`; return how many.

    Only rows of sealed days go, from the beginning of the chain on. A checkpoint is written
    first: the hash of the last row that goes, so that the next one can still be checked, and a
    hash over the days that stay in the place of the rows.

    Raises
    ------
    LedgerError
    """
    cutoff = epoch_ms(before) // DAY_MS * DAY_MS
    if not _is_sealed_until(engine, writer.chain, cutoff):
        return 0
    with told("read"), reading(engine) as connection:
        seq = _last_to_go(connection, writer.chain, cutoff)
        begun, _ = start_of(connection, writer.chain)
    if seq is None:
        return 0
    if seq > begun:  # else the deletion was cut short after it was written
        with told(), writer.held() as connection:
            _write_checkpoint(connection, writer.chain, seq, cutoff, now)
    count = 0
    while (gone := _delete_some(writer, seq)) > 0:
        count += gone
    with told(), writer.held() as connection:
        old = sa.and_(DAYS.c.chain == writer.chain, DAYS.c.day < cutoff)
        connection.execute(DAYS.update().where(old).values(rows=None))
    return count


def start_of(connection: sa.Connection, chain: str) -> tuple[int, str]:
    """Return place and hash of the last row that was let go; 0 and `GENESIS` where none was."""
    newest = newest_checkpoint(connection, chain)
    return (0, GENESIS) if newest is None else (newest.seq, newest.hash)


def newest_checkpoint(connection: sa.Connection, chain: str) -> sa.Row[Any] | None:
    query = sa.select(CHECKPOINTS).where(CHECKPOINTS.c.chain == chain)
    return connection.execute(query.order_by(CHECKPOINTS.c.seq.desc()).limit(1)).first()


def days_hash(connection: sa.Connection, chain: str, cutoff: int) -> str:
    """Return the SHA-256 over all that is counted of the days before `cutoff`."""
    digest = hashlib.sha256()
    query = (
        sa.select(*_KEPT_OF_DAYS)
        .where(DAYS.c.chain == chain, DAYS.c.day < cutoff)
        .order_by(DAYS.c.provider, DAYS.c.spec, DAYS.c.horizon, DAYS.c.day)
    )
    for row in connection.execute(query):
        digest.update(json.dumps(list(row), separators=(",", ":")).encode())
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


def _write_checkpoint(
    connection: sa.Connection, chain: str, seq: int, cutoff: int, now: datetime
) -> None:
    digest = connection.execute(
        sa.select(FORECASTS.c.hash).where(FORECASTS.c.chain == chain, FORECASTS.c.seq == seq)
    ).scalar_one()
    connection.execute(
        CHECKPOINTS.insert().values(
            chain=chain,
            seq=seq,
            hash=digest,
            made_at=epoch_ms(now),
            cutoff=cutoff,
            days_hash=days_hash(connection, chain, cutoff),
        )
    )


def _delete_some(writer: LedgerWriter, seq: int) -> int:
    """Delete a part of the rows up to `seq`, so that no forecast waits long to be written."""
    with told(), writer.held() as connection:
        mine = sa.and_(FORECASTS.c.chain == writer.chain, FORECASTS.c.seq <= seq)
        first = connection.execute(sa.select(sa.func.min(FORECASTS.c.seq)).where(mine)).scalar()
        if first is None:
            return 0
        last = min(seq, first + _ROWS_AT_ONCE - 1)
        for table in (OUTCOMES, FORECASTS):
            connection.execute(
                table.delete().where(table.c.chain == writer.chain, table.c.seq <= last)
            )
        return int(last - first + 1)
