"""Forecasts as they were issued: what Live draws of the past, and the badge beside each cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from core.domain import SHOWN_LEVEL, ForecastSpec, Horizon, Market, SkillRecord, TailTrace
from core.ledger.database import reading, told
from core.ledger.entry import epoch_ms
from core.ledger.matured import EVER, SAME_ROW, SeriesKey, matured, providers, within
from core.ledger.schema import FORECASTS, OUTCOMES
from core.ledger.scores import record_of, steps_of

RECORD_SPAN: Final[Mapping[Horizon, timedelta]] = {
    "minute": timedelta(days=7),
    "long": timedelta(days=30),
}
"""How far back the badge of a horizon looks: both hold about ten thousand forecasts."""

_DRAWN: Final = timedelta(hours=24)
_DRAWN_HORIZON: Final[Horizon] = "long"
_LOW, _HIGH = (f"{side}{round(100 * SHOWN_LEVEL)}" for side in ("lo", "hi"))


@dataclass(frozen=True, slots=True)
class Issued:
    """The ledger's part of a publication of one horizon.

    `record` is None before any outcome, `trace` for the horizon that no chart draws the past of.
    """

    record: SkillRecord | None
    trace: TailTrace | None


def issued(
    engine: sa.Engine, chain: Market, spec: ForecastSpec, horizon: Horizon, now: datetime
) -> Issued:
    """Return the newest forecasts of a day, and what those of `RECORD_SPAN` were worth.

    Raises
    ------
    LedgerUnavailable
    """
    rows = matured(engine, chain, spec, horizon, now - RECORD_SPAN[horizon], now)
    trace = _trace(engine, chain, spec, horizon, now) if horizon == _DRAWN_HORIZON else None
    return Issued(record_of(rows, steps_of(spec, horizon)), trace)


def as_issued(replayed: TailTrace, written: TailTrace | None) -> TailTrace:
    """Return `written`, and before it those of `replayed` whose target is earlier.

    What was issued stands as it was, whatever today's model would have said.
    """
    if written is None or not written.target:
        return replayed
    first = written.target[0]
    rows = range(sum(target < first for target in replayed.target))
    columns = ("issued", "target", "point", "low", "high", "price_at_issue", "actual")
    return replace(
        written,
        issued_since=first,
        **{
            name: [getattr(replayed, name)[row] for row in rows] + getattr(written, name)
            for name in columns
        },
    )


def _trace(
    engine: sa.Engine, chain: Market, spec: ForecastSpec, horizon: Horizon, now: datetime
) -> TailTrace:
    since = epoch_ms(now - _DRAWN)
    rows: list[Any] = []
    with told("read"), reading(engine) as connection:
        for provider in providers(connection, chain):
            series = SeriesKey(chain, provider, spec.to_text(), horizon)
            rows += connection.execute(_newest(series, since)).all()
    rows.sort(key=lambda row: row.target_time)
    return TailTrace(
        issued=[row.issued_at for row in rows],
        target=[row.target_time for row in rows],
        point=[row.point for row in rows],
        low=[row.low for row in rows],
        high=[row.high for row in rows],
        price_at_issue=[row.price for row in rows],
        actual=[row.actual for row in rows],
    )


def _newest(series: SeriesKey, since: int) -> sa.Select[Any]:
    columns = (FORECASTS.c[name] for name in ("issued_at", "target_time", "point", "price"))
    edges = FORECASTS.c[_LOW].label("low"), FORECASTS.c[_HIGH].label("high")
    return (
        sa.select(*columns, *edges, OUTCOMES.c.actual)
        .outerjoin(OUTCOMES, SAME_ROW)
        .where(within(series, since, EVER), FORECASTS.c.revision == 0, edges[0].is_not(None))
        .order_by(FORECASTS.c.target_time)
    )
