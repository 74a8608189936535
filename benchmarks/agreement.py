"""The engine over a day of recorded candles, and `evaluate` over the same: row by row the same?

``python -m benchmarks.agreement`` lets the engine's own desk train, hold its contests, store,
publish after every candle, and reads back what readers get. ``evaluate`` then walks over the
candles. Both make a forecast per candle and per five minutes: every figure of each must be equal
to the last bit. The desk writes to a ledger, and what that scores must be what the evaluation does.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

# As in the engine; it must be set before NumPy is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table
from threadpoolctl import threadpool_limits

from benchmarks import series
from core.domain import BAND_LEVELS, HORIZONS, Forecast, ForecastSpec, Horizon, Score, Snapshot
from core.evaluation.report import Report, summarise
from core.evaluation.walk_forward import DAY, replay
from core.forecasting.desk import SpecDesk
from core.forecasting.store import SnapshotStore
from core.history.cleaning import empty_candles
from core.ledger.database import database_url, open_database
from core.ledger.entry import epoch_ms
from core.ledger.matured import Matured, matured
from core.ledger.recording import Ledger
from core.ledger.scores import score_of, steps_of
from core.models.bands import band_columns
from tests.clocks import ManualClock

COMPARED: Final = (
    "issued_at",
    "target_time",
    "price_at_issue",
    "point",
    *(name for level in BAND_LEVELS for name in band_columns(level)),
    "volatility",
)
_MINUTE: Final = pd.Timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many forecasts of one horizon were compared, and the rows that are not the same.

    `ledger` are the ledger's figures and `scored` the evaluation's of those that both know the
    outcome of, by name.
    """

    horizon: Horizon
    rows: int
    different: pd.DataFrame
    aside: int
    ledger: Mapping[str, float]
    scored: Mapping[str, float]

    @property
    def same(self) -> bool:
        """Whether there is something, and nothing of it differs."""
        return self.rows > 0 and self.different.empty and self.ledger == self.scored


def compare(
    candles: pd.DataFrame, spec: ForecastSpec, minutes: int, refit_minutes: int, every: int = 1
) -> list[Agreement]:
    """Replay the last `minutes` of `candles` both ways.

    Parameters
    ----------
    candles : pandas.DataFrame
        Closed 1-minute candles; those before the last `minutes` are known at the first training.
    every : int
        The engine publishes each candle; 10 leaves nine of ten out, for a short test.
    """
    first = len(candles) - minutes
    with tempfile.TemporaryDirectory(prefix="market-pulse-") as name:
        published = publish_all(candles, spec, first, refit_minutes, every, Path(name))
        engine = open_database(database_url("", Path(name)))
        end, length = _closed(candles, len(candles)), timedelta(minutes=minutes)
        kept = {h: matured(engine, "live", spec, h, end - length, end) for h in HORIZONS}
    scored = replay(candles, spec, HORIZONS, refit_minutes, min_train_rows=first, processes=1)
    return [_compare(h, spec, published[h], kept[h], scored[h].forecasts) for h in HORIZONS]


def publish_all(
    candles: pd.DataFrame,
    spec: ForecastSpec,
    first: int,
    refit_minutes: int,
    every: int,
    directory: Path,
) -> dict[Horizon, pd.DataFrame]:
    """Return what readers got from the engine's desk, candle by candle from row `first` on.

    Models and the ledger stay in `directory`.
    """
    found: dict[Horizon, list[dict[str, Any]]] = {horizon: [] for horizon in HORIZONS}
    # One thread, as in the engine: sums of several end in other bits.
    with threadpool_limits(1):
        store, clock = SnapshotStore.at(directory), ManualClock(_closed(candles, first))
        ledger = Ledger(database_url("", directory), clock.now)
        desk = SpecDesk(
            *(spec, "live", "binance", directory, clock, timedelta(minutes=refit_minutes)),
            ledger=ledger,
        )
        for end in track(range(first, len(candles) + 1), "Publishing", console=_progress()):
            known = candles.iloc[:end]
            clock.advance((_closed(candles, end) - clock.now()).total_seconds())
            if cause := desk.training_cause(None):
                desk.train(known, cause)
            if (end - first) % every == 0:
                desk.publish(store, known, empty_candles())
                for forecast in _fresh(store.snapshot(spec)):
                    found[forecast.horizon].append(row_of(forecast))
    return {horizon: pd.DataFrame(rows) for horizon, rows in found.items()}


