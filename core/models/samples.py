"""Candles turned into what is learned from and forecast from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from core.domain import LONG_BAR_MINUTES, ForecastSpec, Horizon
from core.features import (
    LONGEST_WINDOW,
    VOLATILITY_BARS,
    bars_since_gap,
    build_features,
    complete_bars,
    ewma_volatility,
    mark_gaps,
    scaled_returns_ahead,
)
from core.losses import Floats

_BARS_BEFORE: Final = max(VOLATILITY_BARS, LONGEST_WINDOW)


@dataclass(frozen=True, slots=True)
class Task:
    """What one horizon of a spec forecasts: `steps` bars of `bar_minutes` ahead."""

    horizon: Horizon
    bar_minutes: int
    steps: int

    @classmethod
    def of(cls, spec: ForecastSpec, horizon: Horizon) -> Task:
        if horizon == "minute":
            return cls(horizon, 1, spec.minute_horizon)
        return cls(horizon, LONG_BAR_MINUTES, spec.long_horizon_steps)

    @property
    def minutes(self) -> int:
        """Minutes from issue to target."""
        return self.bar_minutes * self.steps


@dataclass(frozen=True, slots=True)
class Samples:
    """One row per complete bar, oldest first; all arrays have shape (n,) but `features`.

    Attributes
    ----------
    issued_at : pandas.DatetimeIndex
        Close of the bar: when a forecast from it can be issued.
    close : array
        Price at issue, USD.
    features : array, shape (n, number of features)
        In the order of `core.features.FEATURE_NAMES`.
    scale : array
        Volatility of the log return up to the target, known at issue; NaN at the start.
    target : array
        Log return up to the target over `scale`; NaN where not known or across a gap.
    ready : array of bool
        Every feature's window is full and free of gaps.
    """

    issued_at: pd.DatetimeIndex
    close: Floats
    features: Floats
    scale: Floats
    target: Floats
    ready: np.ndarray[tuple[int], np.dtype[np.bool_]]

    def __len__(self) -> int:
        return len(self.close)


def build_samples(candles: pd.DataFrame, task: Task) -> Samples:
    """Return the samples of all complete bars of `candles` (closed, 1 minute)."""
    return _samples(complete_bars(candles, task.bar_minutes), task)


def newest_samples(candles: pd.DataFrame, task: Task, count: int) -> Samples:
    """Return the last `count` rows of ``build_samples(candles, task)``, or all if fewer.

    Only as many candles are read as those rows depend on; the values are the same to the
    last bit. Targets may lie anywhere in the rows returned.
    """
    bars_needed = count + _BARS_BEFORE
    rows = (bars_needed + 1) * task.bar_minutes
    bars = complete_bars(candles.iloc[-rows:], task.bar_minutes)
    while len(bars) < bars_needed and rows < len(candles):
        rows *= 2
        bars = complete_bars(candles.iloc[-rows:], task.bar_minutes)
    samples = _samples(bars.iloc[-bars_needed:], task)
    return _last(samples, count)


def _samples(bars: pd.DataFrame, task: Task) -> Samples:
    minutes = task.bar_minutes
    volatility = ewma_volatility(bars, minutes)
    index = pd.DatetimeIndex(bars.index)
    age = bars_since_gap(np.asarray(mark_gaps(bars, minutes)))
    scale = np.asarray(volatility, dtype=np.float64) * math.sqrt(task.steps)
    return Samples(
        issued_at=index + pd.Timedelta(minutes=minutes),
        close=np.asarray(bars["close"], dtype=np.float64),
        features=build_features(bars, minutes).to_numpy(dtype=np.float64),
        scale=scale,
        target=np.asarray(scaled_returns_ahead(bars, minutes, task.steps, volatility)),
        ready=(age >= LONGEST_WINDOW - 1) & np.isfinite(scale),
    )


def _last(samples: Samples, count: int) -> Samples:
    return Samples(
        issued_at=samples.issued_at[-count:],
        close=samples.close[-count:],
        features=samples.features[-count:],
        scale=samples.scale[-count:],
        target=samples.target[-count:],
        ready=samples.ready[-count:],
    )
