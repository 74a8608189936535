"""Damaged, missing, late and stopped candles: nothing false is kept, and the page says so."""

from __future__ import annotations

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
