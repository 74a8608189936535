"""The walk-forward evaluation of a candle file."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core.domain import ForecastSpec, Horizon, Range
from core.errors import HistoryError, ParameterError
from core.evaluation.calibration import BandScore
from core.evaluation.predictions import predictions, write_predictions
from core.evaluation.price_level import train_price_level
from core.evaluation.report import Report, summarise
from core.evaluation.walk_forward import DAY, Replay, replay
from core.history.candle_file import read_candle_file
from core.history.cleaning import MINUTE, last_open, missing_minutes
from core.models.training import train

REFIT_MINUTES: Final = Range(10, 100_000, DAY, "minutes")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the candles of one file gave.

    Attributes
    ----------
    original : bool
        The original's way was judged, see `core.evaluation.price_level`.
    first, last : datetime
        Close of the first and the last candle.
    candles, missing : int
        Candles in the file, and minutes that are missing between them.
    seconds : float
        All of it, on the wall clock.
    replays, reports : mapping
        By horizon; a report is None where nothing could be scored.
    """

    file: str
    spec: ForecastSpec
    refit_minutes: int
    original: bool
    first: datetime
    last: datetime
    candles: int
    missing: int
    seconds: float
    replays: Mapping[Horizon, Replay]
    reports: Mapping[Horizon, Report | None]

    def to_json(self) -> dict[str, Any]:
        """Return plain values; what is not known is None. Prices in USD, the rest as shares."""
        values = {
            "file": self.file,
            "ticker": self.spec.ticker,
            "spec": self.spec.to_dict(),
            "refit_minutes": self.refit_minutes,
            "original": self.original,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "candles": self.candles,
            "missing_minutes": self.missing,
            "seconds": round(self.seconds, 3),
            "horizons": {
                horizon: _json_report(self.spec, self.replays[horizon], report)
                for horizon, report in self.reports.items()
            },
        }
        plain: dict[str, Any] = _without_nan(values)
        return plain


def parse_refit_minutes(text: object) -> int:
    """Return the minutes between two trainings; None means a day.

    Raises
    ------
    ParameterError
        Not a whole number within `REFIT_MINUTES`.
    """
    if text is None:
        return DAY
    bounds = REFIT_MINUTES
    try:
        minutes = int(str(text).replace(",", "").strip())
    except ValueError:
        minutes = -1
    if not bounds.low <= minutes <= bounds.high:
        raise ParameterError(
            "refit_minutes",
            f"refit_minutes must be a whole number from {bounds.low:,} to {bounds.high:,} "
            f"({bounds.unit}), not {str(text).strip()[:24] or 'nothing'}.",
        )
    return minutes


def evaluate_file(
    path: Path,
    spec: ForecastSpec,
    refit_minutes: int,
    original: bool,
    on_progress: Callable[[int, int], None],
    predictions_to: Path | None = None,
) -> Evaluation:
    """Walk forward over the candles of a file, at both horizons.

    Parameters
    ----------
    path : Path
        See `core.history.candle_file.read_candle_file`.
    on_progress : callable
        Called with (jobs done, jobs in all), see `core.evaluation.walk_forward.replay`.
    predictions_to : Path, optional
        Where every forecast scored is written, see `core.evaluation.predictions`.

    Raises
    ------
    HistoryError
        The file cannot be used, or is too short for any forecast to be scored.
    ParameterError
        `predictions_to` cannot be written; said before the work starts.
    EvaluationLeak
        A forecast was not out of sample.
    """
    started = time.perf_counter()
    if predictions_to is not None:
        _check_writable(predictions_to)
    candles = read_candle_file(path)
    fit = train_price_level if original else train
    replays = replay(candles, spec, refit_minutes=refit_minutes, on_progress=on_progress, fit=fit)
    reports = {horizon: summarise(run.forecasts, run.steps) for horizon, run in replays.items()}
    if not any(reports.values()):
        raise HistoryError(f"{path} holds {len(candles):,} candles: too few to score a forecast.")
    if predictions_to is not None:
        write_predictions(predictions_to, predictions({h: r.forecasts for h, r in replays.items()}))
    return Evaluation(
        file=path.name,
        spec=spec,
        refit_minutes=refit_minutes,
        original=original,
        first=candles.index[0].to_pydatetime() + MINUTE,
        last=last_open(candles) + MINUTE,
        candles=len(candles),
        missing=missing_minutes(candles),
        seconds=time.perf_counter() - started,
        replays=replays,
        reports=reports,
    )


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise ParameterError("predictions", f"predictions: {path} is a directory, name a file.")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ParameterError(
            "predictions", f"predictions: {path.parent} is no directory that can be written to."
        )


def _json_report(spec: ForecastSpec, run: Replay, report: Report | None) -> dict[str, Any]:
    """Return one horizon's part: scores flat, and what belongs together as objects."""
    values: dict[str, Any] = {
        "minutes": spec.horizon_minutes(run.horizon),
        "refits": run.refits,
        "seconds_per_refit": run.seconds_per_refit,
        "seconds_per_forecast": run.seconds_per_forecast,
        "n": 0,
    }
    if report is None:
        return values
    return {
        **values,
        "first_issued_at": run.forecasts["issued_at"].iloc[0].isoformat(),
        "last_issued_at": run.forecasts["issued_at"].iloc[-1].isoformat(),
        "n": report.n,
        "n_eff": report.n_eff,
        **asdict(report.price),
        **{f"{name}_random_walk": v for name, v in asdict(report.price_random_walk).items()},
        **{f"return_{name}": v for name, v in asdict(report.returns).items()},
        **{
            f"return_{name}_random_walk": v
            for name, v in asdict(report.returns_random_walk).items()
        },
        "skill": report.skill,
        "skill_low": report.skill_low,
        "skill_high": report.skill_high,
        "p_worse": report.p_worse,
        "direction": asdict(report.direction),
        "bands": {str(round(100 * band.level)): _json_band(band) for band in report.bands},
        "pinball": report.pinball and {**asdict(report.pinball), "gain": report.pinball.gain},
        "volatility": report.volatility
        and {**asdict(report.volatility), "mse_ratio": report.volatility.mse_ratio},
        "shrinkage": report.shrinkage,
    }


def _json_band(band: BandScore) -> dict[str, Any]:
    return {**asdict(band), "terciles": list(band.terciles)}


def _without_nan(value: Any) -> Any:
    """Return `value` with None for NaN, which JSON does not know."""
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
