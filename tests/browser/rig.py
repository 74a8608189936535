"""The running app on local exchanges that can be injured, and what its page says meanwhile."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from playwright.sync_api import Page, expect

from core.domain import EngineStatus, ForecastSpec, Snapshot
from core.forecasting.store import RetrainRequest, SnapshotStore
from core.history.cleaning import open_times
from core.history.csv_store import CsvStore
from tests.exchange.exchange import LocalExchange
from tests.waiting import wait_until

SPEC = ForecastSpec(max_points=1_000)
PATH = f"/?{SPEC.to_text().partition('?')[2]}"
SYMBOLS = {"binance": "BTCUSDT", "coinbase": "BTC-USD", "kraken": "XBTUSD"}
_RECOVERY_S = 90.0


@dataclass
class Rig:
    """A server with its engine, and the exchanges it may follow, by name."""

    url: str
    artifacts: Path
    exchanges: dict[str, LocalExchange]
    log: Path
    store: SnapshotStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = SnapshotStore.at(self.artifacts / "run")

    def snapshot(self) -> Snapshot | None:
        return self.store.snapshot(SPEC)

    def version(self) -> int:
        """Return the version of what is published."""
        shown = self.snapshot()
        assert shown is not None
        return shown.version

    def status(self) -> EngineStatus:
        status = self.store.status()
        assert status is not None
        return status

    def restart_engine(self) -> None:
        """Kill the engine; its supervisor starts another."""
        pid = self.status().pid
        psutil.Process(pid).send_signal(signal.SIGKILL)
        wait_until(lambda: self.status().pid != pid, 30, "another engine")

    def retrain(self) -> None:
        """Ask for a training, whose forecast is published without waiting for a candle."""
        asked = RetrainRequest(SPEC, datetime.now(UTC))
        self.store.update_retrain_requests(lambda requests: {**requests, SPEC.key: asked})

    def refetch(self) -> None:
        """Let the engine start without candles, so that it has to ask for all of them."""
        for path in self.artifacts.rglob("*_history.csv"):
            path.unlink()
        self.restart_engine()

    def heal(self) -> None:
        for exchange in self.exchanges.values():
            exchange.heal()

    def stored(self, provider: str) -> pd.DataFrame:
        """Return the candles on disk that came from a provider."""
        directory = self.artifacts if provider == "binance" else self.artifacts / provider
        return CsvStore(directory, SPEC.ticker, "live").load(repair=False)

    def wrong_candles(self, provider: str) -> list[pd.Timestamp]:
        """Return the open times of stored candles that are not what the exchange has of them."""
        stored = self.stored(provider)
        series = self.exchanges[provider].series[SYMBOLS[provider]]
        opens = pd.to_datetime(series.opens, unit="ms", utc=True)
        truth = pd.DataFrame(series.values[:, :5], index=opens, columns=stored.columns)
        same = np.isclose(stored, truth.reindex(open_times(stored)), rtol=1e-9, atol=1e-8)
        return list(stored.index[~same.all(axis=1)])

    def check_stored(self, provider: str) -> None:
        """Compare every stored candle with what the exchange has of that minute."""
        stored = self.stored(provider)
        assert len(stored) > 0
        assert self.wrong_candles(provider) == []
        assert stored.index[-1].timestamp() + 60 <= self.exchanges[provider].clock.now().timestamp()


def says(page: Page, words: str, timeout_s: float = 45.0) -> None:
    """Wait until the strip of `page` says what matches `words`."""
    expect(page.locator(".strip .note")).to_have_text(re.compile(words), timeout=1000 * timeout_s)


def publishes_nothing(rig: Rig, page: Page, sentence: str) -> int:
    """Ask for a forecast, see `page` say `sentence` in its place; return the version that stays."""
    rig.retrain()  # whose forecast would be published at once
    says(page, sentence, 60)
    shown = rig.version()
    says(page, sentence)
    assert rig.version() == shown
    return shown


def publishes_again(rig: Rig, page: Page, shown: int) -> None:
    wait_until(lambda: rig.version() != shown, 100, "another forecast")
    is_well(page)


def is_well(page: Page, state: str = "ok") -> None:
    """Wait until `page` is in the state of a followed market again."""
    expect(page.locator(".page-root")).to_have_attribute(
        "data-state", state, timeout=1000 * _RECOVERY_S
    )
