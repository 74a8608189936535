"""What the forecasts in the ledger were worth, by the same measures as an evaluation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from core.domain import (
    BAND_LEVELS,
    SCORE_RANGES,
    Coverage,
    ForecastSpec,
    Horizon,
    Market,
    Score,
    ScoreRange,
    SkillRecord,
)
from core.evaluation.direction import direction
from core.ledger.database import reading, told
from core.ledger.entry import epoch_ms
from core.ledger.matured import SAME_ROW, Matured, inside, matured
from core.ledger.schema import FORECASTS, OUTCOMES
from core.losses import NORMAL_95
from core.models.record import skill_record

FEWEST: Final = 30
"""Independent forecasts below which the interval would promise too much."""

_ROWS_AT_ONCE: Final = 2_000
_MINUTE_MS: Final = 60_000


def scores(
    engine: sa.Engine, chain: Market, spec: ForecastSpec, horizon: Horizon, now: datetime
) -> dict[ScoreRange, Score | None]:
    """Return the score of each of `SCORE_RANGES`, None where nothing in it has an outcome.

    The first forecast of each candle counts, not what was published of it later. Forecasts of
    several providers count alike, each against its own provider's price.

    Raises
    ------
    LedgerUnavailable
    """
    rows = matured(engine, chain, spec, horizon, now - max(SCORE_RANGES.values()), now)
    return scores_of(rows, steps_of(spec, horizon), now)


def scores_of(rows: Matured, steps: int, now: datetime) -> dict[ScoreRange, Score | None]:
    """Return the same, of rows that were read already."""
    return {
        name: score_of(rows.after(now - length), steps) for name, length in SCORE_RANGES.items()
    }


def score_of(rows: Matured, steps: int) -> Score | None:
    """Score forecasts; None of none.

    Parameters
    ----------
    steps : int
        Issues from one forecast to its target; this many targets overlap.
    """
    record = record_of(rows, steps)
    if record is None:
        return None
    return Score(
        n_eff=record.n / steps,
        mae=float(rows.error.mean()),
        mae_random_walk=float(rows.random_walk_error.mean()),
        record=record,
        direction=direction(rows["price"], rows["point"], rows["actual"], steps),
        coverage=tuple(
            found for level in BAND_LEVELS if (found := coverage_of(rows, level, steps))
        ),
    )


def record_of(rows: Matured, steps: int) -> SkillRecord | None:
    """Return the skill with its interval (`core.models.record.skill_record`); None of none.

    Of fewer than `FEWEST` independent forecasts no interval can be told.
    """
    if len(rows) == 0:
        return None
    issued = rows["issued_at"]
    minutes = float(issued[-1] - issued[0]) / _MINUTE_MS
    record = skill_record(rows["actual"], rows["point"], rows["price"], minutes, steps)
    return record if len(rows) / steps >= FEWEST else replace(record, reach=math.nan)


def coverage_of(rows: Matured, level: float, steps: int) -> Coverage | None:
    """Return how many prices ended inside the bands of `level`; None where there were none."""
    n = int(np.isfinite(rows[f"lo{round(100 * level)}"]).sum())
    if n == 0:
        return None
    reach = NORMAL_95 * math.sqrt(level * (1.0 - level) * steps / n)
    share = float(inside(rows, level).sum()) / n
    return Coverage(level, n, n / steps, share, max(level - reach, 0.0), min(level + reach, 1.0))


def steps_of(spec: ForecastSpec, horizon: Horizon) -> int:
    """Return how many targets overlap."""
    return spec.minute_horizon if horizon == "minute" else spec.long_horizon_steps


def all_rows(
    engine: sa.Engine,
    chain: Market | None = None,
    spec: ForecastSpec | None = None,
    since: datetime | None = None,
) -> Iterator[Mapping[str, Any]]:
    """Yield every forecast with its outcome, in the order of the chains.

    ``settled`` is 1 where there is an outcome; without an actual price it is unknown for good.
    Rows are read some thousand at a time, each time as they are then.

    Parameters
    ----------
    chain, spec, since : optional
        Only those of one chain, of one spec, with a later target time.
    """
    settled = OUTCOMES.c.seq.is_not(None).label("settled")
    errors = (OUTCOMES.c.actual, OUTCOMES.c.error, OUTCOMES.c.random_walk_error)
    sealed = (OUTCOMES.c.place, OUTCOMES.c.hash.label("outcome_hash"))
    query = sa.select(FORECASTS, settled, *errors, *sealed).outerjoin(OUTCOMES, SAME_ROW)
    if chain is not None:
        query = query.where(FORECASTS.c.chain == chain)
    if spec is not None:
        query = query.where(FORECASTS.c.spec == spec.to_text())
    if since is not None:
        query = query.where(FORECASTS.c.target_time > epoch_ms(since))
    place = (FORECASTS.c.chain, FORECASTS.c.seq)
    query = query.order_by(*place).limit(_ROWS_AT_ONCE)
    last: tuple[str, int] = ("", 0)
    while True:  # whoever reads slowly keeps no transaction open
        with told("read"), reading(engine) as connection:
            page = connection.execute(query.where(sa.tuple_(*place) > sa.tuple_(*last))).mappings()
            rows = [dict(row) for row in page]
        yield from rows
        if len(rows) < _ROWS_AT_ONCE:
            return
        last = (rows[-1]["chain"], rows[-1]["seq"])
