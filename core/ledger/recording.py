"""The engine's ledger: what is about to be published is written down, what is due is scored."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import pandas as pd
import sqlalchemy as sa

from core.domain import Market, Snapshot
from core.ledger.database import migrate, open_database
from core.ledger.entry import Entry
from core.ledger.writer import Head, LedgerWriter, Pending

UNKNOWN_AFTER: Final = timedelta(days=1)
"""How long a missing price at a target is waited for: an exchange fills its gaps within hours."""

# The longest horizon, and what a missing price is waited for.
_SETTLED_AFTER: Final = UNKNOWN_AFTER + timedelta(days=1)
_MINUTE: Final = pd.Timedelta(minutes=1)


class Ledger:
    """Writes every snapshot's forecasts down before it is published.

    The database is opened at the first record and again after a failure, in this process and
    never before a fork. Threads may share it; they take turns.

    Parameters
    ----------
    url : str
        See `core.ledger.database.database_url`.
    now : callable
        The time.
    """

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self._url = url
        self._now = now
        self._engine: sa.Engine | None = None
        self._writers: dict[Market, LedgerWriter] = {}
        self._heads: dict[Market, Head] = {}
        # Before this time of issue everything of a provider's spec has its outcome.
        self._open_since: dict[tuple[str, str], datetime] = {}
        self._turn = threading.Lock()

    def head(self, market: Market) -> Head | None:
        """Return the last head that was written by this engine."""
        return self._heads.get(market)

    def record(self, snapshot: Snapshot, candles: pd.DataFrame) -> None:
        """Score the forecasts that are due by `candles`, and write those of `snapshot` down.

        Parameters
        ----------
        candles : pandas.DataFrame
            The closed 1-minute candles that the snapshot was made from.

        Raises
        ------
        LedgerError
            Then the snapshot must not be published.
        """
        with self._turn:
            writer = self._writer(snapshot.market)
            spec = snapshot.spec.to_text()
            key = (snapshot.provider, spec)
            due = writer.pending(*key, snapshot.as_of, self._open_since.get(key))
            writer.settle(outcomes(due, candles, snapshot.as_of))
            self._open_since[key] = snapshot.as_of - _SETTLED_AFTER
            self._heads[snapshot.market] = writer.commit(entries_of(snapshot))

    def _writer(self, market: Market) -> LedgerWriter:
        if self._engine is None:
            engine = open_database(self._url)
            migrate(engine)
            self._engine = engine
        if market not in self._writers:
            self._writers[market] = LedgerWriter(self._engine, market, self._now)
        return self._writers[market]


def entries_of(snapshot: Snapshot) -> list[Entry]:
    """Return the forecasts of a snapshot as they are written down."""
    return [
        Entry.of(
            forecast,
            snapshot.market,
            snapshot.provider,
            snapshot.spec,
            snapshot.models[horizon].model_id,
        )
        for horizon, forecast in snapshot.forecasts.items()
    ]


def outcomes(
    due: list[Pending], candles: pd.DataFrame, as_of: datetime
) -> dict[Pending, float | None]:
    """Return the close at each target that is known, and None where it never will be.

    A minute that is missing among the candles may still come; after `UNKNOWN_AFTER`, or where
    the candles begin later, it is not waited for any more. Nothing is ever guessed.
    """
    found: dict[Pending, float | None] = {}
    closes: pd.Series[float] = candles["close"]
    for forecast in due:
        target = pd.Timestamp(forecast.target_time, unit="ms", tz="UTC")
        opened = target - _MINUTE
        if opened in closes.index:
            found[forecast] = float(closes.loc[opened])
        elif opened < closes.index[0] or as_of - target > UNKNOWN_AFTER:
            found[forecast] = None
    return found
