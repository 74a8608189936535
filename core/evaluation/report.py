"""What a series of forecasts is worth beside the random walk, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.domain import BAND_LEVELS, Direction, Losses
from core.evaluation.calibration import BandScore, PinballScore, band_score, pinball_score
from core.evaluation.direction import direction
from core.evaluation.significance import compare
from core.evaluation.volatility import VolatilityScore, volatility_score
from core.losses import NORMAL_95, score, skill


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a walk-forward.

    Attributes
    ----------
    n : int
        Forecasts scored.
    n_eff : float
        Independent forecasts they are worth: overlapping targets count once.
    price, price_random_walk : Losses
        Of prices, USD.
    returns, returns_random_walk : Losses
        Of log returns from issue to target.
    skill : float
        ``1 - MAE / MAE of the random walk``, of prices.
    skill_low, skill_high : float
        95 % interval of `skill` (Diebold-Mariano); NaN with fewer than two forecasts.
    p_worse : float
        One-sided p-value against "not worse than the random walk"; see `Comparison`.
    direction : Direction
    bands : tuple of BandScore
        In the order of `BAND_LEVELS`; empty where there was no band.
    pinball : PinballScore or None
    volatility : VolatilityScore or None
    shrinkage : float
        Mean share of the model that was published.
    """

    n: int
    n_eff: float
    price: Losses
    price_random_walk: Losses
    returns: Losses
    returns_random_walk: Losses
    skill: float
    skill_low: float
    skill_high: float
    p_worse: float
    direction: Direction
    bands: tuple[BandScore, ...]
    pinball: PinballScore | None
    volatility: VolatilityScore | None
    shrinkage: float

    @property
    def mae(self) -> float:
        """MAE of prices, USD."""
        return self.price.mae

    @property
    def mae_random_walk(self) -> float:
        """MAE of "the price stays", USD."""
        return self.price_random_walk.mae

    def band(self, level: float) -> BandScore | None:
        """Return the score of the band of `level`; None where there was no band."""
        return next((band for band in self.bands if band.level == level), None)


def summarise(forecasts: pd.DataFrame, steps: int) -> Report | None:
    """Summarise the forecasts of `core.evaluation.walk_forward.walk_forward`.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        `core.evaluation.blocks.COLUMNS`, in order of issue, every target known.
    steps : int
        Issues from one forecast to its target; this many targets overlap.

    Returns
    -------
    Report or None
        None where there is nothing to score.
    """
    if len(forecasts) == 0:
        return None
    actual, point, stays = (
        forecasts[name].to_numpy(dtype=np.float64) for name in ("actual", "point", "price_at_issue")
    )
    random_walk = score(actual, stays)
    comparison = compare(np.abs(stays - actual) - np.abs(point - actual), steps)
    value = skill(actual, point, stays)
    # The random walk's MAE is taken as given.
    reach = NORMAL_95 * comparison.standard_error / random_walk.mae if random_walk.mae else 0.0
    bands = (band_score(forecasts, level) for level in BAND_LEVELS)
    return Report(
        n=len(forecasts),
        n_eff=len(forecasts) / steps,
        price=score(actual, point),
        price_random_walk=random_walk,
        returns=score(np.log(actual / stays), np.log(point / stays)),
        returns_random_walk=score(np.log(actual / stays), np.zeros(len(actual))),
        skill=value,
        skill_low=value - reach,
        skill_high=value + reach,
        p_worse=comparison.p_worse,
        direction=direction(stays, point, actual, steps),
        bands=tuple(band for band in bands if band is not None),
        pinball=pinball_score(forecasts),
        volatility=volatility_score(forecasts),
        shrinkage=float(forecasts["shrinkage"].mean()),
    )
