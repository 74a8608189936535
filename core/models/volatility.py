"""How much the price will move until the target: scales every band."""

from __future__ import annotations

from typing import Final

import numpy as np
from sklearn.linear_model import PoissonRegressor

from core.losses import Floats
from core.models.linear import Standardiser, weighted_sum

MIN_ROWS: Final = 1_000
"""Fewer rows know no time of day: the exponentially weighted volatility stands in."""

_CLIP: Final = 5.0
_PENALTY: Final = 1e-3


class VolatilityModel:
    """Realised volatility up to the target as the exponential of a linear combination.

    A heterogeneous autoregression with time of day, fitted by the Poisson quasi-likelihood,
    which asks for the mean only, bears zeros and never foretells a negative volatility.

    References
    ----------
    Corsi, A Simple Approximate Long-Memory Model of Realized Volatility, J. Financial
    Econometrics 7 (2009); Gourieroux, Monfort and Trognon, Pseudo Maximum Likelihood Methods,
    Econometrica 52 (1984).
    """

    def __init__(self, scale: Standardiser, usual: float, weights: Floats, level: float) -> None:
        self._scale = scale
        self._usual = usual
        self._weights = weights
        self._level = level

    @classmethod
    def fit(cls, columns: Floats, realised: Floats) -> VolatilityModel | None:
        """Fit on `core.features.volatility_columns`, shape (n, k), and what came, shape (n,).

        Returns
        -------
        VolatilityModel or None
            None with fewer than `MIN_ROWS` rows, or where nothing ever moved.
        """
        if len(realised) < MIN_ROWS or realised.mean() <= 0:
            return None
        scale, usual = Standardiser.of(columns, _CLIP), float(realised.mean())
        regressor = PoissonRegressor(alpha=_PENALTY, solver="newton-cholesky")
        regressor.fit(scale(columns), realised / usual)
        return cls(scale, usual, regressor.coef_, float(regressor.intercept_))

    def predict(self, columns: Floats) -> Floats:
        """Return the expected realised volatility of each row, shape (n,), above 0."""
        log_ratio = weighted_sum(self._scale(columns), self._weights) + self._level
        return np.asarray(self._usual * np.exp(log_ratio), dtype=np.float64)
