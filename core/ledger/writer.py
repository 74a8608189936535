"""The one writer of a chain: forecasts before their outcome, outcomes once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

import sqlalchemy as sa

from core.domain import HORIZONS, LedgerHead, Market
from core.errors import LedgerLost, LedgerUnavailable
from core.ledger.database import reading, told
from core.ledger.entry import BEGINNING, Entry, Outcome, epoch_ms, outcome_hash, row_hash
from core.ledger.matured import SAME_ROW
from core.ledger.rows import chain_values, entry_of, outcome_values, values_of
from core.ledger.schema import CHAINS, CHECKPOINTS, FORECASTS, OUTCOMES

# A database takes some ten thousand values in one question.
_NAMED_AT_ONCE: Final = 500

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Pending:
    """A forecast without an outcome."""

    seq: int
    target_time: int
    point: float
    random_walk: float


class LedgerWriter:
    """Appends to one chain. Who opens the chain last may write; all before are fenced off.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Of a migrated database, opened in this process.
    chain : Market
    now : callable
        The time; a forecast whose target is not after it is never written.

    Raises
    ------
    LedgerUnavailable
        From every method: the database did not take it. Nothing was written.
    """

    def __init__(self, engine: sa.Engine, chain: Market, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self.chain = chain
        self._now = now
        with told(), engine.begin() as connection:
            self._fence = _take_fence(connection, chain)

    def commit(self, entries: Sequence[Entry], now: datetime | None = None) -> LedgerHead:
        """Append what is not there yet, in one transaction, and return the head after it.

        A forecast that was published before and says the same is not written twice; one that says
        something else is a revision. One whose target time has passed is left out: it would be
        no forecast.

        Parameters
        ----------
        now : datetime, optional
            By the clock that target times are of; the writer's own where none is given.

        Raises
        ------
        LedgerLost
            Another writer has opened the chain since.
        """
        with told(), self._engine.begin() as connection:
            head = self._head(connection)
            for entry in entries:
                revised = self._unwritten(connection, entry, epoch_ms(now or self._now()))
                if revised is not None:
                    head = _append(connection, head, revised)
            self._keep(connection, head)
        return head

    def pending(
        self, provider: str, specs: Collection[str], until: datetime, since: int = 0
    ) -> list[Pending]:
        """Return forecasts of `specs` whose target is at or before `until`, without outcome.

        Parameters
        ----------
        since : int
            Only targets from this time on are looked at, epoch milliseconds.
        """
        parts = _parts(sorted(specs))
        found = [due for part in parts for due in self._pending(provider, part, until, since)]
        return sorted(found, key=lambda forecast: forecast.seq)

    def _pending(
        self, provider: str, specs: Sequence[str], until: datetime, since: int
    ) -> list[Pending]:
        columns = (FORECASTS.c.seq, FORECASTS.c.target_time, FORECASTS.c.point)
        query = (
            sa.select(*columns, FORECASTS.c.random_walk)
            .outerjoin(OUTCOMES, SAME_ROW)
            .where(
                FORECASTS.c.chain == self.chain,
                FORECASTS.c.provider == provider,
                FORECASTS.c.spec.in_(specs),
                FORECASTS.c.horizon.in_(HORIZONS),  # named for the index
                FORECASTS.c.target_time >= since,
                FORECASTS.c.target_time <= epoch_ms(until),
                OUTCOMES.c.seq.is_(None),
            )
        )
        with told(), reading(self._engine) as connection:
            return [Pending(*row) for row in connection.execute(query)]

    def settle(self, found: Mapping[Pending, float | None]) -> LedgerHead | None:
        """Write the prices at the targets, None where it will never be known; once each.

        One that has its outcome by now keeps it.

        Returns
        -------
        LedgerHead or None
            The head after it; None where there was nothing to write.
        """
        if not found:
            return None
        with told(), self._engine.begin() as connection:
            head, rows = self._head(connection), []
            settled = self._settled(connection, [due.seq for due in found])
            for due, actual in found.items():
                if due.seq in settled:
                    continue
                outcome = Outcome.of(self.chain, due.seq, due.point, due.random_walk, actual)
                head = after_outcome(head, outcome)
                rows.append(outcome_values(outcome, head))
            if rows:
                connection.execute(OUTCOMES.insert(), rows)
            self._keep(connection, head)
        return head

    def _settled(self, connection: sa.Connection, places: Sequence[int]) -> set[int]:
        """Return those of `places` that have an outcome."""
        found: set[int] = set()
        for some in _parts(places):
            mine = sa.and_(OUTCOMES.c.chain == self.chain, OUTCOMES.c.seq.in_(some))
            found.update(connection.execute(sa.select(OUTCOMES.c.seq).where(mine)).scalars())
        return found

    @contextmanager
    def held(self) -> Iterator[sa.Connection]:
        """Yield a transaction in which nobody else writes the chain.

        Raises
        ------
        LedgerLost
        """
        with self._engine.begin() as connection:
            self._head(connection)
            yield connection

    def _keep(self, connection: sa.Connection, head: LedgerHead) -> None:
        connection.execute(
            CHAINS.update().where(CHAINS.c.chain == self.chain).values(**chain_values(head))
        )

    def _head(self, connection: sa.Connection) -> LedgerHead:
        """Return the head, held until the end of the transaction; refuse who was fenced off."""
        row = connection.execute(
            sa.select(CHAINS).where(CHAINS.c.chain == self.chain).with_for_update()
        ).one()
        if row.fence != self._fence:
            raise LedgerLost("Another engine writes the ledger by now; this one stops publishing.")
        return LedgerHead(row.seq, row.head, row.settled, row.settled_head)

    def _unwritten(self, connection: sa.Connection, entry: Entry, now: int) -> Entry | None:
        """Return the entry with its revision; None where it stands there or comes too late."""
        if entry.target_time <= now:
            return None
        newest = connection.execute(
            sa.select(FORECASTS)
            .where(
                FORECASTS.c.chain == entry.chain,
                FORECASTS.c.provider == entry.provider,
                FORECASTS.c.spec == entry.spec,
                FORECASTS.c.horizon == entry.horizon,
                FORECASTS.c.issued_at == entry.issued_at,
            )
            .order_by(FORECASTS.c.revision.desc())
            .limit(1)
        ).first()
        if newest is None:
            return entry
        written = entry_of(newest._mapping)
        if written.said == entry.said:
            return None
        return replace(entry, revision=written.revision + 1)


def _parts(values: Sequence[_T]) -> list[Sequence[_T]]:
    """Return `values` in parts that a database takes in one question."""
    return [values[i : i + _NAMED_AT_ONCE] for i in range(0, len(values), _NAMED_AT_ONCE)]


def _take_fence(connection: sa.Connection, chain: Market) -> int:
    mine = CHAINS.c.chain == chain
    changed = connection.execute(CHAINS.update().where(mine).values(fence=CHAINS.c.fence + 1))
    if changed.rowcount == 0:
        _require_nothing(connection, chain)
        connection.execute(CHAINS.insert().values(**new_chain(chain)))
    return int(connection.execute(sa.select(CHAINS.c.fence).where(mine)).scalar_one())


def _require_nothing(connection: sa.Connection, chain: Market) -> None:
    """Refuse to begin a chain that has begun: what is noted beside it was lost."""
    for table in (FORECASTS, OUTCOMES, CHECKPOINTS):
        rows = sa.select(table.c.chain).where(table.c.chain == chain).limit(1)
        if connection.execute(rows).first() is not None:
            raise LedgerUnavailable(
                f"The ledger has rows of the {chain} market, but what is noted beside them is "
                "missing: see `ledger verify`, and begin with another DATABASE_URL."
            )


def new_chain(chain: str) -> dict[str, object]:
    """Return the row of a chain that holds nothing, opened by its first writer."""
    return {"chain": chain, "fence": 1, **chain_values(BEGINNING)}


def _append(connection: sa.Connection, head: LedgerHead, entry: Entry) -> LedgerHead:
    seq = head.seq + 1
    digest = row_hash(head.hash, seq, entry)
    connection.execute(FORECASTS.insert().values(**values_of(entry, seq, head.hash, digest)))
    return replace(head, seq=seq, hash=digest)


def after_outcome(head: LedgerHead, outcome: Outcome) -> LedgerHead:
    """Return the head once `outcome` is written."""
    place = head.settled + 1
    return replace(
        head, settled=place, settled_hash=outcome_hash(head.settled_hash, place, outcome)
    )
