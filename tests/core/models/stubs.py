"""Models whose error is known, for tests that only need forecasts to compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from core.domain import ForecastSpec, Horizon
from core.models.samples import Task, newest_samples


@dataclass(frozen=True)
class KnownError:
    """Forecasts the actual price plus `size` USD, more or less the share `noise` of it."""

    model_id: str
    size: float
    trained_at: datetime
    train_end: datetime | None
    spec: ForecastSpec = field(default_factory=ForecastSpec)
    horizon: Horizon = "minute"
    noise: float = 0.0
    rows: int = 5_000

    @property
    def task(self) -> Task:
        return Task.of(self.spec, self.horizon)

    def forecasts(self, candles: pd.DataFrame, count: int) -> pd.DataFrame:
        samples = newest_samples(candles, self.task, count)
        index = pd.DatetimeIndex(samples.issued_at)
        # Pairs of the same sign: no mean, and nothing to tell from the forecast before.
        drawn = 1 - 2 * (index.as_unit("s").asi8 // 120 % 2)
        return pd.DataFrame(
            {
                "issued_at": index,
                "price_at_issue": samples.close,
                "point": np.nan_to_num(samples.close_ahead) + self.size * (1 + self.noise * drawn),
                "actual": samples.close_ahead,
            }
        )
