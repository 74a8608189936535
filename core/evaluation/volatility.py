"""How well volatility was forecast, beside "as volatile as just now"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.features.volatility import log_returns
from core.features.windows import rolling_mean
from core.losses import mse, r2


@dataclass(frozen=True, slots=True)
class VolatilityScore:
    """Errors of the log of volatility.

    Attributes
    ----------
    n : int
        Forecasts scored.
    r2, r2_persistence : float
        Against the mean of the log realised volatility of these forecasts.
    mse, mse_persistence : float
        Mean squared error of the log.
    bias : float
        Mean of log forecast less log realised: 0.1 is a forecast about 10 % too high.
    """

    n: int
    r2: float
    r2_persistence: float
    mse: float
    mse_persistence: float
    bias: float

    @property
    def mse_ratio(self) -> float:
        """Return MSE over that of persistence; below 1 is better than persistence."""
        return self.mse / self.mse_persistence if self.mse_persistence else np.nan


def realised_volatility(candles: pd.DataFrame, minutes: int) -> pd.Series[float]:
    """Return the realised volatility of the `minutes` up to each candle's close.

    The root of the summed squared 1-minute log returns (Andersen, Bollerslev, Diebold and
    Labys, Modeling and Forecasting Realized Volatility, Econometrica 71, 2003).

    Parameters
    ----------
    candles : pandas.DataFrame
        Closed 1-minute candles, `core.domain.CANDLE_COLUMNS`, indexed by open time.

    Returns
    -------
    pandas.Series
        Indexed by the close of the last minute (aware, UTC); of the log return over
        `minutes`, dimensionless. NaN where one of those returns is not known: at the start
        and where a gap lies between.
    """
    squares = log_returns(candles, 1) ** 2
    closed = pd.DatetimeIndex(candles.index) + pd.Timedelta(minutes=1)
    return pd.Series(np.sqrt(minutes * rolling_mean(squares, minutes)), index=closed)


def with_realised(forecasts: pd.DataFrame, candles: pd.DataFrame, minutes: int) -> pd.DataFrame:
    """Add ``realised`` and ``realised_before``: from issue to target, and as long before issue.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        ``issued_at``, ``target_time`` (aware, UTC).
    candles : pandas.DataFrame
        Closed 1-minute candles around them.
    minutes : int
        From issue to target.
    """
    realised = realised_volatility(candles, minutes)
    return forecasts.assign(
        realised=realised.reindex(forecasts["target_time"]).to_numpy(),
        realised_before=realised.reindex(forecasts["issued_at"]).to_numpy(),
    )


def volatility_score(forecasts: pd.DataFrame) -> VolatilityScore | None:
    """Score the volatility that forecasts came with.

    What is forecast is the log of ``realised``, the realised volatility from issue to target;
    the forecast is the log of ``volatility``, the expected standard deviation of the log
    return over the same time. Persistence forecasts the log of ``realised_before``, the
    realised volatility of as many minutes up to issue. All on the same rows: those where the
    three are known and above zero.

    Parameters
    ----------
    forecasts : pandas.DataFrame
        ``volatility``, ``realised``, ``realised_before``.

    Returns
    -------
    VolatilityScore or None
        None where no row can be scored, as at the minute horizon, where a single return
        tells too little of volatility.
    """
    columns = forecasts[["realised", "volatility", "realised_before"]].to_numpy(dtype=np.float64)
    usable = columns[(np.isfinite(columns) & (columns > 0)).all(axis=1)]
    if len(usable) == 0:
        return None
    came, said, persists = np.log(usable).T
    return VolatilityScore(
        n=len(usable),
        r2=r2(came, said),
        r2_persistence=r2(came, persists),
        mse=mse(came, said),
        mse_persistence=mse(came, persists),
        bias=float(np.mean(said - came)),
    )
