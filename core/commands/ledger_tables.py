"""The ledger's scores as a table for a terminal."""

from __future__ import annotations

import math
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from core.commands.ledger import Scores
from core.domain import ForecastSpec, Market, Score

# Short, so that all of it is read in 80 columns.
_HEADINGS: Final = ("n", "MAE", "No\nchange", "Skill", "Side\nright", "In\n80 %", "In\n95 %")


def print_scores(found: Scores, spec: ForecastSpec, market: Market) -> None:
    """Print one row per horizon and window; an empty ledger says so."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Ahead", no_wrap=True)
    table.add_column("Last", no_wrap=True)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for horizon, ranges in found.items():
        for name, score in ranges.items():
            cells = _cells(score) if score else ["none yet"]
            table.add_row(f"{spec.horizon_minutes(horizon)} min", name, *cells)
    print(f"Forecasts of {spec.to_text()} as they were published, {market} market")
    Console().print(table)


def _cells(score: Score) -> list[str]:
    skill, reach = score.record.skill, score.record.reach
    return [
        f"{score.n:,}",
        f"{score.mae:,.5g}",
        f"{score.mae_random_walk:,.5g}",
        f"{skill:+.2%} ±{reach:.2%}" if math.isfinite(reach) else f"{skill:+.2%}",
        _percent(score.direction.rate),
        *(_coverage(score, level) for level in (0.8, 0.95)),
    ]


def _coverage(score: Score, level: float) -> str:
    return next((_percent(c.rate) for c in score.coverage if c.level == level), "-")


def _percent(share: float) -> str:
    return f"{share:.1%}" if math.isfinite(share) else "-"
