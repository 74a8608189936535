"""Keyboard shortcuts in a real browser: every key of the sheet, and where keys rest."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from components.shortcuts import SHORTCUTS
from tests.browser.site import Site, invest, open_live

WISH = "name => pulse.prefs.get(name)"


def is_wished(page: Page, name: str, value: object) -> None:
    page.wait_for_function("([name, value]) => pulse.prefs.get(name) === value", arg=[name, value])


def test_keys_change_the_page_and_the_chart(page: Page, site: Site) -> None:
    open_live(page, site)
    page.keyboard.press("p")
    expect(page.locator("#live-pause")).to_have_attribute("aria-pressed", "true")
    before = page.evaluate("pulse.seen.tick.now")
    page.keyboard.press("r")
    page.wait_for_function("before => pulse.seen.tick.now > before", arg=before)
    page.keyboard.press("p")
    expect(page.locator("#live-pause")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme-wish", "dark")
    for key, name, value in (
        ("l", "draw", "candles"),
        ("l", "draw", "line"),
        ("f", "scale", "two"),
    ):
        page.keyboard.press(key)
        is_wished(page, name, value)
    for key, minutes in (("[", 180), ("[", 60), ("]", 180)):
        page.keyboard.press(key)
        is_wished(page, "minutes", minutes)
    stored = "JSON.parse(localStorage.getItem('preferences'))"
    page.wait_for_function(f"{stored}.minutes === 180 && {stored}.scale === 'two'")


def test_keys_move_between_pages_and_to_the_order(page: Page, site: Site) -> None:
    open_live(page, site)
    page.keyboard.press("i")
    expect(page.locator("#live-amount")).to_be_focused()
    page.locator("#live-amount").blur()
    invest(page)
    expect(page.locator("#live-order-message")).to_contain_text("Bought")
    page.locator("h2").first.click()
    page.keyboard.press("s")
    expect(page.locator("#live-sell")).to_be_focused()
    for key, path in (("2", "/model-health"), ("3", "/portfolio"), ("1", "/")):
        page.keyboard.press(key)
        page.wait_for_url(f"{site.url}{path}*")


def test_keys_rest_in_fields_and_with_modifiers(page: Page, site: Site) -> None:
    open_live(page, site)
    page.locator("#live-amount").press("p")
    page.locator("#live-ticker").focus()
    page.keyboard.press("l")
    page.locator("#live-ticker").blur()
    page.keyboard.press("Control+l")
    page.keyboard.press("Alt+p")
    assert page.evaluate(WISH, "paused") is False
    assert page.evaluate(WISH, "draw") == "line"


def test_the_sheet_lists_every_key_and_keeps_the_focus(page: Page, site: Site) -> None:
    open_live(page, site)
    opener = page.get_by_role("button", name="Keyboard shortcuts")
    opener.focus()
    page.keyboard.press("?")
    sheet = page.locator("#shortcuts:modal")
    expect(sheet).to_be_visible()
    keys = [key for _, part in SHORTCUTS for key, _ in part]
    expect(sheet.locator("kbd")).to_have_text(keys)
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || "
            "document.getElementById('shortcuts').contains(document.activeElement)"
        )
    page.keyboard.press("p")  # keys rest while it is open
    assert page.evaluate(WISH, "paused") is False
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    page.locator("#shortcuts").get_by_role("button", name="Close").click()
    expect(page.locator("#shortcuts")).to_be_hidden()


def test_keys_can_be_switched_off_but_for_the_sheet(page: Page, site: Site) -> None:
    open_live(page, site)
    page.keyboard.press("?")
    switch = page.get_by_role("switch", name="Shortcuts of one key")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()
    for key in ("p", "l", "2", "]"):
        page.keyboard.press(key)
    assert page.evaluate(WISH, "paused") is False
    assert page.evaluate(WISH, "draw") == "line"
    page.reload()
    page.keyboard.press("l")
    page.keyboard.press("?")
    expect(switch).to_have_attribute("aria-checked", "false")
    assert page.evaluate(WISH, "draw") == "line"
    switch.click()
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    is_wished(page, "draw", "candles")


def test_k_copies_the_link(page: Page, site: Site) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_live(page, site)
    page.keyboard.press("k")
    expect(page.locator("#toasts")).to_contain_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{site.url}/?ticker=BTC-USD&refresh=3"
