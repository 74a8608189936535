"""The random walk in place of a model's forecast, with that forecast's bands around it.

A band's edges are the price at issue times a factor for the forecast return and one for the
residual; without the first, the edges move by the ratio of price at issue and point.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.domain import BAND_LEVELS, Forecast, Interval
from core.models.bands import band_columns


def random_walk_instead(forecast: Forecast) -> Forecast:
    """Return `forecast` with "the price stays" as its point and its bands around that."""
    ratio = forecast.price_at_issue / forecast.point
    bands = tuple(Interval(b.level, b.low * ratio, b.high * ratio) for b in forecast.bands)
    return replace(forecast, point=forecast.price_at_issue, bands=bands, standing_aside=False)


def random_walk_where(forecasts: pd.DataFrame, aside: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Return a table of forecasts with the random walk in the rows of `aside`.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        As `core.models.trained.TrainedModel.forecasts` returns; other columns stay.
    aside : array of bool, shape (n,)
    """
    issue = forecasts["price_at_issue"].to_numpy(dtype=np.float64)
    point = forecasts["point"].to_numpy(dtype=np.float64)
    ratio = np.where(aside, issue / point, 1.0)
    edges = [name for level in BAND_LEVELS for name in band_columns(level)]
    moved = {name: forecasts[name].to_numpy(dtype=np.float64) * ratio for name in edges}
    return forecasts.assign(point=np.where(aside, issue, point), **moved)
