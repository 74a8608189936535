"""From what is expected of rows to forecasts: prices, bands, volatility."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import pandas as pd

from core.domain import BAND_LEVELS, SHOWN_LEVEL
from core.losses import Floats
from core.models.bands import ScaledBands, band_columns
from core.models.samples import Samples, Task
from core.models.volatility import VolatilityModel
from core.models.widening import widening

_MOST_APART: Final = 10.0
_UNKNOWN: Final = ScaledBands((np.nan,) * len(BAND_LEVELS), (np.nan,) * len(BAND_LEVELS))


@dataclass(frozen=True, slots=True)
class Issued:
    """Forecasts beside the rows they were made from; arrays of shape (n,).

    Attributes
    ----------
    expected : array
        Log return up to the target.
    spread : array
        Its volatility; NaN where not known.
    width : array
        Half widths of the bands for residuals of one: `spread`, widened.
    """

    samples: Samples
    expected: Floats
    spread: Floats
    width: Floats
    bands: ScaledBands

    @property
    def point(self) -> Floats:
        """Forecast prices, USD."""
        return np.asarray(self.samples.close * np.exp(self.expected), dtype=np.float64)

    def last(self, count: int) -> Issued:
        """Return the newest `count` rows."""
        arrays = {f.name: getattr(self, f.name)[-count:] for f in fields(self)[1:-1]}
        return replace(self, samples=self.samples.last(count), **arrays)

    def edges(self) -> dict[str, Floats]:
        """Return the edges of all bands by the name of their column, USD."""
        columns = {}
        for level, *edges in zip(BAND_LEVELS, self.bands.low, self.bands.high, strict=True):
            for name, edge in zip(band_columns(level), edges, strict=True):
                columns[name] = self.samples.close * np.exp(self.expected + edge * self.width)
        return columns

    def table(self, task: Task) -> pd.DataFrame:
        """Return one row per forecast, as `core.models.trained.TrainedModel.forecasts` says."""
        samples = self.samples
        return pd.DataFrame(
            {
                "issued_at": samples.issued_at,
                "target_time": samples.issued_at + pd.Timedelta(minutes=task.minutes),
                "price_at_issue": samples.close,
                "point": self.point,
                **self.edges(),
                "volatility": self.spread,
                "actual": samples.close_ahead,
            }
        )


def issue(
    samples: Samples,
    task: Task,
    expected: Floats,
    volatility: VolatilityModel | None,
    bands: ScaledBands | None,
) -> Issued:
    """Return forecasts from all rows of `samples`, in order of issue.

    Parameters
    ----------
    expected : array, shape (n,)
        Log returns up to the target.
    """
    known = bands or _UNKNOWN
    foretold = spread(samples, volatility)
    moved = samples.target * samples.scale
    with np.errstate(invalid="ignore", divide="ignore"):  # a market that never moved has no width
        missed = np.abs(moved - expected) / (known.half_width(SHOWN_LEVEL) * foretold)
    return Issued(samples, expected, foretold, foretold * widening(missed, task.steps), known)


def spread(samples: Samples, model: VolatilityModel | None) -> Floats:
    """Return the volatility of each row up to its target, NaN where it is not known yet.

    What the model foretells stays within `_MOST_APART` times what was seen of late: it is not
    believed in a market unlike any that it learned from, such as one that has stopped.
    """
    if model is None:
        return samples.scale
    foretold = model.predict(samples.volatility_columns)
    return np.clip(foretold, samples.scale / _MOST_APART, samples.scale * _MOST_APART)
