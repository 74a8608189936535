"""Live in a real browser: candles, gaps, states, pause."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime

from playwright.sync_api import Page, Route, expect

from core.domain import ForecastSpec, Progress
from tests.browser.conftest import Observed
from tests.browser.site import POINTS, Site, open_live, points
from tests.web.published import Publisher

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_new_candle_extends_the_chart_and_keeps_the_zoom(page: Page, site: Site) -> None:
    open_live(page, site)
    before = points(page, "live-chart")
    page.wait_for_function("document.querySelector('#live-chart .js-plotly-plot').dataset.watched")
    zoom = "Plotly.relayout(document.querySelector('#live-chart .js-plotly-plot'),"
    page.evaluate(zoom + "{'yaxis.range[0]': 70000, 'yaxis.range[1]': 90000})")
    site.publish(minutes=1)
    price = before["price"] + 1
    page.wait_for_function(f"({POINTS})('live-chart').price === {price}", timeout=20_000)
    grown = points(page, "live-chart")
    assert grown["live"] >= before["live"]
    layout = "document.querySelector('#live-chart .js-plotly-plot').layout"
    assert page.evaluate(f"{layout}.yaxis.range") == [70_000, 90_000]
    site.publish()


def test_in_a_crowd_a_page_draws_the_candle_in_its_turn_and_once(page: Page, site: Site) -> None:
    asked: list[str] = []

    def crowd(route: Route) -> None:
        body = route.request.post_data_json
        if "live-paint.data" in body["output"]:
            asked.append(body["output"])
        if body["output"] != "live-tick.data":
            route.fallback()
            return
        answer = route.fetch()
        tick = answer.json()
        tick["response"]["live-tick"]["data"]["turns"] = 6
        route.fulfill(response=answer, json=tick)

    page.add_init_script("Math.random = () => 0.9")
    page.route("**/_dash-update-component*", crowd)
    open_live(page, site)
    assert len(asked) == 1
    price = points(page, "live-chart")["price"]
    site.publish(minutes=1)
    page.wait_for_function(f"({POINTS})('live-chart').price === {price + 1}", timeout=30_000)
    assert len(asked) == 2
    site.publish()


def test_missing_minutes_are_not_bridged(page: Page, site: Site) -> None:
    site.publisher.missing = (300, 301)
    site.publish(minutes=2)
    open_live(page, site)
    gap = page.evaluate(
        "document.querySelector('#live-chart .js-plotly-plot').data"
        ".find(t => t.uid === 'price').y.filter(v => v === null).length"
    )
    assert gap == 2
    site.publisher.missing = ()


def test_time_without_candles_is_marked_and_said(page: Page, site: Site) -> None:
    site.publish(minutes=-9)
    open_live(page, site)
    expect(page.locator(".page-root")).to_have_attribute("data-state", "stale")
    expect(page.locator(".strip .note")).to_have_text(
        re.compile(r"^The last closed candle is (9|10) min old\.$")
    )
    layout = "document.querySelector('#live-chart .js-plotly-plot').layout"
    page.wait_for_function(f"{layout}.shapes.some(shape => shape.name === 'stale')")
    assert page.evaluate(f"{layout}.annotations[0].text").startswith("last candle")
    site.publish()
    page.wait_for_function(f"!{layout}.shapes.some(shape => shape.name === 'stale')")
    assert page.evaluate(f"{layout}.annotations[0].text").startswith("now")


def test_a_silent_engine_is_said_and_its_return_too(page: Page, site: Site) -> None:
    open_live(page, site)
    root = page.locator(".page-root")
    expect(root).to_have_attribute("data-state", "ok")
    site.beating.clear()
    expect(root).to_have_attribute("data-state", "silent", timeout=20_000)
    expect(page.locator(".strip .note")).to_contain_text("The engine is not answering")
    site.beating.set()
    expect(root).to_have_attribute("data-state", "ok", timeout=20_000)


def test_progress_is_shown_while_there_is_no_forecast(page: Page, site: Site) -> None:
    site.beating.clear()
    spec = ForecastSpec(minute_horizon=7)
    other = Publisher(site.publisher.store, spec=spec)
    stop = threading.Event()

    def report() -> None:
        while not stop.is_set():
            other.publish_progress(datetime.now(UTC), Progress("fetching", 12, 50, "pages"))
            stop.wait(0.5)

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    # another visitor: each may ask for one new forecast a minute
    page.set_extra_http_headers({"X-Forwarded-For": "203.0.113.7"})
    page.goto(f"{site.url}/?minute_horizon=7")
    box = page.locator(".progress-box")
    expect(box).to_contain_text("Fetching candles")
    expect(box).to_contain_text("12 of 50 pages")
    assert page.locator("[data-slot=bar]").evaluate("bar => bar.style.width") == "24%"
    stop.set()
    thread.join()


def test_pause_stops_the_ticks(page: Page, observed: Observed, site: Site) -> None:
    page.clock.install()
    open_live(page, site)
    page.locator("#live-pause").click()
    expect(page.locator("#live-pause")).to_have_attribute("aria-pressed", "true")
    page.wait_for_load_state("networkidle")
    sent = len(observed.requests)
    page.clock.run_for(30_000)
    assert len(observed.requests) == sent
    page.locator("#live-pause").click()
    with page.expect_request(lambda request: "_dash-update-component" in request.url):
        page.clock.run_for(4_000)


def test_a_hidden_tab_does_not_tick(page: Page, observed: Observed, site: Site) -> None:
    page.clock.install()
    open_live(page, site)
    page.evaluate(HIDE, True)
    page.wait_for_load_state("networkidle")
    sent = len(observed.requests)
    page.clock.run_for(30_000)
    assert len(observed.requests) == sent
    page.evaluate(HIDE, False)
    with page.expect_request(lambda request: "_dash-update-component" in request.url):
        page.clock.run_for(4_000)
