"""A trained model: forecasts from closed candles, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from core.domain import (
    Forecast,
    ForecastSpec,
    Horizon,
    Interval,
    ModelCard,
    TailScore,
    TailTrace,
)
from core.losses import Floats, score
from core.models.bands import BAND_LEVEL, ScaledBand
from core.models.boosting import BoostedTrees
from core.models.samples import Samples, Task, newest_samples

TAIL_ROWS: Final = 100
RANDOM_WALK_ID: Final = "random-walk"


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What one training made of one horizon. Forecasts read closed candles only.

    Attributes
    ----------
    spec, horizon
        What it forecasts.
    trees : BoostedTrees or None
        None where the random walk stands in; `reason` then says why.
    shrinkage : float
        Share of the trees' forecast that is published.
    band : ScaledBand or None
        None where too few residuals were known.
    model_id : str
        Seven hexadecimal digits, the same for the same fit, or ``random-walk``.
    rows : int
        Clean rows it was fitted on, or that were too few.
    train_start, train_end : datetime or None
        Open time of the first row and target time of the last row used for fitting.
    """

    spec: ForecastSpec
    horizon: Horizon
    trees: BoostedTrees | None
    shrinkage: float
    band: ScaledBand | None
    model_id: str
    reason: str
    trained_at: datetime
    rows: int
    train_start: datetime | None
    train_end: datetime | None

    @property
    def task(self) -> Task:
        return Task.of(self.spec, self.horizon)

    def forecast(self, candles: pd.DataFrame) -> Forecast | None:
        """Forecast from the newest complete bar of `candles` (closed, 1 minute).

        The minute model issues at each closed candle, the long one at each complete
        5-minute bar of the UTC clock. Without a full window of recent candles the point
        is the price at issue.

        Returns
        -------
        Forecast or None
            None only where there is no complete bar at all.
        """
        issued = self._issue(newest_samples(candles, self.task, 1))
        if len(issued.point) == 0:
            return None
        low, high = float(issued.low[-1]), float(issued.high[-1])
        issued_at: datetime = issued.samples.issued_at[-1].to_pydatetime()
        return Forecast(
            horizon=self.horizon,
            issued_at=issued_at,
            target_time=issued_at + timedelta(minutes=self.task.minutes),
            price_at_issue=float(issued.samples.close[-1]),
            point=float(issued.point[-1]),
            band=Interval(BAND_LEVEL, low, high) if np.isfinite(low + high) else None,
        )

    def forecasts(self, candles: pd.DataFrame, count: int) -> pd.DataFrame:
        """Return the forecasts of the last `count` complete bars, each from its own past.

        Returns
        -------
        pandas.DataFrame
            Oldest first: ``issued_at``, ``target_time`` (aware, UTC), ``price_at_issue``,
            ``point``, ``low``, ``high``, ``actual`` (USD). ``low`` and ``high`` are NaN
            where no band is known, ``actual`` where the target is not known yet or a gap
            lies between.
        """
        issued = self._issue(newest_samples(candles, self.task, count))
        samples = issued.samples
        return pd.DataFrame(
            {
                "issued_at": samples.issued_at,
                "target_time": samples.issued_at + pd.Timedelta(minutes=self.task.minutes),
                "price_at_issue": samples.close,
                "point": issued.point,
                "low": issued.low,
                "high": issued.high,
                "actual": samples.close_ahead,
            }
        )

    def tail(self, candles: pd.DataFrame, n: int = TAIL_ROWS) -> tuple[TailScore | None, TailTrace]:
        """Score the last `n` forecasts this model could not have seen, and list them.

        A forecast counts when it was issued at or after `train_end` and its target is
        known; the list holds those and the ones whose target is still to come.
        """
        issued = self._out_of_sample(candles, n)
        known = issued["actual"].notna()
        pending = issued["target_time"] > issued["issued_at"].iloc[-1:].max()
        shown = issued[(known | pending) & issued["low"].notna()]
        scored = issued[known].tail(n)
        return _tail_score(scored), _trace(shown)

    def card(self, tail: TailScore | None) -> ModelCard:
        """Return what readers are told of the model, with its newest `tail` score."""
        return ModelCard(
            horizon=self.horizon,
            model_id=self.model_id,
            trained=self.trees is not None,
            reason=self.reason,
            trained_at=self.trained_at,
            rows=self.rows,
            train_start=self.train_start,
            train_end=self.train_end,
            shrinkage=self.shrinkage,
            tail=tail,
        )

    def _issue(self, samples: Samples) -> _Issued:
        """Forecast from every row; 0 as the expected return is "the price stays"."""
        expected = np.zeros(len(samples))
        if self.trees is not None:
            ready = samples.ready
            expected[ready] = self.shrinkage * self.trees.predict(samples.features[ready])
        low, high = (self.band.low, self.band.high) if self.band else (np.nan, np.nan)
        return _Issued(
            samples=samples,
            point=samples.close * np.exp(expected * np.nan_to_num(samples.scale)),
            low=samples.close * np.exp((expected + low) * samples.scale),
            high=samples.close * np.exp((expected + high) * samples.scale),
        )

    def _out_of_sample(self, candles: pd.DataFrame, n: int) -> pd.DataFrame:
        """Return forecasts issued since the fit ended: `n` with a known target, if there are."""
        count = n + self.task.steps
        while True:
            issued = self.forecasts(candles, count)
            if self.train_end is not None:
                issued = issued[issued["issued_at"] >= self.train_end]
            if count > len(issued) or issued["actual"].notna().sum() >= n:
                return issued
            count *= 2


@dataclass(frozen=True, slots=True)
class _Issued:
    """Forecast prices in USD beside the rows they were made from."""

    samples: Samples
    point: Floats
    low: Floats
    high: Floats


def _tail_score(scored: pd.DataFrame) -> TailScore | None:
    if len(scored) == 0:
        return None
    actual = scored["actual"].to_numpy()
    return TailScore(
        n=len(scored),
        model=score(actual, scored["point"].to_numpy()),
        random_walk=score(actual, scored["price_at_issue"].to_numpy()),
    )


def _trace(shown: pd.DataFrame) -> TailTrace:
    return TailTrace(
        issued=_epoch_ms(shown["issued_at"]),
        target=_epoch_ms(shown["target_time"]),
        point=shown["point"].tolist(),
        low=shown["low"].tolist(),
        high=shown["high"].tolist(),
        price_at_issue=shown["price_at_issue"].tolist(),
        actual=[None if np.isnan(price) else float(price) for price in shown["actual"]],
    )


def _epoch_ms(times: pd.Series[pd.Timestamp]) -> list[int]:
    moments: list[int] = pd.DatetimeIndex(times).as_unit("ms").asi8.tolist()
    return moments
