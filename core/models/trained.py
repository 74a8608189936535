"""A trained model: forecasts from closed candles, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from core.domain import (
    Forecast,
    ForecastSpec,
    Horizon,
    ModelCard,
    SkillRecord,
    TailScore,
    TailTrace,
)
from core.losses import Floats
from core.models import breaker
from core.models.bands import ScaledBands
from core.models.experts import Mixture
from core.models.issuing import issue
from core.models.latest import Latest, forecast_of, tail_of
from core.models.record import record_of
from core.models.samples import Samples, Task, newest_samples
from core.models.stand_in import random_walk_where
from core.models.volatility import VolatilityModel
from core.models.widening import WINDOW

TAIL_ROWS: Final = 100
RANDOM_WALK_ID: Final = "random-walk"
_DAY_MINUTES: Final = 1_440


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What one training made of one horizon. Forecasts read closed candles only.

    Attributes
    ----------
    spec, horizon
        What it forecasts.
    mixture : Mixture or None
        None where the random walk stands in; `reason` then says why.
    volatility : VolatilityModel or None
        None where too little is known: the exponentially weighted volatility stands in.
    bands : ScaledBands or None
        In units of that volatility; None where too few residuals were known.
    model_id : str
        Seven hexadecimal digits, the same for the same fit, or ``random-walk``.
    rows : int
        Clean rows it was fitted on, or that were too few.
    train_start, train_end : datetime or None
        Open time of the first row and target time of the last row used for fitting.
    """

    spec: ForecastSpec
    horizon: Horizon
    mixture: Mixture | None
    volatility: VolatilityModel | None
    bands: ScaledBands | None
    model_id: str
    reason: str
    trained_at: datetime
    rows: int
    train_start: datetime | None
    train_end: datetime | None

    @property
    def shrinkage(self) -> float:
        """How much of what is published is not "the price stays", 0 to 1."""
        return self.mixture.share if self.mixture else 0.0

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
        return forecast_of(self.forecasts(candles, 1), self.horizon)

    def forecasts(self, candles: pd.DataFrame, count: int) -> pd.DataFrame:
        """Return the forecasts of the last `count` complete bars, each from its own past.

        Returns
        -------
        pandas.DataFrame
            Oldest first: ``issued_at``, ``target_time`` (aware, UTC), ``price_at_issue``,
            ``point``, ``actual`` and, for each of `BAND_LEVELS`, ``lo80``, ``hi80`` (USD),
            and ``volatility`` (of the log return to the target). Edges are NaN where no
            band is known, ``actual`` where the target is not known yet or a gap lies
            between. ``standing_aside`` tells where the random walk is published because this
            model lost to it lately, see `core.models.breaker`.
        """
        raw = self._raw_forecasts(candles, count + breaker.rows_before(self.task))
        aside = breaker.standing_aside(raw, self.task, self.train_end)
        published = random_walk_where(raw, aside).assign(standing_aside=aside)
        return published.iloc[-count:].reset_index(drop=True)

    def _raw_forecasts(self, candles: pd.DataFrame, count: int) -> pd.DataFrame:
        """Return the same, whatever the model's luck; how earlier ones did decides on the width."""
        samples = newest_samples(candles, self.task, count + WINDOW + self.task.steps)
        expected = self._expected(samples)
        issued = issue(samples, self.task, expected, self.volatility, self.bands)
        return issued.last(count).table(self.task)

    def tail(self, candles: pd.DataFrame, n: int = TAIL_ROWS) -> tuple[TailScore | None, TailTrace]:
        """Score the last `n` forecasts this model could not have seen, and list them.

        A forecast counts when it was issued at or after `train_end` and its target is
        known; the list holds those and the ones whose target is still to come.
        """
        return tail_of(self._out_of_sample(candles, n), n)

    def latest(self, candles: pd.DataFrame) -> Latest:
        """Return `forecast`, `tail` and the record of the last day, all from one table."""
        day = _DAY_MINUTES // self.task.bar_minutes
        table = self.forecasts(candles, day + self.task.steps)
        unseen = self._unseen(table)
        matured = unseen[unseen["actual"].notna()]
        reaches_back = len(matured) >= TAIL_ROWS or len(unseen) < len(table)
        recent = unseen if reaches_back else self._out_of_sample(candles, TAIL_ROWS)
        return Latest(
            forecast_of(table, self.horizon),
            *tail_of(recent, TAIL_ROWS),
            record_of(matured.tail(day), self.task.steps),
        )

    def card(self, tail: TailScore | None, record: SkillRecord | None = None) -> ModelCard:
        """Return what readers are told of the model, with its newest scores."""
        return ModelCard(
            horizon=self.horizon,
            model_id=self.model_id,
            trained=self.mixture is not None,
            reason=self.reason,
            trained_at=self.trained_at,
            rows=self.rows,
            train_start=self.train_start,
            train_end=self.train_end,
            shrinkage=self.shrinkage,
            tail=tail,
            record=record,
        )

    def points(self, samples: Samples) -> Floats:
        """Return what the model forecasts from each row, USD, standing aside or not."""
        return np.asarray(samples.close * np.exp(self._expected(samples)), dtype=np.float64)

    def _expected(self, samples: Samples) -> Floats:
        """Return the log return expected from each row; 0 is "the price stays"."""
        expected = np.zeros(len(samples))
        if self.mixture is not None:
            ready = samples.ready
            expected[ready] = self.mixture.predict(samples.features[ready]) * samples.scale[ready]
        return expected

    def _out_of_sample(self, candles: pd.DataFrame, n: int) -> pd.DataFrame:
        """Return forecasts issued since the fit ended: `n` with a known target, if there are."""
        count = n + self.task.steps
        while True:
            issued = self.forecasts(candles, count)
            unseen = self._unseen(issued)
            if count > len(unseen) or unseen["actual"].notna().sum() >= n:
                return unseen
            count *= 2

    def _unseen(self, issued: pd.DataFrame) -> pd.DataFrame:
        """Return those issued since the fit ended."""
        return issued if self.train_end is None else issued[issued["issued_at"] >= self.train_end]
