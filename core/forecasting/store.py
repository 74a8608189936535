"""What the engine publishes and what readers ask for, in one shared cache.

Values are the frozen classes of `core.domain`, pickled by the cache into files of this
deployment only. Single values are replaced atomically by the cache; the two mappings
that several processes change (`wanted`, `retrain requests`) are changed under a file lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, cast

from cachelib import FileSystemCache
from filelock import FileLock

from core.domain import EngineStatus, ForecastSpec, Quote, Series, Snapshot

# Raised whenever a stored class changes shape, so that a new version never reads an old file.
_SCHEMA: Final = "v1"
_LOCK_TIMEOUT_S: Final = 5.0


class Backend(Protocol):
    """The part of a cachelib backend that is used; Flask-Caching's `cache.cache` is one."""

    def get(self, key: str) -> Any: ...

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool | None: ...


def file_backend(directory: Path) -> Backend:
    """Return a cache that never forgets: neither by age nor by number of entries."""
    directory.mkdir(parents=True, exist_ok=True)
    return cast(Backend, FileSystemCache(str(directory), threshold=0, default_timeout=0))


@dataclass(frozen=True, slots=True)
class Want:
    """A visitor's demand for a spec: who asked first, when, and when somebody last looked."""

    spec: ForecastSpec
    client: str
    since: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class RetrainRequest:
    """The newest request to retrain a spec."""

    spec: ForecastSpec
    at: datetime


class SnapshotStore:
    """Typed access to the shared cache."""

    def __init__(self, backend: Backend, lock_path: Path) -> None:
        self._backend = backend
        self._lock_path = lock_path

    @classmethod
    def at(cls, run_dir: Path, backend: Backend | None = None) -> SnapshotStore:
        """Open the store of a deployment, over its own files unless `backend` is given."""
        backend = backend or file_backend(run_dir / "cache")
        return cls(backend, run_dir / "store.lock")

    def publish(self, snapshot: Snapshot, series: Series) -> None:
        """Publish the chart data, then the snapshot that announces its version."""
        self._set(f"series:{snapshot.spec.key}", series)
        self._set(f"snapshot:{snapshot.spec.key}", snapshot)

    def snapshot(self, spec: ForecastSpec) -> Snapshot | None:
        return cast(Snapshot | None, self._get(f"snapshot:{spec.key}"))

    def series(self, spec: ForecastSpec) -> Series | None:
        return cast(Series | None, self._get(f"series:{spec.key}"))

    def publish_quotes(self, quotes: Mapping[str, Quote]) -> None:
        """Publish the quotes of all tickers followed, as one value."""
        self._set("quotes", dict(quotes))

    def quote(self, ticker: str) -> Quote | None:
        quotes = cast(dict[str, Quote] | None, self._get("quotes"))
        return quotes.get(ticker) if quotes else None

    def publish_status(self, status: EngineStatus) -> None:
        self._set("status", status)

    def status(self) -> EngineStatus | None:
        return cast(EngineStatus | None, self._get("status"))

    def wanted(self) -> dict[str, Want]:
        """Return visitors' demands by spec key, whatever their age."""
        return cast(dict[str, Want], self._get("wanted") or {})

    def update_wanted(self, change: Callable[[dict[str, Want]], dict[str, Want]]) -> None:
        """Replace the demands by ``change(demands)``, alone among all processes."""
        with FileLock(self._lock_path, timeout=_LOCK_TIMEOUT_S):
            self._set("wanted", change(self.wanted()))

    def retrain_requests(self) -> dict[str, RetrainRequest]:
        return cast(dict[str, RetrainRequest], self._get("retrain") or {})

    def update_retrain_requests(
        self, change: Callable[[dict[str, RetrainRequest]], dict[str, RetrainRequest]]
    ) -> None:
        """Replace the requests by ``change(requests)``, alone among all processes."""
        with FileLock(self._lock_path, timeout=_LOCK_TIMEOUT_S):
            self._set("retrain", change(self.retrain_requests()))

    def _get(self, name: str) -> Any:
        return self._backend.get(f"{_SCHEMA}:{name}")

    def _set(self, name: str, value: Any) -> None:
        self._backend.set(f"{_SCHEMA}:{name}", value, timeout=0)
