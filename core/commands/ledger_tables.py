"""The ledger's scores as a table for a terminal."""

from __future__ import annotations

import math
from typing import Final

from rich.console import Console
from rich.table import Table

from core.commands.ledger import Scores
from core.domain import ForecastSpec, Market, Score

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
    for horizon, ranges in found.items():
        for name, score in ranges.items():
            cells = _cells(score) if score else ["none yet"]
            table.add_row(f"{spec.horizon_minutes(horizon)} min", name, *cells)
    Console().print(table)


def _cells(score: Score) -> list[str]:
    skill, reach = score.record.skill, score.record.reach
    return [
        f"{score.n:,}",
        f"{score.mae:,.5g}",
        f"{score.mae_random_walk:,.5g}",
        f"{skill:+.2%}",
        f"{_percent(skill - reach, '+.2%')} to {_percent(skill + reach, '+.2%')}",
        _percent(score.direction.rate),
        *(_coverage(score, level) for level in (0.8, 0.95)),
    ]


def _coverage(score: Score, level: float) -> str:
    return next((_percent(c.rate) for c in score.coverage if c.level == level), "-")


def _percent(share: float, style: str = ".1%") -> str:
    return format(share, style) if math.isfinite(share) else "-"
