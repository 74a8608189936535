"""A linear expert that outliers do not move, held near "the price stays"."""

from __future__ import annotations

from typing import Final

import numpy as np

from core.domain import Horizon
from core.losses import Floats

# Ridge penalty per row, on columns of unit variance. The long horizon has a fifth of the rows,
# and their targets overlap.
_PENALTY: Final[dict[Horizon, float]] = {"minute": 0.1, "long": 0.5}
_THRESHOLD: Final = 0.05
_ROUNDS: Final = 10
_CLIP: Final = 3.0
_SMALLEST: Final = 1e-9


class Standardiser:
    """Columns less their median, over their standard deviation, cut at `clip` of those.

    What is not known becomes 0, the median. Learned on the rows of `of` alone.
    """

    def __init__(self, centre: Floats, spread: Floats, clip: float) -> None:
        self._centre = centre
        self._spread = spread
        self._clip = clip

    @classmethod
    def of(cls, features: Floats, clip: float) -> Standardiser:
        """Learn from `features`, shape (n, k); a column without any value stays 0."""
        known = np.isfinite(features).any(axis=0)
        centre, spread = np.zeros(features.shape[1]), np.ones(features.shape[1])
        centre[known] = np.nanmedian(features[:, known], axis=0)
        spread[known] = np.nanstd(features[:, known], axis=0)
        return cls(centre, np.maximum(spread, _SMALLEST), clip)

    def __call__(self, features: Floats) -> Floats:
        scaled = np.nan_to_num((features - self._centre) / self._spread)
        return np.clip(scaled, -self._clip, self._clip)


def weighted_sum(columns: Floats, weights: Floats) -> Floats:
    """Return ``columns @ weights``, each row added up in the same order whatever the others are.

    A matrix product may round a row otherwise when it comes with others, and what is forecast
    live would differ in the last bit from what is evaluated.
    """
    total = np.zeros(len(columns))
    for column, weight in zip(columns.T, weights, strict=True):
        total += weight * column
    return total


class RobustLinear:
    """Linear regression on Huber's loss with a ridge penalty, the intercept's included.

    The loss is quadratic below a twentieth of a volatility only, so the forecast is close to a
    median, which is what MAE rewards; the penalty draws it to 0, "the price stays". Fitted by
    iteratively reweighted least squares.

    References
    ----------
    Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35
    (1964); Holland and Welsch, Robust Regression Using Iteratively Reweighted Least-Squares,
    Communications in Statistics 6 (1977).
    """

    def __init__(self, horizon: Horizon) -> None:
        self._penalty = _PENALTY[horizon]
        self._scale: Standardiser | None = None
        self._weights: Floats = np.zeros(0)

    def fit(self, features: Floats, target: Floats) -> RobustLinear:
        """Fit on features, shape (n, k), NaN where not known, and targets, shape (n,), no NaN."""
        self._scale = Standardiser.of(features, _CLIP)
        columns = _with_constant(self._scale(features))
        penalty = self._penalty * len(target) * np.eye(columns.shape[1])
        weights = np.zeros(columns.shape[1])
        for _ in range(_ROUNDS):
            missed = np.abs(target - columns @ weights)
            trust = np.minimum(1.0, _THRESHOLD / np.maximum(missed, _SMALLEST))
            weighted = columns * (trust / trust.mean())[:, None]
            weights = np.linalg.solve(weighted.T @ columns + penalty, weighted.T @ target)
        self._weights = weights
        return self

    def predict(self, features: Floats) -> Floats:
        """Return the expected target of each row, shape (n,)."""
        if self._scale is None:
            raise ValueError("fit first")
        return weighted_sum(_with_constant(self._scale(features)), self._weights)


def _with_constant(columns: Floats) -> Floats:
    return np.column_stack((columns, np.ones(len(columns))))
