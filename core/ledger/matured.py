"""Forecasts that have met their outcome, as columns: of days that are over, and of today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import sqlalchemy as sa

from core.domain import ForecastSpec, Horizon, Market
from core.ledger.database import reading, told
from core.ledger.entry import epoch_ms
from core.ledger.schema import DAYS, EDGES, FORECASTS, OUTCOMES
from core.losses import Floats

COLUMNS: Final = ("issued_at", "target_time", "price", "point", "actual", *EDGES)
"""Of `Matured`. Times are epoch milliseconds, prices USD; NaN where there was no band."""

DAY_MS: Final = 86_400_000
EVER: Final = 2**62
"""A time after all others, epoch milliseconds."""

SAME_ROW: Final = sa.and_(FORECASTS.c.chain == OUTCOMES.c.chain, FORECASTS.c.seq == OUTCOMES.c.seq)
_STORED: Final = np.dtype("<f8")


class SeriesKey(NamedTuple):
    """One provider's forecasts of one spec and horizon."""

    chain: str
    provider: str
    spec: str
    horizon: str


@dataclass(frozen=True, slots=True)
class Matured:
    """First forecasts of their candles whose outcome is known, in order of their target times.

    Attributes
    ----------
    table : array, shape (len(COLUMNS), n)
    """

    table: Floats

    def __len__(self) -> int:
        return int(self.table.shape[1])

    def __getitem__(self, column: str) -> Floats:
        values: Floats = self.table[COLUMNS.index(column)]
        return values

    def after(self, time: datetime) -> Matured:
        """Return those whose target time is later than `time`."""
        return self.between(epoch_ms(time), EVER)

    def between(self, begin: int, end: int) -> Matured:
        """Return those whose target lies after `begin`, at `end` at the latest; copies nothing."""
        first, last = np.searchsorted(self["target_time"], (begin, end), side="right")
        return Matured(self.table[:, first:last])

    @property
    def error(self) -> Floats:
        """Absolute errors, USD."""
        return np.asarray(np.abs(self["actual"] - self["point"]), dtype=np.float64)

    @property
    def random_walk_error(self) -> Floats:
        """Absolute errors of "the price stays", USD."""
        return np.asarray(np.abs(self["actual"] - self["price"]), dtype=np.float64)

    def pack(self) -> bytes:
        """Return the columns as bytes, the same on every machine."""
        return self.table.astype(_STORED).tobytes()

    @classmethod
    def unpack(cls, packed: bytes) -> Matured:
        return cls(
            np.frombuffer(packed, _STORED).reshape(len(COLUMNS), -1).astype(np.float64, copy=False)
        )

    @classmethod
    def together(cls, parts: list[Matured]) -> Matured:
        """Return all of `parts`; those of one target time keep the order of `parts`."""
        table = np.concatenate([np.empty((len(COLUMNS), 0)), *(p.table for p in parts)], axis=1)
        target = table[COLUMNS.index("target_time")]
        if (target[1:] < target[:-1]).any():
            table = table[:, np.argsort(target, kind="stable")]
        return cls(table)


def matured(
    engine: sa.Engine,
    chain: Market,
    spec: ForecastSpec,
    horizon: Horizon,
    since: datetime,
    until: datetime,
) -> Matured:
    """Return forecasts whose outcome is known, of all providers.

    Parameters
    ----------
    since, until : datetime
        Target times lie after `since` and at or before `until`.

    Raises
    ------
    LedgerUnavailable
    """
    first, last = epoch_ms(since), epoch_ms(until)
    parts = []
    with told("read"), reading(engine) as connection:
        for provider in providers(connection, chain):
            series = SeriesKey(chain, provider, spec.to_text(), horizon)
            days = _sealed(connection, series, first)
            parts += [Matured.unpack(row.rows) for row in days if row.rows is not None]
            begins = max(first + 1, sealed_until(connection, series))
            parts.append(settled_rows(connection, series, begins, last + 1))
    return Matured.together(parts).between(first, last)


