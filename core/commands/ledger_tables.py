"""The ledger's scores as a table for a terminal."""

from __future__ import annotations

import math
from typing import Final

from rich.console import Console
from rich.table import Table

from core.commands.ledger import Scores
from core.domain import ForecastSpec, Market
from core.evaluation.report import Report

_HEADINGS: Final = (
    "Forecasts",
    "MAE",
    "No change",
    "Skill",
    "95 % interval",
    "Direction right",
    "In the 80 % band",
    "In the 95 % band",
)


def print_scores(found: Scores, spec: ForecastSpec, market: Market) -> None:
    """Print one row per horizon and window; an empty ledger says so."""
    title = f"Forecasts of {spec.to_text()} as they were published, {market} market"
    table = Table(title=title, title_justify="left")
    table.add_column("Horizon")
    table.add_column("Last")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    for horizon, windows in found.items():
        for name, report in windows.items():
            cells = _cells(report) if report else ["none yet"]
            table.add_row(f"{spec.horizon_minutes(horizon)} min", name, *cells)
    Console().print(table)


def _cells(report: Report) -> list[str]:
    return [
        f"{report.n:,}",
        f"{report.mae:,.5g}",
        f"{report.mae_random_walk:,.5g}",
        f"{report.skill:+.2%}",
        f"{_percent(report.skill_low, '+.2%')} to {_percent(report.skill_high, '+.2%')}",
        _percent(report.direction.rate),
        *(_coverage(report, level) for level in (0.8, 0.95)),
    ]


def _coverage(report: Report, level: float) -> str:
    band = report.band(level)
    return _percent(band.coverage) if band else "-"


def _percent(share: float, style: str = ".1%") -> str:
    return format(share, style) if math.isfinite(share) else "-"
