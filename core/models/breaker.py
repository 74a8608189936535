"""The breaker: a model that lately lost to "the price stays" stands aside.

A function of the forecasts a model would have made and of what came, nothing else: it keeps
no state, looks at the forecasts whether or not they were published, and so ends by itself.
Each answer depends on a bounded number of bars before it alone, added up in a fixed order,
so that one row computed by itself is to the bit what it is among many.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.domain.standing_aside import standing_aside_bars
from core.features.windows import Floats, lagged, window_sum
from core.models.samples import Task

FEWEST: Final = {"minute": 60, "long": 24}
"""Fewer matured forecasts in the window tell nothing, nor do fewer than four blocks of them."""

TOO_FAR: Final = 2.6
"""Standard errors that the mean gain must lie below zero: one issue in 200 of an equal
forecaster, by the normal distribution; see docs/forecasting.md for what was measured."""

_LAGS_PER_STEP: Final = 2
_BLOCKS: Final = 4


def rows_before(task: Task) -> int:
    """Return how many bars before a forecast decide whether the model stands aside."""
    return _window(task) + task.steps + _block(task)


def fewest(task: Task) -> int:
    """Return how many matured forecasts it takes to stand aside."""
    return max(FEWEST[task.horizon], _BLOCKS * _block(task))


def standing_aside(
    forecasts: pd.DataFrame, task: Task, train_end: datetime | None
) -> npt.NDArray[np.bool_]:
    """Tell at which issues "the price stays" is to be published instead.

    An issue looks at the model's forecasts whose target time is up and lies within the window
    before it, and which were issued at or after the end of training. Where there are at least
    `fewest` of them, and the mean of |error of the random walk| - |error of the model| lies
    more than `TOO_FAR` standard errors below zero, the model stands aside.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        What the model would have forecast: ``issued_at``, ``price_at_issue``, ``point``,
        ``actual`` (USD), oldest first. The answer of a row is complete where `rows_before` bars
        before it are there, or all since `train_end`.
    task : Task
    train_end : datetime or None
        None where the model was fitted on nothing: it never stands aside.

    Returns
    -------
    array of bool, shape (n,)

    References
    ----------
    The standard error allows for correlation up to twice the steps ahead, by overlapping
    batch means: Meketon and Schmeiser, Overlapping Batch Means: Something for Nothing?,
    Winter Simulation Conference (1984); with Bartlett's weights it is, up to the ends, that of
    Newey and West (1987).
    """
    if len(forecasts) == 0 or train_end is None:
        return np.zeros(len(forecasts), dtype=np.bool_)
    position, gain, counts = _on_grid(forecasts, task, train_end)
    z, n = _standard_errors(gain, counts, _window(task), _block(task))
    with np.errstate(invalid="ignore"):
        aside = (z < -TOO_FAR) & (n >= fewest(task))
    return np.asarray(aside[position], dtype=np.bool_)


def _window(task: Task) -> int:
    return standing_aside_bars(task.horizon, task.steps)


def _block(task: Task) -> int:
    return _LAGS_PER_STEP * task.steps + 1


def _on_grid(
    forecasts: pd.DataFrame, task: Task, train_end: datetime
) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
    """Return each row's place among all bars, and there the gain known by then, and whether.

    A missing bar keeps its place, so that a window is a stretch of time. The gain of a forecast
    stands where its target time is up: `steps` bars after its issue.
    """
    issued = pd.DatetimeIndex(forecasts["issued_at"]).as_unit("s").asi8
    position = (issued - issued[0]) // (60 * task.bar_minutes)
    actual = forecasts["actual"].to_numpy(dtype=np.float64)
    stays = np.abs(forecasts["price_at_issue"].to_numpy(dtype=np.float64) - actual)
    gain = stays - np.abs(forecasts["point"].to_numpy(dtype=np.float64) - actual)
    unseen = issued >= np.ceil(pd.Timestamp(train_end).timestamp())
    counted = np.isfinite(gain) & unseen
    at_issue, known = np.zeros((2, int(position[-1]) + 1))
    at_issue[position] = np.where(counted, gain, 0.0)
    known[position] = counted
    return position, _later(at_issue, task.steps), _later(known, task.steps)


def _later(values: Floats, bars: int) -> Floats:
    return np.nan_to_num(lagged(values, bars), nan=0.0)


def _standard_errors(
    gain: Floats, counts: Floats, window: int, block: int
) -> tuple[Floats, Floats]:
    """Return the mean gain of each window in standard errors of it, and how many it is of."""
    n = window_sum(counts, window)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = window_sum(gain, window) / n
        sums, sizes = window_sum(gain, block), window_sum(counts, block)
        inside = window - block + 1  # blocks that lie within the window
        squares = (
            window_sum(sums * sums, inside)
            - 2.0 * mean * window_sum(sums * sizes, inside)
            + mean * mean * window_sum(sizes * sizes, inside)
        )
        weight = window_sum(sizes, inside) * (n - block)
        error = np.sqrt(np.maximum(squares, 0.0) / weight)
        # A loss that never varies is beyond doubt; no gain and no loss is none.
        return np.where(mean == 0.0, 0.0, mean / error), n
