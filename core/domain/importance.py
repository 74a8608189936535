"""What drives a forecast: how much worse it gets when one column is shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.domain.words import Horizon

_CLEAR_OF_NOISE: Final = 2.0


@dataclass(frozen=True, slots=True)
class FeatureImportance:
    """Extra mean absolute error without one feature, as a share: mean and deviation of repeats."""

    name: str
    mean: float
    deviation: float

    @property
    def clear(self) -> bool:
        """Whether the mean stands more than two deviations above zero."""
        return self.mean > _CLEAR_OF_NOISE * self.deviation


@dataclass(frozen=True, slots=True)
class Importance:
    """The features of one model, that of the most extra error first.

    `n` out-of-sample forecasts were compared, each feature shuffled `repeats` times. `version`
    tells the model: when it was trained, and its id.
    """

    horizon: Horizon
    version: str
    at: datetime
    n: int
    repeats: int
    features: tuple[FeatureImportance, ...]
