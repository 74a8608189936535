"""What explains the scores, kept beside them in the same database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from core.domain import EVENTS_SHOWN, Event, ForecastSpec, Horizon, Market
from core.ledger.database import reading, told
from core.ledger.entry import epoch_ms
from core.ledger.schema import EVENTS


@dataclass(frozen=True, slots=True)
class Noted:
    """An event and what it concerns; `spec` is empty where it concerns every forecast."""

    event: Event
    market: Market
    provider: str
    spec: str = ""


def append_events(connection: sa.Connection, noted: Sequence[Noted]) -> None:
    """Append events, in the transaction of `connection`."""
    rows = [
        {
            "chain": one.market,
            "at": epoch_ms(one.event.at),
            "kind": one.event.kind,
            "provider": one.provider,
            "spec": one.spec,
            "horizon": one.event.horizon,
            "text": one.event.text,
        }
        for one in noted
    ]
    connection.execute(EVENTS.insert(), rows)


def read_events(
    engine: sa.Engine, chain: Market, spec: ForecastSpec, horizon: Horizon, since: datetime
) -> tuple[Event, ...]:
    """Return the newest events after `since` that concern these forecasts, newest first.

    Raises
    ------
    LedgerUnavailable
    """
    query = (
        sa.select(EVENTS)
        .where(
            EVENTS.c.chain == chain,
            EVENTS.c.at > epoch_ms(since),
            EVENTS.c.spec.in_(("", spec.to_text())),
            EVENTS.c.horizon.in_(("", horizon)),
        )
        .order_by(EVENTS.c.at.desc(), EVENTS.c.id.desc())
        .limit(EVENTS_SHOWN)
    )
    with told("read"), reading(engine) as connection:
        return tuple(
            Event(datetime.fromtimestamp(row.at / 1_000, UTC), row.kind, row.text, row.horizon)
            for row in connection.execute(query)
        )
