"""One engine per artifact directory."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from core.errors import EngineRunning

# `engine_runs` holds the lock for an instant each time it looks; a starting engine waits that out.
_LOOKERS_TIMEOUT_S: Final = 0.3


def engine_lock(run_dir: Path, timeout_s: float = _LOOKERS_TIMEOUT_S) -> FileLock:
    """Take the engine's lock for the life of the returned object.

    The operating system frees it when the process dies, however it dies.

    Raises
    ------
    EngineRunning
        Another process holds it.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run_dir / "engine.lock")
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise EngineRunning(
            "An engine already runs on this artifact directory; a second one would write twice."
        ) from None
    return lock


def engine_runs(run_dir: Path) -> bool:
    """Tell whether some process holds the engine's lock."""
    try:
        engine_lock(run_dir, timeout_s=0).release()
    except EngineRunning:
        return True
    return False
