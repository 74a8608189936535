"""The running app on an exchange whose market turns against the model, and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from core.domain import Forecast
from tests.browser.conftest import Servers
from tests.browser.rig import SYMBOLS, Rig
from tests.exchange.exchange import LocalExchange
from tests.turning import SPEC, TURNS, TURNS_BACK, WINDOW, turning_market
from tests.waiting import wait_until

WORDS = "Standing aside: lost to “no change” over the last 6 hours"
CELL = "#live-forecast-minute"


@pytest.fixture(name="rig")
def _rig(serve: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """The app that has learned from the market as it was, on the exchange at its turn."""
    artifacts = tmp_path_factory.mktemp("turning")
    market = turning_market()
    at = market.index[TURNS].to_pydatetime()
    with LocalExchange({SYMBOLS["binance"]: market}, at=at, as_now=True) as exchange:
        url = serve(
            {
                "ARTIFACT_DIR": str(artifacts),
                "BINANCE_BASE_URL": exchange.base_url,
                "MARKET_SOURCE": "binance",
                "WATCH": SPEC.to_text(),
                "ENGINE": "internal",
                "QUOTE_SECONDS": "1",
            }
        )
        rig = Rig(url, artifacts, {"binance": exchange}, serve.logs[url])
        wait_until(lambda: rig.store.snapshot(SPEC), 120, "the first forecast")
        yield rig


def minute_forecast(rig: Rig) -> Forecast:
    wait_until(lambda: newest(rig), 90, "a forecast for the next minute")
    found = newest(rig)
    assert found is not None
    return found


def newest(rig: Rig) -> Forecast | None:
    """Return it; None where the newest candle came too late for one."""
    snapshot = rig.store.snapshot(SPEC)
    assert snapshot is not None
    return snapshot.forecasts.get("minute")


def sleep_through(rig: Rig, minutes: int) -> None:
    """Let the deployment miss `minutes` of the market, and come back to it."""
    before = minute_forecast(rig).issued_at
    rig.exchanges["binance"].clock.leap(timedelta(minutes=minutes))
    rig.restart_engine()
    passed = timedelta(minutes=minutes)

    def caught_up() -> bool:
        found = newest(rig)
        return found is not None and found.issued_at >= before + passed

    wait_until(caught_up, 90, "what was missed")


@pytest.mark.timeout(420)
def test_the_page_turns_to_no_change_within_the_window_and_back(rig: Rig, page: Page) -> None:
    page.goto(f"{rig.url}/?{SPEC.to_text().partition('?')[2]}")
    cell = page.locator(CELL)
    expect(cell.locator(".fig")).to_be_visible(timeout=60_000)
    expect(cell).not_to_contain_text("Standing aside")
    assert minute_forecast(rig).point != minute_forecast(rig).price_at_issue

    sleep_through(rig, WINDOW)
    expect(cell).to_contain_text(WORDS, timeout=60_000)
    aside = minute_forecast(rig)
    assert aside.point == aside.price_at_issue
    assert [band.low < aside.point < band.high for band in aside.bands] == [True] * 4

    sleep_through(rig, TURNS_BACK - TURNS)
    expect(cell).not_to_contain_text("Standing aside", timeout=60_000)
    again = minute_forecast(rig)
    assert again.point != again.price_at_issue
    assert "Traceback" not in rig.log.read_text()
