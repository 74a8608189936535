"""Walk-forward evaluation of recorded candles, ours and the original's way side by side.

    python -m benchmarks.forecast_quality
    python -m benchmarks.forecast_quality --markdown
    python -m benchmarks.forecast_quality --file BTCUSDT-1m-20260301-20260430 --days 20
    python -m benchmarks.forecast_quality --no-recorded --random-walks 20 --simulated BTC-USD

Skill is 1 - MAE / MAE of "the price stays"; the interval is 95 % (Diebold-Mariano, HAC).
On a random walk and in the simulated market nothing can be forecast: skill there tells a
leak, a loss there the price of trying.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections.abc import Iterator, Sequence

# As in the engine: one thread per fit. It must be set before NumPy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from rich.console import Console

from benchmarks import series
from benchmarks.quality_tables import Result, band_grid, markdown, skill_grid, summary_grid, table
from core.domain import HORIZONS, Horizon
from core.evaluation.blocks import Fit
from core.evaluation.price_level import train_price_level
from core.evaluation.report import Report, summarise
from core.evaluation.walk_forward import DAY, replay
from core.models.training import train


def main(arguments: Sequence[str] = ()) -> None:
    """Evaluate what is asked for and print three tables."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True)
    results: list[Result] = []
    for found in _series(options):
        with console.status(found.name):
            results += judge(found, options)
    grids = [skill_grid(results), band_grid(results), summary_grid(results)]
    if options.markdown:
        print("\n\n".join(map(markdown, grids)))
    else:
        for grid in grids:
            Console().print(table(grid))


def judge(found: series.Series, options: argparse.Namespace) -> list[Result]:
    """Return one result per horizon in which a forecast could be scored."""
    started = time.perf_counter()
    ours = _reports(found, options, train)
    seconds = time.perf_counter() - started
    original = {} if options.no_original else _reports(found, options, train_price_level)
    return [
        Result(found.name, found.kind, horizon, report, original.get(horizon), seconds)
        for horizon, report in ours.items()
        if report is not None
    ]


def _reports(
    found: series.Series, options: argparse.Namespace, fit: Fit
) -> dict[Horizon, Report | None]:
    horizons = options.horizon or HORIZONS
    runs = replay(found.candles, found.spec, horizons, options.refit_minutes, fit=fit)
    return {horizon: summarise(run.forecasts, run.steps) for horizon, run in runs.items()}


def _series(options: argparse.Namespace) -> Iterator[series.Series]:
    return itertools.chain(
        () if options.no_recorded else series.recorded(options.file, options.days),
        series.random_walks(options.random_walks),
        series.simulated(options.simulated),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.forecast_quality", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--file", action="append", default=[], help="a recorded file; all if none")
    parser.add_argument("--no-recorded", action="store_true", help="only what is made")
    parser.add_argument("--days", type=int, default=0, help="newest days of each; 0 for all")
    parser.add_argument("--refit-minutes", type=int, default=DAY)
    parser.add_argument("--horizon", choices=HORIZONS, action="append")
    parser.add_argument("--no-original", action="store_true", help="leave the original's way out")
    parser.add_argument("--random-walks", type=int, default=0, help="how many to add")
    parser.add_argument("--simulated", metavar="TICKER", action="append", default=[])
    parser.add_argument("--markdown", action="store_true", help="as in docs/forecasting.md")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
