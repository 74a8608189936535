"""The ledger for the command line: whether it is whole, its scores, all of its rows.

All of it may be asked while an engine writes.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa

from core.domain import HORIZONS, ForecastSpec, Horizon, Market, Score, ScoreRange
from core.ledger.csv_lines import csv_lines
from core.ledger.database import database_url, open_database, require, require_newest
from core.ledger.scores import all_rows, scores
from core.ledger.verify import Verdict, verify
from core.settings import Settings

Scores = Mapping[Horizon, Mapping[ScoreRange, Score | None]]


def verify_ledger(settings: Settings) -> list[Verdict]:
    """Recompute every chain of the deployment's ledger.

    Raises
    ------
    LedgerUnavailable
        There is none yet, or the database does not answer.
    """
    return verify(open_ledger(settings))


def open_ledger(settings: Settings) -> sa.Engine:
    """Open the deployment's ledger, which must be there and of this version."""
    url = database_url(settings.database_url, settings.artifact_dir)
    require(url)
    engine = open_database(url)
    require_newest(engine)
    return engine


def score_ledger(engine: sa.Engine, chain: Market, spec: ForecastSpec, now: datetime) -> Scores:
    """Return the scores of a spec by horizon and range."""
    return {horizon: scores(engine, chain, spec, horizon, now) for horizon in HORIZONS}


def scores_to_json(found: Scores) -> dict[str, Any]:
    """Return plain values by horizon and range; None where nothing has an outcome yet."""
    return {
        horizon: {name: score and _score_to_json(score) for name, score in ranges.items()}
        for horizon, ranges in found.items()
    }


def _score_to_json(score: Score) -> dict[str, Any]:
    skill, reach = score.record.skill, score.record.reach
    return {
        "n": score.n,
        "n_eff": score.n_eff,
        "mae": score.mae,
        "mae_random_walk": score.mae_random_walk,
        "skill": skill,
        "skill_low": _known(skill - reach),
        "skill_high": _known(skill + reach),
        "direction": {name: _known(value) for name, value in asdict(score.direction).items()},
        "coverage": {f"{band.level:.0%}": band.rate for band in score.coverage},
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
    lines = csv_lines(all_rows(engine, spec=spec))
    out.write(next(lines))
    count = 0
    for line in lines:
        out.write(line)
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
    return (
        f"{verdict.chain}: {verdict.rows:,} forecasts{_gone(verdict)}, none changed. "
        f"Head {verdict.head}\n"
        f"{verdict.chain}: {verdict.settled:,} outcomes, none changed. Head {verdict.settled_head}"
    )


def _gone(verdict: Verdict) -> str:
    if verdict.gone_before is None:
        return ""
    before = datetime.fromtimestamp(verdict.gone_before / 1_000, UTC)
    return f", {verdict.gone:,} of them, due before {before:%Y-%m-%d}, let go for their age"