def unknown_count(
    engine: sa.Engine,
    chain: Market,
    spec: ForecastSpec,
    horizon: Horizon,
    since: datetime,
    until: datetime,
) -> int:
    """Return how many first forecasts have an outcome that nobody will ever know.

    Parameters
    ----------
    since, until : datetime
        Target times lie after `since` and at or before `until`; a day that is sealed counts whole
        where the range begins within it.

    Raises
    ------
    LedgerUnavailable
    """
    first, last = epoch_ms(since), epoch_ms(until)
    count = 0
    with told("read"), reading(engine) as connection:
        for provider in providers(connection, chain):
            series = SeriesKey(chain, provider, spec.to_text(), horizon)
            sealed = sa.select(sa.func.sum(DAYS.c.unknown)).where(
                _of(series), DAYS.c.day > first - DAY_MS
            )
            count += int(connection.execute(sealed).scalar() or 0)
            begins = max(first + 1, sealed_until(connection, series))
            count += count_unknown(connection, series, begins, last + 1)
    return count


def count_unknown(connection: sa.Connection, series: SeriesKey, begins: int, ends: int) -> int:
    """Count the same row by row, of targets at or after `begins` and before `ends`."""
    query = (
        sa.select(sa.func.count())
        .select_from(FORECASTS)
        .join(OUTCOMES, SAME_ROW)
        .where(within(series, begins, ends), FORECASTS.c.revision == 0, OUTCOMES.c.actual.is_(None))
    )
    return int(connection.execute(query).scalar_one())


def providers(connection: sa.Connection, chain: str) -> Iterator[str]:
    """Yield who the prices of a chain came from, by a step into the index for each."""
    found: str | None = ""
    while True:
        found = connection.execute(
            sa.select(sa.func.min(FORECASTS.c.provider)).where(
                FORECASTS.c.chain == chain, FORECASTS.c.provider > found
            )
        ).scalar()
        if found is None:
            return
        yield found


def sealed_until(connection: sa.Connection, series: SeriesKey) -> int:
    """Return when the last sealed day of a series ended; 0 where none is sealed."""
    newest = connection.execute(sa.select(sa.func.max(DAYS.c.day)).where(_of(series))).scalar()
    return 0 if newest is None else int(newest) + DAY_MS


def settled_rows(connection: sa.Connection, series: SeriesKey, begins: int, ends: int) -> Matured:
    """Read first forecasts with a known outcome row by row.

    Parameters
    ----------
    begins, ends : int
        Target times are at or after the one and before the other.
    """
    columns = [FORECASTS.c[name] for name in COLUMNS if name != "actual"]
    columns.insert(COLUMNS.index("actual"), OUTCOMES.c.actual)
    query = (
        sa.select(*columns)
        .join(OUTCOMES, SAME_ROW)
        .where(
            within(series, begins, ends),
            FORECASTS.c.revision == 0,
            OUTCOMES.c.actual.is_not(None),
        )
        .order_by(FORECASTS.c.target_time)
    )
    rows: list[Any] = [tuple(row) for row in connection.execute(query)]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(COLUMNS))
    return Matured(np.ascontiguousarray(table.T))


def inside(rows: Matured, level: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which prices ended inside the band of `level`; none did where there was no band."""
    share = round(100 * level)
    actual = rows["actual"]
    return (rows[f"lo{share}"] <= actual) & (actual <= rows[f"hi{share}"])


def within(series: SeriesKey, begins: int, ends: int) -> sa.ColumnElement[bool]:
    """Return the condition of forecasts whose target is at or after `begins` and before `ends`."""
    target = FORECASTS.c.target_time
    mine = (FORECASTS.c[name] == value for name, value in series._asdict().items())
    return sa.and_(*mine, target >= begins, target < ends)


def _sealed(connection: sa.Connection, series: SeriesKey, since: int) -> list[sa.Row[Any]]:
    """Return the sealed days that end after `since`, oldest first."""
    query = (
        sa.select(DAYS.c.day, DAYS.c.rows)
        .where(_of(series), DAYS.c.day > since - DAY_MS)
        .order_by(DAYS.c.day)
    )
    return list(connection.execute(query))


def _of(series: SeriesKey) -> sa.ColumnElement[bool]:
    return sa.and_(*(DAYS.c[name] == value for name, value in series._asdict().items()))
