"""Positions in a real browser: invest, reload, sell, and the curve in between."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Observed
from tests.browser.site import DRAWN, Site, invest, open_live

# After each tick is drawn, note how many points the live and profit traces have.
COUNT_TICKS = """() => {
  window.counts = [];
  const show = pulse.show;
  const length = (id, uid) => document.querySelector(`#${id} .js-plotly-plot`)
    .data.find(t => t.uid === uid).x.length;
  pulse.show = (tick, holdings) => {
    show(tick, holdings);
    setTimeout(() => counts.push(
      [length("live-chart", "live"), length("live-profit-chart", "profit")]), 600);
  };
}"""


COUNT_SHOWN = """() => {
  window.ticks = 0;
  const show = pulse.show;
  pulse.show = (tick, holdings) => { show(tick, holdings); window.ticks += 1; };
}"""


def test_point_counts_grow_by_one_a_tick(page: Page, observed: Observed, site: Site) -> None:
    open_live(page, site)
    invest(page)
    page.wait_for_function(DRAWN, arg="live-profit-chart")
    page.evaluate(COUNT_TICKS)
    page.wait_for_function("window.counts.length >= 4", timeout=30_000)
    counts = page.evaluate("window.counts")
    live, profit = ([row[column] for row in counts] for column in (0, 1))
    assert [b - a for a, b in itertools.pairwise(live)] == [1] * (len(live) - 1)
    assert [b - a for a, b in itertools.pairwise(profit)] == [1] * (len(live) - 1)
    assert observed.complaints == []


def test_investing_reloading_and_selling(page: Page, observed: Observed, site: Site) -> None:
    open_live(page, site)
    expect(page.get_by_text("No position yet").first).to_be_visible()
    invest(page, "5000")
    expect(page.locator("#live-order-message")).to_contain_text("Bought")
    expect(page.locator("[data-slot=invested]")).to_have_text("5,000.00 USD")
    page.reload()
    expect(page.locator("[data-slot=invested]")).to_have_text("5,000.00 USD")
    page.wait_for_function(f"({DRAWN})('live-profit-chart')")
    expect(page.locator("#live-sell")).to_contain_text("Sell now for")
    page.locator("#live-sell").click()
    expect(page.locator("#live-order-message")).to_contain_text("Sold")
    expect(page.get_by_text("No position yet").first).to_be_visible()
    expect(page.locator("#live-trades li")).to_have_count(2)
    page.get_by_role("link", name="Portfolio").first.click()
    expect(page.locator("#trades-table tbody tr")).to_have_count(2)
    with page.expect_download() as saved:
        page.locator("[data-export=trades-table]").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert lines[0].startswith("Time,Side,Coin,Units,Price")
    assert lines[2].split(",")[1:3] == ["Bought", "BTC-USD"]
    assert lines[2].split(",")[0].endswith(" UTC")
    assert observed.complaints == []


def test_a_second_investment_asks_first_and_restarts_the_curve(page: Page, site: Site) -> None:
    questions: list[str] = []

    def agree(dialog: Any) -> None:
        questions.append(dialog.message)
        dialog.accept()

    page.on("dialog", agree)
    open_live(page, site)
    invest(page, "5000")
    expect(page.locator("[data-slot=invested]")).to_have_text("5,000.00 USD")
    invest(page, "700")
    expect(page.locator("[data-slot=invested]")).to_have_text("700.00 USD")
    expect(page.locator("#live-trades li")).to_have_count(3)
    assert len(questions) == 1
    assert questions[0].startswith("You hold BTC-USD.")
    held = json.loads(page.evaluate("localStorage.getItem('holdings')"))
    key = f"live|BTC-USD|{held['live']['bought_at']}"
    page.wait_for_function(
        "key => JSON.parse(sessionStorage.getItem('profit-points')).key === key", arg=key
    )


def test_a_refused_amount_gets_its_sentence_and_changes_nothing(page: Page, site: Site) -> None:
    open_live(page, site)
    invest(page, "0.5")
    expect(page.locator("#live-order-message")).to_contain_text("from 1 to 10,000,000 USD")
    assert page.evaluate("localStorage.getItem('trades')") is None


def test_at_another_exchange_a_position_is_kept_not_valued_and_can_be_sold(
    page: Page, site: Site
) -> None:
    open_live(page, site)
    invest(page, "5000")
    page.wait_for_function(DRAWN, arg="live-profit-chart")
    site.publisher.follow_provider("coinbase", 81_000.0)
    site.publish(minutes=1)
    expect(page.locator("[data-slot=not-valued]")).to_have_text(
        "Bought at Binance's price; not valued at Coinbase's."
    )
    expect(page.locator(".position [data-slot=profit]")).to_have_text("–")
    count = "JSON.parse(sessionStorage.getItem('profit-points')).points.length"
    before = page.evaluate(count)
    page.evaluate(COUNT_SHOWN)
    page.wait_for_function("window.ticks >= 2", timeout=20_000)
    assert page.evaluate(count) == before
    page.locator("#live-sell").click()
    expect(page.locator("#live-order-message")).to_contain_text(
        "Bought at Binance's price, sold at Coinbase's."
    )
