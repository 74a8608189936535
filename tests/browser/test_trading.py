"""Positions in a real browser: invest, reload, sell, and the curve in between."""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
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
    expect(page.locator("#live-order-message")).to_contain_text("Revenue")
    expect(page.get_by_text("No position yet").first).to_be_visible()
    expect(page.locator("#live-trades .ag-center-cols-container .ag-row")).to_have_count(2)
    page.get_by_role("link", name="Portfolio").first.click()
    expect(page.locator("#portfolio-trades .ag-center-cols-container .ag-row")).to_have_count(2)
    with page.expect_download() as saved:
        page.locator("[data-trades-csv]").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert lines[0] == (
        "Time (UTC),Quote time (UTC),Market,Ticker,Side,Units,Price (USD per unit),"
        "Amount (USD),Profit (USD),By,Provider"
    )
    sold, bought = (
        dict(zip(lines[0].split(","), row.split(","), strict=True)) for row in lines[1:]
    )
    assert (sold["Side"], bought["Side"]) == ("sell", "buy")
    assert (bought["Ticker"], bought["By"], bought["Profit (USD)"]) == ("BTC-USD", "hand", "")
    assert datetime.fromisoformat(bought["Time (UTC)"]).tzinfo == UTC
    assert float(bought["Units"]) * float(bought["Price (USD per unit)"]) == pytest.approx(5_000)
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
    expect(page.locator("#live-trades .ag-center-cols-container .ag-row")).to_have_count(3)
    assert len(questions) == 1
    assert questions[0].startswith("You hold BTC-USD.")
    held = json.loads(page.evaluate("localStorage.getItem('holdings')"))
    key = f"live|BTC-USD|{held['live']['bought_at']}"
    page.wait_for_function(
        "key => JSON.parse(localStorage.getItem('profit-points')).key === key", arg=key
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
    expect(page.locator(".profit .when-unvalued")).to_contain_text("not valued at Coinbase's")
    expect(page.locator("#live-profit-chart")).to_be_hidden()
    count = "JSON.parse(localStorage.getItem('profit-points')).points.length"
    before = page.evaluate(count)
    page.evaluate(COUNT_SHOWN)
    page.wait_for_function("window.ticks >= 2", timeout=20_000)
    assert page.evaluate(count) == before
    page.locator("#live-sell").click()
    expect(page.locator("#live-order-message")).to_contain_text(
        "Bought at Binance's price, sold at Coinbase's."
    )


def test_an_old_price_makes_no_profit_and_promises_no_sale(
    page: Page, observed: Observed, site: Site
) -> None:
    def kept() -> list[list[Any]]:
        text = page.evaluate("localStorage.getItem('profit-points')")
        return [] if text is None else json.loads(text)["points"]

    open_live(page, site)
    invest(page, "5000")
    page.wait_for_function(DRAWN, arg="live-profit-chart")
    subtitle = page.locator(".profit [data-slot=profit-subtitle]")
    expect(subtitle).to_contain_text("marked to the live price")
    site.beating.clear()
    sell = page.locator("#live-sell")
    expect(sell).to_have_text("Cannot sell now: the price is old")
    expect(subtitle).to_have_text(re.compile(r"BTC at the last price, \d\d:\d\d:\d\d$"))
    expect(page.locator(".position [data-slot=not-valued]")).to_contain_text("at the last price, ")
    colours = page.locator(".position [data-slot=profit]").evaluate(
        """node => { const grey = document.createElement("i"); grey.style.color = "var(--text-3)";
          node.append(grey); const found = [node, grey].map(n => getComputedStyle(n).color);
          grey.remove(); return found; }"""
    )
    assert colours[0] == colours[1]
    before = kept()
    page.evaluate(COUNT_SHOWN)
    page.wait_for_function("window.ticks >= 2")
    assert kept() == before
    sell.click()
    expect(page.locator("#live-order-message")).to_contain_text("trades need one of at most 10 s")
    site.beating.set()
    expect(subtitle).to_contain_text("marked to the live price")
    expect(sell).to_contain_text("Sell now for")
    page.wait_for_function(
        "count => JSON.parse(localStorage.getItem('profit-points')).points.length >= count",
        arg=len(before) + 2,
    )
    gap, point = kept()[len(before) : len(before) + 2]
    assert gap == [before[-1][0] + 1, None]
    assert point[1] is not None
    assert observed.complaints == []


# Every tick that is drawn, as the page got it.
NOTE_TICKS = """() => {
  window.noted = [];
  const show = pulse.show;
  pulse.show = (tick, holdings) => {
    show(tick, holdings);
    noted.push([tick.now, tick.quote, tick.price]);
  };
}"""


def test_enter_invests_and_both_pages_have_the_amount(page: Page, site: Site) -> None:
    open_live(page, site)
    amount = page.get_by_label("Amount in USD")
    expect(amount).to_have_value("10,000.00")
    amount.fill("12345.5")
    amount.press("Enter")
    expect(page.locator("[data-slot=invested]")).to_have_text("12,345.50 USD")
    page.locator("#live-sell").focus()
    expect(amount).to_have_value("12,345.50")
    page.get_by_role("link", name="Portfolio").first.click()
    expect(page.locator("#portfolio-amount")).to_have_value("12,345.50")
    page.locator("#portfolio-amount").fill("1,5")
    page.locator("#portfolio-amount").blur()
    expect(page.locator("#portfolio-amount")).to_have_attribute("aria-invalid", "true")
    page.locator("#portfolio-invest").click()
    expect(page.locator("#portfolio-order-message")).to_contain_text("not 1,5.")
    page.reload()
    expect(page.locator("#portfolio-amount")).to_have_value("12,345.50")


def test_profit_points_and_the_sale_are_what_the_quotes_say(page: Page, site: Site) -> None:
    """The engine's stand-in quotes by a formula of the time: worked out here again, slowly."""
    open_live(page, site)
    page.evaluate(NOTE_TICKS)
    invest(page, "5000")
    page.wait_for_function(
        "(JSON.parse(localStorage.getItem('profit-points')) || {points: []}).points.length >= 4",
        timeout=60_000,
    )
    page.locator("#live-sell").click()
    expect(page.locator("#live-order-message")).to_contain_text("Sold")
    ticks = {now: (quote, price) for now, quote, price in page.evaluate("window.noted")}
    log = json.loads(page.evaluate("localStorage.getItem('trades')"))["list"]
    kept = json.loads(page.evaluate("localStorage.getItem('profit-points')"))["points"]
    bought, sold = log
    quoted = [*ticks.values(), *((trade["quote_time"], trade["price"]) for trade in log)]
    for quote_time, price in quoted:
        given = site.publisher.quote(datetime.fromtimestamp(quote_time / 1000, UTC)).price
        assert price == pytest.approx(given, abs=0.02)  # the time is known to a millisecond
    units = Fraction(bought["amount"]) / Fraction(bought["price"])
    points = [(time, profit) for time, profit in kept if profit is not None]
    assert len(points) >= 4
    for time, profit in points:
        exact = units * Fraction(ticks[time][1]) - Fraction(bought["amount"])
        assert profit == pytest.approx(float(exact), abs=0.0051)
    earned = units * Fraction(sold["price"]) - Fraction(bought["amount"])
    assert sold["profit"] == pytest.approx(float(earned), abs=1e-6)
