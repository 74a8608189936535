"""Damaged, missing, late and stopped candles: nothing false is kept, and the page says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from tests.browser.rig import Rig, says
from tests.waiting import wait_until

# Damage to candles only; seen when all of them are fetched.
CANDLES = [
    ("null", "not a whole number|not text"),
    ("nan", "not finite|not a number"),
    ("short", "not a list of at least"),
    ("duplicate", "does not open after the one before|at most 1,000 rows"),
    ("reverse", "does not open after the one before|opens (before|after) what"),
]


@pytest.mark.parametrize(("kind", "words"), CANDLES)
def test_damaged_candles_are_refused_whole(rig: Rig, live: Page, kind: str, words: str) -> None:
    rig.exchanges["binance"].fail(kind, count=None)
    rig.refetch()
    says(live, words)
    assert not list(rig.artifacts.glob("*_history.csv"))


@pytest.mark.timeout(420)
def test_missing_minutes_are_said_asked_for_again_and_come(rig: Rig, live: Page) -> None:
    rig.exchanges["binance"].fail("missing", count=1, rows=12)
    rig.refetch()
    says(live, "12 minutes of BTC-USD are missing since .* and are asked for again")
    wait_until(lambda: rig.snapshot().gaps == 0, 120, "the missing minutes")


@pytest.mark.timeout(420)
def test_candles_that_stop_while_the_clock_goes_on_are_said(rig: Rig, live: Page) -> None:
    rig.exchanges["binance"].fail("stale", count=None)
    says(live, "The last closed candle is (9[0-9]|1[0-9]{2}) s old|is 2 min old", timeout_s=170)


def test_a_clock_that_is_wrong_closes_no_candle(rig: Rig, live: Page) -> None:
    rig.exchanges["binance"].fail("skew", count=None, seconds=1_800)
    rig.restart_engine()
    says(live, "The last closed candle is (29|30|31) min old")
    rig.exchanges["binance"].heal()
    rig.restart_engine()


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
