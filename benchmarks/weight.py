"""What the engine asks of an exchange: request weight and calls, at start and steadily.

``python -m benchmarks.weight --minutes 2`` serves made candles of many pairs by the local
exchange, runs an engine of its own for each number of tickers, all of them at once, and
counts whole minutes. Before that, one engine fetches 50,000 candles of one ticker.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.server import ROOT, wait_for
from core.domain import DEFAULT_TICKERS, ForecastSpec
from core.exchanges.binance_answers import symbol_of
from core.forecasting.store import SnapshotStore
from core.settings import SETTINGS
from tests.exchange import LocalExchange
from tests.made import START, made_candles

TICKERS: Final = (*DEFAULT_TICKERS, *(f"MADE{number:02d}-USD" for number in range(13)))
COUNTS: Final = (1, 7, 10, 20)
# Request weight per minute by number of tickers, and for the whole of a cold start.
GOALS: Final = {1: 60, 10: 250}
COLD_GOAL: Final = 110
_COLD_ROWS: Final = 50_000
_STEADY_ROWS: Final = 1_000
_ROWS_TO_COME: Final = 60
_READY_WITHIN_S: Final = 180.0
_STOP_WITHIN_S: Final = 15.0
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Run:
    """An engine at work: what it follows, the exchange it asks, and what it publishes."""

    specs: tuple[ForecastSpec, ...]
    exchange: LocalExchange
    store: SnapshotStore

    def is_ready(self) -> bool:
        return all(self.store.snapshot(spec) is not None for spec in self.specs)

    def weights(self) -> dict[int, int]:
        """Return the request weight by the epoch ms its minute began."""
        by_minute: dict[int, int] = self.exchange.counters()["weight_by_minute"]
        return by_minute


@dataclass(frozen=True, slots=True)
class Use:
    """What was asked in some minutes, or during a start: weight each, and calls by path."""

    weights: tuple[int, ...]
    calls: Counter[str]


def main() -> int:
    """Measure, print two tables, and return 1 if a goal was missed."""
    options = _options()
    console = Console()
    cold = cold_start()
    console.print(_cold_table(cold))
    uses = steady(COUNTS, options.minutes)
    console.print(_steady_table(uses, options.minutes))
    missed = missed_goals(cold, uses)
    console.print(f"Goals missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


def missed_goals(cold: Use, uses: Mapping[int, Use]) -> list[str]:
    """Return what weighed more than its goal, each in two words."""
    over = [f"{n} tickers" for n, goal in GOALS.items() if max(uses[n].weights) > goal]
    return [*over, "cold start"] if sum(cold.weights) > COLD_GOAL else over


def cold_start() -> Use:
    """Count what is asked from nothing to the first forecast of one ticker."""
    spec = ForecastSpec(max_points=_COLD_ROWS)
    with _engine((spec,), _COLD_ROWS + 10_000) as run:
        wait_for("A first forecast", run.is_ready, _READY_WITHIN_S, 0.02)
    # Only now, with the engine stopped: no call comes between the two countings.
    calls = Counter(call.path for call in run.exchange.calls())
    return Use(tuple(run.weights().values()), calls)


def steady(counts: Sequence[int], minutes: int) -> dict[int, Use]:
    """Count whole minutes once every ticker is forecast, for all `counts` at once."""
    with ExitStack() as stack:
        runs = {count: stack.enter_context(_engine(_specs(count), 3_000)) for count in counts}
        for count, run in runs.items():
            wait_for(f"Forecasts of {count} tickers", run.is_ready, _READY_WITHIN_S)
        begin = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = begin + timedelta(minutes=minutes)
        # Until the wall clock says so: what is counted is whole minutes.
        time.sleep((end - datetime.now(UTC)).total_seconds() + 0.1)
        return {count: use_of(run, begin, minutes) for count, run in runs.items()}


def use_of(run: Run, begin: datetime, minutes: int) -> Use:
    """Return what was asked in the whole minutes from `begin` on."""
    first = int(begin.timestamp() * 1000)
    whole = range(first, first + minutes * _MINUTE_MS, _MINUTE_MS)
    weights = run.weights()
    calls = Counter(
        call.path for call in run.exchange.calls() if whole.start <= call.time_ms < whole.stop
    )
    return Use(tuple(weights.get(minute, 0) for minute in whole), calls)


def _specs(count: int) -> tuple[ForecastSpec, ...]:
    return tuple(ForecastSpec(ticker, max_points=_STEADY_ROWS) for ticker in TICKERS[:count])


@contextmanager
def _engine(specs: tuple[ForecastSpec, ...], rows: int) -> Iterator[Run]:
    """Run an exchange with `rows` past candles of each ticker, and an engine that follows it."""
    candles = made_candles(rows + _ROWS_TO_COME)
    served = {symbol_of(spec.ticker): candles for spec in specs}
    now = START + timedelta(minutes=rows)
    with (
        tempfile.TemporaryDirectory(prefix="market-pulse-") as directory,
        LocalExchange(served, at=now, as_now=True) as exchange,
    ):
        process = _start(Path(directory), exchange, specs)
        try:
            yield Run(specs, exchange, SnapshotStore.at(Path(directory) / "run"))
        finally:
            _stop(process)


def _start(
    directory: Path, exchange: LocalExchange, specs: tuple[ForecastSpec, ...]
) -> subprocess.Popen[bytes]:
    ours = {setting.name for setting in SETTINGS}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    settings = {
        "MARKET_SOURCE": "binance",
        "BINANCE_BASE_URL": exchange.base_url,
        "ARTIFACT_DIR": str(directory),
        "WATCH": ",".join(spec.to_text() for spec in specs),
        "LOG_LEVEL": "error",
    }
    return subprocess.Popen(
        [sys.executable, "main.py", "engine"], cwd=ROOT, env={**inherited, **settings}
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _cold_table(cold: Use) -> Table:
    title = f"Cold start: one ticker, {_COLD_ROWS:,} candles, to the first forecast"
    table = Table(title=title, title_justify="left")
    for heading in ("Weight", "Goal", "Calls", "Of these"):
        table.add_column(heading, justify="right")
    table.add_row(
        str(sum(cold.weights)), f"≤ {COLD_GOAL}", str(cold.calls.total()), _by_path(cold.calls)
    )
    return table


def _steady_table(uses: dict[int, Use], minutes: int) -> Table:
    table = Table(title=f"Steady use, {minutes} whole minutes", title_justify="left")
    for heading in ("Tickers", "Weight a minute, most", "Goal", "Calls a minute", "Of these"):
        table.add_column(heading, justify="right")
    for count, use in uses.items():
        table.add_row(
            str(count),
            str(max(use.weights)),
            f"≤ {GOALS[count]}" if count in GOALS else "",
            f"{use.calls.total() / minutes:.1f}",
            _by_path(use.calls),
        )
    return table


def _by_path(calls: Counter[str]) -> str:
    return ", ".join(f"{n} {path.rsplit('/v3/')[-1]}" for path, n in calls.most_common())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weight", description=__doc__)
    parser.add_argument("--minutes", type=int, default=2, help="whole minutes to count (2)")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
