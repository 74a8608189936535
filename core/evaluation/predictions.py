"""Forecasts of a walk-forward as a table for others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from core.domain import BAND_LEVELS, Horizon
from core.models.bands import band_columns
from core.replacing import replaced

PREDICTION_COLUMNS: Final = (
    "issued_at",
    "target_time",
    "horizon",
    "price_at_issue",
    "point",
    "random_walk",
    *(name for level in BAND_LEVELS for name in band_columns(level)),
    "actual",
)


def predictions(forecasts: Mapping[Horizon, pd.DataFrame]) -> pd.DataFrame:
    """Return the forecasts of all horizons as one table.

    Parameters
    ----------
    forecasts : mapping
        `core.evaluation.blocks.COLUMNS` by horizon, every target known.

    Returns
    -------
    pandas.DataFrame
        `PREDICTION_COLUMNS`, one row per forecast, horizon after horizon, each in order of
        issue. Times are ISO 8601 text in UTC, prices USD; ``issued_at`` is the instant the
        last candle used had closed.
    """
    parts = [
        table.assign(
            horizon=horizon,
            random_walk=table["price_at_issue"],
            **{name: _iso(table[name]) for name in ("issued_at", "target_time")},
        )
        for horizon, table in forecasts.items()
        if len(table)
    ]
    if not parts:
        return pd.DataFrame(columns=list(PREDICTION_COLUMNS))
    return pd.concat(parts, ignore_index=True)[list(PREDICTION_COLUMNS)]


def write_predictions(path: Path, table: pd.DataFrame) -> None:
    """Write `table` as CSV in one step: `path` holds all of it or what it held before.

    Prices are written so that reading them gives the same number; unknown edges are empty.

    Raises
    ------
    OSError
        The directory is missing or cannot be written.
    """
    with replaced(path) as file:
        table.to_csv(file, index=False, lineterminator="\n")


def _iso(times: pd.Series[pd.Timestamp]) -> list[str]:
    return [time.isoformat() for time in times]
