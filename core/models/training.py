"""Training: from closed candles to a `TrainedModel`."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.domain import ForecastSpec, Horizon
from core.losses import Floats
from core.models.bands import ScaledBand
from core.models.boosting import BoostedTrees
from core.models.samples import Samples, Task, build_samples
from core.models.shrinkage import choose_shrinkage
from core.models.trained import RANDOM_WALK_ID, TAIL_ROWS, TrainedModel

MIN_CLEAN_ROWS: Final = 5_000
"""Fewer rows teach noise: "the price stays" is published instead."""

HOLD_OUTS: Final = 3
"""Parts of the newest rows, one after the other, that the share and the band are judged on."""

_HOLD_OUT_FRACTION: Final = 0.2
_MINUTE: Final = timedelta(minutes=1)

Rows = npt.NDArray[np.int64]
OnProgress = Callable[[int, int], None]


def train(
    candles: pd.DataFrame,
    spec: ForecastSpec,
    horizon: Horizon,
    now: datetime,
    on_progress: OnProgress | None = None,
) -> TrainedModel:
    """Train one horizon of a spec.

    The last `TAIL_ROWS` forecasts with a known target are left out, so that they can be
    scored out of sample at once. Of the rest, three folds of the newest rows are each
    forecast by trees fitted on the rows before; from those forecasts come the share of the
    trees that is published and the band. Then the trees are fitted on all rows. No target
    of a fit reaches into the rows it is judged on.

    Parameters
    ----------
    candles : pandas.DataFrame
        Closed 1-minute candles, `core.domain.CANDLE_COLUMNS`. Only the newest
        ``spec.rows_wanted`` are used; a candle still open at `now` is not.
    spec, horizon
        What to forecast.
    now : datetime
        The time of training, on the exchange's clock.
    on_progress : callable, optional
        Called with (fits done, fits in all).

    Returns
    -------
    TrainedModel
        With the random walk in place of trees, and the reason, where there are fewer than
        `MIN_CLEAN_ROWS` clean rows or where the trees have earned no share.
    """
    closed = candles[candles.index <= now - _MINUTE].iloc[-spec.rows_wanted :]
    task = Task.of(spec, horizon)
    samples = build_samples(closed, task)
    window = spec.train_window // task.bar_minutes
    known, clean = _fit_rows(samples, task, window)
    report = on_progress or _silent
    if len(clean) < MIN_CLEAN_ROWS:
        reason = _too_few(len(clean), task)
        return _random_walk(samples, spec, task, now, known, len(clean), reason)
    total = HOLD_OUTS + 1
    report(0, total)
    judged, forecast = _held_out(samples, task, clean, lambda done: report(done, total))
    target = samples.target[judged]
    share = choose_shrinkage(target, forecast, task.steps)
    if share == 0.0:
        report(total, total)
        return _random_walk(samples, spec, task, now, known, len(clean), _NO_EDGE)
    trees = BoostedTrees(horizon).fit(samples.features[clean], samples.target[clean])
    report(total, total)
    return TrainedModel(
        spec=spec,
        horizon=horizon,
        trees=trees,
        shrinkage=share,
        band=ScaledBand.of(target - share * forecast),
        model_id=_fingerprint(trees, samples.features[clean], share, spec, task),
        reason="",
        trained_at=now,
        rows=len(clean),
        train_start=_first_open(samples, task, clean),
        train_end=_last_target(samples, task, clean),
    )


_NO_EDGE: Final = (
    'On rows it had not seen, the model was no better than "the price stays"; '
    "so that is what is published."
)


def _too_few(rows: int, task: Task) -> str:
    bars = "minutes" if task.bar_minutes == 1 else f"{task.bar_minutes}-minute bars"
    return (
        f"Only {rows:,} clean {bars} to learn from, fewer than {MIN_CLEAN_ROWS:,}: "
        'the forecast is "the price stays".'
    )


def _fit_rows(samples: Samples, task: Task, window: int) -> tuple[Rows, Rows]:
    """Return positions of rows to learn from: with a target, and those also ready.

    The tail, and rows whose target lies after its first issue, are not among them.
    `window` keeps the newest rows only; 0 keeps all.
    """
    known = np.flatnonzero(np.isfinite(samples.target))
    if len(known) <= TAIL_ROWS:
        return known[:0], known[:0]
    end = int(known[-TAIL_ROWS]) - task.steps + 1
    start = max(len(samples) - window, 0) if window else 0
    known = known[(known >= start) & (known < end)]
    return known, known[samples.ready[known]]


def _held_out(
    samples: Samples, task: Task, rows: Rows, on_fit: Callable[[int], None]
) -> tuple[Rows, Floats]:
    """Return the rows of the hold-outs and what trees fitted before each forecast of it."""
    forecasts = []
    edges = [
        round(len(rows) * (1.0 - _HOLD_OUT_FRACTION * part)) for part in range(HOLD_OUTS, -1, -1)
    ]
    for fold, (start, end) in enumerate(itertools.pairwise(edges), start=1):
        judged = rows[start:end]
        seen = rows[rows <= judged[0] - task.steps]
        trees = BoostedTrees(task.horizon).fit(samples.features[seen], samples.target[seen])
        forecasts.append(trees.predict(samples.features[judged]))
        on_fit(fold)
    return rows[edges[0] :], np.concatenate(forecasts)


def _random_walk(
    samples: Samples,
    spec: ForecastSpec,
    task: Task,
    now: datetime,
    known: Rows,
    clean_rows: int,
    reason: str,
) -> TrainedModel:
    return TrainedModel(
        spec=spec,
        horizon=task.horizon,
        trees=None,
        shrinkage=0.0,
        band=ScaledBand.of(samples.target[known]),
        model_id=RANDOM_WALK_ID,
        reason=reason,
        trained_at=now,
        rows=clean_rows,
        train_start=_first_open(samples, task, known),
        train_end=_last_target(samples, task, known),
    )


def _first_open(samples: Samples, task: Task, rows: Rows) -> datetime | None:
    if len(rows) == 0:
        return None
    issued: datetime = samples.issued_at[rows[0]].to_pydatetime()
    return issued - task.bar_minutes * _MINUTE


def _last_target(samples: Samples, task: Task, rows: Rows) -> datetime | None:
    if len(rows) == 0:
        return None
    issued: datetime = samples.issued_at[rows[-1]].to_pydatetime()
    return issued + task.minutes * _MINUTE


def _fingerprint(
    trees: BoostedTrees, features: Floats, share: float, spec: ForecastSpec, task: Task
) -> str:
    """Return seven digits that tell fits apart: a hash of what the trees say of their rows."""
    digest = hashlib.sha256(f"{spec.to_text()} {task.horizon} {share}".encode())
    digest.update(trees.predict(features[-10_000:]).tobytes())
    return digest.hexdigest()[:7]


def _silent(_done: int, _total: int) -> None:
    """Report nothing."""
