"""Live in a real browser: candles, gaps, states, pause."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from core.domain import ForecastSpec, Progress
from tests.browser.conftest import Observed
from tests.browser.site import DRAWN, PATIENCE_MS, POINTS, Site, open_live, points
from tests.waiting import wait_until
from tests.web.published import Publisher

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

COUNT_SHOWN = """() => {
  window.ticks = 0;
  const show = pulse.show;
  pulse.show = (tick, holdings) => { show(tick, holdings); window.ticks += 1; };
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


def is_paint(route: Route) -> bool:
    return "live-paint.data" in route.request.post_data_json["output"]


@pytest.mark.parametrize("fault", ["no answer", "refused", "nothing new", "an older version"])
def test_a_candle_whose_paint_does_not_come_is_asked_for_again(
    page: Page, site: Site, fault: str
) -> None:
    answers: list[str] = []
    first: list[str] = []

    def injure(route: Route) -> None:
        if not is_paint(route):
            route.fallback()
            return
        answers.append(route.request.post_data or "")
        if len(answers) != 2:
            answer = route.fetch()
            first.append(answer.text())
            route.fulfill(response=answer)
        elif fault == "no answer":
            route.abort()
        elif fault == "refused":
            route.fulfill(status=503, body="busy")
        elif fault == "nothing new":
            route.fulfill(json={"multi": True, "response": {}})
        else:
            route.fulfill(body=first[0], content_type="application/json")

    page.route("**/_dash-update-component*", injure)
    open_live(page, site)
    price = points(page, "live-chart")["price"]
    site.publish(minutes=1)
    page.wait_for_function(f"({POINTS})('live-chart').price === {price + 1}", timeout=30_000)
    page.evaluate(COUNT_SHOWN)
    page.wait_for_function("window.ticks >= 3")
    assert len(answers) == 3, "once more, and not again when it has come"
    site.publish()


def test_a_page_whose_first_paint_fails_asks_again(page: Page, site: Site) -> None:
    failed: list[str] = []

    def injure(route: Route) -> None:
        if is_paint(route) and len(failed) < 2:
            failed.append(route.request.url)
            route.abort()
        else:
            route.fallback()

    page.route("**/_dash-update-component*", injure)
    open_live(page, site)
    assert len(failed) == 2


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
    site.publish()
    expect(root).not_to_have_attribute("data-state", "silent", timeout=20_000)


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


def falls_silent(page: Page, observed: Observed) -> None:
    """See half a minute of the page's clock without a request, once all that was due was sent."""

    def is_silent(ms: int) -> bool:
        sent = len(observed.requests)
        page.clock.run_for(ms)
        page.wait_for_load_state("networkidle")
        return len(observed.requests) == sent

    wait_until(lambda: is_silent(4_000), PATIENCE_MS / 1_000, "four seconds without a request")
    assert is_silent(30_000)


def test_pause_stops_the_ticks(page: Page, observed: Observed, site: Site) -> None:
    page.clock.install()
    open_live(page, site)
    page.locator("#live-pause").click()
    expect(page.locator("#live-pause")).to_have_attribute("aria-pressed", "true")
    falls_silent(page, observed)
    page.locator("#live-pause").click()
    with page.expect_request(lambda request: "_dash-update-component" in request.url):
        page.clock.run_for(4_000)


def test_a_hidden_tab_does_not_tick(page: Page, observed: Observed, site: Site) -> None:
    page.clock.install()
    open_live(page, site)
    page.evaluate(HIDE, True)
    falls_silent(page, observed)
    page.evaluate(HIDE, False)
    with page.expect_request(lambda request: "_dash-update-component" in request.url):
        page.clock.run_for(4_000)


NOTE_CHANGES = """() => {
  window.changes = [];
  const show = pulse.show;
  pulse.show = (tick, holdings) => {
    show(tick, holdings);
    changes.push([pulse.source(tick), document.querySelector("[data-slot=change]").textContent]);
  };
}"""
CHART = "document.querySelector('#live-chart .js-plotly-plot')"


def test_another_exchange_is_drawn_whole_and_is_no_jump(page: Page, site: Site) -> None:
    open_live(page, site)
    page.evaluate(NOTE_CHANGES)
    away = "Binance is not followed: it answers 503. Coinbase since 12:04 UTC."
    since = datetime(2026, 4, 21, 12, 4, tzinfo=UTC)
    site.publisher.follow_provider("coinbase", 81_000.0, degraded=away, provider_since=since)
    note = page.locator(".strip .note")
    expect(note).to_contain_text("Binance's last candles are shown, without a live price")
    assert page.evaluate(f"{CHART}.layout.meta.provider") == "binance"
    site.publish(minutes=1)
    page.wait_for_function(f"{CHART}.layout.meta.provider === 'coinbase'", timeout=20_000)
    expect(note).to_have_text(away)
    expect(page.locator(".page-root")).to_have_attribute("data-state", "degraded")
    expect(page.locator("[data-slot=provider]")).to_have_text("Coinbase")
    expect(page.locator("[data-slot=since]")).to_have_attribute("title", "2026-04-21 12:04:00 UTC")
    page.wait_for_function("window.changes.filter(([name]) => name === 'coinbase').length >= 2")
    changes = page.evaluate("window.changes")
    assert next(text for name, text in changes if name == "coinbase") == "–"
    drawn = page.evaluate(f"{CHART}.data.find(t => t.uid === 'price').y")
    _, closes = site.publisher.closes(site.began + timedelta(minutes=1))
    assert drawn == closes[-len(drawn) :]
    live = page.evaluate(f"{CHART}.data.find(t => t.uid === 'live').y")
    assert live
    assert all(abs(y / closes[-1] - 1) < 0.01 for y in live if closes[-1])


def test_a_forecast_whose_time_has_passed_is_said_to_be_expired(page: Page, site: Site) -> None:
    site.publish(minutes=-9)
    open_live(page, site)
    minute, long = page.locator("#live-forecast-minute"), page.locator("#live-forecast-long")
    expect(minute).to_contain_text("expired at")
    expect(minute.locator(".when-expired")).to_be_visible()
    expect(minute.locator(".when-current")).to_be_hidden()
    expect(long).not_to_contain_text("expired")
    expect(long.locator(".when-current")).to_be_visible()
    ring = f"{CHART}.data.find(t => t.uid === 'long').visible !== false"
    assert page.evaluate(ring)
    site.publish(minutes=-55)
    page.reload()
    page.wait_for_function(DRAWN, arg="live-chart")
    expect(long).to_contain_text("expired at")
    page.wait_for_function(f"!({ring})")


def test_a_forecast_expires_on_a_paused_page_too(page: Page, site: Site) -> None:
    page.clock.install()
    open_live(page, site)
    page.locator("#live-pause").click()
    expect(page.locator("#live-pause")).to_have_attribute("aria-pressed", "true")
    page.clock.run_for(70_000)
    expect(page.locator("#live-forecast-minute")).to_contain_text("expired at")


def test_what_is_on_disk_is_called_offline(page: Page, site: Site) -> None:
    site.go_offline()
    open_live(page, site)
    expect(page.locator(".badge-v")).to_have_text("OFFLINE")
    expect(page.locator(".page-root")).to_have_attribute("data-state", "cache")
    until = f"{site.began:%Y-%m-%d %H:%M} UTC"
    expect(page.locator(".strip .note")).to_have_text(f"OFFLINE: what is on disk, until {until}.")
    # What stands still is dated, and nothing of it is "now" or "ago".
    day = re.compile(r"^\d{1,2} [A-Z][a-z]{2,3} \d\d:\d\d$")
    for fact in ("candle", "issued", "quoted"):
        expect(page.locator(f"[data-slot={fact}]").first).to_have_text(day)
    mark = f"{CHART}.layout.annotations[0].text"
    page.wait_for_function(f"{mark}.startsWith('last candle ')", timeout=20_000)


def test_a_pair_that_is_not_traded_is_said_and_is_no_choice(page: Page, site: Site) -> None:
    sentence = "Binance does not trade NOPE-USD."
    refused = {"NOPE-USD": Progress("failed", message=sentence)}
    site.publisher.said = {"progress": refused, "served": ("BTC-USD", "NOPE-USD")}
    page.set_extra_http_headers({"X-Forwarded-For": "203.0.113.8"})
    page.goto(f"{site.url}/?ticker=nope-usd")
    expect(page.locator(".progress-box")).to_contain_text(sentence)
    expect(page.locator(".strip .note")).to_have_text(sentence)
    expect(page.locator(".skeleton:visible")).to_have_count(0)
    expect(page.locator("#live-forecast-minute")).to_contain_text("No forecast")
    option = page.locator("#live-ticker option[value=NOPE-USD]")
    expect(option).to_have_attribute("disabled", "")
    page.locator("#live-ticker").select_option("BTC-USD")
    page.wait_for_function(DRAWN, arg="live-chart")
    expect(option).to_have_count(0)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_charts_show_the_readers_own_time(browser: Browser, site: Site, zone: str) -> None:
    with browser.new_context(timezone_id=zone) as context:
        page = context.new_page()
        open_live(page, site)
        left, first = page.evaluate(
            f"""() => {{ const gd = {CHART};
              const text = gd._fullLayout.xaxis.range[0].replace(" ", "T");
              return [new Date(text).getTime(), gd.layout.meta.last - 8 * 3600000]; }}"""
        )
        assert abs(left - first) < 1_000
