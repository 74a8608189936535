"""Controls in a real browser: what is remembered, links, refreshing, watching, retraining."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from core.domain import ForecastSpec, Progress
from tests.browser.site import DRAWN, PATIENCE_MS, Site, open_live
from tests.web.published import Publisher, made_model

HOUR = ForecastSpec(long_horizon_steps=12)
HOUR_QUERY = "?ticker=BTC-USD&long_horizon_steps=12"
HOUR_SPEC = "BTC-USD?long_horizon_steps=12"
PREFERENCES = "JSON.parse(localStorage.getItem('preferences') || '{}')"
LONG = "#live-forecast-long"
FACTS = ("Price", "Last candle", "Models", "Engine beat", "Weight 182 of 6,000", "Forecasts issued")
COUNT_TICKS = """() => {
  window.ticks = 0;
  const show = pulse.show;
  pulse.show = (...told) => { show(...told); window.ticks += 1; };
}"""


@pytest.fixture
def hourly(site: Site) -> Site:
    """The site serves a second forecast: one hour instead of 45 minutes."""
    other = Publisher(site.publisher.store, spec=HOUR)
    other.store.publish(other.snapshot(site.began), other.series(site.began))
    return site


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    ) as context:
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        yield opened


def callbacks(page: Page) -> list[dict[str, Any]]:
    """Return the bodies of all callbacks that `page` sends from now on."""
    sent: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if "_dash-update-component" in request.url and request.post_data:
            sent.append(json.loads(request.post_data))

    page.on("request", note)
    return sent


def specs(sent: list[dict[str, Any]]) -> set[str]:
    """Return the forecasts that were asked for."""
    return {
        str(item.get("value"))
        for body in sent
        for item in body.get("state", [])
        if item["id"] == "live-spec"
    }


def is_remembered(page: Page, search: str) -> None:
    page.wait_for_function(f"search => {PREFERENCES}.spec === search", arg=search)


def test_the_forecast_looked_at_last_returns_at_once(page: Page, hourly: Site) -> None:
    open_live(page, hourly, "?long_horizon_steps=12")
    is_remembered(page, HOUR_QUERY)
    sent = callbacks(page)
    open_live(page, hourly)
    assert page.url == f"{hourly.url}/{HOUR_QUERY}"
    expect(page.locator(LONG)).to_contain_text("In 60 minutes")
    assert specs(sent) == {HOUR_SPEC}


def test_an_address_wins_and_the_back_button_works(page: Page, hourly: Site) -> None:
    open_live(page, hourly, HOUR_QUERY)
    is_remembered(page, HOUR_QUERY)
    open_live(page, hourly, "?ticker=BTC-USD")
    expect(page.locator(LONG)).to_contain_text("In 45 minutes")
    is_remembered(page, "?ticker=BTC-USD")
    page.go_back()
    expect(page.locator(LONG)).to_contain_text("In 60 minutes")
    is_remembered(page, HOUR_QUERY)


def test_reset_returns_to_the_default_and_forgets(page: Page, hourly: Site) -> None:
    open_live(page, hourly, HOUR_QUERY)
    is_remembered(page, HOUR_QUERY)
    page.get_by_text("Data and horizons").click()
    page.locator("#live-reset").click()
    expect(page.locator(LONG)).to_contain_text("In 45 minutes")
    is_remembered(page, "")
    page.locator("#control-minute_horizon").fill("99")
    page.locator("#live-apply").click()
    expect(page.locator("#control-minute_horizon-error")).to_contain_text(
        "minute_horizon must be a whole number from 1 to 60 (minutes), not 99."
    )
    page.locator("#live-reset").click()
    expect(page.locator("#control-minute_horizon")).to_have_value("1")
    expect(page.locator("#control-minute_horizon-error")).to_be_empty()
    open_live(page, hourly)
    assert page.url == f"{hourly.url}/"


def test_what_cannot_be_had_is_not_remembered(page: Page, site: Site) -> None:
    open_live(page, site, "?minute_horizon=99")
    expect(page.get_by_role("alert").first).to_contain_text("The default is shown instead.")
    expect(page.locator(".page-root")).to_have_attribute("data-ready", "yes")
    assert page.evaluate(f"{PREFERENCES}.spec ?? ''") == ""


def test_the_address_sets_the_pace_and_a_wrong_one_is_said(page: Page, site: Site) -> None:
    open_live(page, site, "?refresh=7")
    expect(page.locator("[data-slot=refresh]")).to_have_text("7 s")
    expect(page.locator("#control-refresh")).to_have_value("7")
    assert page.evaluate(f"{PREFERENCES}.refresh ?? 3") == 3
    open_live(page, site, "?refresh=1")
    expect(page.locator("#parameter-notice")).to_have_text(
        "refresh must be a whole number from 3 to 60 (seconds), not 1. The page keeps its own pace."
    )
    expect(page.locator("[data-slot=refresh]")).to_have_text("3 s")


def test_another_wish_leaves_a_typed_pace_alone(page: Page, site: Site) -> None:
    open_live(page, site)
    page.get_by_text("Data and horizons").click()
    field = page.locator("#control-refresh")
    expect(field).to_have_value("3")
    field.fill("30")
    page.get_by_role("button", name="Candles").click()
    page.wait_for_function(f"{PREFERENCES}.draw === 'candles'")
    page.evaluate(COUNT_TICKS)
    page.wait_for_function("window.ticks >= 1")
    expect(field).to_have_value("30")
    page.locator("#live-apply").click()
    page.wait_for_function(f"{PREFERENCES}.refresh === 30")
    page.evaluate("pulse.prefs.set({ refresh: 5 })")
    expect(field).to_have_value("5")


def test_a_copied_link_shows_another_person_the_same(page: Page, hourly: Site) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_live(page, hourly, HOUR_QUERY)
    page.get_by_text("Data and horizons").click()
    page.locator("#live-copy").click()
    expect(page.locator("#toasts")).to_contain_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{hourly.url}/{HOUR_QUERY}&refresh=3"
    browser = page.context.browser
    assert browser is not None
    with browser.new_context() as context:
        other = context.new_page()
        other.goto(link)
        expect(other.locator(LONG)).to_contain_text("In 60 minutes")


def test_prices_are_refreshed_while_paused_and_nothing_is_retrained(page: Page, site: Site) -> None:
    open_live(page, site)
    page.locator("#live-pause").click()
    expect(page.locator("[data-slot=refresh]")).to_have_text("paused")
    page.wait_for_load_state("networkidle")
    sent = callbacks(page)
    before = page.evaluate("pulse.seen.tick.now")
    page.get_by_role("button", name="Refresh prices").click()
    page.wait_for_function("before => pulse.seen.tick.now > before", arg=before)
    expect(page.locator("#live-refresh")).not_to_have_attribute("aria-busy", "true")
    outputs = {body["output"] for body in sent}
    assert "live-tick.data" in outputs
    assert not any("retrain" in output for output in outputs)
    assert site.publisher.store.retrain_requests() == {}


def test_another_ticker_is_watched_as_typed_and_a_wrong_one_keeps_no_place(
    page: Page, site: Site
) -> None:
    sentence = "Binance does not trade NOPE-USD."
    site.publisher.said = {
        "progress": {
            "NOPE-USD": Progress("failed", message=sentence),
            "LINK-USD": Progress("fetching", 12, 50, "pages"),
        }
    }
    page.set_extra_http_headers({"X-Forwarded-For": "203.0.113.21"})
    open_live(page, site)
    page.get_by_text("Data and horizons").click()
    field = page.get_by_label("Watch another ticker")
    field.fill("ETHUSDT")
    field.press("Enter")
    expect(page.locator("#live-watch-error")).to_have_text(
        "ETHUSDT is an exchange's own symbol: type ETH or ETH-USD."
    )
    field.fill("nope")
    page.locator("#live-watch-go").click()
    page.wait_for_url("**/?ticker=NOPE-USD")
    expect(page.locator(".strip .note")).to_have_text(sentence)
    expect(field).to_be_visible()
    field.fill("link-usd")
    field.press("Enter")
    page.wait_for_url("**/?ticker=LINK-USD")
    expect(page.locator(".progress-box")).to_contain_text("Fetching candles")
    expect(page.locator(".progress-box")).to_contain_text("12 of 50 pages")
    expect(page.locator(".page-root")).to_have_attribute("data-state", "preparing")


def test_applying_leaves_the_form_open(page: Page, hourly: Site) -> None:
    open_live(page, hourly)
    page.get_by_text("Data and horizons").click()
    page.locator("#control-long_horizon_steps").fill("12")
    page.locator("#live-apply").click()
    expect(page.locator(LONG)).to_contain_text("In 60 minutes")
    expect(page.locator("#control-long_horizon_steps")).to_be_visible()
    expect(page.locator("#control-long_horizon_steps")).to_have_value("12")


def test_retraining_shows_progress_and_its_result(page: Page, site: Site) -> None:
    open_live(page, site)
    page.get_by_text("Retrain and models").click()
    bar = page.locator(".training-progress .pbar")
    expect(bar).to_be_hidden()
    page.locator("#live-retrain").click()
    expect(page.locator("#live-retrain-answer")).to_contain_text("Retraining was asked for")
    site.publisher.said = {"progress": {"BTC-USD": Progress("training", 3, 8, "fits")}}
    expect(page.locator("[data-slot=training-now]")).to_have_text("Training 3 of 8 fits")
    expect(bar).to_be_visible()
    assert bar.locator("i").evaluate("bar => bar.style.width") == "37.5%"
    site.publisher.said = {}
    now = datetime.now(UTC)
    models = {horizon: made_model(horizon, now) for horizon in ("minute", "long")}  # type: ignore[arg-type]
    made = site.publisher.snapshot(site.began, models=models)
    site.publisher.store.publish(made, site.publisher.series(site.began))
    expect(page.locator("#live-retrain-answer")).to_contain_text("Done: both models are new since")
    expect(bar).to_be_hidden()
    expect(page.locator("#live-training")).to_contain_text("not scored yet")


def test_the_strip_tells_everything_that_has_room(page: Page, site: Site) -> None:
    open_live(page, site)
    facts = page.locator(".facts")
    for words in ("Price", "Last candle", "Models", "Engine beat", "Weight 182 of 6,000"):
        fact = facts.locator(".fact", has_text=words)
        box, row = fact.bounding_box(), facts.bounding_box()
        assert box is not None
        assert row is not None
        assert box["y"] < row["y"] + row["height"], words
    expect(facts.locator("[data-slot=quote-age]")).to_have_text(re.compile(r"^\d+ s ago$"))


def test_how_to_read_it_shifts_nothing_and_closes(page: Page, site: Site) -> None:
    open_live(page, site)
    chart = page.locator(".chart-panel")
    before = chart.bounding_box()
    sign = page.locator("#live-forecast-minute .how")
    sign.locator("summary").click()
    expect(sign.locator("p")).to_contain_text("The price the model expects")
    expect(sign.locator("p")).to_be_visible()
    assert chart.bounding_box() == before
    page.keyboard.press("Escape")
    expect(sign.locator("p")).to_be_hidden()
    sign.locator("summary").click()
    page.locator("h2", has_text="Live vs predicted").click()
    expect(sign.locator("p")).to_be_hidden()


def test_offline_forecasts_are_dated(page: Page, site: Site) -> None:
    site.go_offline()
    open_live(page, site)
    day = re.compile(r"^\d{1,2} [A-Z][a-z]{2,3} \d\d:\d\d$")
    for time in page.locator(f"{LONG} time").all():
        expect(time).to_have_text(day)
    for head in page.locator(".cell-forecast .lab").all():
        assert head.evaluate("head => head.scrollWidth <= head.clientWidth"), "has no room"


def test_on_a_phone_the_controls_are_a_sheet(phone: Page, site: Site) -> None:
    open_live(phone, site)
    sheet = phone.locator("#controls")
    expect(sheet).to_be_hidden()
    opener = phone.get_by_role("button", name="Controls", exact=True)
    opener.click()
    expect(phone.locator("#controls:modal")).to_be_visible()
    assert sheet.evaluate("sheet => sheet.contains(document.activeElement)")
    field = phone.locator("#control-max_points")
    assert field.evaluate("field => getComputedStyle(field).fontSize") == "16px"
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    assert opener.evaluate("button => button === document.activeElement")


def test_on_a_phone_what_is_touched_is_large_enough(phone: Page, site: Site) -> None:
    open_live(phone, site)
    touched = (
        ".strip-head",
        "#live-pause",
        "#live-refresh",
        "#live-ticker",
        "#theme",
        ".all-link",
        "#live-invest",
    )
    for target in touched:
        box = phone.locator(target).bounding_box()
        assert box is not None
        assert box["height"] >= 44, target
    phone.get_by_role("button", name="Controls", exact=True).click()
    for target in ("#live-apply", "#live-watch-go", "#live-watch", "#fold-alerts summary"):
        box = phone.locator(target).bounding_box()
        assert box is not None
        assert box["height"] >= 44, target


def test_a_chart_is_drawn_after_the_sheet_changed_the_forecast(phone: Page, hourly: Site) -> None:
    open_live(phone, hourly)
    phone.get_by_role("button", name="Controls", exact=True).click()
    phone.locator("#control-long_horizon_steps").fill("12")
    phone.locator("#live-apply").click()
    expect(phone.locator("#controls")).to_be_hidden()
    expect(phone.locator(LONG)).to_contain_text("In 60 minutes")
    phone.wait_for_function(DRAWN, arg="live-chart")


def test_on_a_phone_the_strip_unfolds_to_all_of_its_facts(phone: Page, site: Site) -> None:
    open_live(phone, site)
    head = phone.get_by_role("button", name="Binance")
    box = head.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    facts = phone.locator(".strip .fact")
    expect(facts.filter(has_text="Weight")).to_be_hidden()
    before = phone.locator(".kpi").bounding_box()
    head.click()
    expect(head).to_have_attribute("aria-expanded", "true")
    for words in FACTS:
        fact = facts.filter(has_text=words)
        expect(fact).to_be_in_viewport(ratio=1)
    assert phone.locator(".kpi").bounding_box() == before
    phone.keyboard.press("Escape")
    expect(head).to_have_attribute("aria-expanded", "false")
    expect(facts.filter(has_text="Weight")).to_be_hidden()


def test_what_has_no_room_in_the_strip_is_unfolded_with_the_sentence(
    page: Page, site: Site
) -> None:
    page.set_viewport_size({"width": 700, "height": 900})
    open_live(page, site)
    site.beating.clear()
    note = page.locator(".strip .note")
    expect(note).to_have_text("The engine is not answering.")
    page.locator(".strip-head").click()
    expect(note).to_be_in_viewport(ratio=1)
    for words in FACTS:
        expect(page.locator(".strip .fact", has_text=words)).to_be_in_viewport(ratio=1)
    page.locator("h2").first.click()
    expect(page.locator(".strip-head")).to_have_attribute("aria-expanded", "false")
    site.beating.set()


def test_price_and_cue_say_how_to_read_them_and_the_cue_its_usual_moves(
    page: Page, site: Site
) -> None:
    site.following.set()
    open_live(page, site)
    for cell, words in ((".cell-price", "lowest and the highest"), (".cell-cue", "usual moves")):
        sign = page.locator(f"{cell} .how")
        sign.locator("summary").click()
        expect(sign.locator("p")).to_contain_text(words)
        expect(sign.locator("p")).to_be_in_viewport(ratio=1)
    expect(page.locator(".cell-cue .how p")).to_contain_text(
        re.compile(
            r"A typical 45-minute move is 0\.\d\d\s%\. A typical 1-minute move is 0\.\d\d\s%\."
        )
    )
    expect(page.locator(".cell-price .how p")).to_be_hidden()
    for fold, words in (
        ("data", "Which pair is forecast"),
        ("cue", "A side fires when"),
        ("alerts", "Told once"),
        ("retrain", "When each model was trained"),
    ):
        page.locator(f"#fold-{fold} > summary").click()
        expect(page.locator(f"#fold-{fold}").get_by_text(words)).to_be_visible()


@pytest.mark.parametrize("width", [1_100, 1_200, 1_359])
def test_in_a_narrow_row_the_meters_tell_the_moves_too(page: Page, site: Site, width: int) -> None:
    site.following.set()  # a forecast that has expired has no moves to tell
    page.set_viewport_size({"width": width, "height": 900})
    open_live(page, site)
    for moves in page.locator(".meter .moves").all():
        expect(moves).to_contain_text("moves of")
        expect(moves).to_be_visible()
    cut = page.locator(".kpi").evaluate(
        "row => [...row.querySelectorAll('*')].filter(n => n.clientWidth && !n.closest('.how')"
        " && getComputedStyle(n).overflowX === 'visible' && n.scrollWidth > n.clientWidth + 1)"
        ".map(n => n.className)"
    )
    assert cut == []
