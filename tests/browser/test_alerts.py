"""Price alerts in a real browser: set, reached once, told, kept and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from core.domain import Quote
from tests.browser.site import Site, open_live

HEARD = """
window.heard = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...given) {
  window.heard += 1;
  return start.apply(this, given);
};
"""
TOLD = """
window.told = [];
window.Notification = class {
  constructor(title, options) { window.told.push([title, options.body]); }
  static requestPermission() { return Promise.resolve(window.answer || "granted"); }
};
"""
COUNT = """() => {
  window.ticks = window.toasts = 0;
  pulse.onTick(() => { window.ticks += 1; });
  const show = pulse.toast;
  pulse.toast = (toast) => { window.toasts += 1; show(toast); };
}"""
SELL = """document.dispatchEvent(new CustomEvent("pulse:cue",
  { detail: { side: "sell", spec: "BTC-USD", candle: 1, price: 78000 } }))"""

SetPrice = Callable[[float], None]


@pytest.fixture
def price(site: Site, monkeypatch: pytest.MonkeyPatch) -> SetPrice:
    """Set the price that the stand-in for the engine publishes."""

    def publish(shown: float) -> None:
        def quote(now: datetime, _price: float | None = None) -> Quote:
            return Quote("BTC-USD", shown, now, "binance", "live")

        monkeypatch.setattr(site.publisher, "quote", quote)

    publish(78_000.0)
    return publish


def open_alerts(page: Page, site: Site) -> None:
    open_live(page, site)
    page.wait_for_function("pulse.seen.tick.price === 78000")
    page.locator("#fold-alerts summary").click()


def add_alert(page: Page, price: str, side: str = "above") -> None:
    page.locator("#live-alert-side").select_option(side)
    page.locator("#live-alert-price").fill(price)
    page.locator("#live-alert-add").click()


def test_an_alert_is_told_once_and_stays_as_reached(
    page: Page, site: Site, price: SetPrice
) -> None:
    open_alerts(page, site)
    add_alert(page, "78,100")
    add_alert(page, "77000", "below")
    rows = page.locator(".alerts li")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("BTC-USD above 78,100.00")
    expect(rows.nth(1)).to_contain_text("waits")
    page.evaluate(COUNT)
    price(78_100.5)
    toast = page.locator(".toast-m")
    expect(toast).to_contain_text("BTC-USD above 78,100.00")
    expect(toast).to_contain_text("The price is 78,100.50 USD.")
    expect(page.locator("#toasts")).to_have_attribute("role", "status")
    expect(rows.nth(1)).to_contain_text(re.compile(r"reached at .*\d\d:\d\d"))
    told = page.evaluate("window.ticks")
    page.wait_for_function("told => window.ticks >= told + 2", arg=told)
    assert page.evaluate("window.toasts") == 1
    page.reload()
    page.locator("#fold-alerts summary").click()
    expect(rows.nth(1)).to_contain_text("reached at")
    page.get_by_role("button", name="Delete the alert BTC-USD above 78,100.00").click()
    expect(rows).to_have_count(1)
    expect(page.locator("[data-slot=alerts-summary]")).to_have_text("1 set")


@pytest.mark.usefixtures("price")
def test_an_alert_that_makes_no_sense_gets_its_sentence(page: Page, site: Site) -> None:
    open_alerts(page, site)
    error = page.locator("#live-alert-error")
    add_alert(page, "much")
    expect(error).to_have_text("Price: a number above 0, up to 1,000,000,000 USD.")
    add_alert(page, "77000")
    expect(error).to_have_text("BTC-USD is above 77,000.00 already, at 78,000.00 USD.")
    page.locator("#live-alert-ticker").fill("nonsense!")
    add_alert(page, "90000")
    expect(error).to_have_text("Ticker: a pair such as BTC-USD.")
    page.locator("#live-alert-ticker").fill("eth")
    for number in range(20):
        add_alert(page, str(5_000 + number))
        expect(page.locator(".alerts li")).to_have_count(number + 1)
    expect(page.locator(".alerts li").first).to_contain_text("waits for a page of ETH-USD")
    add_alert(page, "6000")
    expect(error).to_have_text("At most 20 alerts are kept; delete one first.")


def test_sound_and_notification_are_off_until_they_are_wished(
    page: Page, site: Site, price: SetPrice
) -> None:
    page.add_init_script(HEARD + TOLD)
    open_alerts(page, site)
    add_alert(page, "78100")
    price(78_200.0)
    expect(page.locator(".toast-m")).to_have_count(1)
    assert page.evaluate("[window.heard, window.told.length]") == [0, 0]
    sound, notify = (page.get_by_role("switch", name=n) for n in ("Sound", "Browser notification"))
    expect(sound).to_have_attribute("aria-checked", "false")
    sound.click()
    expect(sound).to_have_attribute("aria-checked", "true")
    notify.click()
    expect(notify).to_have_attribute("aria-checked", "true")
    page.wait_for_function("window.heard === 2")  # so it sounds
    page.evaluate(SELL)
    page.wait_for_function("window.heard === 4")
    assert page.evaluate("window.told") == [
        ["▼ SELL BTC-USD", "The forecast is a cue by your rule at 78,000.00 USD."]
    ]
    expect(page.locator(".toast-m", has_text="SELL")).to_be_visible()


# A page that was not touched yet: its audio rests until `touch` is called.
UNTOUCHED = """
let touched = false, waiting = [];
window.touch = () => { touched = true; waiting.splice(0).forEach((go) => go()); };
const resume = AudioContext.prototype.resume;
Object.defineProperty(AudioContext.prototype, "state",
  { get: () => touched ? "running" : "suspended" });
