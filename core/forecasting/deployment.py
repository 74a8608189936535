"""What the doctor finds in this deployment: its disk, its shared cache, its engine."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

from core.domain import EngineStatus, Finding, Verdict, provider_title
from core.forecasting.service import ENGINE_SILENT_AFTER
from core.forecasting.store import SnapshotStore, file_backend
from core.ledger.database import database_url
from core.ledger.durability import durability_warning
from core.settings import Settings

_MB: Final = 1_000_000
# A forecast of 100,000 candles keeps 8 MB of them and 2 MB of models; nine are served by default.
_FREE_NEEDED: Final = 50 * _MB
_FREE_WANTED: Final = 250 * _MB
_PROBE_BYTES: Final = b"The doctor wrote this to see whether it can, and takes it away again.\n"


def examine_disk(artifact_dir: Path) -> Finding:
    """Write, read and remove a probe file; look at the free space.

    A directory that is not there yet is not made: whether it could be is looked at.
    """
    if not artifact_dir.exists():
        return _examine_parent(artifact_dir)
    try:
        _write_and_read(artifact_dir)
        free = shutil.disk_usage(artifact_dir).free
    except OSError as error:
        return _unwritable(f"{artifact_dir} cannot be written: {_cause(error)}.")
    told = f"{artifact_dir} can be written; {free / _MB:,.0f} MB are free."
    if free >= _FREE_WANTED:
        return Finding("disk", "ok", told)
    verdict: Verdict = "warning" if free >= _FREE_NEEDED else "failure"
    return Finding("disk", verdict, told, f"Free {_FREE_WANTED / _MB:,.0f} MB, or lower MAX_SPECS.")


def examine_ledger(settings: Settings, status: EngineStatus | None = None) -> Finding:
    """Tell where the ledger is kept, whether it lasts, and what the engine's newest check found.

    The database is not asked.
    """
    check = status.ledger_check if status else None
    if check is not None and check.faults:
        faults = " ".join(f"{chain}: {fault}" for chain, fault in check.faults.items())
        found = f"At {check.at:%Y-%m-%d %H:%M} UTC the engine found it changed. {faults}"
        return Finding("ledger", "failure", found, "See `python main.py ledger verify`.")
    url = database_url(settings.database_url, settings.artifact_dir)
    where = "a file beside the candles" if not settings.database_url else "DATABASE_URL"
    told = f"Forecasts are written to {where} before they are published."
    if warning := durability_warning(url, os.environ):
        return Finding("ledger", "warning", f"{told} {warning}", "Set DATABASE_URL to PostgreSQL.")
    return Finding("ledger", "ok", told)


def examine_cache(run_dir: Path) -> Finding:
    """Write a value into the shared cache, read it and take it out again."""
    directory = run_dir / "cache"
    if not directory.exists():
        return Finding("cache", "ok", "There is none yet; the engine makes it when it starts.")
    name = f"doctor:{os.getpid()}"
    try:
        backend = file_backend(directory)
        backend.set(name, name, timeout=0)
        came_back = backend.get(name) == name
        backend.delete(name)
    except OSError as error:
        return _broken_cache(f"{directory} cannot be used: {_cause(error)}.")
    if not came_back:
        return _broken_cache(f"{directory} does not give back what was put there.")
    return Finding("cache", "ok", "What one process publishes, another reads.")


def read_status(run_dir: Path) -> EngineStatus | None:
    """Return the newest heartbeat of the engine; None where there is no cache, made by none."""
    return SnapshotStore.at(run_dir).status() if (run_dir / "cache").is_dir() else None


def examine_engine(status: EngineStatus | None, now: datetime) -> Finding:
    """Judge a heartbeat; a pure function, for whoever reads it.

    Parameters
    ----------
    status : EngineStatus or None
        From the shared cache.
    now : datetime
        The reader's clock, UTC.
    """
    start = "Start the server, or `python main.py engine` where ENGINE=external."
    if status is None:
        return Finding("engine", "warning", "No engine has beaten here yet.", start)
    # A beat from the future is as wrong as an old one: the clock was set back since.
    age = now - status.beat_at
    if abs(age) >= ENGINE_SILENT_AFTER:
        return Finding(
            "engine",
            "failure",
            f"Engine {status.pid} beat last at {status.beat_at:%Y-%m-%d %H:%M:%S} UTC.",
            f"{start} If one runs, read its log.",
        )
    followed = provider_title(status.provider)
    told = f"Engine {status.pid} beat {age.total_seconds():.1f} s ago and follows {followed}"
    troubles = [said for said in (status.trouble, *status.ticker_trouble.values()) if said]
    if troubles:
        return Finding("engine", "warning", " ".join([f"{told}.", *dict.fromkeys(troubles)]))
    return Finding("engine", "ok", f"{told} since {status.started_at:%Y-%m-%d %H:%M} UTC.")


def _examine_parent(directory: Path) -> Finding:
    parent = next(p for p in directory.parents if p.exists())
    if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
        return Finding("disk", "ok", f"{directory} is not there yet; it is made at the start.")
    return _unwritable(f"{directory} is not there, and {parent} lets nobody make it.")


def _write_and_read(directory: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=directory, prefix=".doctor-") as probe:
        probe.write(_PROBE_BYTES)
        probe.flush()
        os.fsync(probe.fileno())
        if Path(probe.name).read_bytes() != _PROBE_BYTES:
            raise OSError(None, "what was written does not come back")


def _unwritable(meaning: str) -> Finding:
    return Finding(
        "disk", "failure", meaning, "Set ARTIFACT_DIR to a directory that this user may write."
    )


def _broken_cache(meaning: str) -> Finding:
    return Finding(
        "cache", "failure", meaning, "Stop the server and delete run/cache in ARTIFACT_DIR."
    )


def _cause(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
