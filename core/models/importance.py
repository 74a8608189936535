"""Permutation importance on what a model has not seen, in slices that fit idle time.

References
----------
Breiman, Random Forests, Machine Learning 45 (2001), section 10.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from core.domain import FeatureImportance, Importance
from core.losses import Floats
from core.models.experts import COLUMNS
from core.models.registry import version_of
from core.models.samples import Samples, newest_samples
from core.models.trained import TrainedModel

ROWS: Final = 2_000
"""Newest out-of-sample forecasts compared, where there are so many."""

REPEATS: Final = 10


class ImportanceStudy:
    """Shuffles one feature after the other among rows issued since the end of training.

    Two features that say the same stand in for each other: neither is missed much.

    Parameters
    ----------
    model : TrainedModel
    candles : pandas.DataFrame
        Closed 1-minute candles, `core.domain.CANDLE_COLUMNS`.
    now : datetime
    """

    def __init__(self, model: TrainedModel, candles: pd.DataFrame, now: datetime) -> None:
        self._model = model
        self._now = now
        self._samples = _unseen(model, candles)
        self._error = self._mean_error(self._samples)
        self._rng = np.random.default_rng(0)
        self._found: list[FeatureImportance] = []

    @property
    def done(self) -> bool:
        """Whether every feature was shuffled, or there is nothing to shuffle."""
        return self._error == 0.0 or len(self._found) == len(COLUMNS)

    def advance(self) -> None:
        """Shuffle the next feature, as often as it takes for a mean and a deviation."""
        column = len(self._found)
        extra = [self._mean_error(self._shuffled(column)) / self._error - 1 for _ in range(REPEATS)]
        mean, deviation = float(np.mean(extra)), float(np.std(extra, ddof=1))
        self._found.append(FeatureImportance(COLUMNS[column], mean, deviation))

    def result(self) -> Importance:
        """Return what was found so far."""
        return Importance(
            horizon=self._model.horizon,
            version=version_of(self._model),
            at=self._now,
            n=len(self._samples),
            repeats=REPEATS,
            features=tuple(sorted(self._found, key=lambda one: one.mean, reverse=True)),
        )

    def _shuffled(self, column: int) -> Samples:
        features = self._samples.features.copy()
        features[:, column] = self._rng.permutation(features[:, column])
        return replace(self._samples, features=features)

    def _mean_error(self, samples: Samples) -> float:
        if len(samples) == 0:
            return 0.0
        errors: Floats = np.abs(self._model.points(samples) - samples.close_ahead)
        return float(errors.mean())


def _unseen(model: TrainedModel, candles: pd.DataFrame) -> Samples:
    samples = newest_samples(candles, model.task, ROWS + model.task.steps)
    keep = np.isfinite(samples.target) & samples.ready
    if model.train_end is not None:
        keep &= np.asarray(samples.issued_at >= pd.Timestamp(model.train_end))
    rows = np.flatnonzero(keep)[-ROWS:]
    return Samples(*(getattr(samples, column.name)[rows] for column in fields(samples)))
