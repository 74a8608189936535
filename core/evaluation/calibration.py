"""Whether bands keep their promise, in calm and in storm, and what they cost in width."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.losses import Floats
from core.models.bands import band_columns

Flags = npt.NDArray[np.bool_]

QUANTILES: Final = {0.05: "q5", 0.25: "q25", 0.75: "q75", 0.95: "q95"}
"""Quantiles that pinball loss is taken of, and the columns of the unconditional ones."""

_EDGES: Final = {0.05: "lo90", 0.25: "lo50", 0.75: "hi50", 0.95: "hi90"}
_FULL_DAY: Final = 0.5


@dataclass(frozen=True, slots=True)
class BandScore:
    """What became of the bands of one level.

    Attributes
    ----------
    level : float
        What was promised.
    n : int
        Forecasts that had the band.
    coverage : float
        Share of prices that ended inside, edges included.
    day_min, day_max : float
        The same of the worst and the best day of `days` days.
    terciles : tuple of float
        The same of the calmest, the middle and the most volatile third, by forecast
        volatility.
    winkler : float
        Mean Winkler score, USD.
    """

    level: float
    n: int
    coverage: float
    day_min: float
    day_max: float
    days: int
    terciles: tuple[float, float, float]
    winkler: float


@dataclass(frozen=True, slots=True)
class PinballScore:
    """Mean pinball loss over `QUANTILES`, of log returns; `gain` is 1 less their ratio."""

    n: int
    model: float
    unconditional: float

    @property
    def gain(self) -> float:
        """Return how much less was lost than by the unconditional quantiles; NaN if neither."""
        return 1.0 - self.model / self.unconditional if self.unconditional else math.nan


def band_score(forecasts: pd.DataFrame, level: float) -> BandScore | None:
    """Score the bands of one level.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        ``issued_at`` (aware, UTC), ``actual`` and the band's edges (USD), ``volatility``.
        Rows without a band are left out.

    Returns
    -------
    BandScore or None
        None where no row has the band.
    """
    names = band_columns(level)
    banded = forecasts.dropna(subset=list(names))
    if len(banded) == 0:
        return None
    low, high = (banded[name].to_numpy(dtype=np.float64) for name in names)
    actual = banded["actual"].to_numpy(dtype=np.float64)
    inside = (low <= actual) & (actual <= high)
    days = daily_coverage(banded["issued_at"], inside)
    return BandScore(
        level=level,
        n=len(banded),
        coverage=float(inside.mean()),
        day_min=float(days.min()),
        day_max=float(days.max()),
        days=len(days),
        terciles=tercile_coverage(inside, banded["volatility"].to_numpy(dtype=np.float64)),
        winkler=winkler(actual, low, high, level),
    )


def daily_coverage(issued_at: pd.Series[pd.Timestamp], inside: Flags) -> pd.Series[float]:
    """Return the share inside per UTC day of issue.

    Days with fewer than half the forecasts of the fullest day are left out: they are the
    first and the last one, or hold an outage, and a handful of forecasts says nothing.
    """
    days = pd.DatetimeIndex(issued_at).floor("D")
    grouped = pd.Series(inside.astype(np.float64), index=days).groupby(level=0)
    counts = grouped.count()
    return grouped.mean()[counts >= _FULL_DAY * counts.max()]


def tercile_coverage(inside: Flags, volatility: Floats) -> tuple[float, float, float]:
    """Return the share inside in the calmest, the middle and the most volatile third.

    A third ends at the 1/3 and the 2/3 quantile of `volatility`, shape (n,), that value
    included. NaN where a third is empty or volatility is not known.
    """
    known = np.isfinite(volatility)
    if not known.any():
        return math.nan, math.nan, math.nan
    third = np.searchsorted(np.quantile(volatility[known], (1 / 3, 2 / 3)), volatility[known])
    calm, middle, storm = (_share(inside[known][third == number]) for number in range(3))
    return calm, middle, storm


def winkler(actual: Floats, low: Floats, high: Floats, level: float) -> float:
    """Return the mean interval score, in the unit of the input; smaller is better.

    The width of a band, plus ``2 / (1 - level)`` times the distance by which it was missed:
    the least on average for the true quantiles, so that neither width nor misses come free.

    Parameters
    ----------
    actual, low, high : array, shape (n,), n > 0
    level : float
        Promised coverage, below 1.

    References
    ----------
    Winkler, A Decision-Theoretic Approach to Interval Estimation, J. American Statistical
    Association 67 (1972).

    Examples
    --------
    >>> winkler(np.array([5.0, 11.0]), np.zeros(2), np.full(2, 10.0), level=0.5)
    12.0
    """
    missed = np.maximum(low - actual, 0.0) + np.maximum(actual - high, 0.0)
    return float(np.mean(high - low + 2.0 / (1.0 - level) * missed))


def pinball(actual: Floats, quantile: Floats, probability: float) -> float:
    """Return the mean pinball loss of forecasts of one quantile, in the unit of the input.

    An error above counts `probability` times, one below ``1 - probability`` times: the least
    on average for the true quantile.

    Parameters
    ----------
    actual, quantile : array, shape (n,), n > 0

    References
    ----------
    Koenker and Bassett, Regression Quantiles, Econometrica 46 (1978).

    Examples
    --------
    >>> pinball(np.array([3.0, 0.0]), np.array([1.0, 1.0]), probability=0.75)
    0.875
    """
    above = actual - quantile
    return float(np.mean(np.maximum(probability * above, (probability - 1.0) * above)))


def pinball_score(forecasts: pd.DataFrame) -> PinballScore | None:
    """Compare band edges as quantiles of the log return with the unconditional quantiles.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        ``price_at_issue``, ``actual``, the edges of the 50 and 90 % bands (USD), and
        `QUANTILES` of the log returns known when the model was fitted. Rows without either
        are left out.

    Returns
    -------
    PinballScore or None
        None where no row has both.
    """
    usable = forecasts.dropna(subset=[*QUANTILES.values(), *_EDGES.values()])
    if len(usable) == 0:
        return None
    columns = usable.astype(dict.fromkeys((*_EDGES.values(), "actual"), np.float64))
    start = columns["price_at_issue"].to_numpy(dtype=np.float64)
    came = np.log(columns["actual"].to_numpy() / start)
    own, fixed = [], []
    for probability, edge in _EDGES.items():
        own.append(pinball(came, np.log(columns[edge].to_numpy() / start), probability))
        unconditional = columns[QUANTILES[probability]].to_numpy(dtype=np.float64)
        fixed.append(pinball(came, unconditional, probability))
    return PinballScore(len(usable), float(np.mean(own)), float(np.mean(fixed)))


def _share(inside: Flags) -> float:
    return float(inside.mean()) if len(inside) else math.nan
