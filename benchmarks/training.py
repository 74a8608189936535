"""Seconds for features, training and one forecast of 50,000 candles.

Simulated ones by default, in which there is nothing to find: the random walk is then
published and one fit of four is left out. ``--candles FILE`` takes real ones.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

# As in the engine: one thread per fit. It must be set before NumPy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
from rich.console import Console
from rich.table import Table

from core.clock import SystemClock
from core.domain import HORIZONS, LONG_BAR_MINUTES, ForecastSpec, Horizon
from core.exchanges.simulated import SimulatedMarket
from core.features import aggregate_bars, build_features
from core.history.candle_file import read_candle_file
from core.history.cleaning import MINUTE, last_open
from core.models.trained import TrainedModel
from core.models.training import train

_TRAININGS: Final = 3
_FORECASTS: Final = 50


def simulated_candles(rows: int) -> pd.DataFrame:
    """Return the newest `rows` closed candles of the simulated market."""
    market = SimulatedMarket(SystemClock())
    end = market.now().replace(second=0, microsecond=0)
    return pd.concat(list(market.candles("BTC-USD", end - timedelta(minutes=rows), end)))


def seconds_of(work: Callable[[], object], repeats: int) -> list[float]:
    """Return how long each of `repeats` runs of `work` took."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return taken


def measure(candles: pd.DataFrame) -> dict[str, list[float]]:
    """Return the seconds of each run of each step, by a name that says what was run."""
    runs = {
        "features, 1-minute candles": seconds_of(lambda: build_features(candles, 1), _TRAININGS),
        "bars and features, 5 minutes": seconds_of(
            lambda: build_features(aggregate_bars(candles), LONG_BAR_MINUTES), _TRAININGS
        ),
    }
    for horizon in HORIZONS:
        runs |= measure_model(candles, horizon)
    return runs


def measure_model(candles: pd.DataFrame, horizon: Horizon) -> dict[str, list[float]]:
    """Return the seconds of training one model and of one forecast with it."""
    now = last_open(candles) + MINUTE
    trained: list[TrainedModel] = []
    training = seconds_of(
        lambda: trained.append(train(candles, ForecastSpec(), horizon, now)), _TRAININGS
    )
    model = trained[-1]
    name = f"{horizon} model" if model.trees else f"{horizon} model (random walk published)"
    return {
        f"training, {name}": training,
        f"one forecast, {name}": seconds_of(lambda: model.forecast(candles), _FORECASTS),
    }


def report(runs: Mapping[str, list[float]]) -> Table:
    """Return one row per step, in milliseconds."""
    table = Table(title="Features, training, forecast", title_justify="left")
    for name in ("", "median", "slowest", "runs"):
        table.add_column(name, justify="right" if name else "left")
    for name, taken in runs.items():
        median, slowest = statistics.median(taken) * 1000, max(taken) * 1000
        table.add_row(name, f"{median:,.1f} ms", f"{slowest:,.1f} ms", str(len(taken)))
    return table


def main(arguments: Sequence[str] = ()) -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--candles", type=Path, help="a CSV of candles, the newest are used")
    options = parser.parse_args(arguments)
    rows = ForecastSpec().rows_wanted
    candles = read_candle_file(options.candles).iloc[-rows:] if options.candles else None
    if candles is None:
        candles = simulated_candles(rows)
    console = Console()
    console.print(report(measure(candles)))
    source = options.candles.name if options.candles else "the simulated market"
    console.print(f"{len(candles):,} candles of 1 minute from {source}.")


if __name__ == "__main__":
    main(sys.argv[1:])
