"""From a table of forecasts to the values that readers get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from core.domain import (
    BAND_LEVELS,
    SHOWN_LEVEL,
    Forecast,
    Horizon,
    Interval,
    SkillRecord,
    TailScore,
    TailTrace,
)
from core.losses import score
from core.models.bands import band_columns

SHOWN: Final = band_columns(SHOWN_LEVEL)


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest forecast of a model, and how those before it did."""

    forecast: Forecast | None
    tail: TailScore | None
    trace: TailTrace
    record: SkillRecord | None


def forecast_of(table: pd.DataFrame, horizon: Horizon) -> Forecast | None:
    """Return the last row of `core.models.trained.TrainedModel.forecasts`; None of no rows."""
    if len(table) == 0:
        return None
    last = table.iloc[-1]
    return Forecast(
        horizon=horizon,
        issued_at=last["issued_at"].to_pydatetime(),
        target_time=last["target_time"].to_pydatetime(),
        price_at_issue=float(last["price_at_issue"]),
        point=float(last["point"]),
        bands=_intervals(last),
        volatility=float(last["volatility"]) if np.isfinite(last["volatility"]) else None,
        standing_aside=bool(last["standing_aside"]),
    )


def tail_of(unseen: pd.DataFrame, n: int) -> tuple[TailScore | None, TailTrace]:
    """Score the last `n` forecasts with a known target, and list them and what came after.

    Parameters
    ----------
    unseen : pandas.DataFrame
        Forecasts in order of issue that the model's training could not have seen.
    """
    known = unseen["actual"].notna()
    scored = unseen[known].tail(n)
    since = unseen.loc[scored.index[0] :] if len(scored) else unseen
    pending = since["target_time"] > since["issued_at"].iloc[-1:].max()
    shown = since[(since["actual"].notna() | pending) & since[SHOWN[0]].notna()]
    return _tail_score(scored), _trace(shown)


def _intervals(row: pd.Series[float]) -> tuple[Interval, ...]:
    """Return the bands of one row; empty where they are not known."""
    bands = [
        Interval(level, *(float(row[name]) for name in band_columns(level)))
        for level in BAND_LEVELS
    ]
    return tuple(band for band in bands if np.isfinite(band.low + band.high))


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
        low=shown[SHOWN[0]].tolist(),
        high=shown[SHOWN[1]].tolist(),
        price_at_issue=shown["price_at_issue"].tolist(),
        actual=[None if np.isnan(price) else float(price) for price in shown["actual"]],
    )


def _epoch_ms(times: pd.Series[pd.Timestamp]) -> list[int]:
    moments: list[int] = pd.DatetimeIndex(times).as_unit("ms").asi8.tolist()
    return moments
