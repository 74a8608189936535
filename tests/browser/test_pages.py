"""The pages in a real browser, over a store that the test publishes into."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from core.domain import Progress
from core.forecasting.store import SnapshotStore
from tests.browser.conftest import Observed, Serve
from tests.web.published import Publisher

PATHS = ("/", "/model-health", "/portfolio")
POINTS = """(id) => Object.fromEntries(
  document.querySelector(`#${id} .js-plotly-plot`).data.map(t => [t.uid, t.x.length]))"""
DRAWN = """(id) => { const gd = document.querySelector(`#${id} .js-plotly-plot`);
  return Boolean(gd && gd.data && gd.data.length); }"""
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

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@dataclass
class Site:
    """A server, and the engine's stand-in that keeps quotes and heartbeat fresh."""

    url: str
    publisher: Publisher
    beating: threading.Event
    began: datetime

    def publish(self, minutes: int = 0) -> None:
        """Publish the snapshot of `minutes` after the first one."""
        now = self.began + timedelta(minutes=minutes)
        self.publisher.store.publish(self.publisher.snapshot(now), self.publisher.series(now))

    def keep_alive(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if self.beating.is_set():
                self.publisher.publish_live(datetime.now(UTC))
            stop.wait(0.5)


@pytest.fixture(scope="module")
def deployment(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    artifacts = tmp_path_factory.mktemp("artifacts")
    return serve({"ARTIFACT_DIR": str(artifacts), "ENGINE": "external"}), artifacts / "run"


@pytest.fixture
def site(deployment: tuple[str, Path]) -> Iterator[Site]:
    url, run_dir = deployment
    began = datetime.now(UTC) - timedelta(seconds=20)
    made = Site(url, Publisher(SnapshotStore.at(run_dir)), threading.Event(), began)
    made.publish()
    made.publisher.publish_live(datetime.now(UTC))
    made.beating.set()
    stop = threading.Event()
    beat = threading.Thread(target=made.keep_alive, args=(stop,), daemon=True)
    beat.start()
    yield made
    stop.set()
    beat.join()


def open_live(page: Page, site: Site, query: str = "") -> None:
    page.goto(f"{site.url}/{query}")
    page.wait_for_function(DRAWN, arg="live-chart")


def points(page: Page, chart: str) -> dict[str, int]:
    found: dict[str, int] = page.evaluate(POINTS, chart)
    return found


def invest(page: Page, amount: str = "5000") -> None:
    page.get_by_label("Amount in USD").fill(amount)
    page.get_by_role("button", name="Set investment").click()


@pytest.mark.parametrize("path", PATHS)
def test_a_page_loads_styled_from_this_server_alone_and_without_complaint(
    page: Page, observed: Observed, site: Site, path: str
) -> None:
    page.goto(site.url + path)
    expect(page.locator(".page-root")).to_have_attribute("data-state", "ok")
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator(".badge-v")).to_have_text("LIVE")
    expect(page.locator(".foot")).to_contain_text("no order is ever sent")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(11, 14, 19)"
    assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--bs-blue')")
    page.wait_for_load_state("networkidle")
    expect(page.locator(".field-error:not(:empty)")).to_have_count(0)
    assert [url for url in observed.requests if not url.startswith((site.url, "data:"))] == []
    assert observed.complaints == []


def test_navigation_marks_the_page_and_keeps_the_forecast(page: Page, site: Site) -> None:
    open_live(page, site, "?ticker=BTC-USD&refresh=3")
    page.get_by_role("link", name="Model Health").first.click()
    expect(page.locator("#health-tail table")).to_be_visible()
    expect(page.locator("#nav-health")).to_have_attribute("aria-current", "page")
    assert page.url.endswith("/model-health?ticker=BTC-USD&refresh=3")
    page.get_by_role("link", name="Live").first.click()
    page.wait_for_function(DRAWN, arg="live-chart")
    assert points(page, "live-chart")["price"] == 481


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
    expect(page.locator(".strip .note")).to_have_text("The last closed candle is 9 min old.")
    layout = "document.querySelector('#live-chart .js-plotly-plot').layout"
    page.wait_for_function(f"{layout}.shapes.some(shape => shape.name === 'stale')")
    assert page.evaluate(f"{layout}.annotations[0].text").startswith("last candle")
    site.publish()
    page.wait_for_function(f"!{layout}.shapes.some(shape => shape.name === 'stale')")
    assert page.evaluate(f"{layout}.annotations[0].text").startswith("now")


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
    stored = json.loads(page.evaluate("sessionStorage.getItem('profit-points')"))
    held = json.loads(page.evaluate("localStorage.getItem('holdings')"))
    assert stored["key"].endswith(str(held["live"]["bought_at"])) or len(stored["points"]) <= 2


def test_a_refused_amount_gets_its_sentence_and_changes_nothing(page: Page, site: Site) -> None:
    open_live(page, site)
    invest(page, "0.5")
    expect(page.locator("#live-order-message")).to_contain_text("from 1 to 10,000,000 USD")
    assert page.evaluate("localStorage.getItem('trades')") is None


def test_a_bad_parameter_in_the_address_gets_its_sentence(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/?minute_horizon=99")
    expect(page.get_by_role("alert").first).to_contain_text(
        "minute_horizon: 99 is outside a whole number from 1 to 60 (minutes)."
    )
    page.wait_for_function(DRAWN, arg="live-chart")


def test_apply_refuses_beside_the_field_and_accepts_into_the_address(
    page: Page, site: Site
) -> None:
    open_live(page, site)
    page.get_by_text("Data and horizons").click()
    page.locator("#control-long_horizon_steps").fill("101")
    page.locator("#live-apply").click()
    expect(page.locator("#control-long_horizon_steps-error")).to_contain_text("from 1 to 100")
    page.locator("#control-long_horizon_steps").fill("12")
    page.locator("#control-refresh").fill("5")
    page.locator("#live-apply").click()
    page.wait_for_url("**/?ticker=BTC-USD&long_horizon_steps=12")
    expect(page.locator("[data-slot=refresh]")).to_have_text("5 s")
    expect(page.locator("#live-forecast-long")).to_contain_text("In 60 minutes")


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
    spec = type(site.publisher.spec)(minute_horizon=7)
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


def test_the_theme_repaints_page_and_chart_and_stays(page: Page, site: Site) -> None:
    open_live(page, site)
    line = (
        "document.querySelector('#live-chart .js-plotly-plot').data"
        ".find(t => t.uid === 'price').line.color"
    )
    assert page.evaluate(line) == "#e8ecf2"
    page.locator("#theme").click()  # system -> dark
    page.locator("#theme").click()  # dark -> light
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")
    assert page.evaluate(line) == "#121824"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(244, 246, 249)"
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_light_follows_the_system(browser: Browser, site: Site) -> None:
    with browser.new_context(color_scheme="light") as context:
        page = context.new_page()
        page.goto(site.url)
        expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_a_phone_shows_price_forecasts_and_position_above_the_fold(
    browser: Browser, site: Site
) -> None:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    ) as context:
        page = context.new_page()
        open_live(page, site)
        for path in PATHS:
            page.goto(site.url + path)
            expect(page.locator(".page-root")).to_have_attribute("data-state", "ok")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            expect(page.locator(".tabbar")).to_be_visible()
        open_live(page, site)
        fold = 844 - 60
        for part in (".price", "#live-forecast-long", "#live-invest"):
            box = page.locator(part).bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= fold, part
        invested = page.locator("#live-invest").bounding_box()
        assert invested is not None
        assert invested["height"] >= 44
        pressed = page.locator("[data-hours][aria-pressed=true]")
        expect(pressed).to_have_text("3 h")
