"""Ledgers made in one go: a price that wanders, forecasts that know a little of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import sqlalchemy as sa

from core.domain import BAND_LEVELS, LONG_BAR_MINUTES, ForecastSpec, Horizon, Market
from core.ledger.database import migrate, open_database
from core.ledger.entry import BEGINNING, Entry, Outcome, epoch_ms, row_hash
from core.ledger.rows import chain_values, outcome_values, values_of
from core.ledger.schema import CHAINS, FORECASTS, OUTCOMES
from core.ledger.writer import after_outcome, new_chain

MINUTE_MS: Final = 60_000
# Standard deviations that hold the share of each of `BAND_LEVELS` of a normal distribution.
_REACH: Final = (0.6745, 1.2816, 1.6449, 1.96)
_VOLATILITY: Final = 4e-4
_BATCH: Final = 20_000


def fill_ledger(
    url: str,
    specs: Sequence[ForecastSpec],
    minutes: int,
    end: datetime,
    chain: Market = "simulated",
    provider: str = "simulated",
    seed: int = 1,
    every_minute: bool = False,
) -> sa.Engine:
    """Write forecasts of both horizons for the `minutes` before `end`, as often as the engine.

    With `every_minute` the long one is written as often as the other, for size.

    Those whose target is at or before `end` have their outcome. The engine that takes over goes
    on with the chain.
    """
    engine = open_database(url)
    migrate(engine)
    head = BEGINNING
    forecasts, outcomes = [], []
    with engine.begin() as connection:
        connection.execute(CHAINS.insert().values(**new_chain(chain)))
        for entry, actual in _entries(
            specs, minutes, epoch_ms(end), chain, provider, seed, every_minute
        ):
            seq, previous = head.seq + 1, head.hash
            head = replace(head, seq=seq, hash=row_hash(previous, seq, entry))
            forecasts.append(values_of(entry, seq, previous, head.hash))
            if actual is not None:
                outcome = Outcome.of(chain, seq, entry.point, entry.random_walk, actual)
                head = after_outcome(head, outcome)
                outcomes.append(outcome_values(outcome, head))
            if len(forecasts) == _BATCH:
                _insert(connection, forecasts, outcomes)
        _insert(connection, forecasts, outcomes)
        connection.execute(CHAINS.update().values(**chain_values(head)))
    return engine


def _insert(connection: sa.Connection, forecasts: list[dict], outcomes: list[dict]) -> None:
    for table, rows in ((FORECASTS, forecasts), (OUTCOMES, outcomes)):
        if rows:
            connection.execute(table.insert(), rows)
            rows.clear()


def _entries(
    specs: Sequence[ForecastSpec],
    minutes: int,
    end: int,
    chain: Market,
    provider: str,
    seed: int,
    every_minute: bool,
) -> Iterator[tuple[Entry, float | None]]:
    """Yield forecasts in order of issue, and the price at the target where that has passed."""
    draw = np.random.default_rng(seed)
    horizons: dict[Horizon, int] = {h: specs[0].horizon_minutes(h) for h in ("minute", "long")}
    steps = draw.normal(0, _VOLATILITY, (len(specs), minutes + max(horizons.values())))
    prices = 80_000 * np.exp(np.cumsum(steps, axis=1))
    noise = draw.normal(0, _VOLATILITY, (len(specs), 2, minutes))
    for minute in range(minutes):
        for row, spec in enumerate(specs):
            price = float(prices[row, minute])
            for number, (horizon, ahead) in enumerate(horizons.items()):
                if horizon == "long" and not every_minute and minute % LONG_BAR_MINUTES:
                    continue
                later = float(prices[row, minute + ahead])
                move = 0.01 * np.log(later / price) + 0.05 * noise[row, number, minute]
                entry = _entry(spec, horizon, end - (minutes - 1 - minute) * MINUTE_MS, ahead)
                point = price * float(np.exp(move))
                spread = price * _VOLATILITY * float(np.sqrt(ahead))
                known = entry.target_time <= end
                yield (
                    replace(
                        entry,
                        chain=chain,
                        provider=provider,
                        price=price,
                        point=point,
                        random_walk=price,
                        edges=tuple(point + s * z * spread for z in _REACH for s in (-1, 1)),
                    ),
                    later if known else None,
                )


def _entry(spec: ForecastSpec, horizon: Horizon, issued: int, ahead: int) -> Entry:
    return Entry(
        chain="simulated",
        provider="simulated",
        ticker=spec.ticker,
        spec=spec.to_text(),
        horizon=horizon,
        issued_at=issued,
        target_time=issued + ahead * MINUTE_MS,
        price=0.0,
        point=0.0,
        random_walk=0.0,
        edges=(None,) * (2 * len(BAND_LEVELS)),
        model_id="made",
        standing_aside=False,
    )


def last_minute(now: datetime) -> datetime:
    """Return the last whole minute at or before `now`."""
    return now - timedelta(seconds=now.second, microseconds=now.microsecond)
