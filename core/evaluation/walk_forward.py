"""The whole procedure, replayed: train as the engine does, forecast, retrain, go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pandas as pd

from core.domain import ForecastSpec, Horizon
from core.evaluation.splits import Split, walk_forward_splits
from core.models.samples import Task
from core.models.trained import TAIL_ROWS
from core.models.training import MIN_CLEAN_ROWS, train

COLUMNS: Final = (
    "issued_at",
    "target_time",
    "price_at_issue",
    "point",
    "low",
    "high",
    "actual",
    "shrinkage",
)
_DAY: Final = 1_440
_WARM_UP_BARS: Final = 120
_MINUTE: Final = timedelta(minutes=1)


def first_training_rows(spec: ForecastSpec, horizon: Horizon) -> int:
    """Return how many gapless 1-minute candles give a model its first `MIN_CLEAN_ROWS`."""
    task = Task.of(spec, horizon)
    bars = MIN_CLEAN_ROWS + TAIL_ROWS + 2 * task.steps + _WARM_UP_BARS
    return bars * task.bar_minutes


def walk_forward(
    candles: pd.DataFrame,
    spec: ForecastSpec,
    horizon: Horizon,
    refit_minutes: int = _DAY,
    on_progress: Callable[[int, int], None] | None = None,
    min_train_rows: int | None = None,
) -> pd.DataFrame:
    """Forecast every bar of `candles` with a model trained on what came before it.

    Each refit calls `core.models.training.train` with the candles closed by then, exactly
    as the engine does, the choice of shrinkage included.

    Parameters
    ----------
    candles : pandas.DataFrame
        Closed 1-minute candles, `core.domain.CANDLE_COLUMNS`.
    spec, horizon
        What to forecast.
    refit_minutes : int
        Time between trainings.
    on_progress : callable, optional
        Called with (refits done, refits in all).
    min_train_rows : int, optional
        Candles before the first refit; by default enough for a model to be trained.

    Returns
    -------
    pandas.DataFrame
        One row per forecast whose target is known, in order of issue: `COLUMNS`. Times are
        aware UTC, prices USD, ``shrinkage`` the share of the trees that was published.
        Empty where there are too few candles for one refit.
    """
    first = min_train_rows or first_training_rows(spec, horizon)
    splits = walk_forward_splits(pd.DatetimeIndex(candles.index), refit_minutes, first)
    parts = []
    for done, split in enumerate(splits, start=1):
        parts.append(_block(candles, spec, horizon, split))
        if on_progress:
            on_progress(done, len(splits))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True)


def _block(
    candles: pd.DataFrame, spec: ForecastSpec, horizon: Horizon, split: Split
) -> pd.DataFrame:
    """Train at one refit and return its forecasts with known targets."""
    known = candles.iloc[: split.train_end]
    now = known.index[-1].to_pydatetime() + _MINUTE
    model = train(known, spec, horizon, now)
    task = model.task
    until = candles.index[split.test_end - 1] + _MINUTE
    # Candles up to the last target of the block: forecasts read none but their own past.
    reach = candles.loc[: until + pd.Timedelta(minutes=task.minutes)]
    bars = (len(reach) - split.test_start) // task.bar_minutes + 2
    issued = model.forecasts(reach, bars)
    mine = (issued["issued_at"] >= now) & (issued["issued_at"] <= until)
    scored: pd.DataFrame = issued[mine & issued["actual"].notna()]
    return scored.assign(shrinkage=model.shrinkage)
