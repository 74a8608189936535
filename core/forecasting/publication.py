"""Turn candles and models into the values that readers get."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from core.domain import (
    CANDLE_COLUMNS,
    Decision,
    Forecast,
    ForecastSpec,
    Horizon,
    Market,
    ModelCard,
    Retrain,
    Series,
    Snapshot,
    TailTrace,
)
from core.forecasting.context import last_day, seed_bands
from core.history.cleaning import MINUTE, last_open, missing_minutes, open_times
from core.models.latest import Latest
from core.models.stand_in import random_walk_instead
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
    filled: pd.DatetimeIndex | None = None,
    refusals: Mapping[Horizon, str] = MappingProxyType({}),
    decisions: tuple[Decision, ...] = (),
) -> tuple[Snapshot, Series]:
    """Forecast from the newest closed candles and gather what is known around it.

    Parameters
    ----------
    candles : pandas.DataFrame
        Closed 1-minute candles, see `core.domain.CANDLE_COLUMNS`; at least one.
    context : pandas.DataFrame
        Closed 1-hour candles, for what the minutes do not reach back to.
    filled : pandas.DatetimeIndex, optional
        Open times of those of `candles` that are minutes without trades, filled flat.
    refusals : mapping
        Why a model refuses to forecast, by horizon: the random walk stands in for it.
    decisions : tuple of Decision
        Who became champion, and why.
    """
    used = candles.iloc[-spec.rows_wanted :]
    quiet = open_times(candles)[:0] if filled is None else filled
    day = last_day(candles, context)
    latest = {horizon: model.latest(candles) for horizon, model in models.items()}
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
        forecasts=_forecasts(latest, refusals, context),
        models={
            h: _card(m.card(latest[h].tail, latest[h].record), refusals.get(h, ""))
            for h, m in models.items()
        },
        retrains=retrains,
        next_training=next_training,
        filled=int((quiet >= open_times(used)[0]).sum()),
        decisions=decisions,
    )
    traces = {horizon: newest.trace for horizon, newest in latest.items()}
    return snapshot, _series(version, provider, candles, traces, quiet)


def _forecasts(
    latest: Mapping[Horizon, Latest], refusals: Mapping[Horizon, str], context: pd.DataFrame
) -> dict[Horizon, Forecast]:
    """Return the newest forecasts, the random walk's where a model refuses to make one."""
    forecasts = {}
    for horizon, newest in latest.items():
        if newest.forecast is not None:
            refused = horizon in refusals
            made = random_walk_instead(newest.forecast) if refused else newest.forecast
            forecasts[horizon] = seed_bands(made, context)
    return forecasts


def _card(card: ModelCard, refusal: str) -> ModelCard:
    return replace(card, trained=False, reason=refusal, shrinkage=0.0) if refusal else card


def _series(
    version: int,
    provider: str,
    candles: pd.DataFrame,
    tails: Mapping[Horizon, TailTrace],
    filled: pd.DatetimeIndex,
) -> Series:
    """Return the newest day for the chart; missing minutes are rows of None."""
    newest = last_open(candles)
    grid = pd.date_range(
        max(open_times(candles)[0], newest - (SERIES_MINUTES - 1) * MINUTE), newest, freq="min"
    )
    day = candles.reindex(grid)
    lists = {name: _as_list(day[name].to_numpy()) for name in CANDLE_COLUMNS}
    return Series(
        version=version,
        close_time=_close_times(grid),
        tails=tails,
        provider=provider,
        filled=tuple(_close_times(filled[filled >= grid[0]])),
        **lists,
    )


def _close_times(opens: pd.DatetimeIndex) -> list[int]:
    return [int(t.timestamp() * 1000) + 60_000 for t in opens]


def _as_list(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]
