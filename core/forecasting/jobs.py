"""Named background jobs: at most one of a name at a time, failures kept as sentences."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from core.clock import Clock
from core.errors import MarketPulseError

_RETRY_PAUSES: Final = tuple(timedelta(seconds=s) for s in (1, 2, 4, 8, 15, 30))

log = logging.getLogger(__name__)


class Jobs:
    """Runs jobs in a small pool and remembers how each of them ended.

    A job that fails with a `MarketPulseError` is not started again before a growing
    pause, or before the moment the exchange named. Any other exception is a bug: it is
    logged with its traceback, said as trouble, and tried again after the same pauses.
    """

    def __init__(self, clock: Clock, workers: int, name: str) -> None:
        self._clock = clock
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=name)
        self._running: dict[str, Future[None]] = {}
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._trouble: dict[str, str] = {}
        self._about: dict[str, tuple[str, ...]] = {}
        self._forgotten: set[str] = set()
        self._lock = threading.Lock()

    def start(self, name: str, work: Callable[[], None], about: Sequence[str] = ()) -> bool:
        """Start `work` unless a job of that name runs or must wait; tell whether it started.

        Parameters
        ----------
        name : str
        work : callable
        about : sequence of str
            The tickers that its trouble concerns; empty where it concerns everybody.
        """
        with self._lock:
            running, not_before = self._running.get(name), self._not_before.get(name, -math.inf)
            waits = self._clock.monotonic() < not_before
            if waits or (running is not None and not running.done()):
                return False
            self._forgotten.discard(name)
            self._about[name] = tuple(about)
            self._running[name] = self._pool.submit(self._run, name, work)
            return True

    @property
    def busy(self) -> bool:
        """Tell whether any job runs or waits for a worker."""
        with self._lock:
            return any(not running.done() for running in self._running.values())

    def trouble(self) -> dict[str, str]:
        """Return the sentence of every job whose newest run failed, by name."""
        with self._lock:
            return dict(self._trouble)

    def trouble_about(self, ticker: str) -> list[str]:
        """Return the sentences that concern `ticker` alone; an empty one asks for everybody's."""
        with self._lock:
            return [
                sentence
                for name, sentence in self._trouble.items()
                if (ticker in self._about[name] if ticker else not self._about[name])
            ]

    def forget(self, name: str) -> None:
        """Forget how the job of that name ended; if it runs, how it will end."""
        with self._lock:
            running = self._running.get(name)
            if running is not None and not running.done():
                self._forgotten.add(name)
            else:
                self._running.pop(name, None)
            self._clear(name)

    def stop(self) -> None:
        """Start nothing more; running jobs end on their own or with the process."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except MarketPulseError as error:
            log.warning("%s: %s", name, error)
            self._ended(name, str(error), getattr(error, "retry_at", None))
        except Exception as error:
            log.exception("%s failed", name)
            self._ended(name, f"{name} failed: {type(error).__name__}.", None)
        else:
            self._ended(name, "", None)

    def _ended(self, name: str, failure: str, retry_at: datetime | None) -> None:
        with self._lock:
            if name in self._forgotten:
                self._forgotten.remove(name)
            elif failure:
                self._failed(name, failure, retry_at)
            else:
                self._clear(name)

    def _failed(self, name: str, sentence: str, retry_at: datetime | None) -> None:
        failures = self._failures.get(name, 0)
        pause = _RETRY_PAUSES[min(failures, len(_RETRY_PAUSES) - 1)]
        if retry_at is not None:
            pause = retry_at - self._clock.now()
        self._failures[name] = failures + 1
        # Monotonic: a wall clock set back must not make anything wait for it.
        self._not_before[name] = self._clock.monotonic() + pause.total_seconds()
        self._trouble[name] = sentence

    def _clear(self, name: str) -> None:
        for known in (self._failures, self._not_before, self._trouble):
            known.pop(name, None)
