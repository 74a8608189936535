"""Whether a difference in losses may be chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from core.losses import LAGS_PER_STEP, NORMAL_95, hac_standard_error


@dataclass(frozen=True, slots=True)
class Comparison:
    """The mean of loss differences, in their unit.

    Attributes
    ----------
    gain : float
        Mean loss of the baseline less that of the forecaster.
    standard_error : float
        NaN with fewer than two differences.
    p_worse : float
        One-sided p-value against "the forecaster is not worse": small where it is.
    """

    gain: float
    standard_error: float
    p_worse: float


def compare(gain: npt.ArrayLike, steps: int) -> Comparison:
    """Compare two forecasters by the mean of their loss differences.

    The mean over its HAC standard error is asymptotically normal. Lags reach three times as
    far as targets overlap, because the Newey-West weights fall with the lag.

    Parameters
    ----------
    gain : array, shape (n,)
        Loss of the baseline less that of the forecaster, in time order, n > 0.
    steps : int
        This many consecutive targets overlap.

    Notes
    -----
    Differences that are all zero, as where the baseline itself was published, are no sign of
    being worse: `p_worse` is 1.

    References
    ----------
    Diebold and Mariano, Comparing Predictive Accuracy, J. Business & Economic Statistics 13
    (1995).
    """
    values = np.asarray(gain, dtype=np.float64)
    mean = float(values.mean())
    error = hac_standard_error(values, LAGS_PER_STEP * steps)
    if math.isnan(error):
        return Comparison(mean, error, math.nan)
    if error == 0:
        return Comparison(mean, error, 0.0 if mean < 0 else 1.0)
    return Comparison(mean, error, NormalDist().cdf(mean / error))


def wilson_interval(rate: float, n: float) -> tuple[float, float]:
    """Return the 95 % score interval of a share observed in `n` trials.

    Unlike the usual ``rate +- 1.96 * error`` it stays within 0 and 1 and keeps its promise
    for few trials and for shares near the ends.

    Parameters
    ----------
    rate : float
        Share of successes, 0 to 1.
    n : float
        Independent trials, more than 0; need not be whole (an effective number).

    References
    ----------
    Wilson, Probable Inference, the Law of Succession, and Statistical Inference, J. American
    Statistical Association 22 (1927).

    Examples
    --------
    >>> low, high = wilson_interval(0.5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    square = NORMAL_95**2
    centre = (rate + square / (2.0 * n)) / (1.0 + square / n)
    spread = math.sqrt(rate * (1.0 - rate) / n + square / (4.0 * n * n))
    reach = NORMAL_95 * spread / (1.0 + square / n)
    return centre - reach, centre + reach


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being the smallest of several, in the order given.

    Rejecting those at most 5 % keeps the chance of any false rejection at 5 %.

    References
    ----------
    Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian J. Statistics
    6 (1979).

    Examples
    --------
    >>> holm([0.25, 0.01, 0.5])
    [0.5, 0.03, 0.5]
    """
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    for rank, position in enumerate(np.argsort(p_values, kind="stable").tolist()):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = floor
    return adjusted
