"""The ledger for the command line: whether it is whole, its scores, all of its rows.

All of it may be asked while an engine writes.
"""

from __future__ import annotations

import csv
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa

from core.domain import HORIZONS, ForecastSpec, Horizon, Market
from core.errors import LedgerUnavailable
from core.evaluation.report import Report
from core.ledger.database import database_url, migrate, open_database
from core.ledger.schema import FORECASTS
from core.ledger.scores import all_rows, scores
from core.ledger.verify import Verdict, verify
from core.settings import Settings

Scores = Mapping[Horizon, Mapping[str, Report | None]]


def verify_ledger(settings: Settings) -> list[Verdict]:
    """Recompute every chain of the deployment's ledger.

    Raises
    ------
    LedgerUnavailable
        There is none yet, or the database does not answer.
    """
    return verify(open_ledger(settings))


def open_ledger(settings: Settings) -> sa.Engine:
    """Open the deployment's ledger, which must be there."""
    file = settings.artifact_dir / "ledger.db"
    if not settings.database_url and not file.exists():
        raise LedgerUnavailable("There is no ledger yet: no engine has published a forecast here.")
    engine = open_database(database_url(settings.database_url, settings.artifact_dir))
    migrate(engine)
    return engine


def score_ledger(engine: sa.Engine, chain: Market, spec: ForecastSpec, now: datetime) -> Scores:
    """Return the reports of a spec by horizon and window."""
    return {horizon: scores(engine, chain, spec, horizon, now) for horizon in HORIZONS}


def scores_to_json(found: Scores) -> dict[str, Any]:
    """Return plain values by horizon and window; None where nothing has an outcome yet."""
    return {
        horizon: {name: report and _report_to_json(report) for name, report in windows.items()}
        for horizon, windows in found.items()
    }


def _report_to_json(report: Report) -> dict[str, Any]:
    return {
        "n": report.n,
        "n_eff": report.n_eff,
        "mae": report.mae,
        "mae_random_walk": report.mae_random_walk,
        "skill": report.skill,
        "skill_low": _known(report.skill_low),
        "skill_high": _known(report.skill_high),
        "direction": {name: _known(value) for name, value in asdict(report.direction).items()},
        "coverage": {f"{band.level:.0%}": band.coverage for band in report.bands},
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def export_to(path: Path | None, settings: Settings) -> int:
    """Export to a file, replaced in one step, or to standard output; return how many rows."""
    engine = open_ledger(settings)
    if path is None:
        return export_ledger(engine, sys.stdout)
    with replaced(path) as out:
        return export_ledger(engine, out)


@contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """Yield a file beside `path` that takes its place at the end, and never in part."""
    number, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as out:
            yield out
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def export_ledger(engine: sa.Engine, out: TextIO, spec: ForecastSpec | None = None) -> int:
    """Write every row as CSV, one at a time, and return how many.

    Numbers are written so that reading them gives the same number.
    """
    extra = ("settled", "actual", "error", "random_walk_error")
    table = csv.DictWriter(out, [*FORECASTS.c.keys(), *extra], lineterminator="\n")
    table.writeheader()
    count = 0
    for row in all_rows(engine, spec):
        table.writerow(
            {**row, "standing_aside": int(row["standing_aside"]), "settled": int(row["settled"])}
        )
        count += 1
    return count


def to_json(verdicts: list[Verdict]) -> dict[str, Any]:
    """Return plain values: whether all is `whole`, and what was found of each chain."""
    return {"whole": is_whole(verdicts), "chains": [asdict(verdict) for verdict in verdicts]}


def is_whole(verdicts: list[Verdict]) -> bool:
    return not any(verdict.fault for verdict in verdicts)


def sentences(verdicts: list[Verdict]) -> list[str]:
    """Return a sentence per chain."""
    if not verdicts:
        return ["The ledger is empty."]
    return [_sentence(verdict) for verdict in verdicts]


def _sentence(verdict: Verdict) -> str:
    if verdict.fault:
        return f"{verdict.chain}: {verdict.fault}"
    return f"{verdict.chain}: {verdict.rows:,} forecasts, none changed. Head {verdict.head}"
