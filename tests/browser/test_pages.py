"""The shell and the controls in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.domain import Diagnosis, Finding
from tests.browser.conftest import Observed
from tests.browser.site import DRAWN, PATHS, Site, open_live, points


@pytest.mark.parametrize("path", PATHS)
def test_a_page_loads_styled_from_this_server_alone_and_without_complaint(
    page: Page, observed: Observed, site: Site, path: str
) -> None:
    page.goto(site.url + path)
    root = page.locator(".page-root")
    expect(root).to_have_attribute("data-state", "ok", timeout=20_000)
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


def test_a_bad_parameter_in_the_address_gets_its_sentence(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/?minute_horizon=99")
    expect(page.get_by_role("alert").first).to_contain_text(
        "minute_horizon must be a whole number from 1 to 60 (minutes), not 99."
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
        pressed = page.locator("[data-wish=minutes][aria-pressed=true]")
        expect(pressed).to_have_text("3 h")


FINDINGS = (
    Finding(
        "binance, data-api.binance.vision",
        "failure",
        "It does not serve this place.",
        "Use another exchange, or a server elsewhere.",
        status=451,
        latency_ms=141.6,
    ),
    Finding("coinbase, api.exchange.coinbase.com", "ok", "It answers.", "", 200, 88.2, -14.4, 3),
)


def test_the_doctors_table_says_its_verdicts_and_advice_also_on_a_phone(
    browser: Browser, site: Site
) -> None:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    ) as context:
        page = context.new_page()
        page.goto(f"{site.url}/model-health")
        doctor = page.locator("#health-doctor")
        expect(doctor).to_contain_text("The engine has not looked yet.")
        site.publisher.store.publish_diagnosis(Diagnosis(site.began, FINDINGS))
        expect(doctor.locator("tbody tr")).to_have_count(len(FINDINGS) + 1, timeout=20_000)
        expect(doctor).to_contain_text("failure")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        inside = doctor.locator(".table-wrap")
        assert inside.evaluate("wrap => wrap.scrollWidth <= wrap.clientWidth")
        for words in (FINDINGS[0].meaning, FINDINGS[0].advice):
            box = doctor.get_by_text(words).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= 390
        with page.expect_download() as saved:
            page.locator("[data-export=doctor-table]").click()
        lines = Path(saved.value.path()).read_text().splitlines()
        assert lines[0] == "Subject,Verdict,HTTP,Latency,Clock,Weight,Meaning,Advice"
        assert lines[2].startswith('"coinbase, api.exchange.coinbase.com",ok,200,88.2,-14.4,3,')
