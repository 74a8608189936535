"""Training: from closed candles to a `TrainedModel`."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.domain import ForecastSpec, Horizon
from core.losses import Floats
from core.models.aggregation import aggregate
from core.models.bands import ScaledBands
from core.models.experts import PRIOR, Experts, Mixture
from core.models.issuing import spread
from core.models.samples import Samples, Task, build_samples
from core.models.trained import RANDOM_WALK_ID, TAIL_ROWS, TrainedModel
from core.models.volatility import VolatilityModel

MIN_CLEAN_ROWS: Final = 5_000
"""Fewer rows teach noise: "the price stays" is published instead."""

HOLD_OUTS: Final = 3
"""Parts of the newest rows, one after the other, that weights and bands are learned on."""

LEAST_SHARE: Final = 0.01
"""Less than this beside the random walk is not worth a word: the price stays is published."""

_HOLD_OUT_FRACTION: Final = 0.2
_BAGS: Final = 3
_BAGS_HELD_OUT: Final = 2
# Long enough that outcomes of different rounds hardly overlap.
_ROUND_MINUTES: Final[dict[Horizon, int]] = {"minute": 60, "long": 180}
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
    forecast by experts fitted on the rows before. From those matured forecasts come the
    weights of the experts (`aggregate`) and the bands: quantiles of what was missed, in
    units of the volatility foretold (split conformal prediction, Lei et al.,
    Distribution-Free Predictive Inference for Regression, JASA 113, 2018). Then all is
    fitted on all rows. No target of a fit reaches into the rows it is judged on.

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
        With the random walk alone, and the reason, where there are fewer than
        `MIN_CLEAN_ROWS` clean rows or where all others weigh less than `LEAST_SHARE`.
    """
    closed = candles[candles.index <= now - _MINUTE].iloc[-spec.rows_wanted :]
    task = Task.of(spec, horizon)
    samples = build_samples(closed, task)
    window = spec.train_window // task.bar_minutes
    known, clean = _fit_rows(samples, task, window)
    report = on_progress or _silent
    training = _Training(spec, task, now, samples, known, clean)
    if len(clean) < MIN_CLEAN_ROWS:
        return training.random_walk(_too_few(len(clean), task))
    total = HOLD_OUTS + 1
    report(0, total)
    judged = _hold_out(samples, task, clean, lambda done: report(done, total))
    weights = _weigh(judged, task)
    if 1.0 - weights[0] < LEAST_SHARE or not judged.forecasts.any():
        report(total, total)
        return training.random_walk(_no_edge(judged))
    experts = Experts.fit(horizon, samples.features[clean], samples.target[clean], _BAGS)
    report(total, total)
    return training.mixture(Mixture(experts, tuple(weights.tolist())), judged)


@dataclass(frozen=True, slots=True)
class _Judged:
    """Targets held out, and what experts and volatility models fitted on rows before foretold.

    `scale` is the unit of `target` and `forecasts`, `spread` the volatility foretold; both are
    of the log return up to the target.
    """

    target: Floats
    forecasts: Floats
    scale: Floats
    spread: Floats

    def residuals(self, weights: Floats) -> Floats:
        """Return what the mixture missed by, in volatilities foretold."""
        return (self.target - self.forecasts @ weights) * self.scale / self.spread


