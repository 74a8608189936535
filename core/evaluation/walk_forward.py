"""The whole procedure, replayed: train as the engine does, forecast, retrain, go on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed, parallel_config
from threadpoolctl import threadpool_limits

from core.domain import HORIZONS, ForecastSpec, Horizon
from core.evaluation.blocks import COLUMNS, Fit, Fitted, Forecaster, fit_model, issue_block
from core.evaluation.splits import Split, walk_forward_splits
from core.evaluation.succession import champions
from core.models.promotion import succeed
from core.models.samples import Task
from core.models.trained import TAIL_ROWS
from core.models.training import MIN_CLEAN_ROWS, train

DAY: Final = 1_440
"""Minutes between two trainings of the engine (`RETRAIN_HOURS` as it is set by default)."""

_WARM_UP_BARS: Final = 120
_MOST_TRAINED: Final = 0.9


@dataclass(frozen=True, slots=True)
class Replay:
    """The walk-forward of one horizon.

    Attributes
    ----------
    forecasts : pandas.DataFrame
        One row per forecast whose target is known, in order of issue: `COLUMNS`.
    refits : int
    seconds_per_refit, seconds_per_forecast : float
        Means over the refits, of one process; NaN without any. A forecast is one alone, as
        the engine makes it.
    """

    horizon: Horizon
    steps: int
    forecasts: pd.DataFrame
    refits: int
    seconds_per_refit: float
    seconds_per_forecast: float


def first_training_rows(spec: ForecastSpec, horizon: Horizon) -> int:
    """Return how many gapless 1-minute candles give a model its first `MIN_CLEAN_ROWS`."""
    task = Task.of(spec, horizon)
    bars = MIN_CLEAN_ROWS + TAIL_ROWS + 2 * task.steps + _WARM_UP_BARS
    return bars * task.bar_minutes


def first_refit_rows(rows: int, spec: ForecastSpec, horizon: Horizon) -> int:
    """Return after how many of `rows` candles the first refit happens.

    As soon as a model can be trained, if that leaves a tenth of them to be scored; otherwise
    after half of them, where what the engine publishes without a model is scored.
    """
    usual = first_training_rows(spec, horizon)
    return usual if usual <= _MOST_TRAINED * rows else max(rows // 2, 1)


def replay(
    candles: pd.DataFrame,
    spec: ForecastSpec,
    horizons: Sequence[Horizon] = HORIZONS,
    refit_minutes: int = DAY,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    fit: Fit = train,
    processes: int | None = None,
    min_train_rows: int | None = None,
) -> dict[Horizon, Replay]:
    """Forecast every bar of `candles` with a model trained on what came before it.

    Each refit calls `fit` with the candles closed by then, exactly as the engine does. Where
    that is the engine's own training, the new model then challenges the champion and
    forecasts only where it is not worse; a champion that lately lost stands aside. Fits run
    in parallel, and so do forecasts; the result is the same for any number of processes.

    Parameters
    ----------
    candles : pandas.DataFrame
        Closed 1-minute candles, `core.domain.CANDLE_COLUMNS`; missing minutes are gaps.
    spec, horizons
        What to forecast.
    refit_minutes : int
        Time between trainings.
    on_progress : callable, optional
        Called with (jobs done, jobs in all): each refit is a fit and a block of forecasts.
    fit : callable
        `core.models.training.train`, or another way to be judged; sent to processes by name.
    processes : int, optional
        As many as there are cores by default; with 1 nothing is started.
    min_train_rows : int, optional
        Candles before the first refit, `first_refit_rows` by default.

    Raises
    ------
    EvaluationLeak
        A forecast was issued or aimed inside its model's training window.
    """
    index = pd.DatetimeIndex(candles.index)
    jobs = [
        (horizon, split)
        for horizon in horizons
        for split in walk_forward_splits(
            index, refit_minutes, min_train_rows or first_refit_rows(len(index), spec, horizon)
        )
    ]
    pool = _Pool(processes, 2 * len(jobs), on_progress or _silent)
    fitted = pool.run(delayed(fit_model)(candles, spec, *job, fit) for job in jobs)
    models = [found.model for found in fitted]
    if fit is train:
        models = _succession(candles, jobs, models)
    blocks = pool.run(
        delayed(issue_block)(candles, spec, *job, model)
        for job, model in zip(jobs, models, strict=True)
    )
    found = list(zip(jobs, fitted, blocks, strict=True))
    return {
        horizon: _joined(spec, horizon, [(f, b) for (h, _), f, b in found if h == horizon])
        for horizon in horizons
    }


def walk_forward(
    candles: pd.DataFrame,
    spec: ForecastSpec,
    horizon: Horizon,
    refit_minutes: int = DAY,
    on_progress: Callable[[int, int], None] | None = None,
    min_train_rows: int | None = None,
) -> pd.DataFrame:
    """Return the forecasts of one horizon's `replay`, made in this process."""
    return replay(
        candles,
        spec,
        (horizon,),
        refit_minutes,
        on_progress,
        processes=1,
        min_train_rows=min_train_rows,
    )[horizon].forecasts


class _Pool:
    """Runs jobs in processes, in two rounds or more, and tells how many of all are done.

    Processes are exec'd: a forked child of a parent that has used OpenMP hangs.
    """

    def __init__(
        self, processes: int | None, total: int, on_progress: Callable[[int, int], None]
    ) -> None:
        self._processes = processes or cpu_count()
        self._total = total
        self._done = 0
        self._report = on_progress

    def run(self, jobs: Iterable[Any]) -> list[Any]:
        """Return the results of delayed calls, in their order."""
        calls, results = list(jobs), []
        # One thread each, here as there: sums of several end in other bits.
        with threadpool_limits(1), parallel_config(backend="loky", inner_max_num_threads=1):
            # Candles are sent whole (a few MB): mapped from files they would leave those behind.
            count = min(self._processes, max(len(calls), 1))
            for result in Parallel(n_jobs=count, return_as="generator", max_nbytes=None)(calls):
                results.append(result)
                self._done += 1
                self._report(self._done, self._total)
        return results


def _succession(
    candles: pd.DataFrame, jobs: Sequence[tuple[Horizon, Split]], models: Sequence[Any]
) -> list[Forecaster]:
    """Return who forecasts after each refit: each new model challenges the champion first."""
    reigning: list[Forecaster] = []
    for _, group in itertools.groupby(zip(jobs, models, strict=True), key=lambda one: one[0][0]):
        rounds = list(group)
        splits = [split for (_, split), _ in rounds]
        reigning += champions([model for _, model in rounds], splits, candles, succeed)
    return reigning


def _joined(
    spec: ForecastSpec, horizon: Horizon, blocks: Sequence[tuple[Fitted, pd.DataFrame]]
) -> Replay:
    scored = [forecasts for _, forecasts in blocks if len(forecasts)]
    return Replay(
        horizon=horizon,
        steps=Task.of(spec, horizon).steps,
        forecasts=(
            pd.concat(scored, ignore_index=True) if scored else pd.DataFrame(columns=list(COLUMNS))
        ),
        refits=len(blocks),
        seconds_per_refit=_mean([fitted.fit_seconds for fitted, _ in blocks]),
        seconds_per_forecast=_mean([fitted.forecast_seconds for fitted, _ in blocks]),
    )


def _silent(_done: int, _total: int) -> None:
    """Report nothing."""


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else np.nan
