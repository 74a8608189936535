"""A reader who asked for less motion gets none; for the others nothing moves for long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import DRAWN, PATHS, PATIENCE_MS, Site, invest, open_live

# Every animation and transition that starts from now on, however short.
RECORD: Final = """() => {
  window.moved = [];
  const note = (event) => moved.push(
    `${event.type} ${event.animationName || event.propertyName} of ${event.target.className}`);
  for (const kind of ["animationstart", "transitionrun"]) document.addEventListener(kind, note);
  window.ticks = 0;
  const show = pulse.show;
  pulse.show = (...told) => { show(...told); window.ticks += 1; };
}"""
# What a rule asks for, of every element and of its drawn parts, in seconds.
ASKED: Final = """() => [...document.querySelectorAll("*")].flatMap((element) =>
  [null, "::before", "::after"].flatMap((part) => {
    const style = getComputedStyle(element, part);
    const times = `${style.animationDuration},${style.transitionDuration}`.split(",");
    const longest = Math.max(...times.map(parseFloat));
    const runs = style.animationName !== "none" ? style.animationIterationCount : "1";
    return longest > 0 || runs === "infinite"
      ? [{ of: `${element.tagName}.${element.className}`, longest, runs }] : [];
  }))"""
TOKENS: Final = """() => {
  const style = getComputedStyle(document.documentElement);
  return ["fast", "base", "tint", "cue"].map((name) => {
    const value = style.getPropertyValue(`--t-${name}`).trim();
    return parseFloat(value) / (value.endsWith("ms") ? 1000 : 1);
  });
}"""
Wish = Literal["reduce", "no-preference"]


def reader(browser: Browser, wish: Wish) -> Iterator[Page]:
    with browser.new_context(
        viewport={"width": 1440, "height": 900}, reduced_motion=wish
    ) as context:
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        yield opened


@pytest.fixture
def still(browser: Browser) -> Iterator[Page]:
    """A reader who asked for less motion."""
    yield from reader(browser, "reduce")


@pytest.fixture
def moving(browser: Browser) -> Iterator[Page]:
    """A reader who did not."""
    yield from reader(browser, "no-preference")


def asked(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(ASKED)
    return found


def watch_ticks(page: Page, site: Site) -> list[str]:
    """Return what moved during some ticks whose price changes, an investment and a candle."""
    page.evaluate(RECORD)
    invest(page)
    page.wait_for_function(DRAWN, arg="live-profit-chart")
    site.publish(minutes=1)
    page.wait_for_function("window.ticks >= 3", timeout=60_000)
    moved: list[str] = page.evaluate("moved")
    return moved


def test_with_less_motion_nothing_moves(still: Page, site: Site) -> None:
    open_live(still, site)
    assert watch_ticks(still, site) == []
    assert asked(still) == []


def test_with_less_motion_a_change_of_the_price_is_still_told(still: Page, site: Site) -> None:
    open_live(still, site)
    expect(still.locator("[data-slot=change]")).to_contain_text("▲", timeout=60_000)
    assert still.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("path", PATHS[1:])
def test_with_less_motion_the_other_pages_are_still(still: Page, site: Site, path: str) -> None:
    still.goto(site.url + path)
    expect(still.locator(".page-root")).to_have_attribute("data-state", "ok")
    assert asked(still) == []


def test_nothing_moves_longer_than_the_tokens_allow(moving: Page, site: Site) -> None:
    open_live(moving, site)
    assert any("tint" in what for what in watch_ticks(moving, site))
    tokens = moving.evaluate(TOKENS)
    rules = asked(moving)
    assert rules
    assert [rule for rule in rules if rule["longest"] not in tokens] == []
    assert [rule for rule in rules if rule["runs"] == "infinite"] == []
