"""Quotes, forecasts, their scores and the models behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.domain.words import Horizon, Market


@dataclass(frozen=True, slots=True)
class Quote:
    """The last price of a ticker; `time` is the exchange's clock when it was asked."""

    ticker: str
    price: float
    time: datetime
    provider: str
    market: Market


@dataclass(frozen=True, slots=True)
class Interval:
    """A band: the price is promised to end inside with probability `level`."""

    level: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """One forecast, made from closed candles only.

    Attributes
    ----------
    horizon : Horizon
    issued_at : datetime
        The instant the last candle used had closed.
    target_time : datetime
        The instant whose price is forecast.
    price_at_issue : float
        Close of the last candle used; also what "the price stays" forecasts.
    point : float
    band : Interval or None
        The 80 % band; None where too little is known.
    """

    horizon: Horizon
    issued_at: datetime
    target_time: datetime
    price_at_issue: float
    point: float
    band: Interval | None

    @property
    def random_walk(self) -> float:
        """The forecast of "the price stays"."""
        return self.price_at_issue


@dataclass(frozen=True, slots=True)
class Losses:
    """Errors of price forecasts in USD (`mse` in USD squared); `r2` of the price level."""

    mae: float
    mse: float
    rmse: float
    r2: float


@dataclass(frozen=True, slots=True)
class TailScore:
    """Losses on the last `n` out-of-sample forecasts, beside those of the random walk."""

    n: int
    model: Losses
    random_walk: Losses

    @property
    def skill(self) -> float:
        """``1 - MAE / MAE of the random walk``; 0 where the price never moved."""
        if self.random_walk.mae == 0:
            return 0.0
        return 1.0 - self.model.mae / self.random_walk.mae


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of the model behind one horizon's forecast.

    Attributes
    ----------
    model_id : str
        Short hash of the stored file, or ``random-walk``.
    trained : bool
        False where the random walk stands in; `reason` then says why.
    shrinkage : float
        Share of the model's forecast return that is published, 0 (random walk) to 1.
    rows : int
        Clean rows it was fitted on.
    train_start, train_end : datetime or None
        Open time of the first row and target time of the last row used for fitting.
    """

    horizon: Horizon
    model_id: str
    trained: bool
    reason: str
    trained_at: datetime
    rows: int
    train_start: datetime | None
    train_end: datetime | None
    shrinkage: float
    tail: TailScore | None


@dataclass(frozen=True, slots=True)
class Retrain:
    """One finished training, for the history on Model Health."""

    at: datetime
    horizon: Horizon
    model_id: str
    rows: int
    seconds: float
    cause: str
    tail: TailScore | None
