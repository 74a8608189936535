"""Whether what somebody noted of a chain still stands in it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from core.domain import LedgerHead, Market, NotedHash, NotedState
from core.ledger.database import reading_any, told
from core.ledger.entry import hash_or_none, outcome_hash, row_hash
from core.ledger.retention import start_of
from core.ledger.rows import entry_of, outcome_of
from core.ledger.schema import FORECASTS, OUTCOMES


def look_up(engine: sa.Engine, chain: Market, noted: LedgerHead) -> list[NotedHash]:
    """Look up both hashes of a head that was noted earlier; those of no row are left out.

    They are compared with what the two rows hold now, whatever hash is written in them.

    Parameters
    ----------
    noted : LedgerHead
        Its hashes may be the first digits only.

    Raises
    ------
    LedgerUnavailable
    """
    with told("read"), reading_any(engine) as connection:
        return list(_looked_up(connection, chain, noted))


def _looked_up(connection: sa.Connection, chain: str, noted: LedgerHead) -> Iterator[NotedHash]:
    begun = start_of(connection, chain)
    if noted.seq:
        forecast = _row(connection, chain, FORECASTS.c.seq, noted.seq)
        digest = None if forecast is None else _forecast_hash(forecast)
        state = _compare(noted.seq, noted.hash, digest, begun.seq, begun.hash)
        yield NotedHash("forecast", noted.seq, noted.hash, state)
    if noted.settled:
        outcome = _row(connection, chain, OUTCOMES.c.place, noted.settled)
        digest = None if outcome is None else _outcome_hash(connection, outcome, begun)
        state = _compare(
            noted.settled, noted.settled_hash, digest, begun.settled, begun.settled_hash
        )
        yield NotedHash("outcome", noted.settled, noted.settled_hash, state)


def _row(
    connection: sa.Connection, chain: str, column: sa.Column[int], place: int
) -> sa.RowMapping | None:
    table = column.table
    mine = sa.select(table).where(table.c.chain == chain, column == place)
    return connection.execute(mine).mappings().first()


def _forecast_hash(row: sa.RowMapping) -> str:
    """Return the hash that the row has by what is in it now; nothing where it can have none."""
    return hash_or_none(lambda: row_hash(row["previous"], row["seq"], entry_of(row))) or ""


def _outcome_hash(connection: sa.Connection, row: sa.RowMapping, begun: LedgerHead) -> str:
    """Return the same of an outcome, whose row does not hold the hash before it."""
    place = row["place"]
    before = _row(connection, row["chain"], OUTCOMES.c.place, place - 1)
    if before is None and place - 1 != begun.settled:
        return ""
    previous = begun.settled_hash if before is None else before["hash"]
    return hash_or_none(lambda: outcome_hash(previous, place, outcome_of(row))) or ""


def _compare(place: int, digits: str, digest: str | None, gone: int, last_gone: str) -> NotedState:
    """Judge the row at `place`, of a chain whose first `gone` rows were let go for their age."""
    if digest is None and place == gone:
        digest = last_gone
    if digest is not None:
        return "unchanged" if digest.startswith(digits) else "another"
    return "gone" if place < gone else "missing"