@dataclass(frozen=True, slots=True)
class _Training:
    """What one training knows, and the model it becomes."""

    spec: ForecastSpec
    task: Task
    now: datetime
    samples: Samples
    known: Rows
    clean: Rows

    def random_walk(self, reason: str) -> TrainedModel:
        rows, samples = self.known, self.samples
        volatility = _fit_volatility(samples, rows)
        foretold = spread(samples, volatility)[rows]
        moved = samples.target[rows] * samples.scale[rows]
        return self._model(
            rows, None, volatility, ScaledBands.of(moved / foretold), RANDOM_WALK_ID, reason
        )

    def mixture(self, mixture: Mixture, judged: _Judged) -> TrainedModel:
        residuals = judged.residuals(np.asarray(mixture.weights))
        return self._model(
            self.clean,
            mixture,
            _fit_volatility(self.samples, self.clean),
            ScaledBands.of(residuals),
            self._fingerprint(mixture),
            "",
        )

    def _model(
        self,
        rows: Rows,
        mixture: Mixture | None,
        volatility: VolatilityModel | None,
        bands: ScaledBands | None,
        model_id: str,
        reason: str,
    ) -> TrainedModel:
        return TrainedModel(
            spec=self.spec,
            horizon=self.task.horizon,
            mixture=mixture,
            volatility=volatility,
            bands=bands,
            model_id=model_id,
            reason=reason,
            trained_at=self.now,
            rows=len(self.clean),
            train_start=_first_open(self.samples, self.task, rows),
            train_end=_last_target(self.samples, self.task, rows),
        )

    def _fingerprint(self, mixture: Mixture) -> str:
        """Return seven digits that tell fits apart: a hash of what is said of the newest rows."""
        digest = hashlib.sha256(f"{self.spec.to_text()} {self.task.horizon}".encode())
        digest.update(mixture.predict(self.samples.features[self.clean[-10_000:]]).tobytes())
        return digest.hexdigest()[:7]


def _weigh(judged: _Judged, task: Task) -> Floats:
    """Return the weights of the experts, learned on the rows held out."""
    bars = max(_ROUND_MINUTES[task.horizon] // task.bar_minutes, task.steps)
    importance = judged.scale / np.median(judged.scale)
    prior = np.asarray(PRIOR[task.horizon])
    return aggregate(judged.target, judged.forecasts, importance, prior, bars)


def _fit_volatility(samples: Samples, rows: Rows) -> VolatilityModel | None:
    rows = rows[np.isfinite(samples.realised[rows])]
    return VolatilityModel.fit(samples.volatility_columns[rows], samples.realised[rows])


def _no_edge(judged: _Judged) -> str:
    """Say how the experts did, taken together, on the rows held out from them."""
    forecast = judged.forecasts[:, 1:].mean(axis=1)
    own = float((np.abs(judged.target - forecast) * judged.scale).mean())
    no_change = float((np.abs(judged.target) * judged.scale).mean())
    rows = f"{len(judged.target):,} unseen rows"
    if not no_change or round(abs(own / no_change - 1), 3) == 0:
        return f'Rejected: on {rows} the model\'s own error was that of "the price stays".'
    word = "above" if own > no_change else "below"
    small = "" if own > no_change else ", too little to tell from chance"
    return (
        f"Rejected: on {rows} the model's own error was "
        f'{abs(own / no_change - 1):.1%} {word} that of "the price stays"{small}.'
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


def _hold_out(samples: Samples, task: Task, rows: Rows, on_fit: Callable[[int], None]) -> _Judged:
    """Forecast the newest rows, fold by fold, by what was fitted on the rows before each."""
    forecasts, spreads = [], []
    edges = [
        round(len(rows) * (1.0 - _HOLD_OUT_FRACTION * part)) for part in range(HOLD_OUTS, -1, -1)
    ]
    for fold, (start, end) in enumerate(itertools.pairwise(edges), start=1):
        judged = rows[start:end]
        seen = rows[rows <= judged[0] - task.steps]
        experts = Experts.fit(
            task.horizon, samples.features[seen], samples.target[seen], _BAGS_HELD_OUT
        )
        forecasts.append(experts.predict(samples.features[judged]))
        spreads.append(spread(samples, _fit_volatility(samples, seen))[judged])
        on_fit(fold)
    held = rows[edges[0] :]
    return _Judged(
        target=samples.target[held],
        forecasts=np.concatenate(forecasts),
        scale=samples.scale[held],
        spread=np.concatenate(spreads),
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


def _silent(_done: int, _total: int) -> None:
    """Report nothing."""
