"""The whole app on the local exchange: it follows, says what is wrong, and recovers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from core.domain import ForecastSpec, Snapshot
from core.forecasting.service import JUST_STARTED
from core.forecasting.store import SnapshotStore
from core.history.csv_store import CsvStore
from tests.browser.conftest import Observed, Servers
from tests.exchange.exchange import LocalExchange
from tests.made import START, made_candles
from tests.waiting import wait_until

SPEC = ForecastSpec(max_points=3_000)
PAGE = f"/?{SPEC.to_text().partition('?')[2]}"


@dataclass
class App:
    """A running server with its own engine, and the exchange they follow."""

    url: str
    exchange: LocalExchange
    artifacts: Path
    store: SnapshotStore

    def snapshot(self) -> Snapshot | None:
        return self.store.snapshot(SPEC)

    def engine_pid(self) -> int:
        status = self.store.status()
        assert status is not None
        return status.pid


@pytest.fixture(scope="module")
def app(serve: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    artifacts = tmp_path_factory.mktemp("followed")
    candles = made_candles(6_000)
    at = START + timedelta(minutes=5_000)
    with LocalExchange({"BTCUSDT": candles}, at=at, as_now=True) as exchange:
        url = serve(
            {
                "ARTIFACT_DIR": str(artifacts),
                "BINANCE_BASE_URL": exchange.base_url,
                "MARKET_SOURCE": "auto",
                "WATCH": SPEC.to_text(),
                "ENGINE": "internal",
                "WEB_CONCURRENCY": "2",
            }
        )
        running = App(url, exchange, artifacts, SnapshotStore.at(artifacts / "run"))
        wait_until(running.snapshot, 90, "the first forecast")
        yield running
        exchange.heal()


def kill_engine(app: App) -> int:
    """Kill the engine as the kernel would; return its pid once it is gone."""
    engine = psutil.Process(app.engine_pid())
    engine.send_signal(signal.SIGKILL)
    wait_until(
        lambda: not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE, 10, "its end"
    )
    return engine.pid


def wait_for_another_engine(app: App, killed: int, after: datetime) -> None:
    wait_until(lambda: app.engine_pid() != killed, 30, "another engine")
    wait_until(lambda: app.snapshot().version > after.timestamp(), 60, "its first forecast")


def test_the_page_is_live_and_names_the_exchange(app: App, page: Page, observed: Observed):
    page.goto(app.url + PAGE)
    expect(page.locator(".badge-v")).to_have_text("LIVE")
    expect(page.locator(".strip")).to_contain_text("Binance")
    expect(page.locator("[data-slot=price]")).not_to_be_empty()
    assert observed.complaints == []


def test_each_closed_candle_brings_a_forecast_from_closed_candles_only(app: App):
    for _ in range(2):
        before = app.snapshot()
        wait_until(lambda: app.snapshot().as_of > before.as_of, 70, "the next candle's forecast")  # noqa: B023
        latest = app.snapshot()
        assert latest.as_of <= app.exchange.clock.now()
        assert latest.as_of.second == 0
        minute = latest.forecasts["minute"]
        assert minute.issued_at == latest.as_of
        assert minute.target_time == latest.as_of + timedelta(minutes=1)
        stored = CsvStore(app.artifacts, "BTC-USD", "live").load(repair=False)
        assert stored.index[-1].to_pydatetime() == latest.as_of - timedelta(minutes=1)
        assert stored["close"].iloc[-1] == latest.price


def test_one_process_alone_calls_the_exchange(app: App):
    port = int(app.exchange.base_url.rpartition(":")[2])
    callers = {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.raddr and connection.raddr.port == port and connection.pid != os.getpid()
    }
    assert callers <= {app.engine_pid(), None}
    assert {call.user_agent.partition("/")[0] for call in app.exchange.calls()} == {"market-pulse"}


def test_a_killed_engine_is_said_on_the_page_and_comes_back(app: App, page: Page):
    page.goto(app.url + PAGE)
    expect(page.locator("[data-slot=price]")).not_to_be_empty()
    at = datetime.now(UTC)
    killed = kill_engine(app)
    expect(page.locator(".strip")).to_contain_text("The engine", timeout=15_000)
    wait_for_another_engine(app, killed, at)
    expect(page.locator(".strip")).not_to_contain_text(JUST_STARTED, timeout=30_000)
    assert app.store.status().market == "live"


def test_garbage_in_the_history_is_set_aside_and_fetched_again(app: App):
    history = CsvStore(app.artifacts, "BTC-USD", "live")
    held = len(history.load(repair=False))
    with history.path.open("ab") as file:
        file.write(b"\x00garbage\n")
    at = datetime.now(UTC)
    wait_for_another_engine(app, kill_engine(app), at)
    assert list(app.artifacts.glob("BTC-USD_history.damaged-*.csv"))
    assert len(history.load(repair=False)) >= min(held, SPEC.max_points)


def test_an_exchange_that_fails_is_said_and_recovered_from(app: App, page: Page):
    page.goto(app.url + PAGE)
    expect(page.locator("[data-slot=price]")).not_to_be_empty()
    app.exchange.fail("5xx", count=None, status=503)
    expect(page.locator(".strip")).to_contain_text("503", timeout=60_000)
    rows = len(CsvStore(app.artifacts, "BTC-USD", "live").load(repair=False))
    app.exchange.heal()
    expect(page.locator(".strip")).not_to_contain_text("503", timeout=90_000)
    assert len(CsvStore(app.artifacts, "BTC-USD", "live").load(repair=False)) >= rows


def test_a_ban_stops_every_call_until_it_is_over(app: App, page: Page):
    page.goto(app.url + PAGE)
    expect(page.locator("[data-slot=price]")).not_to_be_empty()
    app.exchange.fail("429", count=1, retry_after="15")
    wait_until(lambda: "429" in app.store.status().trouble, 30, "the ban is told")
    calls = len(app.exchange.calls())
    expect(page.locator(".strip")).to_contain_text("nothing is sent before", timeout=15_000)
    assert len(app.exchange.calls()) == calls
    wait_until(lambda: app.store.status().trouble == "", 60, "the ban is over")
