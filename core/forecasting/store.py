"""What the engine publishes and what readers ask for, in one shared cache.

Values are the frozen classes of `core.domain`, pickled by the cache into files of this
deployment only. Single values are replaced atomically by the cache; the two mappings
that several processes change (`wanted`, `retrain requests`) are changed under a file lock.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, cast

from cachelib import FileSystemCache
from filelock import FileLock

from core import domain
from core.domain import Diagnosis, EngineStatus, ForecastSpec, Quote, Series, Snapshot

_LOCK_TIMEOUT_S: Final = 5.0


class Backend(Protocol):
    """The part of a cachelib backend that is used; Flask-Caching's `cache.cache` is one."""

    def get(self, key: str) -> Any: ...

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool | None: ...

    def delete(self, key: str) -> bool: ...


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


def shape_of(classes: Iterable[object]) -> str:
    """Return a name for the fields of all dataclasses among `classes`."""
    dataclasses = [one for one in classes if isinstance(one, type) and is_dataclass(one)]
    lines = [f"{one.__name__} {f.name} {f.type}" for one in dataclasses for f in fields(one)]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:12]


# In every key, so that no version reads what one with other fields has pickled.
_SCHEMA: Final = shape_of([*vars(domain).values(), Want, RetrainRequest])


class SnapshotStore:
    """Typed access to the shared cache.

    Parameters
    ----------
    backend : Backend
    lock_path : Path
        Lock for the mappings that several processes change.
    reuse_s : float
        What the engine published is read again only after so many seconds. Thousands of
        ticks a second may ask a web worker for the same few values; the engine uses 0.
    """

    def __init__(self, backend: Backend, lock_path: Path, reuse_s: float = 0.0) -> None:
        self._backend = backend
        self._lock_path = lock_path
        self._reuse_s = reuse_s
        self._recent: dict[str, tuple[float, Any]] = {}

    @classmethod
    def at(
        cls, run_dir: Path, backend: Backend | None = None, reuse_s: float = 0.0
    ) -> SnapshotStore:
        """Open the store of a deployment, over its own files unless `backend` is given."""
        backend = backend or file_backend(run_dir / "cache")
        return cls(backend, run_dir / "store.lock", reuse_s)

    def publish(self, snapshot: Snapshot, series: Series) -> None:
        """Publish the chart data, then the snapshot that announces its version."""
        self._set(f"series:{snapshot.spec.key}", series)
        self._set(f"snapshot:{snapshot.spec.key}", snapshot)

    def withdraw(self, spec: ForecastSpec) -> None:
        """Take back what was published for `spec`."""
        for name in (f"snapshot:{spec.key}", f"series:{spec.key}"):
            self._backend.delete(f"{_SCHEMA}:{name}")

    def snapshot(self, spec: ForecastSpec) -> Snapshot | None:
        return cast(Snapshot | None, self._get_recent(f"snapshot:{spec.key}"))

    def series(self, spec: ForecastSpec) -> Series | None:
        return cast(Series | None, self._get_recent(f"series:{spec.key}"))

    def publish_quotes(self, quotes: Mapping[str, Quote]) -> None:
        """Publish the quotes of all tickers followed, as one value."""
        self._set("quotes", dict(quotes))

    def quote(self, ticker: str) -> Quote | None:
        quotes = cast(dict[str, Quote] | None, self._get_recent("quotes"))
        return quotes.get(ticker) if quotes else None

    def publish_status(self, status: EngineStatus) -> None:
        self._set("status", status)

    def status(self) -> EngineStatus | None:
        return cast(EngineStatus | None, self._get_recent("status"))

    def publish_diagnosis(self, diagnosis: Diagnosis) -> None:
        """Publish what the doctor found."""
        self._set("diagnosis", diagnosis)

    def diagnosis(self) -> Diagnosis | None:
        return cast(Diagnosis | None, self._get_recent("diagnosis"))

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

    def _get_recent(self, name: str) -> Any:
        now = time.monotonic()
        known = self._recent.get(name)
        if known is not None and now - known[0] < self._reuse_s:
            return known[1]
        value = self._get(name)
        if self._reuse_s:
            self._recent = {n: k for n, k in self._recent.items() if now - k[0] < self._reuse_s}
            self._recent[name] = now, value
        return value

    def _set(self, name: str, value: Any) -> None:
        self._backend.set(f"{_SCHEMA}:{name}", value, timeout=0)
