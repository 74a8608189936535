"""Past trainings on disk: one line of JSON each, appended, the newest ones read."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

from core.domain import ForecastSpec, Losses, Retrain, TailScore

RETRAINS_KEPT: Final = 50

log = logging.getLogger(__name__)


def retrains_path(directory: Path, spec: ForecastSpec) -> Path:
    return directory / f"{spec.key}_retrains.jsonl"


def append_retrain(path: Path, entry: Retrain) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**asdict(entry), "at": entry.at.isoformat()}) + "\n")


def read_retrains(path: Path) -> tuple[Retrain, ...]:
    """Return the newest retrains; a torn or damaged line is passed over, and said."""
    if not path.exists():
        return ()
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[-RETRAINS_KEPT:]:
        try:
            entries.append(_parse_retrain(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("%s has a line that is no retrain; it is passed over.", path.name)
    return tuple(entries)


def _parse_retrain(values: dict[str, object]) -> Retrain:
    tail = values.pop("tail")
    score = None
    if isinstance(tail, dict):
        score = TailScore(tail["n"], Losses(**tail["model"]), Losses(**tail["random_walk"]))
    at = datetime.fromisoformat(str(values.pop("at")))
    return Retrain(at=at, tail=score, **values)  # type: ignore[arg-type]
