"""What the forecasts in the ledger were worth, by the same measures as an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
import sqlalchemy as sa

from core.domain import ForecastSpec, Horizon, Market
from core.evaluation.calibration import QUANTILES
from core.evaluation.report import Report, summarise
from core.ledger.database import reading, told
from core.ledger.entry import epoch_ms
from core.ledger.schema import FORECASTS, OUTCOMES

WINDOWS: Final[Mapping[str, timedelta]] = {
    "1 h": timedelta(hours=1),
    "24 h": timedelta(days=1),
    "7 d": timedelta(days=7),
    "30 d": timedelta(days=30),
}
"""By name, how far back target times may lie."""

_ROWS_AT_ONCE: Final = 2_000
_SAME_ROW = sa.and_(FORECASTS.c.chain == OUTCOMES.c.chain, FORECASTS.c.seq == OUTCOMES.c.seq)


def scores(
    engine: sa.Engine, chain: Market, spec: ForecastSpec, horizon: Horizon, now: datetime
) -> dict[str, Report | None]:
    """Return the report of each of `WINDOWS`, None where nothing in it has an outcome.

    The first forecast of each candle counts, not what was published of it later. Forecasts of
    several providers count alike, each against its own provider's price.

    Raises
    ------
    LedgerUnavailable
    """
    rows = matured(engine, chain, spec, horizon, now - max(WINDOWS.values()), now)
    return {
        name: summarise(rows[rows["target_time"] > now - window], _steps(spec, horizon))
        for name, window in WINDOWS.items()
    }


def matured(
    engine: sa.Engine,
    chain: Market,
    spec: ForecastSpec,
    horizon: Horizon,
    since: datetime,
    until: datetime,
) -> pd.DataFrame:
    """Return forecasts whose outcome is known, in order of issue, as an evaluation has them.

    Returns
    -------
    pandas.DataFrame
        `core.evaluation.blocks.COLUMNS` as far as the ledger knows them, the rest NaN; target
        times lie after `since` and at or before `until`.
    """
    query = (
        sa.select(FORECASTS, OUTCOMES.c.actual)
        .join(OUTCOMES, _SAME_ROW)
        .where(
            FORECASTS.c.chain == chain,
            FORECASTS.c.spec == spec.to_text(),
            FORECASTS.c.horizon == horizon,
            FORECASTS.c.revision == 0,
            FORECASTS.c.target_time > epoch_ms(since),
            FORECASTS.c.target_time <= epoch_ms(until),
            OUTCOMES.c.actual.is_not(None),
        )
        .order_by(FORECASTS.c.issued_at, FORECASTS.c.seq)
    )
    with told(), reading(engine) as connection:
        found = connection.execute(query)
        names = found.keys()
        table = pd.DataFrame(found.all(), columns=[str(name) for name in names])
    unknown = dict.fromkeys(("volatility", "shrinkage", "realised", "realised_before"), np.nan)
    times = {
        name: pd.to_datetime(table[name], unit="ms", utc=True)
        for name in ("issued_at", "target_time")
    }
    edges = table.filter(regex="^(lo|hi)").astype(float)
    return table.assign(
        price_at_issue=table["price"],
        **times,
        **edges,
        **unknown,
        **dict.fromkeys(QUANTILES.values(), np.nan),
    )


def all_rows(engine: sa.Engine, spec: ForecastSpec | None = None) -> Iterator[Mapping[str, Any]]:
    """Yield every forecast with its outcome, of all or of one spec, in the order of the chains.

    ``settled`` is 1 where there is an outcome; without an actual price it is unknown for good.
    """
    settled = OUTCOMES.c.seq.is_not(None).label("settled")
    errors = (OUTCOMES.c.actual, OUTCOMES.c.error, OUTCOMES.c.random_walk_error)
    query = sa.select(FORECASTS, settled, *errors).outerjoin(OUTCOMES, _SAME_ROW)
    if spec is not None:
        query = query.where(FORECASTS.c.spec == spec.to_text())
    query = query.order_by(FORECASTS.c.chain, FORECASTS.c.seq)
    with told(), reading(engine) as connection:
        streamed = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query)
        for row in streamed.mappings():
            yield dict(row)


def _steps(spec: ForecastSpec, horizon: Horizon) -> int:
    return spec.minute_horizon if horizon == "minute" else spec.long_horizon_steps
