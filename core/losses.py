"""How wrong forecasts were. Every loss has one signature: ``loss(actual, forecast)``.

Both are arrays of shape (n,), n > 0, of finite values in the same unit (USD for prices);
other shapes and empty or non-finite input raise `ValueError`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from core.domain import Losses

Floats = npt.NDArray[np.float64]

NORMAL_95: Final = 1.959963984540054
"""Standard deviations to either side that hold 95 % of a normal distribution."""

LAGS_PER_STEP: Final = 3
"""Lags of `hac_standard_error` for each step by which targets overlap: the Newey-West weights
fall with the lag, so that lags must reach further than the overlap."""


def mae(actual: npt.ArrayLike, forecast: npt.ArrayLike) -> float:
    """Return the mean absolute error, in the unit of the input.

    Examples
    --------
    >>> mae([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    return float(np.mean(np.abs(_errors(actual, forecast))))


def mse(actual: npt.ArrayLike, forecast: npt.ArrayLike) -> float:
    """Return the mean squared error, in the squared unit of the input.

    Examples
    --------
    >>> mse([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    return float(np.mean(_errors(actual, forecast) ** 2))


def rmse(actual: npt.ArrayLike, forecast: npt.ArrayLike) -> float:
    """Return the root of the mean squared error, in the unit of the input.

    Examples
    --------
    >>> rmse([1.0, 2.0], [4.0, 5.0])
    3.0
    """
    return math.sqrt(mse(actual, forecast))


def r2(actual: npt.ArrayLike, forecast: npt.ArrayLike) -> float:
    """Return the coefficient of determination against the mean of `actual`.

    1 is exact, 0 as good as that mean. Where `actual` never changes there is nothing to
    determine: 1 if the forecast is exact, otherwise 0 (scikit-learn's ``r2_score``).

    Examples
    --------
    >>> r2([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
    0.0
    """
    residual = float(np.sum(_errors(actual, forecast) ** 2))
    values = np.asarray(actual, dtype=np.float64)
    total = 0.0 if np.ptp(values) == 0 else float(np.sum((values - values.mean()) ** 2))
    if total == 0:
        return 1.0 if residual == 0 else 0.0
    return 1.0 - residual / total


def skill(actual: npt.ArrayLike, forecast: npt.ArrayLike, baseline: npt.ArrayLike) -> float:
    """Return ``1 - MAE / MAE of the baseline``; 0 where the baseline is exact.

    Examples
    --------
    >>> skill([2.0, 2.0], [2.0, 3.0], baseline=[1.0, 1.0])
    0.5
    """
    reference = mae(actual, baseline)
    return 1.0 - mae(actual, forecast) / reference if reference else 0.0


def score(actual: npt.ArrayLike, forecast: npt.ArrayLike) -> Losses:
    """Return all losses at once."""
    return Losses(
        mae=mae(actual, forecast),
        mse=mse(actual, forecast),
        rmse=rmse(actual, forecast),
        r2=r2(actual, forecast),
    )


def _errors(actual: npt.ArrayLike, forecast: npt.ArrayLike) -> Floats:
    a, f = np.asarray(actual, dtype=np.float64), np.asarray(forecast, dtype=np.float64)
    if a.ndim != 1 or a.shape != f.shape or a.size == 0:
        raise ValueError(
            f"actual and forecast must be equally long and not empty: {a.shape}, {f.shape}"
        )
    errors = f - a
    if not np.isfinite(errors).all():
        raise ValueError("actual and forecast must be finite")
    return errors


def hac_standard_error(values: npt.ArrayLike, lag: int) -> float:
    """Return the standard error of a mean whose values are correlated up to `lag` apart.

    Forecasts h steps ahead issued every step overlap, so their losses are correlated up to
    lag ``h - 1`` at least; counted as independent they promise too much.

    Parameters
    ----------
    values : array, shape (n,)
        Such as loss differences of two forecasters, in time order.
    lag : int
        Cut to ``n - 1``.

    Returns
    -------
    float
        In the unit of `values`; NaN with fewer than two values.

    References
    ----------
    Newey and West, A Simple, Positive Semi-definite, Heteroskedasticity and
    Autocorrelation Consistent Covariance Matrix, Econometrica 55 (1987), eq. 5.
    """
    series = np.asarray(values, dtype=np.float64)
    n = len(series)
    if n < 2:
        return math.nan
    centred = series - series.mean()
    lag = min(lag, n - 1)
    variance = float(centred @ centred) / n
    for k in range(1, lag + 1):
        weight = 1.0 - k / (lag + 1.0)
        variance += 2.0 * weight * float(centred[k:] @ centred[:-k]) / n
    return math.sqrt(max(variance, 0.0) / n)
