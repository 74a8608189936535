"""Scores over time, for charts: at most some hundred points, whatever the range."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from core.domain import SCORE_RANGES, Curve, Moves, ScoreRange
from core.ledger.entry import epoch_ms
from core.ledger.matured import Matured
from core.ledger.scores import record_of
from core.losses import Floats

WIDTHS: Final[Mapping[ScoreRange, timedelta]] = {
    "1h": timedelta(minutes=30),
    "24h": timedelta(hours=3),
    "7d": timedelta(days=1),
    "30d": timedelta(days=3),
}
"""By range, how much of the past each point of a curve is about."""

_POINTS: Final = 120
_LEAST: Final = 10
_MOVES: Final = 500
_BASIS_POINTS: Final = 1e4


def reach_of(name: ScoreRange) -> timedelta:
    """Return how far back targets must reach for a curve over the whole range."""
    return SCORE_RANGES[name] + WIDTHS[name]


def curve_of(rows: Matured, steps: int, name: ScoreRange, now: datetime) -> Curve:
    """Return the curves of a range that ends `now`.

    Parameters
    ----------
    rows : Matured
        With targets back to `reach_of` the range, where there are any.
    steps : int
        This many targets overlap.
    """
    targets = rows["target_time"]
    times = _grid(targets, name, now)
    width = WIDTHS[name] // timedelta(milliseconds=1)
    ends = np.searchsorted(targets, times, side="right")
    begins = np.searchsorted(targets, times - width, side="right")
    parts = [
        _point(Matured(rows.table[:, begin:end]), steps)
        for begin, end in zip(begins, ends, strict=True)
    ]
    columns = [list(column) for column in zip(*parts, strict=True)] or [[] for _ in range(5)]
    skill, low, high, mae, random_walk = columns
    gained = _gained(rows, epoch_ms(now - SCORE_RANGES[name]))[ends]
    return Curve(WIDTHS[name], times.tolist(), skill, low, high, mae, random_walk, gained.tolist())


def moves_of(rows: Matured) -> Moves:
    """Return moves as forecast and as they came; of many forecasts every so manieth."""
    picked = rows.table[:, :: max(1, -(-len(rows) // _MOVES))]
    few = Matured(picked)
    return Moves(
        said=_basis_points(few["point"], few["price"]),
        came=_basis_points(few["actual"], few["price"]),
    )


def _grid(targets: Floats, name: ScoreRange, now: datetime) -> np.ndarray[tuple[int], np.dtype]:
    """Return the times of the points: from the first target of the range to the last."""
    within = targets[targets > epoch_ms(now - SCORE_RANGES[name])]
    if len(within) == 0:
        return np.zeros(0, dtype=np.int64)
    times = np.linspace(within[0], within[-1], min(_POINTS, len(within)))
    return np.asarray(np.round(times), dtype=np.int64)


def _point(rows: Matured, steps: int) -> tuple[float | None, ...]:
    record = record_of(rows, steps) if len(rows) >= _LEAST else None
    if record is None:
        return (None,) * 5
    errors = float(rows.error.mean()), float(rows.random_walk_error.mean())
    if not np.isfinite(record.reach):
        return record.skill, None, None, *errors
    return record.skill, record.skill - record.reach, record.skill + record.reach, *errors


def _gained(rows: Matured, since: int) -> Floats:
    """Return the sum of error less that of the random walk, before each row and after the last."""
    counts = np.where(rows["target_time"] > since, rows.error - rows.random_walk_error, 0.0)
    return np.concatenate([[0.0], np.cumsum(counts)])


def _basis_points(price: Floats, before: Floats) -> list[float]:
    return [round(float(v), 3) for v in _BASIS_POINTS * (price / before - 1.0)]
