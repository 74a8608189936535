"""Scores over time, for charts: at most some hundred points, whatever the range."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from core.domain import FEWEST_FOR_A_POINT, SCORE_RANGES, Curve, Moves, ScoreRange
from core.ledger.entry import epoch_ms
from core.ledger.matured import Matured
from core.ledger.scores import FEWEST
from core.losses import LAGS_PER_STEP, NORMAL_95, Floats, hac_standard_error

Places = npt.NDArray[np.int64]

WIDTHS: Final[Mapping[ScoreRange, timedelta]] = {
    "1h": timedelta(minutes=30),
    "24h": timedelta(hours=3),
    "7d": timedelta(days=1),
    "30d": timedelta(days=3),
}
"""By range, how much of the past each point of a curve is about."""

_POINTS: Final = 120
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
    windows = _Windows(
        rows,
        np.searchsorted(targets, times - width, side="right"),
        np.searchsorted(targets, times, side="right"),
    )
    skill, reach = windows.skill(), windows.reach(steps)
    return Curve(
        WIDTHS[name],
        times.tolist(),
        _listed(skill),
        _listed(skill - reach),
        _listed(skill + reach),
        _listed(windows.mae),
        _listed(windows.mae_random_walk),
        windows.gained(epoch_ms(now - SCORE_RANGES[name])).tolist(),
    )


class _Windows:
    """Figures of the rows from each of `begins` to each of `ends`; NaN of too few."""

    def __init__(self, rows: Matured, begins: Places, ends: Places) -> None:
        self._targets = rows["target_time"]
        self._begins, self._ends = begins, ends
        self._gain = rows.random_walk_error - rows.error
        self.mae = self._mean(rows.error)
        self.mae_random_walk = self._mean(rows.random_walk_error)

    def skill(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self.mae / self.mae_random_walk
        return np.asarray(np.where(np.isfinite(share), 1.0 - share, np.nan))

    def reach(self, steps: int) -> Floats:
        """Return half of the 95 % interval of each skill, as `core.models.record` does."""
        errors = [
            hac_standard_error(self._gain[begin:end], LAGS_PER_STEP * steps)
            if end - begin >= FEWEST * steps
            else np.nan
            for begin, end in zip(self._begins, self._ends, strict=True)
        ]
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = NORMAL_95 * np.array(errors, dtype=np.float64) / self.mae_random_walk
        return np.asarray(np.where(np.isfinite(reach), reach, np.nan))

    def gained(self, since: int) -> Floats:
        """Return the sum of error less that of the random walk from `since` to each end."""
        counts = np.where(self._targets > since, -self._gain, 0.0)
        return _sums(counts)[self._ends]

    def _mean(self, values: Floats) -> Floats:
        sums, count = _sums(values), self._ends - self._begins
        total = sums[self._ends] - sums[self._begins]
        return np.asarray(
            np.where(count < FEWEST_FOR_A_POINT, np.nan, total / np.maximum(count, 1))
        )


def moves_of(rows: Matured) -> Moves:
    """Return moves as forecast and as they came; of many forecasts an even selection."""
    picked = rows.table[:, :: max(1, -(-len(rows) // _MOVES))]
    few = Matured(picked)
    return Moves(
        said=_basis_points(few["point"], few["price"]),
        came=_basis_points(few["actual"], few["price"]),
    )


def _grid(targets: Floats, name: ScoreRange, now: datetime) -> Places:
    """Return the times of the points: from the first target of the range to the last."""
    within = targets[targets > epoch_ms(now - SCORE_RANGES[name])]
    if len(within) == 0:
        return np.zeros(0, dtype=np.int64)
    times = np.linspace(within[0], within[-1], min(_POINTS, len(within)))
    return np.asarray(np.round(times), dtype=np.int64)


def _sums(values: Floats) -> Floats:
    """Return the sums of the first 0, 1, 2 ... values."""
    return np.concatenate([[0.0], np.cumsum(values)])


def _listed(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def _basis_points(price: Floats, before: Floats) -> list[float]:
    return [round(float(v), 3) for v in _BASIS_POINTS * (price / before - 1.0)]
