"""Which stored version forecasts: a small pointer, replaced whole, and how many are kept.

``champion.json`` names the champion and those before it. An engine and the command line
may change it at the same time, so a change is made under a file lock; readers need none.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock

from core.domain import ForecastSpec, Horizon
from core.models import registry

VERSIONS_KEPT: Final = 5
"""Versions of one horizon on disk: the champion, the one before it, and the newest others."""

_LOCK_TIMEOUT_S: Final = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pointer:
    """The champion's version, and those that were champion before it, the newest first."""

    version: str
    before: tuple[str, ...] = ()

    def moved_to(self, version: str) -> Pointer:
        """Return the pointer after `version` became champion."""
        earlier = (self.version, *(v for v in self.before if v != self.version))
        return Pointer(version, tuple(v for v in earlier if v != version)[:VERSIONS_KEPT])

    def rolled_back_to(self, version: str) -> Pointer:
        """Return the pointer after the return to `version`, one of `before`.

        What came after it is no longer "before": the next return goes further back.
        """
        return Pointer(version, self.before[self.before.index(version) + 1 :])


def pointer_path(directory: Path, spec: ForecastSpec, horizon: Horizon) -> Path:
    return registry.folder_of(directory, spec, horizon) / "champion.json"


def read_pointer(directory: Path, spec: ForecastSpec, horizon: Horizon) -> Pointer | None:
    """Return who is champion; None where nobody is, or the file is not what was written."""
    path = pointer_path(directory, spec, horizon)
    try:
        values = json.loads(path.read_bytes())
        pointer = Pointer(values["version"], tuple(values["before"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        log.warning("%s cannot be read; another model becomes champion.", path)
        return None
    return pointer if all(map(registry.is_version, (pointer.version, *pointer.before))) else None


def promote(directory: Path, spec: ForecastSpec, horizon: Horizon, version: str) -> None:
    """Make a stored version champion, and delete versions beyond those kept."""
    with _alone(directory, spec, horizon):
        pointer = read_pointer(directory, spec, horizon)
        _write(directory, spec, horizon, pointer.moved_to(version) if pointer else Pointer(version))
        _prune(directory, spec, horizon)


def roll_back(directory: Path, spec: ForecastSpec, horizon: Horizon, version: str) -> None:
    """Return to `version`, a champion before the present one.

    Raises
    ------
    ValueError
        It was not champion before.
    """
    with _alone(directory, spec, horizon):
        pointer = read_pointer(directory, spec, horizon)
        if pointer is None or version not in pointer.before:
            raise ValueError(f"{version} was not champion before")
        _write(directory, spec, horizon, pointer.rolled_back_to(version))


def prune(directory: Path, spec: ForecastSpec, horizon: Horizon) -> None:
    """Delete versions beyond those kept; never the champion, nor the one before it."""
    with _alone(directory, spec, horizon):
        _prune(directory, spec, horizon)


def _prune(directory: Path, spec: ForecastSpec, horizon: Horizon) -> None:
    stored = registry.versions(directory, spec, horizon)
    pointer = read_pointer(directory, spec, horizon)
    named = (pointer.version, *pointer.before) if pointer else ()
    kept = [version for version in named if version in stored][:2]
    kept += [version for version in stored if version not in kept]
    for version in kept[VERSIONS_KEPT:]:
        registry.delete(directory, spec, horizon, version)


def _write(directory: Path, spec: ForecastSpec, horizon: Horizon, pointer: Pointer) -> None:
    values = {"version": pointer.version, "before": list(pointer.before)}
    content = (json.dumps(values, indent=2) + "\n").encode()
    registry.replace_file(pointer_path(directory, spec, horizon), content)


def _alone(directory: Path, spec: ForecastSpec, horizon: Horizon) -> FileLock:
    folder = registry.folder_of(directory, spec, horizon)
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / "champion.lock", timeout=_LOCK_TIMEOUT_S)
