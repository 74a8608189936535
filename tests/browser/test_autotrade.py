"""Trading the cues in a real browser: one tab, one trade a firing, only what is held."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.domain import ForecastSpec
from tests.browser.conftest import Servers
from tests.browser.site import PATIENCE_MS, Site, invest, open_live
from tests.waiting import wait_until

BUYS = "0,0.5,3,live"
SELLS = "0,3,0.5,live"
BOTH = "0,0.5,0.5,live"
NEVER = "5,3,3,live"
STATE = "[data-slot=auto-state]"
ROWS = "#live-trades .ag-center-cols-container .ag-row"
# Forecasts that outlast a test, so that none expires in the middle of it.
SPEC = ForecastSpec(minute_horizon=60)
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
  document.dispatchEvent(new Event("visibilitychange"));
}"""
COUNT_TICKS = """() => {
  window.ticks = 0;
  const show = pulse.show;
  pulse.show = (tick, holdings) => { show(tick, holdings); window.ticks += 1; };
}"""


@pytest.fixture(scope="module")
def deployment(serve: Servers, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    artifacts = tmp_path_factory.mktemp("artifacts")
    environment = {"ARTIFACT_DIR": str(artifacts), "ENGINE": "external", "WATCH": SPEC.to_text()}
    return serve(environment), artifacts / "run"


@pytest.fixture
def site(site: Site) -> Site:
    site.publisher.spec = SPEC
    refresh(site)
    return site


def refresh(site: Site) -> None:
    """Publish the newest candle: cues are of what is current."""
    site.publisher.publish_all(datetime.now(UTC))


def wish(page: Page, rule: str, **wishes: Any) -> None:
    """Let `page` open as one of a reader with these wishes."""
    text = json.dumps(json.dumps({"v": 1, "cue": rule, **wishes}))
    page.context.add_init_script(
        f"if (!localStorage.preferences) localStorage.setItem('preferences', {text});"
    )


def trades(page: Page) -> list[dict[str, Any]]:
    stored = json.loads(page.evaluate("localStorage.getItem('trades')") or '{"list": []}')
    found: list[dict[str, Any]] = stored["list"]
    return found


def some_ticks_later(page: Page, count: int = 3) -> None:
    page.evaluate(COUNT_TICKS)
    page.wait_for_function("count => window.ticks >= count", arg=count, timeout=30_000)


def test_it_is_off_until_it_is_wished(page: Page, site: Site) -> None:
    wish(page, BUYS)
    open_live(page, site)
    expect(page.locator(".cell-cue")).to_contain_text("BUY")
    expect(page.locator(STATE)).to_have_text("off, simulated")
    some_ticks_later(page)
    assert trades(page) == []
    switch = page.get_by_role("switch", name="Trade the cues for me")
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", "true")
    expect(page.locator(STATE)).to_have_text("on, simulated")
    page.reload()
    expect(page.locator(STATE)).to_have_text("on, simulated")


def test_a_cue_to_buy_invests_the_amount_once(page: Page, site: Site) -> None:
    wish(page, BUYS, auto=True, amount=1234.5)
    open_live(page, site)
    expect(page.locator(".position [data-slot=invested]")).to_have_text("1,234.50 USD")
    expect(page.locator("#live-order-message")).to_contain_text("Bought")
    some_ticks_later(page)
    page.reload()
    expect(page.locator(ROWS)).to_have_count(1)
    some_ticks_later(page)
    assert [(t["side"], t["by"], t["amount"]) for t in trades(page)] == [("buy", "cue", 1234.5)]
    page.get_by_role("link", name="Portfolio").first.click()
    expect(page.locator("#portfolio-trades [role=gridcell][col-id=by]")).to_have_text("by cue")


def test_the_same_firing_is_not_traded_again_after_a_sale(page: Page, site: Site) -> None:
    wish(page, BUYS, auto=True)
    open_live(page, site)
    expect(page.locator("#live-sell")).to_contain_text("Sell now for")
    (bought,) = trades(page)
    page.locator("#live-sell").click()
    expect(page.locator(".position .when-flat")).to_be_visible()
    again = {"side": "buy", "spec": SPEC.to_text(), "candle": bought["time"] - 1, "price": 1}
    page.evaluate("detail => document.dispatchEvent(new CustomEvent('pulse:cue', {detail}))", again)
    some_ticks_later(page)
    assert [(t["side"], t["by"]) for t in trades(page)] == [("buy", "cue"), ("sell", "hand")]


def test_a_cue_to_sell_sells_what_is_held(page: Page, site: Site) -> None:
    wish(page, NEVER, auto=True)
    open_live(page, site)
    invest(page, "5000")
    expect(page.locator("#live-sell")).to_contain_text("Sell now for")
    page.evaluate("rule => pulse.prefs.set({cue: rule})", SELLS)
    expect(page.locator("#live-order-message")).to_contain_text("Sold")
    assert [(t["side"], t["by"]) for t in trades(page)] == [("buy", "hand"), ("sell", "cue")]


def test_a_cue_does_not_sell_another_coin(page: Page, site: Site) -> None:
    held = {"ticker": "ETH-USD", "units": 2, "invested": 6000, "price": 3000, "bought_at": 1.7e12}
    stored = json.dumps(json.dumps({"v": 1, "live": {**held, "provider": "binance"}}))
    page.add_init_script(f"localStorage.setItem('holdings', {stored})")
    wish(page, SELLS, auto=True)
    open_live(page, site)
    expect(page.locator(".cell-cue")).to_contain_text("SELL")
    some_ticks_later(page)
    assert trades(page) == []
    expect(page.locator(".position [data-slot=units]")).to_have_text("2.000000 ETH")
    expect(page.locator("#live-sell")).to_have_text("Sell ETH now")


def test_the_server_judges_the_cue_again(page: Page, site: Site) -> None:
    wish(page, NEVER, auto=True)
    open_live(page, site)
    expect(page.locator(STATE)).to_have_text("on, simulated")
    cue = {"side": "buy", "spec": SPEC.to_text(), "candle": 1, "price": 1}
    page.evaluate("detail => document.dispatchEvent(new CustomEvent('pulse:cue', {detail}))", cue)
    expect(page.locator("#live-order-message")).to_contain_text("does not fire on the server")
    assert trades(page) == []


def test_only_one_of_two_tabs_trades(page: Page, site: Site) -> None:
    wish(page, NEVER, auto=True)
    open_live(page, site)
    expect(page.locator(STATE)).to_have_text("on, simulated")
    other = page.context.new_page()
    other.set_default_timeout(PATIENCE_MS)
    open_live(other, site)
    expect(other.locator(STATE)).to_have_text("on in another tab")
    page.evaluate("rule => pulse.prefs.set({cue: rule})", BUYS)
    for tab in (page, other):
        expect(tab.locator(".cell-cue")).to_contain_text("BUY")
        expect(tab.locator("#live-sell")).to_be_visible()
    some_ticks_later(other)
    assert len(trades(page)) == 1
    page.close()
    expect(other.locator(STATE)).to_have_text("on, simulated")


def test_a_new_tab_does_not_trade_what_has_held_all_along(page: Page, site: Site) -> None:
    wish(page, BUYS, auto=True)
    open_live(page, site)
    expect(page.locator("#live-sell")).to_contain_text("Sell now for")
    page.locator("#live-sell").click()
    expect(page.locator(".position .when-flat")).to_be_visible()
    site.publish(minutes=1)  # a forecast made after that trade
    other = page.context.new_page()
    other.set_default_timeout(PATIENCE_MS)
    page.close()
    open_live(other, site)
    expect(other.locator(STATE)).to_have_text("on, simulated")
    expect(other.locator(".cell-cue")).to_contain_text("BUY")
    some_ticks_later(other)
    assert [(t["side"], t["by"]) for t in trades(other)] == [("buy", "cue"), ("sell", "hand")]


def test_a_tab_that_went_to_another_page_leaves_trading_to_the_next(page: Page, site: Site) -> None:
    wish(page, NEVER, auto=True)
    open_live(page, site)
    expect(page.locator(STATE)).to_have_text("on, simulated")
    other = page.context.new_page()
    other.set_default_timeout(PATIENCE_MS)
    open_live(other, site)
    expect(other.locator(STATE)).to_have_text("on in another tab")
    page.get_by_role("link", name="Portfolio").first.click()
    expect(other.locator(STATE)).to_have_text("on, simulated")
    other.evaluate("rule => pulse.prefs.set({cue: rule})", BUYS)
    expect(other.locator("#live-order-message")).to_contain_text("Bought")
    page.get_by_role("link", name="Live").first.click()
    expect(page.locator(STATE)).to_have_text("on in another tab")


def test_both_sides_that_fire_while_the_page_opens_are_traded_in_order(
    page: Page, site: Site
) -> None:
    wish(page, BOTH, auto=True)
    open_live(page, site)
    # what was bought is a new thing to sell: its price is another than the one that stood in
    wait_until(lambda: len(trades(page)) == 2, 20, "a purchase and a sale")
    some_ticks_later(page)
    assert [(t["side"], t["by"]) for t in trades(page)] == [("buy", "cue"), ("sell", "cue")]


def test_hidden_or_paused_it_waits_and_says_so(page: Page, site: Site) -> None:
    wish(page, NEVER, auto=True)
    open_live(page, site)
    expect(page.locator(STATE)).to_have_text("on, simulated")
    page.evaluate(HIDE, True)
    expect(page.locator(STATE)).to_have_text("on, paused while hidden")
    cue = {"side": "buy", "spec": SPEC.to_text(), "candle": 1, "price": 1}
    page.evaluate("detail => document.dispatchEvent(new CustomEvent('pulse:cue', {detail}))", cue)
    held = "navigator.locks.query().then(q => q.held.filter(l => l.name.endsWith('auto')).length)"
    wait_until(lambda: page.evaluate(held) == 0, 10, "the lock let go")
    page.evaluate(HIDE, False)
    expect(page.locator(STATE)).to_have_text("on, simulated")
    page.locator("#live-pause").click()
    expect(page.locator(STATE)).to_have_text("on, paused with the page")
    expect(page.locator("#live-order-message")).to_be_empty()


def test_a_browser_without_locks_says_that_it_cannot(page: Page, site: Site) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")
    wish(page, BUYS, auto=True)
    page.set_viewport_size({"width": 390, "height": 844})
    open_live(page, site)
    expect(page.locator(STATE)).to_contain_text("not in this browser")
    expect(page.get_by_role("switch", name="Trade the cues for me")).to_be_disabled()
    some_ticks_later(page)
    assert trades(page) == []
