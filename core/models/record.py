"""What forecasts were worth, and how sure that is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from core.domain import SkillRecord
from core.losses import LAGS_PER_STEP, NORMAL_95, Floats, hac_standard_error, mae, skill

if TYPE_CHECKING:
    import pandas as pd


def record_of(scored: pd.DataFrame, steps: int) -> SkillRecord | None:
    """Return the record of forecasts that have met their outcome; None of none.

    Parameters
    ----------
    scored : pandas.DataFrame
        In order of issue: ``issued_at``, ``price_at_issue``, ``point``, ``actual``, none NaN.
    steps : int
        Issues from one forecast to its target; this many targets overlap.
    """
    if len(scored) == 0:
        return None
    actual, point, stays = (
        scored[name].to_numpy(dtype=np.float64) for name in ("actual", "point", "price_at_issue")
    )
    span = scored["issued_at"].iloc[-1] - scored["issued_at"].iloc[0]
    return skill_record(actual, point, stays, span.total_seconds() / 60.0, steps)


def skill_record(
    actual: Floats, point: Floats, stays: Floats, minutes: float, steps: int
) -> SkillRecord:
    """Return the record of forecasts in order of issue.

    The interval is that of Diebold and Mariano (Comparing Predictive Accuracy, J. Business &
    Economic Statistics 13, 1995) for the mean difference of absolute errors, over the random
    walk's mean absolute error, which is taken as given.

    Parameters
    ----------
    actual, point, stays : array, shape (n,), n > 0
        Prices, their forecasts and those of the random walk, USD.
    minutes : float
        From the first issue to the last.
    steps : int
        Issues from one forecast to its target; this many targets overlap.
    """
    reference = mae(actual, stays)
    gain = np.abs(stays - actual) - np.abs(point - actual)
    error = hac_standard_error(gain, LAGS_PER_STEP * steps)
    return SkillRecord(
        n=len(actual),
        minutes=minutes,
        skill=skill(actual, point, stays),
        reach=NORMAL_95 * error / reference if reference else math.nan,
    )
