"""Whether what somebody noted of a chain still stands in it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from core.domain import LedgerHead, Market, NotedHash, NotedState
from core.ledger.database import reading, told
from core.ledger.retention import start_of
from core.ledger.schema import FORECASTS, OUTCOMES


def look_up(engine: sa.Engine, chain: Market, noted: LedgerHead) -> list[NotedHash]:
    """Look up both hashes of a head that was noted earlier; those of no row are left out.

    Parameters
    ----------
    noted : LedgerHead
        Its hashes may be the first digits only.

    Raises
    ------
    LedgerUnavailable
    """
    with told("read"), reading(engine) as connection:
        return list(_looked_up(connection, chain, noted))


def _looked_up(connection: sa.Connection, chain: str, noted: LedgerHead) -> Iterator[NotedHash]:
    begun = start_of(connection, chain)
    if noted.seq:
        kept = _hash_at(connection, chain, FORECASTS.c.seq, noted.seq)
        verdict = _compare(noted.seq, noted.hash, kept, begun.seq, begun.hash)
        yield NotedHash("forecast", noted.seq, noted.hash, verdict)
    if noted.settled:
        kept = _hash_at(connection, chain, OUTCOMES.c.place, noted.settled)
        verdict = _compare(
            noted.settled, noted.settled_hash, kept, begun.settled, begun.settled_hash
        )
        yield NotedHash("outcome", noted.settled, noted.settled_hash, verdict)


def _hash_at(
    connection: sa.Connection, chain: str, column: sa.Column[int], place: int
) -> str | None:
    table = column.table
    mine = sa.select(table.c.hash).where(table.c.chain == chain, column == place)
    return connection.execute(mine).scalar()


def _compare(place: int, digits: str, kept: str | None, gone: int, last_gone: str) -> NotedState:
    """Judge the row at `place`, of a chain whose first `gone` rows were let go for their age."""
    if kept is None and place == gone:
        kept = last_gone
    if kept is not None:
        return "unchanged" if str(kept).startswith(digits) else "another"
    return "gone" if place < gone else "missing"
