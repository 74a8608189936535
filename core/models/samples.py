"""Candles turned into what is learned from and forecast from."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import pandas as pd

from core.domain import LONG_BAR_MINUTES, ForecastSpec, Horizon
from core.features import (
    DISTANT_BARS,
    HISTORY_BARS,
    LONGEST_WINDOW,
    VOLATILITY_BARS,
    bars_since_gap,
    build_features,
    calendar_features,
    complete_bars,
    distant_features,
    ewma_volatility,
    mark_gaps,
    realised_volatility,
    scaled_returns_ahead,
    volatility_columns,
)
from core.losses import Floats

_BARS_BEFORE: Final = max(VOLATILITY_BARS, LONGEST_WINDOW, DISTANT_BARS, HISTORY_BARS)


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
        In the order of `core.models.experts.COLUMNS`.
    volatility_columns : array, shape (n, k)
        What the volatility up to the target is foretold from, see `core.features`.
    scale : array
        Volatility of the log return up to the target, known at issue; NaN at the start.
    target : array
        Log return up to the target over `scale`; NaN where not known or across a gap.
    close_ahead : array
        Price at the target, USD; NaN where `target` is.
    realised : array
        Realised volatility from issue to target; NaN where not known or across a gap.
    ready : array of bool
        Every feature's window is full and free of gaps.
    """

    issued_at: pd.DatetimeIndex
    close: Floats
    features: Floats
    volatility_columns: Floats
    scale: Floats
    target: Floats
    close_ahead: Floats
    realised: Floats
    ready: np.ndarray[tuple[int], np.dtype[np.bool_]]

    def __len__(self) -> int:
        return len(self.close)

    def last(self, count: int) -> Samples:
        """Return the newest `count` rows."""
        return Samples(*(getattr(self, column.name)[-count:] for column in fields(self)))


def build_samples(candles: pd.DataFrame, task: Task) -> Samples:
    """Return the samples of all complete bars of `candles` (closed, 1 minute)."""
    return _samples(candles, complete_bars(candles, task.bar_minutes), task)


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
    samples = _samples(candles.iloc[-rows:], bars.iloc[-bars_needed:], task)
    return samples.last(count)


def _samples(candles: pd.DataFrame, bars: pd.DataFrame, task: Task) -> Samples:
    minutes = task.bar_minutes
    index = pd.DatetimeIndex(bars.index)
    issued_at = index + pd.Timedelta(minutes=minutes)
    close = np.asarray(bars["close"], dtype=np.float64)
    volatility = ewma_volatility(bars, minutes)
    scale = np.asarray(volatility, dtype=np.float64) * math.sqrt(task.steps)
    target = np.asarray(scaled_returns_ahead(bars, minutes, task.steps, volatility))
    age = bars_since_gap(np.asarray(mark_gaps(bars, minutes)))
    return Samples(
        issued_at=issued_at,
        close=close,
        features=np.column_stack(
            (
                build_features(bars, minutes, volatility).to_numpy(dtype=np.float64),
                distant_features(bars, minutes, volatility).to_numpy(dtype=np.float64),
                calendar_features(issued_at),
            )
        ),
        volatility_columns=volatility_columns(bars, minutes),
        scale=scale,
        target=target,
        close_ahead=np.where(np.isfinite(target), _ahead(close, task.steps), np.nan),
        realised=_realised_ahead(candles, issued_at, task.minutes),
        ready=(age >= LONGEST_WINDOW - 1) & np.isfinite(scale),
    )


def _realised_ahead(candles: pd.DataFrame, issued_at: pd.DatetimeIndex, minutes: int) -> Floats:
    """Return the realised volatility of the `minutes` after each issue."""
    last_minute = issued_at + pd.Timedelta(minutes=minutes - 1)
    ahead = realised_volatility(candles, minutes).reindex(last_minute)
    return np.asarray(ahead, dtype=np.float64)


def _ahead(close: Floats, steps: int) -> Floats:
    return np.concatenate((close[steps:], np.full(min(steps, len(close)), np.nan)))
