"""One refit of a walk-forward: a model trained on what was known, and its forecasts."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import numpy as np
import pandas as pd

from core.domain import BAND_LEVELS, ForecastSpec, Horizon
from core.errors import EvaluationLeak
from core.evaluation.calibration import QUANTILES
from core.evaluation.splits import Split
from core.evaluation.volatility import with_realised
from core.features import complete_bars, log_returns_ahead
from core.models.bands import band_columns
from core.models.samples import Task

COLUMNS: Final = (
    "issued_at",
    "target_time",
    "price_at_issue",
    "point",
    *itertools.chain.from_iterable(map(band_columns, BAND_LEVELS)),
    "volatility",
    "actual",
    "shrinkage",
    *QUANTILES.values(),
    "realised",
    "realised_before",
)
"""Of the forecasts of a walk-forward.

Times are aware UTC, prices USD; ``shrinkage`` is the share of the model that was published;
``q5`` ... are the unconditional quantiles of the log return to the target in the training
window; ``realised`` and ``realised_before`` are realised volatilities after and before the
issue, of the long horizon only.
"""

_MINUTE: Final = timedelta(minutes=1)


class Forecaster(Protocol):
    """A trained model as far as it is judged; see `core.models.trained.TrainedModel`."""

    @property
    def shrinkage(self) -> float:
        """Share of the model that is published."""

    @property
    def train_end(self) -> datetime | None:
        """The newest target it was fitted on."""

    def forecasts(self, candles: pd.DataFrame, count: int) -> pd.DataFrame:
        """Return the forecasts of the last `count` bars, each from its own past."""


Fit = Callable[[pd.DataFrame, ForecastSpec, Horizon, datetime], Forecaster]
"""``fit(candles, spec, horizon, now)`` trains on the candles closed at `now`."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model, how long its fit took, and how long it took to make one forecast."""

    model: Forecaster
    fit_seconds: float
    forecast_seconds: float


def fit_model(
    candles: pd.DataFrame, spec: ForecastSpec, horizon: Horizon, split: Split, fit: Fit
) -> Fitted:
    """Train at one refit on the candles closed by then."""
    known = candles.iloc[: split.train_end]
    started = time.perf_counter()
    model = fit(known, spec, horizon, issue_time(candles, split))
    fitted = time.perf_counter()
    model.forecasts(known, 1)
    return Fitted(model, fitted - started, time.perf_counter() - fitted)


def issue_block(
    candles: pd.DataFrame, spec: ForecastSpec, horizon: Horizon, split: Split, model: Forecaster
) -> pd.DataFrame:
    """Forecast from one refit until the next one, and return what can be scored (`COLUMNS`).

    Parameters
    ----------
    candles : pandas.DataFrame
        Closed 1-minute candles, `core.domain.CANDLE_COLUMNS`. Those after `split.train_end`
        are read as targets, and by forecasts issued after them.
    split : Split
        Which rows train and which issue.

    Raises
    ------
    EvaluationLeak
        A forecast was issued or aimed inside the training window.
    """
    task = Task.of(spec, horizon)
    issued = _issued(model, candles, task, split, issue_time(candles, split))
    refuse_leaks(issued, model.train_end)
    known = candles.iloc[: split.train_end]
    scored = issued[issued["actual"].notna()].assign(
        shrinkage=model.shrinkage, **unconditional_quantiles(known, spec, horizon)
    )
    return _with_volatility(scored, candles, task)[list(COLUMNS)]


def issue_time(candles: pd.DataFrame, split: Split) -> datetime:
    """Return when the newest candle known at a refit had closed."""
    newest: datetime = candles.index[split.train_end - 1].to_pydatetime()
    return newest + _MINUTE


def refuse_leaks(issued: pd.DataFrame, train_end: datetime | None) -> None:
    """Refuse forecasts that their model may have been taught the answer of.

    Parameters
    ----------
    issued : pandas.DataFrame
        ``issued_at``, ``target_time`` (aware, UTC).
    train_end : datetime or None
        The newest target the model was fitted on; None where it was fitted on nothing.

    Raises
    ------
    EvaluationLeak
        A forecast was issued before `train_end`, or its target is not after it.
    """
    if train_end is None:
        return
    inside = (issued["issued_at"] < train_end) | (issued["target_time"] <= train_end)
    if inside.any():
        first = issued[inside].iloc[0]
        raise EvaluationLeak(
            f"Refused: the forecast issued at {first['issued_at']:%Y-%m-%d %H:%M} UTC for "
            f"{first['target_time']:%Y-%m-%d %H:%M} lies inside the training window of its "
            f"model, which ends at {train_end:%Y-%m-%d %H:%M}; it is not out of sample."
        )


def unconditional_quantiles(
    known: pd.DataFrame, spec: ForecastSpec, horizon: Horizon
) -> dict[str, float]:
    """Return the quantiles of all log returns to the target in the training window.

    Parameters
    ----------
    known : pandas.DataFrame
        1-minute candles closed at the refit; the newest ``spec.train_window`` (or
        ``spec.rows_wanted``) count.

    Returns
    -------
    dict
        By `QUANTILES`; NaN where no return is known.
    """
    task = Task.of(spec, horizon)
    window = known.iloc[-(spec.train_window or spec.rows_wanted) :]
    bars = complete_bars(window, task.bar_minutes)
    returns = log_returns_ahead(bars, task.bar_minutes, task.steps).dropna().to_numpy()
    if len(returns) == 0:
        return dict.fromkeys(QUANTILES.values(), np.nan)
    values = np.quantile(returns, list(QUANTILES)).tolist()
    return dict(zip(QUANTILES.values(), values, strict=True))


def _issued(
    model: Forecaster, candles: pd.DataFrame, task: Task, split: Split, now: datetime
) -> pd.DataFrame:
    until = candles.index[split.test_end - 1] + _MINUTE
    # Candles up to the last target of the block: forecasts read none but their own past.
    reach = candles.loc[: until + pd.Timedelta(minutes=task.minutes)]
    bars = (len(reach) - split.test_start) // task.bar_minutes + 2
    issued = model.forecasts(reach, bars)
    mine: pd.DataFrame = issued[(issued["issued_at"] >= now) & (issued["issued_at"] <= until)]
    return mine


def _with_volatility(forecasts: pd.DataFrame, candles: pd.DataFrame, task: Task) -> pd.DataFrame:
    if task.horizon == "minute" or len(forecasts) == 0:
        return forecasts.assign(realised=np.nan, realised_before=np.nan)
    reach = pd.Timedelta(minutes=task.minutes + 1)
    first, last = forecasts["issued_at"].iloc[0], forecasts["target_time"].iloc[-1]
    return with_realised(forecasts, candles.loc[first - reach : last], task.minutes)
