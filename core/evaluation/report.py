"""What a series of forecasts is worth beside the random walk, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from core.losses import Floats, hac_standard_error, mae, skill

_NORMAL_95: Final = 1.959963984540054
_LAGS_PER_STEP: Final = 3


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a walk-forward.

    Attributes
    ----------
    n : int
        Forecasts scored.
    n_eff : float
        Independent forecasts they are worth: overlapping targets count once.
    mae, mae_random_walk : float
        USD.
    skill : float
        ``1 - mae / mae_random_walk``.
    skill_low, skill_high : float
        95 % interval of `skill` (Diebold-Mariano); NaN with fewer than two forecasts.
    coverage : float
        Share of prices that ended inside the band; NaN where there was no band.
    shrinkage : float
        Mean share of the trees that was published.
    """

    n: int
    n_eff: float
    mae: float
    mae_random_walk: float
    skill: float
    skill_low: float
    skill_high: float
    coverage: float
    shrinkage: float


def summarise(forecasts: pd.DataFrame, steps: int) -> Report | None:
    """Summarise the forecasts of `core.evaluation.walk_forward.walk_forward`.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        In order of issue, every target known.
    steps : int
        Issues from one forecast to its target; this many targets overlap.

    Returns
    -------
    Report or None
        None where there is nothing to score.
    """
    if len(forecasts) == 0:
        return None
    actual = forecasts["actual"].to_numpy(dtype=np.float64)
    point = forecasts["point"].to_numpy(dtype=np.float64)
    stays = forecasts["price_at_issue"].to_numpy(dtype=np.float64)
    gain = np.abs(stays - actual) - np.abs(point - actual)
    reach = _reach(gain, mae(actual, stays), steps)
    value = skill(actual, point, stays)
    return Report(
        n=len(forecasts),
        n_eff=len(forecasts) / steps,
        mae=mae(actual, point),
        mae_random_walk=mae(actual, stays),
        skill=value,
        skill_low=value - reach,
        skill_high=value + reach,
        coverage=_coverage(forecasts),
        shrinkage=float(forecasts["shrinkage"].mean()),
    )


def _reach(gain: Floats, reference: float, steps: int) -> float:
    """Return half the width of the 95 % interval of skill.

    The mean loss difference over its HAC standard error is asymptotically normal
    (Diebold and Mariano, Comparing Predictive Accuracy, J. Business & Economic
    Statistics 13, 1995); the random walk's MAE is taken as given.
    """
    if reference == 0:
        return 0.0
    error = hac_standard_error(gain, _LAGS_PER_STEP * steps)
    return math.nan if math.isnan(error) else _NORMAL_95 * error / reference


def _coverage(forecasts: pd.DataFrame) -> float:
    banded = forecasts[forecasts["low"].notna()]
    inside = banded["actual"].between(banded["low"], banded["high"])
    return float(inside.mean()) if len(banded) else math.nan
