"""A walk-forward evaluation as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from rich.console import Console
from rich.table import Table

from core.commands.evaluate import Evaluation
from core.domain import ForecastSpec, Horizon
from core.evaluation.calibration import BandScore
from core.evaluation.report import Report
from core.evaluation.walk_forward import Replay

_BASIS_POINTS: Final = 10_000.0

_ROWS: Final[Mapping[str, Callable[[Report], str]]] = {
    "Forecasts": lambda r: f"{r.n:,}",
    "as independent ones": lambda r: f"{r.n_eff:,.0f}",
    "MAE, USD": lambda r: f"{r.price.mae:,.5g}",
    "MAE of no change, USD": lambda r: f"{r.price_random_walk.mae:,.5g}",
    "RMSE, USD": lambda r: f"{r.price.rmse:,.5g}",
    "R² of price": lambda r: f"{r.price.r2:.5f}",
    "MAE of return, bp": lambda r: f"{_BASIS_POINTS * r.returns.mae:.3f}",
    "RMSE of return, bp": lambda r: f"{_BASIS_POINTS * r.returns.rmse:.3f}",
    "R² of return": lambda r: f"{r.returns.r2:+.5f}",
    "Skill": lambda r: f"{r.skill:+.3%}",
    "95 % interval": lambda r: f"{r.skill_low:+.3%} to {r.skill_high:+.3%}",
    "Direction right": lambda r: _percent(r.direction.rate),
    "95 % interval ": lambda r: f"{_percent(r.direction.low)} to {_percent(r.direction.high)}",
    "Pinball gain": lambda r: f"{r.pinball.gain:+.2%}" if r.pinball else "-",
    "R² of log volatility": lambda r: f"{r.volatility.r2:.3f}" if r.volatility else "-",
    "of persistence": lambda r: f"{r.volatility.r2_persistence:.3f}" if r.volatility else "-",
    "MSE over persistence": lambda r: f"{r.volatility.mse_ratio:.3f}" if r.volatility else "-",
    "Share of the model": lambda r: f"{r.shrinkage:.2f}",
}


def print_evaluation(evaluation: Evaluation) -> None:
    """Print scores, bands and what they were made from."""
    console = Console()
    way = "the original's way" if evaluation.original else "as the engine does"
    console.print(
        f"[bold]{evaluation.spec.ticker}[/bold] in {evaluation.file}: {evaluation.candles:,} "
        f"candles to {evaluation.last:%Y-%m-%d %H:%M} UTC, {evaluation.missing:,} minutes missing; "
        f"{way}, refitted every {evaluation.refit_minutes:,} minutes",
        highlight=False,
    )
    console.print(_score_table(evaluation))
    if any(report and report.bands for report in evaluation.reports.values()):
        console.print(_band_table(evaluation))
    for horizon, report in evaluation.reports.items():
        if report is None:
            console.print(f"{_name(evaluation.spec, horizon)}: no forecast could be scored.")
    console.print(f"Took {evaluation.seconds:,.0f} s.", style="dim")


def _name(spec: ForecastSpec, horizon: Horizon) -> str:
    return f"{spec.horizon_minutes(horizon)} min"


def _score_table(evaluation: Evaluation) -> Table:
    table = Table(title="Out-of-sample forecasts beside no change", title_justify="left")
    table.add_column("")
    for horizon in evaluation.reports:
        table.add_column(_name(evaluation.spec, horizon), justify="right")
    reports = evaluation.reports.values()
    for title, shown in _ROWS.items():
        table.add_row(title.strip(), *(shown(report) if report else "-" for report in reports))
    for title, seconds in _TIMES.items():
        table.add_row(title, *(_seconds(seconds(run)) for run in evaluation.replays.values()))
    return table


_TIMES: Final[Mapping[str, Callable[[Replay], float]]] = {
    "Seconds per refit": lambda run: run.seconds_per_refit,
    "Seconds per forecast": lambda run: run.seconds_per_forecast,
}


def _band_table(evaluation: Evaluation) -> Table:
    table = Table(title="What ended inside its band", title_justify="left")
    for heading in (
        "Horizon",
        "Band",
        "Inside",
        "Worst day",
        "Best day",
        "Calm third",
        "Middle",
        "Stormy",
        "Winkler, USD",
    ):
        table.add_column(heading, justify="right")
    for horizon, report in evaluation.reports.items():
        for band in report.bands if report else ():
            table.add_row(_name(evaluation.spec, horizon), *_band_cells(band))
    return table


def _band_cells(band: BandScore) -> list[str]:
    shares = (band.coverage, band.day_min, band.day_max, *band.terciles)
    return [f"{band.level:.0%}", *map(_percent, shares), f"{band.winkler:,.5g}"]


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.1%}"


def _seconds(seconds: float) -> str:
    return "-" if math.isnan(seconds) else f"{seconds:.3f}"
