"""Quotes, forecasts, their scores and the models behind them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.domain.words import Horizon, Market

BAND_LEVELS: Final = (0.5, 0.8, 0.9, 0.95)
"""Probabilities of the bands that a forecast comes with."""

SHOWN_LEVEL: Final = 0.8
"""The band that is named where only one is."""


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
    bands : tuple of Interval
        In the order of `BAND_LEVELS`, each within the next; empty where too little is known.
    volatility : float or None
        Expected standard deviation of the log return from issue to target.
    standing_aside : bool
        Whether "the price stays" is published because the model lost to it lately.
    """

    horizon: Horizon
    issued_at: datetime
    target_time: datetime
    price_at_issue: float
    point: float
    bands: tuple[Interval, ...]
    volatility: float | None = None
    standing_aside: bool = False

    @property
    def band(self) -> Interval | None:
        """The band of `SHOWN_LEVEL`; None where too little is known."""
        return next((band for band in self.bands if band.level == SHOWN_LEVEL), None)

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
class SkillRecord:
    """What the forecasts of a model were worth beside the random walk's, and how sure that is.

    Attributes
    ----------
    n : int
        Out-of-sample forecasts that have met their outcome.
    minutes : float
        From the first issue of them to the last.
    skill : float
        ``1 - MAE / MAE of the random walk``.
    reach : float
        Half the width of the 95 % interval of `skill`; NaN where it cannot be told.
    """

    n: int
    minutes: float
    skill: float
    reach: float

    @property
    def significant(self) -> bool:
        """Whether 0 lies outside the interval."""
        return abs(self.skill) > self.reach

    @property
    def minutes_more(self) -> float:
        """About how much longer forecasts must be as good as these to prove it.

        The interval narrows with the root of time. Infinite where there is no skill to prove
        or no interval.
        """
        if self.significant:
            return 0.0
        if self.skill == 0.0 or not math.isfinite(self.reach):
            return math.inf
        return self.minutes * ((self.reach / self.skill) ** 2 - 1.0)


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
    record : SkillRecord or None
        Of its last day; None before any forecast has met its outcome.
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
    record: SkillRecord | None = None


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
