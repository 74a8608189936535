"""What stands beside a chain: the row of its end, its checkpoint, and its sealed days."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from core.ledger.matured import DAY_MS, SeriesKey
from core.ledger.retention import checkpoint_of, days_hash, packed_before
from core.ledger.schema import CHAINS, CHECKPOINTS, DAYS, FORECASTS
from core.ledger.sealing import sealed_values

_DAYS_AT_ONCE: Final = 20
_LATEST_DAY: Final = 253_402_214_400_000  # 9999-12-31


def beside_fault(connection: sa.Connection, chain: str) -> str:
    """Say what makes no sense of what stands beside a chain, before the chain is followed by it.

    SQLite takes a text where a number belongs.
    """
    noted = connection.execute(sa.select(CHAINS).where(CHAINS.c.chain == chain)).first()
    if noted is None:
        return "What is noted beside the chain is missing: how long it was cannot be told."
    checkpoints = connection.execute(
        sa.select(CHECKPOINTS).where(CHECKPOINTS.c.chain == chain)
    ).all()
    if len(checkpoints) > 1:
        return "The chain has more than one checkpoint: one was put in."
    begun = checkpoints[0] if checkpoints else None
    places = [noted.seq, noted.settled, *((begun.seq, begun.settled) if begun else ())]
    if not all(isinstance(place, int) and place >= 0 for place in places):
        return "What is noted beside the chain, or its checkpoint, was changed: it counts no rows."
    if begun and (begun.seq > noted.seq or begun.settled > noted.settled):
        return (
            f"The chain holds {noted.seq:,} forecasts and {noted.settled:,} outcomes by what is "
            f"noted beside it, of which {begun.seq:,} and {begun.settled:,} are gone by its "
            "checkpoint: one of the two was changed."
        )
    days = list(connection.execute(sa.select(DAYS.c.day).where(DAYS.c.chain == chain)).scalars())
    cutoff = [begun.cutoff] if begun else []
    if all(map(_is_day, (*days, *cutoff))):
        return ""
    return "A sealed day or the checkpoint was changed: it is of no day."


def _is_day(time: object) -> bool:
    return isinstance(time, int) and 0 <= time <= _LATEST_DAY and time % DAY_MS == 0


def day_fault(connection: sa.Connection, chain: str) -> str:
    """Name the first day that is not what its rows say, or that days without rows were changed."""
    checkpoint = checkpoint_of(connection, chain)
    cutoff = 0 if checkpoint is None else checkpoint.cutoff
    if checkpoint is not None and days_hash(connection, chain, cutoff) != checkpoint.days_hash:
        return "A day whose forecasts were let go was changed after they were counted."
    if missing := _missing_day(connection, chain, cutoff):
        return missing
    packed = sa.select(DAYS).where(packed_before(chain, cutoff)).limit(1)
    if (found := connection.execute(packed).mappings().first()) is not None:
        return f"{_day_name(_series(found), found['day'])} holds more than its counts."
    kept = sa.select(DAYS).where(DAYS.c.chain == chain, DAYS.c.day >= cutoff)
    streamed = connection.execution_options(yield_per=_DAYS_AT_ONCE)
    for day in streamed.execute(kept.order_by(DAYS.c.day)).mappings():
        series = _series(day)
        if day["known"] + day["unknown"] == 0:
            return f"{_day_name(series, day['day'])} is of no forecast."
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


def _series(day: sa.RowMapping) -> SeriesKey:
    return SeriesKey(*(day[name] for name in SeriesKey._fields))


def _day_name(series: SeriesKey, day: int) -> str:
    at = datetime.fromtimestamp(day / 1_000, UTC)
    return f"The sealed day {at:%Y-%m-%d} of the {series.horizon} forecasts of {series.spec}"
