"""Turn candles and models into the values that readers get."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from core.domain import (
    CANDLE_COLUMNS,
    Forecast,
    ForecastSpec,
    Horizon,
    Market,
    Retrain,
    Series,
    Snapshot,
    TailTrace,
)
from core.forecasting.context import last_day, seed_band
from core.history.cleaning import MINUTE, last_open, missing_minutes, open_times
from core.models.trained import TrainedModel

SERIES_MINUTES: Final = 1_440


def build_publication(
    version: int,
    spec: ForecastSpec,
    market: Market,
    provider: str,
    candles: pd.DataFrame,
    context: pd.DataFrame,
    models: Mapping[Horizon, TrainedModel],
    retrains: tuple[Retrain, ...],
    next_training: datetime | None,
) -> tuple[Snapshot, Series]:
    """Forecast from the newest closed candles and gather what is known around it.

    Parameters
    ----------
    candles : pandas.DataFrame
        Closed 1-minute candles, see `core.domain.CANDLE_COLUMNS`; at least one.
    context : pandas.DataFrame
        Closed 1-hour candles, for what the minutes do not reach back to.
    """
    used = candles.iloc[-spec.rows_wanted :]
    day = last_day(candles, context)
    tails = {horizon: model.tail(candles) for horizon, model in models.items()}
    forecasts: dict[Horizon, Forecast] = {}
    for horizon, model in models.items():
        forecast = model.forecast(candles)
        if forecast is not None:
            forecasts[horizon] = seed_band(forecast, context)
    snapshot = Snapshot(
        version=version,
        spec=spec,
        market=market,
        provider=provider,
        as_of=last_open(candles) + MINUTE,
        price=float(candles["close"].iloc[-1]),
        low_24h=day.low,
        high_24h=day.high,
        change_24h=day.change,
        rows=len(used),
        gaps=missing_minutes(used),
        first_open=open_times(used)[0].to_pydatetime(),
        forecasts=forecasts,
        models={horizon: model.card(tails[horizon][0]) for horizon, model in models.items()},
        retrains=retrains,
        next_training=next_training,
    )
    traces = {horizon: trace for horizon, (_, trace) in tails.items()}
    return snapshot, _series(version, candles, traces)


def _series(version: int, candles: pd.DataFrame, tails: Mapping[Horizon, TailTrace]) -> Series:
    """Return the newest day for the chart; missing minutes are rows of None."""
    newest = last_open(candles)
    grid = pd.date_range(
        max(open_times(candles)[0], newest - (SERIES_MINUTES - 1) * MINUTE), newest, freq="min"
    )
    day = candles.reindex(grid)
    lists = {name: _as_list(day[name].to_numpy()) for name in CANDLE_COLUMNS}
    return Series(
        version=version,
        close_time=[int(t.timestamp() * 1000) + 60_000 for t in grid],
        tails=tails,
        **lists,
    )


def _as_list(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]
