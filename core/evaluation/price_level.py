"""The original's way, kept to be compared with: trees that forecast the price itself.

A tree answers with prices it has seen. Once the price leaves the range of the training
window, every forecast is off by that distance; inside the range it is off by the width of a
leaf. That is why `core.models` forecasts a scaled return instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from core.domain import BAND_LEVELS, ForecastSpec, Horizon
from core.losses import Floats
from core.models.bands import band_columns
from core.models.samples import Samples, Task, build_samples, newest_samples
from core.models.training import MIN_CLEAN_ROWS

_MINUTE: Final = timedelta(minutes=1)

# Histogram gradient boosting on absolute error, as in `core.models.boosting`, but not as slow:
# there it is held so tight, for a target of which nearly nothing can be forecast, that it would
# stop a third of the way before any price. The original's way shall lose by its target alone.
_SETTINGS: Final[dict[Horizon, dict[str, Any]]] = {
    "minute": {"max_iter": 200, "max_leaf_nodes": 15, "min_samples_leaf": 500},
    "long": {"max_iter": 100, "max_leaf_nodes": 7, "min_samples_leaf": 200},
}


@dataclass(frozen=True, slots=True)
class PriceLevelModel:
    """Trees fitted on prices; see `core.evaluation.blocks.Forecaster`.

    Attributes
    ----------
    task : Task
    trees : HistGradientBoostingRegressor or None
        None with too few rows: "the price stays".
    train_end : datetime or None
        Target time of the last row it was fitted on.
    """

    task: Task
    trees: HistGradientBoostingRegressor | None
    train_end: datetime | None

    @property
    def shrinkage(self) -> float:
        """Return 1, or 0 where there are no trees: nothing is ever shrunk."""
        return 0.0 if self.trees is None else 1.0

    def forecasts(self, candles: pd.DataFrame, count: int) -> pd.DataFrame:
        """Return the forecasts of the last `count` complete bars, each from its own past.

        Returns
        -------
        pandas.DataFrame
            Columns as of `core.models.trained.TrainedModel.forecasts`; there are no bands
            and no volatility, which are NaN.
        """
        samples = newest_samples(candles, self.task, count)
        point = samples.close.copy()
        if self.trees is not None and samples.ready.any():  # trees refuse no rows at all
            point[samples.ready] = self.trees.predict(_inputs(samples)[samples.ready])
        edges = [name for level in BAND_LEVELS for name in band_columns(level)]
        return pd.DataFrame(
            {
                "issued_at": samples.issued_at,
                "target_time": samples.issued_at + pd.Timedelta(minutes=self.task.minutes),
                "price_at_issue": samples.close,
                "point": point,
                **dict.fromkeys(edges, np.nan),
                "volatility": np.nan,
                "actual": samples.close_ahead,
            }
        )


def train_price_level(
    candles: pd.DataFrame, spec: ForecastSpec, horizon: Horizon, now: datetime
) -> PriceLevelModel:
    """Fit trees on the price at the target, from our features and the price at issue.

    The same features and the same kind of trees as of `core.models.training.train`; only the
    target differs, and that the price itself is seen, without which a price could not be told
    at all. Nothing is held out and nothing shrunk.

    Parameters
    ----------
    candles : pandas.DataFrame
        1-minute candles, of which the newest ``spec.train_window`` (or ``spec.rows_wanted``)
        are used; one still open at `now` is not.
    """
    closed = candles[candles.index <= now - _MINUTE]
    task = Task.of(spec, horizon)
    samples = build_samples(closed.iloc[-(spec.train_window or spec.rows_wanted) :], task)
    rows = np.flatnonzero(np.isfinite(samples.close_ahead) & samples.ready)
    if len(rows) < MIN_CLEAN_ROWS:
        return PriceLevelModel(task, None, None)
    trees = _trees(horizon).fit(_inputs(samples)[rows], samples.close_ahead[rows])
    last: datetime = samples.issued_at[rows[-1]].to_pydatetime()
    return PriceLevelModel(task, trees, last + task.minutes * _MINUTE)


def _trees(horizon: Horizon) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        loss="absolute_error",
        learning_rate=0.03,
        l2_regularization=10.0,
        early_stopping=False,
        random_state=0,
        **_SETTINGS[horizon],
    )


def _inputs(samples: Samples) -> Floats:
    return np.column_stack((samples.features, samples.close))
