"""The tables of `benchmarks.forecast_quality`, for a terminal or for the documentation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from rich.table import Table
from scipy.stats import t as student_t

from benchmarks.series import Kind
from core.domain import HORIZONS, Horizon
from core.evaluation.report import Report
from core.evaluation.significance import holm

SIGNIFICANT: Final = 0.05


@dataclass(frozen=True, slots=True)
class Result:
    """One horizon of one series; `original` is None where it was left out."""

    name: str
    kind: Kind
    horizon: Horizon
    report: Report
    original: Report | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as text: the first column names, the others hold figures."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def skill_grid(results: Sequence[Result]) -> Grid:
    """Return skill beside no change and beside the original's way, one row per result.

    ``worse, p`` is the one-sided Diebold-Mariano p-value against "not worse than no change",
    Holm-corrected over the series of the same kind and horizon.
    """
    adjusted = adjusted_p(results)
    return Grid(
        "Skill beside no change",
        (
            "candles",
            "horizon",
            "forecasts (independent)",
            "MAE, no change",
            "skill % [95 %]",
            "worse, p",
            "the original's way, skill %",
            "direction % [95 %]",
            "share",
            "seconds",
        ),
        [_skill_row(result, p) for result, p in zip(results, adjusted, strict=True)],
    )


def band_grid(results: Sequence[Result]) -> Grid:
    """Return what the 90 % bands held, and quantiles and volatility beside their baselines."""
    return Grid(
        "Bands and volatility",
        (
            "candles",
            "horizon",
            "90 % band holds",
            "calm, middle, stormy third",
            "worst to best day",
            "pinball gain %",
            "volatility R² (persistence)",
            "MSE over persistence",
        ),
        [_band_row(result) for result in results],
    )


def summary_grid(results: Sequence[Result]) -> Grid:
    """Return the mean skill over the series of each kind, and whether any is worse."""
    rows = []
    for kind in dict.fromkeys(result.kind for result in results):
        for horizon in HORIZONS:
            mine = [r for r in results if (r.kind, r.horizon) == (kind, horizon)]
            if mine:
                rows.append(_summary_row(kind, horizon, mine))
    headings = ("series", "horizon", "mean skill % [95 %]", "least %", "significantly worse")
    return Grid("Over all series", headings, rows)


def adjusted_p(results: Sequence[Result]) -> list[float]:
    """Return the p-values of being worse, Holm-corrected within each kind and horizon."""
    adjusted = [math.nan] * len(results)
    for key in {(result.kind, result.horizon) for result in results}:
        places = [i for i, r in enumerate(results) if (r.kind, r.horizon) == key]
        corrected = holm([results[i].report.p_worse for i in places])
        for place, value in zip(places, corrected, strict=True):
            adjusted[place] = value
    return adjusted


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of `values` and its 95 % interval by Student's t.

    Each series counts as one draw. Files of the same weeks move together, so that the
    interval is too narrow rather than too wide. NaN with fewer than two values.
    """
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return mean, math.nan, math.nan
    reach = float(student_t.ppf(0.975, n - 1)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return mean, mean - reach, mean + reach


def table(grid: Grid) -> Table:
    """Return `grid` for a terminal."""
    drawn = Table(title=grid.title, title_justify="left")
    for number, heading in enumerate(grid.headings):
        drawn.add_column(heading, justify="right" if number else "left")
    for row in grid.rows:
        drawn.add_row(*row)
    return drawn


def markdown(grid: Grid) -> str:
    """Return `grid` as a table of a Markdown document, without its title."""
    lines = [grid.headings, ["---"] * len(grid.headings), *grid.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _skill_row(result: Result, p: float) -> list[str]:
    report, side = result.report, result.report.direction
    return [
        result.name,
        result.horizon,
        f"{report.n:,} ({report.n_eff:,.0f})",
        f"{report.mae_random_walk:.5g}",
        _interval(report.skill, report.skill_low, report.skill_high),
        f"{p:.2f}",
        _original(result.original),
        f"{side.rate:.1%} [{side.low:.1%}, {side.high:.1%}]".replace("%", "") if side.n else "-",
        f"{report.shrinkage:.2f}",
        f"{result.seconds:.0f}",
    ]


def _original(report: Report | None) -> str:
    if report is None:
        return "-"
    return _percent(report.skill, 0) if report.shrinkage else "too few rows"


def _band_row(result: Result) -> list[str]:
    report = result.report
    band, volatility = report.band(0.9), report.volatility
    return [
        result.name,
        result.horizon,
        f"{band.coverage:.1%}" if band else "-",
        ", ".join(f"{share:.1%}" for share in band.terciles) if band else "-",
        f"{band.day_min:.1%} to {band.day_max:.1%}" if band else "-",
        _percent(report.pinball.gain, 1) if report.pinball else "-",
        f"{volatility.r2:.2f} ({volatility.r2_persistence:.2f})" if volatility else "-",
        f"{volatility.mse_ratio:.2f}" if volatility else "-",
    ]


def _summary_row(kind: Kind, horizon: Horizon, mine: Sequence[Result]) -> list[str]:
    skills = [result.report.skill for result in mine]
    worse = [
        result.name for result, p in zip(mine, adjusted_p(mine), strict=True) if p <= SIGNIFICANT
    ]
    return [
        f"{len(mine)} {kind}",
        horizon,
        _interval(*mean_interval(skills)),
        _percent(min(skills)),
        ", ".join(worse) or "none",
    ]


def _interval(value: float, low: float, high: float) -> str:
    if math.isnan(low):
        return _percent(value)
    return f"{_percent(value)} [{_percent(low)}, {_percent(high)}]"


def _percent(share: float, decimals: int = 3) -> str:
    return f"{100.0 * share:+.{decimals}f}".replace("-", "−")
