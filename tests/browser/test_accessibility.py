"""axe-core finds no serious or critical violation, whatever a page shows.

The rules are those of WCAG 2.x A and AA with axe-core's best practices. Charts are pictures
to axe-core; their words beside them are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final, Literal, get_args

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import DRAWN, PATHS, PATIENCE_MS, Site, invest, open_live

GRAVE: Final = ("serious", "critical")
NOWHERE: Final = "/nowhere"
Theme = Literal["dark", "light"]
THEMES: Final = get_args(Theme)
SIZES: Final = {"desktop": (1440, 900), "phone": (390, 844)}
# What is folded away is open when it is looked at.
UNFOLD = "document.querySelectorAll('details').forEach(fold => { fold.open = true; })"
STILL = "document.getAnimations().every(animation => animation.playState !== 'running')"


@pytest.fixture(params=SIZES)
def reader(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A fresh reader with each kind of screen."""
    width, height = SIZES[request.param]
    with browser.new_context(
        viewport={"width": width, "height": height}, has_touch=request.param == "phone"
    ) as context:
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        yield opened


@pytest.fixture(autouse=True)
def keep_fresh(site: Site) -> None:
    """To look for violations takes longer than a candle stays fresh."""
    site.following.set()


def violations(page: Page) -> list[str]:
    """Return the serious and critical violations in both themes, each with selector and why."""
    page.evaluate(UNFOLD)
    return [f"{theme}: {found}" for theme in THEMES for found in violations_in(page, theme)]


def violations_in(page: Page, theme: Theme) -> list[str]:
    page.emulate_media(color_scheme=theme)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    page.wait_for_function(STILL)
    response = Axe().run(page).response
    assert "color-contrast" in {rule["id"] for rule in response["passes"]}, "nothing was seen"
    grave = [found for found in response["violations"] if found["impact"] in GRAVE]
    return list(chain.from_iterable(map(described, grave)))


def described(violation: dict[str, Any]) -> list[str]:
    return [
        f"{violation['impact']} {violation['id']}: {node['target']} {node['failureSummary']}"
        for node in violation["nodes"]
    ]


def open_at(page: Page, site: Site, path: str, state: str = "ok") -> None:
    page.goto(site.url + path)
    if path == NOWHERE:
        expect(page.get_by_text("No such page")).to_be_visible()
        return
    expect(page.locator(".page-root")).to_have_attribute("data-state", state)
    page.wait_for_load_state("networkidle")


def open_controls(page: Page) -> None:
    """Unfold the controls; on a phone they are on a sheet of their own."""
    size = page.viewport_size
    if size is not None and size["width"] < 640:
        page.get_by_role("button", name="Controls", exact=True).click()
        expect(page.locator("#controls:modal")).to_be_visible()
    page.evaluate(UNFOLD)


@pytest.mark.parametrize("path", [*PATHS, NOWHERE])
def test_every_page_can_be_used_by_everybody(reader: Page, site: Site, path: str) -> None:
    open_at(reader, site, path)
    assert violations(reader) == []


def test_a_position_can_be_followed_by_everybody(reader: Page, site: Site) -> None:
    open_live(reader, site)
    invest(reader)
    reader.wait_for_function(DRAWN, arg="live-profit-chart")
    assert violations(reader) == []
    open_at(reader, site, "/portfolio")
    expect(reader.locator("#portfolio-trades .ag-center-cols-container .ag-row")).to_have_count(1)
    assert violations(reader) == []


def test_a_silent_engine_is_told_to_everybody(reader: Page, site: Site) -> None:
    open_live(reader, site)
    site.beating.clear()
    expect(reader.locator(".page-root")).to_have_attribute("data-state", "silent")
    assert violations(reader) == []


@pytest.mark.parametrize("path", PATHS)
def test_what_is_on_disk_is_shown_to_everybody(reader: Page, site: Site, path: str) -> None:
    site.following.clear()
    site.go_offline()
    open_at(reader, site, path, "cache")
    expect(reader.locator(".badge-v")).to_have_text("OFFLINE")
    assert violations(reader) == []


def test_a_refused_parameter_is_said_to_everybody(reader: Page, site: Site) -> None:
    open_live(reader, site, "?minute_horizon=99")
    open_controls(reader)
    reader.locator("#control-long_horizon_steps").fill("101")
    reader.locator("#live-apply").click()
    expect(reader.locator("#control-long_horizon_steps-error")).not_to_be_empty()
    assert violations(reader) == []


def test_the_sheet_of_shortcuts_can_be_read_by_everybody(reader: Page, site: Site) -> None:
    open_live(reader, site)
    reader.keyboard.press("?")
    expect(reader.locator("dialog:modal")).to_be_visible()
    assert violations(reader) == []
