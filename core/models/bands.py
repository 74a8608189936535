"""Bands: quantiles of scaled returns, put back on the current price and volatility."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from core.domain import BAND_LEVELS
from core.losses import Floats

MIN_RESIDUALS: Final = 100


@dataclass(frozen=True, slots=True)
class ScaledBands:
    """Residual quantiles in units of volatility over the horizon.

    ``low[i] <= 0 <= high[i]`` are the edges of the band of ``BAND_LEVELS[i]``; each band lies
    within the next.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of(cls, residuals: Floats) -> ScaledBands | None:
        """Return the central bands of `residuals`; None below `MIN_RESIDUALS` of them."""
        if len(residuals) < MIN_RESIDUALS:
            return None
        tails = (1.0 - np.array(BAND_LEVELS)) / 2.0
        low = np.minimum(np.quantile(residuals, tails), 0.0)
        high = np.maximum(np.quantile(residuals, 1.0 - tails), 0.0)
        return cls(tuple(low.tolist()), tuple(high.tolist()))

    def half_width(self, level: float) -> float:
        """Return half the distance between the edges of one of `BAND_LEVELS`."""
        row = BAND_LEVELS.index(level)
        return (self.high[row] - self.low[row]) / 2.0


def band_columns(level: float) -> tuple[str, str]:
    """Return the names of a band's edges in a table of forecasts, e.g. ``lo80`` and ``hi80``."""
    percent = round(100 * level)
    return f"lo{percent}", f"hi{percent}"
