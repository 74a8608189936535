"""The ledger for the command line: whether it is whole, its scores, all of its rows.

All of it may be asked while an engine writes.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa

from core.domain import HORIZONS, ForecastSpec, Horizon, Market, Score, ScoreRange
from core.errors import ParameterError
from core.ledger.csv_lines import csv_lines
from core.ledger.database import (
    database_url,
    open_database,
    reading,
    require,
    require_newest,
    told,
)
from core.ledger.schema import FORECASTS
from core.ledger.scores import all_rows, scores
from core.ledger.verify import Place, Verdict, verify, where_is
from core.replacing import replaced
from core.settings import Settings

Scores = Mapping[Horizon, Mapping[ScoreRange, Score | None]]


def verify_ledger(settings: Settings, noted: str = "") -> tuple[list[Verdict], Place | None]:
    """Recompute every chain of the deployment's ledger, and look for a hash that was noted.

    Raises
    ------
    LedgerUnavailable
        There is none yet, or the database does not answer.
    """
    engine = open_ledger(settings)
    return verify(engine), where_is(engine, noted) if noted else None


def open_ledger(settings: Settings) -> sa.Engine:
    """Open the deployment's ledger, which must be there and of this version."""
    url = database_url(settings.database_url, settings.artifact_dir)
    require(url)
    engine = open_database(url)
    require_newest(engine)
    return engine


def newest_market(engine: sa.Engine, spec: ForecastSpec) -> Market:
    """Return the market of the newest forecast of `spec`; the live one where there is none."""
    mine = sa.select(FORECASTS.c.chain).where(FORECASTS.c.spec == spec.to_text())
    with told("read"), reading(engine) as connection:
        found = connection.execute(mine.order_by(FORECASTS.c.issued_at.desc()).limit(1)).scalar()
    return "simulated" if found == "simulated" else "live"


def held_specs(engine: sa.Engine) -> list[str]:
    """Return which forecasts the ledger holds, each with its market."""
    held = sa.select(FORECASTS.c.spec, FORECASTS.c.chain).distinct().order_by(FORECASTS.c.spec)
    with told("read"), reading(engine) as connection:
        return [f"{spec} ({chain})" for spec, chain in connection.execute(held)]


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
    out.flush()  # what refuses it is said before it is said how many there are
    return count


def to_json(verdicts: list[Verdict]) -> dict[str, Any]:
    """Return plain values: whether all is `whole`, and what was found of each chain."""
    return {"whole": is_whole(verdicts), "chains": [asdict(verdict) for verdict in verdicts]}


def place_to_json(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else asdict(place)


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
    forecasts, outcomes = _count(verdict.rows, "forecast"), _count(verdict.settled, "outcome")
    return (
        f"{verdict.chain}: {forecasts}{_gone(verdict)}, none changed. Head {verdict.head}\n"
        f"{verdict.chain}: {outcomes}, none changed. Head {verdict.settled_head}"
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _gone(verdict: Verdict) -> str:
    if not verdict.gone:
        return ""
    left = "none is left"
    if verdict.oldest is not None:
        oldest = datetime.fromtimestamp(verdict.oldest / 1_000, UTC)
        left = f"the oldest left was issued {oldest:%Y-%m-%d %H:%M} UTC"
    return f", {verdict.gone:,} of them let go for their age ({left})"


def parse_noted(text: str) -> str:
    """Return a hash that somebody noted, or its beginning, as it stands in the ledger.

    Raises
    ------
    ParameterError
    """
    digest = text.strip().rstrip("…").lower()
    if not re.fullmatch(r"[0-9a-f]{8,64}", digest):
        raise ParameterError("noted", "noted must be a hash or its first 8 to 64 digits.")
    return digest


def noted_sentence(place: Place | None) -> str:
    """Say what it means that a noted hash stands at `place`, of a ledger that is whole."""
    if place is None:
        return (
            "The noted hash is nowhere: what you noted was rewritten, taken out, or let go for its "
            "age."
        )
    gone = ", which was let go for its age" if place.gone else ""
    return (
        f"The noted hash is that of {place.kind} {place.number:,} of {place.chain}{gone}: all that "
        "is left up to there is as it was when you noted it."
    )
