"""Walk-forward skill of both horizons on recorded candles, and on pure random walks.

    OMP_NUM_THREADS=1 python -m benchmarks.forecast_quality
    python -m benchmarks.forecast_quality --file BTCUSDT-1m-20260301-20260430 --days 20
    python -m benchmarks.forecast_quality --file "" --random-walks 3 --simulated BTC-USD

Skill is 1 - MAE / MAE of "the price stays"; the interval is 95 % (Diebold-Mariano, HAC).
On a random walk and in the simulated market nothing can be forecast: skill there tells a
leak, a loss there the price of trying.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from core.clock import SystemClock
from core.domain import CANDLE_COLUMNS, HORIZONS, ForecastSpec, Horizon
from core.evaluation.report import Report, summarise
from core.evaluation.walk_forward import walk_forward
from core.exchanges.simulated import SimulatedMarket
from core.models.samples import Task

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
MADE_DAYS = 30
SIMULATED_FROM = datetime(2026, 3, 1, tzinfo=UTC)
COLUMNS = (
    "series",
    "horizon",
    "n",
    "n eff",
    "MAE",
    "MAE no change",
    "skill %",
    "95 %",
    "80 % band holds",
    "share",
    "seconds",
)


def load_candles(path: Path) -> pd.DataFrame:
    """Read a recorded file: epoch milliseconds become the aware UTC index."""
    table = pd.read_csv(path, usecols=["open_time", *CANDLE_COLUMNS])
    opened = pd.to_datetime(table.pop("open_time"), unit="ms", utc=True)
    table.index = pd.DatetimeIndex(opened, name="open_time").as_unit("us")
    return table[list(CANDLE_COLUMNS)].astype("float64")


def random_walk(seed: int, minutes: int) -> pd.DataFrame:
    """Return candles whose log returns are independent, with fat tails and varying volume.

    Volatility is clustered, so that a model may take it for a signal; the sign is a coin.
    """
    rng = np.random.default_rng(seed)
    calm = np.zeros(minutes)
    shocks = rng.normal(0.0, 0.05, minutes)
    for i in range(1, minutes):
        calm[i] = 0.99 * calm[i - 1] + shocks[i]
    volatility = 5e-4 * np.exp(calm)
    close = 50_000.0 * np.exp(np.cumsum(volatility * rng.standard_t(5, minutes)))
    opened = np.concatenate(([50_000.0], close[:-1]))
    wick = volatility * close * rng.exponential(0.5, minutes)
    index = pd.date_range("2026-01-01", periods=minutes, freq="min", tz="UTC", unit="us")
    return pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) + wick,
            "low": np.minimum(opened, close) - wick,
            "close": close,
            "volume": volatility * rng.lognormal(10.0, 0.5, minutes),
        },
        index=index.rename("open_time"),
    )


def simulated(ticker: str) -> pd.DataFrame:
    """Return a month of the simulated market."""
    market = SimulatedMarket(SystemClock())
    until = SIMULATED_FROM + timedelta(days=MADE_DAYS)
    return pd.concat(list(market.candles(ticker, SIMULATED_FROM, until)))


def series(args: argparse.Namespace) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the name and the candles of each series asked for."""
    names = [path.name for path in sorted(DATA.glob("*.csv.gz"))]
    for given in names if args.file is None else filter(None, [args.file]):
        name = given.removesuffix(".csv.gz")
        candles = load_candles(DATA / f"{name}.csv.gz")
        yield name, candles.iloc[-args.days * 1_440 :]
    for seed in range(args.random_walks):
        yield f"random walk {seed}", random_walk(seed, MADE_DAYS * 1_440)
    for ticker in args.simulated:
        yield f"simulated {ticker}", simulated(ticker)


def row(name: str, horizon: Horizon, report: Report | None, seconds: float) -> list[str]:
    if report is None:
        return [name, horizon, "0", *["-"] * 7, f"{seconds:.0f}"]
    return [
        name,
        horizon,
        f"{report.n:,}",
        f"{report.n_eff:,.0f}",
        f"{report.mae:.5g}",
        f"{report.mae_random_walk:.5g}",
        f"{report.skill:+.3%}".rstrip("%"),
        f"{report.skill_low * 100:+.3f} … {report.skill_high * 100:+.3f}",
        f"{report.coverage:.1%}",
        f"{report.shrinkage:.2f}",
        f"{seconds:.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--file", help="one recorded file; all by default; empty for none")
    parser.add_argument("--days", type=int, default=0, help="newest days of it; 0 for all")
    parser.add_argument("--refit-minutes", type=int, default=1_440)
    parser.add_argument("--horizon", choices=HORIZONS, action="append")
    parser.add_argument("--random-walks", type=int, default=0, help="how many to add")
    parser.add_argument("--simulated", metavar="TICKER", action="append", default=[])
    args = parser.parse_args()
    spec = ForecastSpec()
    table = Table(*COLUMNS, title=f"Walk-forward, refit every {args.refit_minutes:,} minutes")
    console = Console()
    for name, candles in series(args):
        for horizon in args.horizon or HORIZONS:
            started = time.perf_counter()
            with console.status(f"{name}, {horizon}"):
                forecasts = walk_forward(candles, spec, horizon, args.refit_minutes)
            report = summarise(forecasts, Task.of(spec, horizon).steps)
            table.add_row(*row(name, horizon, report, time.perf_counter() - started))
    console.print(table)


if __name__ == "__main__":
    main()
