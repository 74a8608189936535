"""Candles that stop, come late, or are dated by a wrong clock: said, and put right."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from tests.browser.rig import Rig, is_well, says
from tests.waiting import wait_until


@pytest.mark.timeout(420)
def test_candles_that_stop_while_the_clock_goes_on_are_said(rig: Rig, live: Page) -> None:
    rig.exchanges["binance"].fail("stale", count=None)
    says(live, "The last closed candle is (9[0-9]|1[0-9]{2}) s old|is 2 min old", timeout_s=170)


def test_a_clock_that_is_wrong_closes_no_candle(rig: Rig, live: Page) -> None:
    rig.exchanges["binance"].fail("skew", count=None, seconds=1_800)
    rig.restart_engine()
    says(live, "The last closed candle is (29|30|31) min old")
    rig.exchanges["binance"].heal()
    is_well(live)


@pytest.mark.timeout(420)  # two closes may have to pass, and a third
@pytest.mark.usefixtures("live")
def test_a_candle_that_is_final_late_is_corrected_and_its_forecast_marked(rig: Rig) -> None:
    rig.exchanges["binance"].fail("late", count=None, seconds=20)
    before = rig.snapshot().as_of
    wait_until(lambda: rig.snapshot().revised, 200, "a corrected candle")
    marked = rig.snapshot().revised[0]
    assert marked > before - timedelta(minutes=2)
    assert marked.second == 0
    rig.heal()
    wait_until(lambda: rig.wrong_candles("binance") == [], 130, "the last correction")
