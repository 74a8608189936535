"""Bands: quantiles of scaled returns, put back on the current price and volatility."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from core.losses import Floats

BAND_LEVEL: Final = 0.8
MIN_RESIDUALS: Final = 100


@dataclass(frozen=True, slots=True)
class ScaledBand:
    """Residual quantiles in units of volatility over the horizon; ``low <= 0 <= high``."""

    low: float
    high: float

    @classmethod
    def of(cls, residuals: Floats) -> ScaledBand | None:
        """Return the central `BAND_LEVEL` of `residuals`; None below `MIN_RESIDUALS` of them."""
        if len(residuals) < MIN_RESIDUALS:
            return None
        tail = (1.0 - BAND_LEVEL) / 2.0
        low, high = np.quantile(residuals, (tail, 1.0 - tail))
        return cls(low=min(float(low), 0.0), high=max(float(high), 0.0))