Object.defineProperty(navigator, "userActivation", { get: () => ({ hasBeenActive: touched }) });
AudioContext.prototype.resume = function () {
  return touched ? resume.call(this)
    : new Promise((go) => waiting.push(() => go(resume.call(this))));
};
"""
WISHED = """localStorage.setItem("preferences", JSON.stringify({ v: 1, sound: true }));"""


@pytest.mark.usefixtures("price")
def test_notes_that_had_to_wait_are_not_played_in_a_burst(page: Page, site: Site) -> None:
    page.add_init_script(HEARD + UNTOUCHED + WISHED)
    open_live(page, site)
    page.locator("#fold-alerts").evaluate("fold => { fold.open = true; }")
    hint = page.locator("[data-slot=sound-hint]")
    expect(hint).to_have_text("Click once to allow sound")
    page.evaluate(f"{{ {SELL}; {SELL}; window.asked = Date.now(); }}")
    page.wait_for_function("Date.now() - window.asked > 2500")
    page.evaluate("touch()")
    page.locator("h2").first.click()
    expect(hint).to_have_text("Two short notes with every alert and cue")
    page.evaluate(SELL)
    page.wait_for_function("window.heard > 0")
    assert page.evaluate("window.heard") == 2


@pytest.mark.usefixtures("price")
def test_refused_notifications_are_said_and_stay_off(page: Page, site: Site) -> None:
    page.add_init_script(TOLD + "window.answer = 'denied';")
    open_alerts(page, site)
    notify = page.get_by_role("switch", name="Browser notification")
    notify.click()
    expect(page.locator("#live-alert-notify-answer")).to_contain_text(
        "This browser refuses notifications from here"
    )
    expect(notify).to_have_attribute("aria-checked", "false")


def test_a_hidden_page_that_shall_notify_goes_on(page: Page, site: Site, price: SetPrice) -> None:
    page.add_init_script(TOLD)
    open_alerts(page, site)
    add_alert(page, "78100")
    page.get_by_role("switch", name="Browser notification").click()
    page.wait_for_function("pulse.prefs.get('notify')")
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { configurable: true, value: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    price(78_150.0)
    page.wait_for_function("window.told.length === 1", timeout=20_000)


@pytest.mark.usefixtures("price")
def test_toasts_go_by_themselves_but_errors_stay(page: Page, site: Site) -> None:
    page.clock.install()
    open_live(page, site)
    page.evaluate("pulse.toast({ kind: 'error', title: 'Not sold', text: 'No price.' })")
    page.evaluate("pulse.toast({ kind: 'done', title: 'Copied', text: 'A link.' })")
    expect(page.locator(".toast-m")).to_have_count(2)
    page.clock.run_for(7_000)
    expect(page.locator(".toast-m")).to_have_count(1)
    page.locator(".toast-m").get_by_role("button", name="Close").click()
    expect(page.locator(".toast-m")).to_have_count(0)


@pytest.mark.usefixtures("price")
def test_on_a_phone_a_toast_stands_above_the_tab_bar(browser: Browser, site: Site) -> None:
    with browser.new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    ) as context:
        page = context.new_page()
        open_live(page, site)
        page.evaluate(SELL)
        toast, bar = page.locator(".toast-m").bounding_box(), page.locator(".tabbar").bounding_box()
        assert toast is not None
        assert bar is not None
        assert toast["y"] + toast["height"] <= bar["y"]
        assert toast["x"] >= 0
        assert toast["x"] + toast["width"] <= 390
