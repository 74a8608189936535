"""A run's result and the doctor's findings as tables for a terminal, progress as bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from core.domain import (
    Diagnosis,
    Finding,
    ForecastSpec,
    Horizon,
    Progress,
    TailScore,
    standing_aside_sentence,
)

if TYPE_CHECKING:  # the doctor waits for no scikit-learn
    from core.commands.models import StoredModel
    from core.commands.run_once import RunResult

_STAGES: Final = {"fetching": "Fetching candles", "training": "Training models"}
_VERDICTS: Final = {
    "ok": "[green]ok[/green]",
    "warning": "[yellow]warning[/yellow]",
    "failure": "[red]failure[/red]",
}


def _bars(hidden: bool) -> Bars:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Bars(*columns, console=Console(stderr=True), disable=hidden)


@contextmanager
def refit_bar(hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """Give a function that shows (jobs done, jobs in all) as a bar on stderr."""
    with _bars(hidden) as bars:
        # The total is known when the first is done; until then the bar only pulses.
        task = bars.add_task("Refitting and forecasting", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def progress_bar(hidden: bool) -> Iterator[Callable[[Progress], None]]:
    """Give a function that shows `Progress` as bars on stderr, one per stage."""
    with _bars(hidden) as bars:
        tasks: dict[str, TaskID] = {}

        def show(progress: Progress) -> None:
            for stage, task in tasks.items():
                if stage != progress.stage:
                    bars.update(task, completed=bars.tasks[task].total)
            if progress.stage not in _STAGES:
                return
            if progress.stage not in tasks:
                tasks[progress.stage] = bars.add_task(_STAGES[progress.stage])
            bars.update(tasks[progress.stage], completed=progress.done, total=progress.total)

        yield show


def print_result(result: RunResult, amount: float | None) -> None:
    """Print price, forecasts, tail scores, provenance and timings."""
    console = Console()
    label = "SIMULATED market" if result.market == "simulated" else f"from {result.provider}"
    console.print(
        f"[bold]{result.spec.ticker}[/bold] {result.latest_price:,.2f} USD, {label}, "
        f"candles to {result.as_of:%Y-%m-%d %H:%M} UTC"
    )
    console.print(_forecast_table(result))
    console.print(_score_table(result))
    for horizon, card in result.models.items():
        if result.forecasts[horizon].standing_aside:
            sentence = standing_aside_sentence(result.spec, horizon)
            console.print(f"{_name(result, horizon)}: {sentence}.", highlight=False)
        if not card.trained:
            console.print(f"{_name(result, horizon)}: no change is forecast. {card.reason}")
    if amount is not None:
        console.print(_investment_line(result, amount))
    for notice in result.notices:
        console.print(notice, style="dim")
    steps = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in result.timings.items())
    console.print(f"Timings: {steps}", style="dim")
    console.print("Simulated money only. No orders, no advice.", style="dim")


def _name(result: RunResult, horizon: Horizon) -> str:
    return f"{result.spec.horizon_minutes(horizon)} min"


def _forecast_table(result: RunResult) -> Table:
    table = Table(title="Forecasts, USD", title_justify="left")
    for heading in ("Horizon", "Target (UTC)", "Forecast", "No change", "80 % band"):
        table.add_column(heading, justify="right")
    for horizon, forecast in result.forecasts.items():
        band = forecast.band
        table.add_row(
            _name(result, horizon),
            f"{forecast.target_time:%H:%M}",
            f"{forecast.point:,.2f}{' (standing aside)' if forecast.standing_aside else ''}",
            f"{forecast.random_walk:,.2f}",
            f"{band.low:,.2f} to {band.high:,.2f}" if band else "not known",
        )
    return table


def _score_table(result: RunResult) -> Table:
    table = Table(title="Last out-of-sample forecasts beside no change", title_justify="left")
    for heading in ("Horizon", "n", "Forecaster", "MAE", "MSE", "RMSE", "R²", "Skill"):
        table.add_column(heading, justify="right")
    for horizon, card in result.models.items():
        if card.tail is not None:
            _add_scores(table, _name(result, horizon), card.tail)
    return table


def _add_scores(table: Table, name: str, tail: TailScore) -> None:
    rows = (("model", tail.model, f"{tail.skill:+.2%}"), ("no change", tail.random_walk, ""))
    for forecaster, losses, skill in rows:
        table.add_row(
            name,
            str(tail.n),
            forecaster,
            f"{losses.mae:,.2f}",
            f"{losses.mse:,.1f}",
            f"{losses.rmse:,.2f}",
            f"{losses.r2:.4f}",
            skill,
        )


def _investment_line(result: RunResult, amount: float) -> str:
    worth = result.investment(amount)
    return (
        f"{amount:,.2f} USD buys {worth['units']:.8f} {result.spec.ticker.removesuffix('-USD')}: "
        f"{worth['value_next_minute']:,.2f} USD at the next forecast, "
        f"{worth['value_next_hour']:,.2f} USD at the longer one."
    )


def print_diagnosis(diagnosis: Diagnosis, closing: str) -> None:
    """Print the doctor's figures, a sentence or two on each row, and what to do now."""
    console = Console()
    console.print(_diagnosis_table(diagnosis))
    for finding in diagnosis.findings:
        words = f"{finding.meaning} {finding.advice}".rstrip()
        console.print(f"[bold]{escape(finding.subject)}[/bold]: {escape(words)}", highlight=False)
    console.print(f"\n[bold]{escape(closing)}[/bold]", highlight=False)


def _diagnosis_table(diagnosis: Diagnosis) -> Table:
    title = f"Examined {diagnosis.at:%Y-%m-%d %H:%M:%S} UTC"
    table = Table(title=title, title_justify="left")
    table.add_column("What", overflow="fold")
    table.add_column("Verdict", no_wrap=True)
    for heading in ("HTTP", "Latency\nms", "Clock\nms", "Weight"):
        table.add_column(heading, justify="right", no_wrap=True)
    for finding in diagnosis.findings:
        table.add_row(escape(finding.subject), _VERDICTS[finding.verdict], *_figures(finding))
    return table


def _figures(finding: Finding) -> list[str]:
    figures = (
        (finding.status, "d"),
        (finding.latency_ms, ",.0f"),
        (finding.clock_offset_ms, "+,.0f"),
        (finding.weight_used, ",d"),
    )
    return ["" if value is None else format(value, pattern) for value, pattern in figures]


def print_models(rows: Sequence[StoredModel], spec: ForecastSpec, source: str) -> None:
    """Print stored models, the champion marked, and why each was promoted or kept out."""
    console = Console()
    table = Table(title=f"Models of {spec.to_text()} from {source}", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("Version", no_wrap=True)
    for heading in ("Horizon", "Trained (UTC)", "Rows", "n", "MAE", "No change"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            "champion" if row.champion else "",
            row.version,
            f"{spec.horizon_minutes(row.horizon)} min",
            f"{row.trained_at:%Y-%m-%d %H:%M}",
            *("–" if v is None else f"{v:,}" for v in (row.rows, row.n)),
            *("–" if v is None else f"{v:,.2f}" for v in (row.mae, row.random_walk_mae)),
        )
    console.print(table)
    for row in rows:
        if row.decision:
            console.print(f"{row.version}: {escape(row.decision)}", highlight=False)
