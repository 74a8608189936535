"""Price and forecasts are not kept waiting by what is not needed for them."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Observed
from tests.browser.site import DRAWN, Site

PLOTLY = "plotly.min.js"
# Whether price and forecasts were there when plotly was asked for.
NOTE = """
window.shownBefore = null;
new MutationObserver(() => {
  if (window.shownBefore === null && document.querySelector("script[src*='plotly.min.js']")) {
    const figures = document.querySelectorAll(".cell-forecast .fig");
    const price = document.querySelector("[data-slot=price]");
    window.shownBefore = [Boolean(price && price.textContent), figures.length];
  }
}).observe(document, { childList: true, subtree: true });
"""


def test_plotly_is_asked_for_after_price_and_forecasts_are_there(
    page: Page, observed: Observed, site: Site
) -> None:
    page.add_init_script(NOTE)
    page.goto(site.url)
    page.wait_for_function(DRAWN, arg="live-chart")
    assert page.evaluate("shownBefore") == [True, 2]
    assert sum(PLOTLY in url for url in observed.requests) == 1
    assert observed.complaints == []


@pytest.mark.parametrize("path", ["/", "/?ticker=BTC-USD&refresh=5"])
def test_price_and_forecasts_wait_for_no_callback(
    page: Page, observed: Observed, site: Site, path: str
) -> None:
    page.route("**/_dash-update-component*", lambda _route: None)
    page.goto(f"{site.url}{path}")
    expect(page.locator(".cell-forecast .fig")).to_have_count(2)
    expect(page.locator(".price > [data-slot=price]")).not_to_be_empty()
    expect(page.locator("[data-slot=market]")).to_have_text("LIVE")
    expect(page.locator("[data-slot=provider]")).to_contain_text("Binance")
    page.locator("#live-pause").click()
    expect(page.locator("#live-pause")).to_have_attribute("aria-pressed", "true")
    assert observed.complaints == []


@pytest.mark.parametrize("path", ["/", "/model-health", "/portfolio"])
def test_a_page_is_fetched_once(page: Page, observed: Observed, site: Site, path: str) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.goto(f"{site.url}{path}")
    expect(page.locator(".page-root")).to_have_attribute("data-ready", "yes")
    page.wait_for_load_state("networkidle")
    assert sum("/_dash-layout" in url for url in observed.requests) == 1
    assert not any("_pages_content" in body for body in sent)
    assert observed.complaints == []


def test_a_browser_that_keeps_its_address_to_itself_is_served_too(
    page: Page, observed: Observed, site: Site
) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.set_extra_http_headers({"Referer": ""})
    page.goto(f"{site.url}/?ticker=BTC-USD")
    page.wait_for_function(DRAWN, arg="live-chart")
    assert any("_pages_content" in body for body in sent)
    assert observed.complaints == []


def test_charts_of_the_next_page_come_too(page: Page, observed: Observed, site: Site) -> None:
    page.goto(f"{site.url}/nowhere")
    expect(page.get_by_text("No such page")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert not any(PLOTLY in url for url in observed.requests)
    page.get_by_role("link", name="Model Health").first.click()
    page.wait_for_function(DRAWN, arg="health-chart-skill")
    page.get_by_role("link", name="Live").first.click()
    page.wait_for_function(DRAWN, arg="live-chart")
    assert sum(PLOTLY in url for url in observed.requests) == 1
    assert observed.complaints == []


@pytest.mark.parametrize("failure", ["no answer", "an answer that is no script"])
def test_charts_that_could_not_be_loaded_are_asked_for_until_they_come(
    page: Page, observed: Observed, site: Site, failure: str
) -> None:
    healed = threading.Event()

    def injure(route: Route) -> None:
        if healed.is_set():
            route.continue_()
        elif failure == "no answer":
            route.abort()
        else:
            route.fulfill(status=200, content_type="text/javascript", body="")

    page.route(f"**/{PLOTLY}*", injure)
    page.goto(site.url)
    said = page.locator(".charts-missing")
    expect(said).to_be_hidden()
    expect(said).to_be_visible()
    expect(said).to_contain_text("asked for again until they come")
    expect(page.locator(".cell-forecast .fig")).to_have_count(2)
    assert sum(PLOTLY in url for url in observed.requests) >= 2
    healed.set()
    page.wait_for_function(DRAWN, arg="live-chart")
    expect(said).to_be_hidden()
    assert [said for said in observed.complaints if "page error" in said] == []


def test_one_failure_is_not_worth_a_word(page: Page, observed: Observed, site: Site) -> None:
    page.add_init_script(
        """new MutationObserver(() => { window.complained = true; })
          .observe(document, { subtree: true, attributeFilter: ["data-charts"] });"""
    )
    page.route(f"**/{PLOTLY}*", lambda route: route.abort(), times=1)
    page.goto(site.url)
    page.wait_for_function(DRAWN, arg="live-chart")
    assert sum(PLOTLY in url for url in observed.requests) == 2
    assert page.evaluate("window.complained") is None