def row_of(forecast: Forecast) -> dict[str, Any]:
    """Return a published forecast as a row of an evaluation."""
    edges = {
        name: edge
        for band in forecast.bands
        for name, edge in zip(band_columns(band.level), (band.low, band.high), strict=True)
    }
    row = {name: getattr(forecast, name, float("nan")) for name in COMPARED} | edges
    volatility = float("nan") if forecast.volatility is None else forecast.volatility
    return {**row, "volatility": volatility, "standing_aside": forecast.standing_aside}


def _fresh(snapshot: Snapshot | None) -> list[Forecast]:
    """Return the forecasts made from the newest candle; the others were published before."""
    assert snapshot is not None
    return [f for f in snapshot.forecasts.values() if f.issued_at == snapshot.as_of]


def _closed(candles: pd.DataFrame, end: int) -> Any:
    """Return when the last of the first `end` candles had closed."""
    return (candles.index[end - 1] + _MINUTE).to_pydatetime()


def _compare(
    horizon: Horizon,
    spec: ForecastSpec,
    published: pd.DataFrame,
    kept: Matured,
    scored: pd.DataFrame,
) -> Agreement:
    """Compare forecasts made at the same time; only those with a known outcome are scored."""
    steps = steps_of(spec, horizon)
    issued = scored["issued_at"].map(epoch_ms)
    known = np.isin(kept["issued_at"], issued)
    by_ledger = score_of(Matured(kept.table[:, known]), steps)
    by_evaluation = summarise(scored[issued.isin(kept["issued_at"])], steps)
    both = published.merge(scored, on="issued_at", suffixes=("", "_scored"), validate="1:1")
    names = [name for name in COMPARED if name != "issued_at"]
    ours, theirs = both[names], both[[f"{name}_scored" for name in names]].set_axis(names, axis=1)
    same = ((ours == theirs) | (ours.isna() & theirs.isna())).all(axis=1)
    return Agreement(
        horizon,
        len(both),
        both[~same],
        int(both["standing_aside"].sum()),
        _ledger_figures(by_ledger),
        _evaluation_figures(by_evaluation),
    )


def _ledger_figures(score: Score | None) -> dict[str, float]:
    if score is None:
        return {}
    return {
        "n": score.n,
        "mae": score.mae,
        "mae_random_walk": score.mae_random_walk,
        "skill": score.record.skill,
        "direction": score.direction.rate,
        **{f"coverage {band.level}": band.rate for band in score.coverage},
    }


def _evaluation_figures(report: Report | None) -> dict[str, float]:
    if report is None:
        return {}
    return {
        "n": report.n,
        "mae": report.mae,
        "mae_random_walk": report.mae_random_walk,
        "skill": report.skill,
        "direction": report.direction.rate,
        **{f"coverage {band.level}": band.coverage for band in report.bands},
    }


def _progress() -> Console:
    return Console(stderr=True)


def main(arguments: Sequence[str] = ()) -> int:
    """Print one row per horizon; return 1 where anything is different, or nothing was compared."""
    options = _parser().parse_args(arguments)
    (found,) = series.recorded([options.file])
    agreements = compare(found.candles, found.spec, options.minutes, options.refit_minutes)
    Console().print(report(found.name, agreements))
    return 0 if all(agreement.same for agreement in agreements) else 1


def report(name: str, agreements: Sequence[Agreement]) -> Table:
    """Return one row per horizon."""
    table = Table(title=f"Published and evaluated: {name}", title_justify="left")
    for column in (
        "Horizon",
        "Forecasts compared",
        "Of them standing aside",
        "Different",
        "Skill by the ledger",
        "by evaluate",
    ):
        table.add_column(column, justify="left" if column == "Horizon" else "right")
    for one in agreements:
        skills = (f"{figures['skill']:+.6%}" for figures in (one.ledger, one.scored))
        counts = (f"{count:,}" for count in (one.rows, one.aside, len(one.different)))
        table.add_row(one.horizon, *counts, *skills)
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.agreement", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--file", default="BTCUSDT-1m-20260301-20260430", help="a recorded file")
    parser.add_argument("--minutes", type=int, default=DAY, help="newest minutes replayed (1440)")
    parser.add_argument("--refit-minutes", type=int, default=DAY // 2)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
