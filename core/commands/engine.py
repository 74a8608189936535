"""The engine's own process, from lock to last breath."""

from __future__ import annotations

import logging
import os
import signal
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NoReturn

from core.clock import SystemClock
from core.forecasting.lock import engine_lock
from core.forecasting.service import JUST_STARTED
from core.forecasting.store import SnapshotStore
from core.forecasting.supervision import when_lifeline_ends
from core.settings import Settings

log = logging.getLogger(__name__)


def run_engine(settings: Settings) -> NoReturn:
    """Follow the market until SIGTERM, SIGINT, or the end of the server that started it.

    Then the process ends at once, whatever its jobs are doing: files stand it, and the lock,
    held to the end, keeps a second engine from writing beside them.

    Raises
    ------
    EngineRunning
        Another engine holds the lock.
    """
    _lock = engine_lock(settings.run_dir)  # given back by the operating system
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    when_lifeline_ends(stop)
    store = SnapshotStore.at(settings.run_dir)
    last_beat = _announce(store)
    code = 0
    try:
        _follow(settings, store, stop, last_beat)
    except Exception:
        log.exception("The engine failed.")
        code = 1
    logging.shutdown()
    os._exit(code)


def _announce(store: SnapshotStore) -> datetime | None:
    """Beat once before the slow imports and the first call to the exchange.

    Returns
    -------
    datetime or None
        The last beat of the engine before this one, where it is known.
    """
    earlier = store.status()
    if earlier is None:
        return None
    now = SystemClock().now()
    store.publish_status(
        replace(earlier, pid=os.getpid(), started_at=now, beat_at=now, trouble=JUST_STARTED)
    )
    return earlier.beat_at


def _follow(
    settings: Settings, store: SnapshotStore, stop: threading.Event, last_beat: datetime | None
) -> None:
    # scikit-learn takes a second to import; the lock and the first beat come before it.
    from core.forecasting.engine import Engine
    from core.forecasting.market_choice import choose_market
    from core.ledger.database import database_url
    from core.ledger.recording import Ledger

    clock = SystemClock()
    venues, reason = choose_market(settings, clock)
    url = database_url(settings.database_url, settings.artifact_dir)
    ledger = Ledger(url, clock.now, timedelta(days=settings.ledger_days))
    Engine(settings, venues, reason, store, clock, ledger).run(stop, last_beat)
