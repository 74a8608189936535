"""Decisions about models on disk: one line of JSON each, appended, the newest ones read."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from core.domain import DECISIONS_KEPT, Decision, ForecastSpec, Horizon
from core.models import registry

_TIMES: Final = ("at", "trained_at")
# A line is some 600 bytes: enough for all that are kept, whatever the file has grown to.
_READ_BYTES: Final = 64_000

log = logging.getLogger(__name__)


def decisions_path(directory: Path, spec: ForecastSpec, horizon: Horizon) -> Path:
    return registry.folder_of(directory, spec, horizon) / "decisions.jsonl"


def append_decision(directory: Path, spec: ForecastSpec, decision: Decision) -> None:
    """Add `decision` to those of its horizon."""
    path = decisions_path(directory, spec, decision.horizon)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = asdict(decision)
    line = json.dumps({**values, **{name: values[name].isoformat() for name in _TIMES}})
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def read_decisions(directory: Path, spec: ForecastSpec, horizon: Horizon) -> tuple[Decision, ...]:
    """Return the newest decisions, oldest first; what is no decision is passed over, and said."""
    path = decisions_path(directory, spec, horizon)
    decisions = []
    for line in _last_lines(path)[-DECISIONS_KEPT:]:
        try:
            decisions.append(_parse(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            log.warning("%s has a line that is no decision; it is passed over.", path.name)
    return tuple(decisions)


def _last_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _READ_BYTES, 0))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    lines = text.splitlines()
    return lines[1:] if size > _READ_BYTES else lines


def _parse(values: dict[str, Any]) -> Decision:
    times = {name: datetime.fromisoformat(values[name]) for name in _TIMES}
    decision = Decision(**{**values, **times})
    if not registry.is_version(decision.version):
        raise ValueError("no version")
    return decision
