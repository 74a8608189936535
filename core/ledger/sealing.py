"""Days that are over are sealed: counted, and kept as columns for fast reading.

A sealed day holds what its rows say and nothing else; `core.ledger.verify` makes it again from
the rows and compares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from core.domain import BAND_LEVELS
from core.evaluation.direction import sides
from core.ledger.database import reading, told
from core.ledger.entry import epoch_ms
from core.ledger.matured import (
    DAY_MS,
    EVER,
    SAME_ROW,
    SeriesKey,
    count_unknown,
    inside,
    sealed_until,
    settled_rows,
    within,
)
from core.ledger.schema import DAYS, FORECASTS, OUTCOMES

_INDEXED: Final = (FORECASTS.c.provider, FORECASTS.c.spec, FORECASTS.c.horizon)


def seal_days(
    engine: sa.Engine,
    chain: str,
    now: datetime,
    held: Callable[[], AbstractContextManager[sa.Connection]] | None = None,
) -> int:
    """Seal every day that is over and whose forecasts all have an outcome; return how many.

    A series is sealed in the order of its days, so that all before the last sealed one are.

    Parameters
    ----------
    held : callable, optional
        Opens a transaction in which nobody else writes the chain: `LedgerWriter.held`.

    Raises
    ------
    LedgerUnavailable
    """
    count = 0
    for series in every_series(engine, chain):
        while (values := _next_day(engine, series, now)) is not None:
            with told(), (held or engine.begin)() as connection:
                connection.execute(DAYS.insert().values(**values))
            count += 1
    return count


def every_series(engine: sa.Engine, chain: str) -> Iterator[SeriesKey]:
    """Yield the series of a chain that have rows, by a step into the index for each."""
    last = ("", "", "")
    while True:
        query = (
            sa.select(*_INDEXED)
            .where(FORECASTS.c.chain == chain, sa.tuple_(*_INDEXED) > sa.tuple_(*last))
            .order_by(*_INDEXED)
            .limit(1)
        )
        with told("read"), reading(engine) as connection:
            found = connection.execute(query).first()
        if found is None:
            return
        last = (found.provider, found.spec, found.horizon)
        yield SeriesKey(chain, *last)


def sealed_values(connection: sa.Connection, series: SeriesKey, day: int) -> dict[str, Any]:
    """Return what a sealed day holds, made from its rows: see `core.ledger.schema.DAYS`."""
    rows = settled_rows(connection, series, day, day + DAY_MS)
    said, came = sides(rows["price"], rows["point"], rows["actual"])
    sided = (said != 0) & (came != 0)
    banded = np.isfinite(rows["lo50"])
    return {
        **series._asdict(),
        "day": day,
        "known": len(rows),
        "unknown": count_unknown(connection, series, day, day + DAY_MS),
        "sided": int(sided.sum()),
        "hits": int((said == came)[sided].sum()),
        "banded": int(banded.sum()),
        **{name: int(inside(rows, level).sum()) for name, level in _BANDS.items()},
        "error": math.fsum(rows.error),
        "random_walk_error": math.fsum(rows.random_walk_error),
        "rows": rows.pack(),
    }


_BANDS: Final = {f"in{round(100 * level)}": level for level in BAND_LEVELS}


def _next_day(engine: sa.Engine, series: SeriesKey, now: datetime) -> dict[str, Any] | None:
    """Return the values of the first day that can be sealed; None where there is none yet."""
    with told("read"), reading(engine) as connection:
        day = _first_day(connection, series, sealed_until(connection, series))
        if day is None or day + DAY_MS > epoch_ms(now) or _is_open(connection, series, day):
            return None
        return sealed_values(connection, series, day)


def _first_day(connection: sa.Connection, series: SeriesKey, since: int) -> int | None:
    """Return the first day from `since` on that has a forecast."""
    first = connection.execute(
        sa.select(sa.func.min(FORECASTS.c.target_time)).where(within(series, since, EVER))
    ).scalar()
    return None if first is None else int(first) // DAY_MS * DAY_MS


def _is_open(connection: sa.Connection, series: SeriesKey, day: int) -> bool:
    """Tell whether a forecast for that day is still without an outcome."""
    query = (
        sa.select(FORECASTS.c.seq)
        .outerjoin(OUTCOMES, SAME_ROW)
        .where(within(series, day, day + DAY_MS), OUTCOMES.c.seq.is_(None))
        .limit(1)
    )
    return connection.execute(query).first() is not None
