"""Nothing jumps: neither while a page loads, nor on ticks, nor with a new candle.

Chromium scores each shift (1 = everything moved by the whole screen); the score of a page is
the sum, so 0.05 is a twentieth of what could be seen, moved by a screen's height.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from core.domain import ForecastSpec
from tests.browser.site import DRAWN, PATHS, PATIENCE_MS, POINTS, Site, invest, open_live
from tests.web.published import Publisher

MOST: Final = 0.05
SIZES: Final = {"desktop": (1440, 900), "laptop": (1200, 800), "phone": (390, 844)}
# Shifts that a click or a key brought about are wanted; Chromium marks them.
OBSERVE: Final = """
window.shifts = [];
const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
const moved = ({ node, previousRect, currentRect }) => {
  const element = node && (node.nodeType === 1 ? node : node.parentElement);
  const name = element ? `${element.tagName} #${element.id} .${element.className}` : "gone";
  return `${name}: ${place(previousRect)} -> ${place(currentRect)}`;
};
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) shifts.push({ score: entry.value, moved: entry.sources.map(moved) });
  }
}).observe({ type: "layout-shift", buffered: true });
"""
COUNT_TICKS: Final = """() => {
  window.ticks = 0;
  const show = pulse.show;
  pulse.show = (...told) => { show(...told); window.ticks += 1; };
}"""


@pytest.fixture(params=SIZES)
def reader(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A fresh reader with each kind of screen, whose shifts are recorded."""
    phone = request.param == "phone"
    width, height = SIZES[request.param]
    with browser.new_context(
        viewport={"width": width, "height": height}, is_mobile=phone, has_touch=phone
    ) as context:
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        opened.add_init_script(OBSERVE)
        yield opened


def shifts(page: Page) -> tuple[float, list[dict[str, Any]]]:
    """Return the sum of the scores since it was last asked for, and what moved."""
    found = page.evaluate("shifts.splice(0)")
    return sum(shift["score"] for shift in found), found


def wait_for_ticks(page: Page, count: int) -> None:
    page.wait_for_function("count => window.ticks >= count", arg=count, timeout=60_000)


def observed_at_all(page: Page) -> bool:
    """Push the page down by hand: where this is not seen, nothing else would be."""
    page.evaluate("document.querySelector('.page-root').style.paddingTop = '300px'")
    page.wait_for_function("shifts.length > 0")
    return shifts(page)[0] > MOST


@pytest.mark.parametrize("path", PATHS)
def test_a_cold_load_moves_nothing_that_was_seen(reader: Page, site: Site, path: str) -> None:
    reader.goto(site.url + path)
    expect(reader.locator(".page-root")).to_have_attribute("data-state", "ok")
    reader.wait_for_load_state("networkidle")
    score, what = shifts(reader)
    assert score <= MOST, what
    assert observed_at_all(reader)


def test_a_cold_load_offline_moves_nothing_that_was_seen(reader: Page, site: Site) -> None:
    site.go_offline()
    reader.goto(site.url)
    expect(reader.locator(".page-root")).to_have_attribute("data-state", "cache")
    reader.wait_for_load_state("networkidle")
    score, what = shifts(reader)
    assert score <= MOST, what


def test_forecasts_that_come_after_the_page_move_nothing(reader: Page, site: Site) -> None:
    other = Publisher(site.publisher.store, ForecastSpec("ETH-USD"))
    other.store.withdraw(other.spec)
    reader.goto(f"{site.url}/?ticker=ETH-USD")
    expect(reader.locator(".cell-forecast .skeleton")).to_have_count(2)
    now = datetime.now(UTC)
    other.store.publish(other.snapshot(now), other.series(now))
    expect(reader.locator(".cell-forecast .skill")).to_have_count(2)
    reader.wait_for_function(DRAWN, arg="live-chart")
    score, what = shifts(reader)
    assert score <= MOST, what
    assert "chart-panel" not in str(what)  # it is empty before, so its way alone counts for little


def test_ticks_and_a_new_candle_move_nothing(reader: Page, site: Site) -> None:
    open_live(reader, site)
    reader.evaluate(COUNT_TICKS)
    shifts(reader)
    wait_for_ticks(reader, 3)
    count = reader.evaluate(POINTS, "live-chart")["price"]
    site.publish(minutes=1)
    reader.wait_for_function(f"({POINTS})('live-chart').price === {count + 1}")
    wait_for_ticks(reader, reader.evaluate("window.ticks") + 1)
    score, what = shifts(reader)
    assert score <= MOST, what


def test_a_sentence_in_the_strip_moves_nothing(reader: Page, site: Site) -> None:
    open_live(reader, site)
    reader.evaluate(COUNT_TICKS)
    wait_for_ticks(reader, 1)
    shifts(reader)
    site.beating.clear()
    expect(reader.locator(".strip .note")).to_have_text("The engine is not answering.")
    wait_for_ticks(reader, reader.evaluate("window.ticks") + 1)
    score, what = shifts(reader)
    site.beating.set()
    assert score <= MOST, what


def test_ticks_with_a_position_move_nothing(reader: Page, site: Site) -> None:
    site.following.set()
    open_live(reader, site)
    invest(reader)
    reader.wait_for_function(DRAWN, arg="live-profit-chart")
    reader.evaluate(COUNT_TICKS)
    wait_for_ticks(reader, 1)
    shifts(reader)
    wait_for_ticks(reader, 4)
    score, what = shifts(reader)
    assert score <= MOST, what
