"""An open page keeps its memory: the short form of ``make soak``'s hour of ticks."""

from __future__ import annotations

import itertools
from typing import Final

import pytest
from playwright.sync_api import Page

from benchmarks.browser_memory import GRID, WARM_UP, drive, usage
from tests.browser.conftest import Observed
from tests.browser.site import DRAWN, Site, invest, open_live, points

TICKS: Final = 300


def drawn(page: Page) -> tuple[int, int]:
    """Return how many candles and how many profit points there are."""
    return points(page, "live-chart")["price"], points(page, "live-profit-chart")["profit"]


@pytest.mark.timeout(420)
def test_hundreds_of_ticks_and_new_candles_leave_memory_flat(
    page: Page, observed: Observed, site: Site
) -> None:
    open_live(page, site)
    invest(page)
    page.wait_for_function(DRAWN, arg="live-profit-chart")
    page.wait_for_selector(GRID)
    candles, profits = drawn(page)
    minutes = itertools.count(1)
    session = page.context.new_cdp_session(page)
    drive(page, WARM_UP, lambda: site.publish(next(minutes)))
    before = usage(session)
    drive(page, TICKS, lambda: site.publish(next(minutes)))
    grown = usage(session).since(before)
    assert grown.is_flat(TICKS), grown
    assert drawn(page)[0] > candles
    assert drawn(page)[1] > profits
    assert observed.complaints == []
